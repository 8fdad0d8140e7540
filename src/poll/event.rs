//! What goes into the machine and what comes out.

use super::{Policy, TabAction, TabEvent};
use crate::task::{PollRequest, PollResponse, Problem, Snapshot, TaskId};

/// Something happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Somebody wants to see this task. Watched twice, it is asked for once and leaves with the
    /// second [`Event::Unwatch`].
    Watch {
        /// The task.
        id: TaskId,
        /// What the server rendered into the page, if anything.
        snapshot: Option<Box<Snapshot>>,
    },
    /// One who watched this task is gone.
    Unwatch {
        /// The task.
        id: TaskId,
    },
    /// The request of this epoch was answered.
    Answer {
        /// From [`Action::Send`].
        epoch: u32,
        /// The answer.
        response: PollResponse,
        /// Its size as received, for the counters; 0 where unknown.
        bytes: u32,
    },
    /// The request of this epoch failed.
    Failure {
        /// From [`Action::Send`].
        epoch: u32,
        /// How.
        failure: Failure,
    },
    /// The timer fired. Where the driver can ask for the visibility, it tells [`Event::Visible`]
    /// first if that changed.
    Timer,
    /// A snapshot that came by another way: the answer to a cancel, or another tab.
    Told {
        /// The snapshot; merged by version, ignored if nobody watches the task.
        snapshot: Box<Snapshot>,
    },
    /// The user asked to cancel: `cancelling` is shown until the server says otherwise.
    CancelRequested {
        /// The task.
        id: TaskId,
    },
    /// The request to cancel failed.
    CancelFailed {
        /// The task.
        id: TaskId,
    },
    /// `visibilitychange`. A machine starts visible.
    Visible(bool),
    /// `online`, `offline`. A machine starts online.
    Online(bool),
    /// `pagehide`, `freeze`: let go of everything.
    Freeze,
    /// Something about the other tabs of the browser.
    Tabs(TabEvent),
    /// `pageshow` of a page that comes back (`persisted`), `resume`, or a sleep that the driver
    /// noticed: what was known is old.
    Resume,
    /// Whether to go on asking, slowly, while hidden. A machine starts with `false`.
    NotifyHidden(bool),
    /// Poll in another way from now on.
    SetPolicy(Policy),
    /// The user does not want to watch; the tasks go on.
    StopWatching,
    /// The user wants to watch again.
    ResumeWatching,
    /// The user pressed the button of a machine that had given up, was refused, was signed out or
    /// timed out.
    TryAgain,
    /// The answer to [`Action::RefreshSession`]: whether there is a session again. Where that could
    /// not be found out, say nothing: the machine then finds out by asking.
    SessionRefreshed(bool),
}

/// How a request failed.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// No answer: refused, reset, name not found.
    Network,
    /// The driver's own timeout.
    Timeout,
    /// An answer that is not what was asked for, such as a login page.
    Unreadable,
    /// An HTTP error.
    Status {
        /// The status code.
        status: u16,
        /// `Retry-After` in milliseconds.
        retry_after_ms: Option<i64>,
        /// The problem document, where there was one.
        problem: Option<Box<Problem>>,
    },
}

/// Something to do. To be carried out in the order given.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Send this request. There is none in flight.
    Send {
        /// To be given back with the answer.
        epoch: u32,
        /// The request.
        request: PollRequest,
    },
    /// End the request in flight. Whatever still comes of it is ignored.
    Abort,
    /// Give [`Event::Timer`] after this time. Replaces the timer set before.
    SetTimer {
        /// Milliseconds, at most 60,000; 0 = as soon as the present tick is over.
        after_ms: u32,
    },
    /// Forget the timer.
    ClearTimer,
    /// Try once, silently, to get a session; then give [`Event::SessionRefreshed`].
    RefreshSession,
    /// What [`super::Machine::view`] tells has changed.
    Render,
    /// Something about the other tabs of the browser; only after [`TabEvent::Joined`].
    Tabs(TabAction),
}
