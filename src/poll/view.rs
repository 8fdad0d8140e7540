//! What to draw for a task, and the counters of a machine.

use super::Policy;
use crate::task::{AnswerReason, GoneReason, Problem, Snapshot, Status};

/// What to draw for one task now.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TaskView<'a> {
    /// The last snapshot; `None` until the first.
    pub snapshot: Option<&'a Snapshot>,
    /// Its status, or `cancelling` once the user has requested cancellation.
    pub status: Option<Status>,
    /// Percent 0..=100, extrapolated; never less than before within an attempt, and 100 on
    /// `completed` only. `None`: not known.
    pub bar: Option<f64>,
    /// Whether the bar moves between responses.
    pub moving: bool,
    /// Time that the task has run so far (waited, while queued).
    pub elapsed_ms: Option<i64>,
    /// Estimated milliseconds until the end; `None` when unknown or overdue.
    pub eta_ms: Option<i64>,
    /// Milliseconds since the server last answered about this task; `None` before the first answer.
    pub age_ms: Option<u64>,
    /// Whether the state is current.
    pub freshness: Freshness,
    /// Whether the task is followed, and if not, why.
    pub phase: Phase,
    /// The server's problem document for a refused request.
    pub problem: Option<&'a Problem>,
}

/// Whether the state of a task is current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Current.
    Fresh,
    /// The worker has a heartbeat, but the task does not change.
    Silent,
    /// The worker has no heartbeat.
    LostWorker,
    /// The server does not answer.
    Unreachable,
    /// The page slept or was hidden; a request is in flight.
    Woken,
    /// The browser is offline.
    Offline,
}

/// Whether a task is followed, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The task is followed.
    Watching,
    /// Not while the page is hidden, frozen or offline; continues automatically.
    Paused,
    /// The user stopped watching; [`super::Event::ResumeWatching`] continues.
    Stopped,
    /// The task has reached a terminal status.
    Ended,
    /// The server does not report the task, or no longer.
    Gone(GoneReason),
    /// The task took longer than [`super::Config::deadline_ms`]; [`super::Event::TryAgain`]
    /// continues.
    TimedOut,
    /// There is no session; [`super::Event::TryAgain`] continues.
    SignedOut,
    /// The server was unreachable for too long; [`super::Event::TryAgain`] continues.
    GaveUp,
    /// The server refuses the request; [`super::Event::TryAgain`] sends it again.
    Refused {
        /// The HTTP status.
        status: u16,
    },
}

/// How the last request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerKind {
    /// Something changed.
    Changed,
    /// A task ended, or is gone.
    Ended,
    /// Nothing changed.
    Unchanged,
    /// The request waited for its whole time, and nothing changed.
    Timeout,
    /// The request failed.
    Failed,
}

/// The counters of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Requests sent.
    pub requests: u32,
    /// Successful responses.
    pub answers: u32,
    /// Requests that failed.
    pub failures: u32,
    /// Failures since the last successful response.
    pub failures_in_a_row: u32,
    /// Bytes received, as reported by the driver.
    pub bytes: u64,
    /// Whether a request is in flight.
    pub in_flight: bool,
    /// Whether another tab of the browser polls for this one.
    pub led: bool,
    /// Maximum wait of the request in flight, in milliseconds; 0: none.
    pub hold_ms: u32,
    /// Milliseconds until the next request; `None` if none is planned.
    pub next_in_ms: Option<u32>,
    /// How the last request ended; `None` before the first has.
    pub last: Option<AnswerKind>,
    /// Why the server answered the last request when it did; `None` if it did not state a reason.
    pub reason: Option<AnswerReason>,
    /// Total time that requests have waited at the server, in milliseconds, as reported by it.
    pub waited_ms: u64,
    /// Total time in which there was a task to poll and polling was possible, up to the last event:
    /// the time for which [`Policy::requests_in`] returns the requests of another policy.
    pub asking_ms: u64,
    /// The policy in force.
    pub policy: Policy,
}
