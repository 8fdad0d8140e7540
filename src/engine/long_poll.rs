//! When a waiting request must be answered: the paced policy's rule, applied to what a client was
//! last sent and the task's current state.
//!
//! Pure: the time and the random number are parameters, so a benchmark runs this rule, the
//! [`Meter`](super::Meter) and the client's machine in virtual time. Times are seconds on any
//! monotonic clock; progress is 0..=1.
//!
//! One budget covers the corrections of a bar and the output: each such response brings both.
//!
//! Three additions to the text of the policy:
//!
//! * A new run of the task (its version has another generation) needs no budget. It is rare, and a
//!   client that received many early responses in a long first attempt would otherwise learn of the
//!   second one last.
//! * In the first half second of a stage there are no early responses. Many tasks have a very short
//!   last stage; a client that was sent it would learn of the end half a second late, because it
//!   does not poll again sooner. For the same reason short stages at the start are reported
//!   together.
//! * A page that shows the log gets its lines in time, even without a budget left.

mod lines;

use crate::{
    engine::store::generation,
    task::{AnswerReason, Status, Watch},
};

pub use self::lines::LineTimes;

/// Until the task has completed, a client's bar stops at this fraction.
const MAX_UNFINISHED: f64 = 0.99;
/// Minimum time between two corrections, in seconds.
const SOONEST_CORRECTION_S: f64 = 0.7;
/// No correction if the task is expected to end within this time, in seconds.
const ABOUT_TO_END_S: f64 = 0.7;
/// A younger stage may be over before a client that was sent it polls again, in seconds.
const YOUNG_STAGE_S: f64 = 0.5;
/// A line that a client shows is sent at the latest at this age, in seconds. Together with the time
/// until it is stored (`EngineOptions::flush`) it is seen within 3 s.
const LINE_OVERDUE_S: f64 = 2.5;
/// Minimum share of the longest wait before a request times out; requests that arrived together
/// then do not return together.
const MIN_SHARE: f64 = 0.9;

/// How precise a client's bar has to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// One of many tasks, or an ordinary bar.
    #[default]
    Background,
    /// The task that a page shows in the foreground.
    Foreground,
}

impl Detail {
    /// Permitted deviation of a bar: 0.02 and 0.01 of the whole.
    pub const fn deviation(self) -> f64 {
        match self {
            Self::Background => 0.02,
            Self::Foreground => 0.01,
        }
    }

    /// Budget of early responses in the first `t_s` seconds of a run: another one is allowed while
    /// the client has received fewer than log2(1 + t/3) + t/40 (background) or log2(1 + t/3) + t/6
    /// (foreground).
    pub fn budget(self, t_s: f64) -> f64 {
        let t = t_s.max(0.0);
        let slope = match self {
            Self::Background => 1.0 / 40.0,
            Self::Foreground => 1.0 / 6.0,
        };
        (1.0 + t / 3.0).log2() + t * slope
    }

    /// When the budget allows another early response after `early` of them, in seconds of the run.
    fn opens_at(self, early: u32) -> f64 {
        let early = f64::from(early);
        // Either term alone reaches it: the logarithm after 3 * 2^early, the slope after 40 *
        // early.
        let (mut shut, mut open) = (0.0, 40.0 * early);
        for _ in 0..32 {
            let middle = f64::midpoint(shut, open);
            if self.budget(middle) > early {
                open = middle;
            } else {
                shut = middle;
            }
        }
        shut
    }
}

/// The state of a task at one moment, as the server knows it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct TaskState {
    /// Its status.
    pub status: Status,
    /// Its version.
    pub version: i64,
    /// The version with which the current stage was entered; 0: before any client could have
    /// polled.
    pub step_version: i64,
    /// The version of its latest output: a message or a log line.
    pub output_version: i64,
    /// When its latest log lines appeared, on the clock of `t_s`.
    pub lines: LineTimes,
    /// 0..=1; `None`: not known.
    pub progress: Option<f64>,
    /// Seconds until its end, as estimated by [`Meter::eta`](super::Meter::eta); `None`: not known.
    pub eta_s: Option<f64>,
    /// Seconds since the current run began; 0 while queued.
    pub t_s: f64,
    /// Seconds since the current stage was entered, as far as known.
    pub stage_s: f64,
}

crate::with::with!(TaskState);

impl TaskState {
    /// Creates the state of a task with this status and version, of which nothing else is known.
    pub fn new(status: Status, version: i64) -> Self {
        Self {
            status,
            version,
            step_version: 0,
            output_version: 0,
            lines: LineTimes::default(),
            progress: None,
            eta_s: None,
            t_s: 0.0,
            stage_s: 0.0,
        }
    }

    /// The generation of the version; see [`ClientState::reason`].
    pub(crate) const fn generation(&self) -> i64 {
        generation(self.version)
    }

    /// Whether a client that has this version is up to date. The bits below the generation of a
    /// queued task hold its queue position and do not count.
    pub(crate) fn is_known_as(&self, version: i64) -> bool {
        let waits = self.status == Status::Queued;
        version == self.version || (waits && generation(version) == self.generation())
    }
}

/// What one client knows of one task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClientState {
    version: i64,
    progress: Option<f64>,
    rate: f64,
    told_at: f64,
    early: u32,
    detail: Detail,
    shows_output: bool,
    end_only: bool,
}

