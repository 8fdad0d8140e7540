//! Input and output of the machine.

use super::{Policy, TabAction, TabEvent};
use crate::task::{PollRequest, PollResponse, Problem, Snapshot, TaskId};

/// An input of the machine.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Watches a task. A task watched twice is polled once, and leaves with the second
    /// [`Event::Unwatch`].
    Watch {
        /// The task.
        id: TaskId,
        /// What the server rendered into the page, if anything.
        snapshot: Option<Box<Snapshot>>,
    },
    /// Ends one watch of a task.
    Unwatch {
        /// The task.
        id: TaskId,
    },
    /// Shows the log of a watched task: responses carry its new lines.
    FollowLog {
        /// The task.
        id: TaskId,
        /// Number of the last line that is shown; 0: none.
        after: i64,
    },
    /// Shows the preview of a watched task: responses carry what changed of it.
    FollowPreview {
        /// The task.
        id: TaskId,
        /// Version that is shown; 0: nothing.
        after: i64,
    },
    /// The request of this epoch was answered.
    Answer {
        /// The epoch from [`Action::Send`].
        epoch: u32,
        /// The response.
        response: PollResponse,
        /// Its size as received, for the counters; 0 if unknown.
        bytes: u32,
    },
    /// The request of this epoch failed.
    Failure {
        /// The epoch from [`Action::Send`].
        epoch: u32,
        /// The failure.
        failure: Failure,
    },
    /// The timer fired. A driver that can query the visibility passes [`Event::Visible`] first if
    /// it changed.
    Timer,
    /// A snapshot from another source: the response to a cancel request, or another tab.
    Told {
        /// The snapshot; merged by version, ignored if the task is not watched.
        snapshot: Box<Snapshot>,
    },
    /// The user requested cancellation: `cancelling` is shown until the server reports another
    /// status.
    CancelRequested {
        /// The task.
        id: TaskId,
    },
    /// The cancel request failed.
    CancelFailed {
        /// The task.
        id: TaskId,
    },
    /// `visibilitychange`. The initial state is visible.
    Visible(bool),
    /// `online`, `offline`. The initial state is online.
    Online(bool),
    /// `pagehide`, `freeze`: stop all requests and timers.
    Freeze,
    /// An event about the other tabs of the browser.
    Tabs(TabEvent),
    /// `pageshow` of a restored page (`persisted`), `resume`, or a sleep that the driver detected:
    /// the state is out of date.
    Resume,
    /// Whether to continue polling, slowly, while hidden. The initial value is `false`.
    NotifyHidden(bool),
    /// Changes the policy.
    SetPolicy(Policy),
    /// The user stops watching; the tasks continue.
    StopWatching,
    /// The user resumes watching.
    ResumeWatching,
    /// The user asked to retry after the machine gave up, was refused, was signed out or timed out.
    TryAgain,
    /// The result of [`Action::RefreshSession`]: whether there is a session again. If it is not
    /// known, omit this event: the machine finds out with the next request.
    SessionRefreshed(bool),
}

/// How a request failed.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// No response: connection refused or reset, name not found.
    Network,
    /// The driver's own timeout.
    Timeout,
    /// The response is not of the expected form, such as a login page.
    Unreadable,
    /// An HTTP error.
    Status {
        /// The status code.
        status: u16,
        /// `Retry-After` in milliseconds.
        retry_after_ms: Option<i64>,
        /// The problem document, if there was one.
        problem: Option<Box<Problem>>,
    },
}

/// An output of the machine. Carry actions out in the given order.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Send this request. No other is in flight.
    Send {
        /// Pass it back with the response.
        epoch: u32,
        /// The request.
        request: PollRequest,
    },
    /// Abort the request in flight. Any late result is ignored.
    Abort,
    /// Pass [`Event::Timer`] after this time. Replaces the timer set before.
    SetTimer {
        /// Milliseconds, at most 60,000; 0: as soon as the current tick is over.
        after_ms: u32,
    },
    /// Cancel the timer.
    ClearTimer,
    /// Try once, silently, to refresh the session; then pass [`Event::SessionRefreshed`].
    RefreshSession,
    /// The result of [`super::Machine::view`] has changed.
    Render,
    /// An action about the other tabs of the browser; only after [`TabEvent::Joined`].
    Tabs(TabAction),
}
