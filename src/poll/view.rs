//! What can be seen of the machine: what to draw for a task, and the counters.

use super::Policy;
use crate::task::{AnswerReason, GoneReason, Problem, Snapshot, Status};

/// What to draw for one task now.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskView<'a> {
    /// The last snapshot; `None` until the first.
    pub snapshot: Option<&'a Snapshot>,
    /// Its status, or `cancelling` where the user has just asked for it.
    pub status: Option<Status>,
    /// Percent 0..=100, dead reckoned, never less than before within an attempt, 100 on `completed`
    /// only; `None` = cannot tell.
    pub bar: Option<f64>,
    /// Whether the bar moves by itself.
    pub moving: bool,
    /// How long the task has run (waited, while queued), by now.
    pub elapsed_ms: Option<i64>,
    /// Estimated milliseconds until the end, by now; `None` when unknown or overdue.
    pub eta_ms: Option<i64>,
    /// Milliseconds since the server last answered about this task; `None` before the first time.
    pub age_ms: Option<u64>,
    /// How much the knowledge is worth.
    pub freshness: Freshness,
    /// Whether the task is still followed, and if not, why.
    pub phase: Phase,
    /// What the server said when it refused.
    pub problem: Option<&'a Problem>,
}

/// How much the knowledge of a task is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// As good as it gets.
    Fresh,
    /// The worker beats, the task does not move.
    Silent,
    /// The worker has not been heard of.
    LostWorker,
    /// The server does not answer.
    Unreachable,
    /// The page slept or was hidden; the first answer is on its way.
    Woken,
    /// The browser is offline.
    Offline,
}

/// Whether a task is followed, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It is.
    Watching,
    /// Not while the page is hidden, frozen or offline; goes on by itself.
    Paused,
    /// The user stopped watching; [`super::Event::ResumeWatching`] goes on.
    Stopped,
    /// The task is at its terminal status.
    Ended,
    /// The server does not tell it (any more).
    Gone(GoneReason),
    /// It took longer than [`super::Config::deadline_ms`]; [`super::Event::TryAgain`] goes on.
    TimedOut,
    /// There is no session; [`super::Event::TryAgain`] goes on.
    SignedOut,
    /// The server could not be reached for too long; [`super::Event::TryAgain`] goes on.
    GaveUp,
    /// The server refuses the request for good; [`super::Event::TryAgain`] asks once more.
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
    /// A task came to its end, or is gone.
    Ended,
    /// Nothing changed.
    Unchanged,
    /// Nothing worth telling happened while the server held the request.
    Timeout,
    /// No good answer.
    Failed,
}

/// The counters of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Requests sent.
    pub requests: u32,
    /// Good answers.
    pub answers: u32,
    /// Requests that failed.
    pub failures: u32,
    /// Failures since the last good answer.
    pub failures_in_a_row: u32,
    /// Bytes received, as far as the driver told.
    pub bytes: u64,
    /// Whether a request is in flight.
    pub in_flight: bool,
    /// Whether another tab of the browser asks for this one.
    pub led: bool,
    /// How long the request in flight may be held; 0 = not.
    pub hold_ms: u32,
    /// Milliseconds until the next request; `None` where none is planned.
    pub next_in_ms: Option<u32>,
    /// How the last request ended; `None` before the first did.
    pub last: Option<AnswerKind>,
    /// Why the server answered the last request when it did; `None` where it did not say.
    pub reason: Option<AnswerReason>,
    /// How long the server has held requests, in all; as far as it told.
    pub waited_ms: u64,
    /// How long there has been something to ask and nothing against asking, by the last event: the
    /// time for which [`Policy::requests_in`] tells what another policy would have asked.
    pub asking_ms: u64,
    /// The policy in force.
    pub policy: Policy,
}