impl ClientState {
    /// The state that a client reports in a request received at `now`.
    pub fn of(watch: &Watch, now: f64) -> Self {
        let finite = |number: f64| if number.is_finite() { number } else { 0.0 };
        Self {
            version: watch.version,
            progress: watch.progress.map(|percent| finite(percent) / 100.0),
            rate: finite(watch.rate).max(0.0),
            told_at: now - watch.age_ms.max(0) as f64 / 1000.0,
            early: watch.early_responses,
            detail: if watch.foreground { Detail::Foreground } else { Detail::Background },
            shows_output: watch.log_after.is_some() || watch.preview_after.is_some(),
            end_only: false,
        }
    }

    /// A client that knows all of `state` at `now` and does not extrapolate its bar.
    pub const fn knowing(state: &TaskState, now: f64) -> Self {
        Self {
            version: state.version,
            progress: state.progress,
            rate: 0.0,
            told_at: now,
            early: 0,
            detail: Detail::Background,
            shows_output: false,
            end_only: false,
        }
    }

    /// A client that waits for the end and nothing else.
    pub const fn until_the_end() -> Self {
        Self {
            version: 0,
            progress: None,
            rate: 0.0,
            told_at: 0.0,
            early: 0,
            detail: Detail::Background,
            shows_output: false,
            end_only: true,
        }
    }

    /// The version that the client has.
    pub const fn version(&self) -> i64 {
        self.version
    }

    /// Adds the progress for a client that sends the current version without one.
    pub fn complete(&mut self, state: &TaskState) {
        if self.progress.is_none() && state.is_known_as(self.version) {
            self.progress = state.progress;
        }
    }

    /// Returns why this client must be answered at `now`; `None`: no reason. If several apply, the
    /// first in the order of [`AnswerReason`].
    pub fn reason(&self, state: &TaskState, now: f64) -> Option<AnswerReason> {
        let ended = state.status.is_terminal();
        if ended || self.end_only {
            let news = self.end_only || self.version != state.version;
            return (ended && news).then_some(AnswerReason::Ended);
        }
        if self.version > state.version || generation(self.version) != state.generation() {
            return Some(match state.status {
                Status::Cancelling => AnswerReason::Cancelling,
                Status::Running if 0 < self.version && self.version < state.version => {
                    AnswerReason::Attempt
                }
                _ => AnswerReason::Changed,
            });
        }
        let settled = state.stage_s >= YOUNG_STAGE_S;
        let step = settled && self.version < state.step_version;
        let reason = if step {
            AnswerReason::Step
        } else if settled && self.deviates(state, now) {
            AnswerReason::Deviation
        } else if self.misses_output(state, now) {
            AnswerReason::Output
        } else {
            return None;
        };
        // Checked last, because it costs a logarithm and most bars are correct.
        let allowed = f64::from(self.early) < self.detail.budget(state.t_s);
        (allowed || self.misses_lines_for_long(state)).then_some(reason)
    }

    /// Whether the task has output that the client shows and has not received, and the time for it
    /// has come.
    fn misses_output(&self, state: &TaskState, now: f64) -> bool {
        let about_to_end = state.eta_s.is_some_and(|eta| eta < ABOUT_TO_END_S);
        let calm = !about_to_end && state.stage_s >= YOUNG_STAGE_S;
        let misses = self.detail == Detail::Foreground && self.version < state.output_version;
        let paused = now - self.told_at >= output_gap_s(state.t_s);
        (misses && calm && paused) || self.misses_lines_for_long(state)
    }

    /// Whether a line that the client shows has been waiting for as long as it may.
    fn misses_lines_for_long(&self, state: &TaskState) -> bool {
        let since = state.lines.first_after(self.version).filter(|_| self.shows_output);
        since.is_some_and(|at| state.t_s - at >= LINE_OVERDUE_S)
    }

    /// Where the client's bar is at `now`; `None`: it shows none.
    pub fn predicted(&self, now: f64) -> Option<f64> {
        let age = (now - self.told_at).max(0.0);
        self.progress.map(|told| (told + self.rate * age).min(MAX_UNFINISHED))
    }

    fn deviates(&self, state: &TaskState, now: f64) -> bool {
        if now - self.told_at < SOONEST_CORRECTION_S
            || state.eta_s.is_some_and(|eta| eta < ABOUT_TO_END_S)
        {
            return false;
        }
        match (self.predicted(now), state.progress) {
            (Some(shown), Some(truth)) => (shown - truth).abs() >= self.detail.deviation(),
            (shown, truth) => shown.is_some() != truth.is_some(),
        }
    }

    /// The earliest time at which a wrong bar may be corrected or output be sent, whatever the task
    /// does within its run. Before it only a new stage or status can cause a response.
    pub fn not_before(&self, state: &TaskState, now: f64) -> f64 {
        // A line may be overdue whatever the budget.
        let opens = match self.shows_output {
            true => f64::NEG_INFINITY,
            false => now - state.t_s + self.detail.opens_at(self.early),
        };
        opens.max(self.told_at + SOONEST_CORRECTION_S)
    }
}

/// Minimum time between two responses for output, `t_s` seconds after the start: 1 s at first, 3 s
/// after 90 s.
const fn output_gap_s(t_s: f64) -> f64 {
    (t_s / 30.0).clamp(1.0, 3.0)
}

/// How long a request with a maximum wait of `max_wait_s` waits; `random` is uniform in 0..1 and
/// spreads the time over its last tenth.
pub fn longest_hold_s(max_wait_s: f64, random: f64) -> f64 {
    max_wait_s * (MIN_SHARE + (1.0 - MIN_SHARE) * random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests;
