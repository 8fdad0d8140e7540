//! When a held request must be answered: the paced policy's rule, from what a client was last told
//! and how the task stands now.
//!
//! Pure: the time and the random number are parameters, so that a benchmark runs this rule, the
//! [`Meter`](super::Meter) and the client's machine in virtual time. Times are seconds on any clock
//! that only goes on; progress is 0..=1.
//!
//! Two things are not word for word the policy's text.
//!
//! * Another run of the task (its version has another generation) needs no budget. It is rare, and a
//!   client that counted many early answers in a long first attempt would learn of the second one last.
//! * In the first half second of a stage nothing is answered early. Many tasks have a last stage that
//!   is over in no time; a client that was told of it would hear of the end half a second late, because
//!   it does not ask again sooner. For the same reason the quick stages at the start are told as one.

use crate::task::{AnswerReason, Status, Watch};

/// A client's bar stands still at this fraction until the task has completed.
const UNFINISHED_MOST: f64 = 0.99;
/// A correction sooner than this after the last word would come before the next one, in seconds.
const SOONEST_CORRECTION_S: f64 = 0.7;
/// Who is about to hear of the end needs no correction, in seconds.
const ABOUT_TO_END_S: f64 = 0.7;
/// A stage that is younger may be over before a client that was told of it asks again, in seconds.
const YOUNG_STAGE_S: f64 = 0.5;
/// The changes that one run reports count up the bits below.
const GENERATION_SHIFT: u32 = 20;
/// The least share of the time it could be held after which a request is answered, so that requests
/// that came together do not come back together.
const MIN_SHARE: f64 = 0.9;

/// How exact a page wants to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// One of many tasks, or a bar like any other.
    #[default]
    Background,
    /// A page that shows this task large.
    Foreground,
}

impl Detail {
    /// How wrong a bar may be: 0.02 and 0.01 of the whole.
    pub const fn deviation(self) -> f64 {
        match self {
            Self::Background => 0.02,
            Self::Foreground => 0.01,
        }
    }

    /// How many answers a client may get early in the first `t_s` seconds of a run: one more while
    /// it has had fewer than log2(1 + t/3) + t/40, and log2(1 + t) + t/4.
    pub fn budget(self, t_s: f64) -> f64 {
        let t = t_s.max(0.0);
        match self {
            Self::Background => (1.0 + t / 3.0).log2() + t / 40.0,
            Self::Foreground => (1.0 + t).log2() + t / 4.0,
        }
    }

    /// From when on the budget allows another early answer after `early` of them, in seconds of the
    /// run.
    fn opens_at(self, early: u32) -> f64 {
        let early = f64::from(early);
        // Each part alone would reach it: the logarithm after 3 * 2^early, the slope after 40 * early.
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

/// How a task stands at one moment, as the server sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaskState {
    /// Where it is in its life.
    pub status: Status,
    /// Its version.
    pub version: i64,
    /// The version with which its present stage was entered; 0 = before anybody could have looked.
    pub step_version: i64,
    /// The version with which it last said something, a message or a line of its log.
    pub output_version: i64,
    /// 0..=1; `None` = the task cannot tell.
    pub progress: Option<f64>,
    /// Seconds until its end, as [`Meter::eta`](super::Meter::eta) estimates; `None` = unknown.
    pub eta_s: Option<f64>,
    /// Seconds since its present run began; 0 while it waits.
    pub t_s: f64,
    /// Seconds since its present stage was entered, as far as is known.
    pub stage_s: f64,
}

impl TaskState {
    /// The changes that the store made by itself; see [`ClientState::reason`].
    pub(crate) const fn generation(&self) -> i64 {
        generation(self.version)
    }

    /// Whether a client that knows this version knows all of it. Of a waiting task the bits below the
    /// generation tell its place.
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
    end_only: bool,
}

impl ClientState {
    /// What a client says that it knows, in a request that came at `now`.
    pub fn of(watch: &Watch, now: f64) -> Self {
        let finite = |number: f64| if number.is_finite() { number } else { 0.0 };
        Self {
            version: watch.version,
            progress: watch.progress.map(|percent| finite(percent) / 100.0),
            rate: finite(watch.rate).max(0.0),
            told_at: now - watch.age_ms.max(0) as f64 / 1000.0,
            early: watch.early_responses,
            detail: if watch.foreground { Detail::Foreground } else { Detail::Background },
            end_only: false,
        }
    }

    /// A client that was told all of this at `now` and moves no bar by itself.
    pub const fn knowing(state: &TaskState, now: f64) -> Self {
        Self {
            version: state.version,
            progress: state.progress,
            rate: 0.0,
            told_at: now,
            early: 0,
            detail: Detail::Background,
            end_only: false,
        }
    }

    /// A client that wants to hear of the end and of nothing else.
    pub const fn until_the_end() -> Self {
        Self {
            version: 0,
            progress: None,
            rate: 0.0,
            told_at: 0.0,
            early: 0,
            detail: Detail::Background,
            end_only: true,
        }
    }

    /// The version that the client knows.
    pub const fn version(&self) -> i64 {
        self.version
    }

    /// A client that names the present version and no progress knows the progress all the same.
    pub fn complete(&mut self, state: &TaskState) {
        if self.progress.is_none() && state.is_known_as(self.version) {
            self.progress = state.progress;
        }
    }

    /// Why this client must hear of the task at `now`; `None`: there is nothing that is worth an
    /// answer. Where several reasons hold, the first in the order of [`AnswerReason`].
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
        let step = self.version < state.step_version;
        let due = state.stage_s >= YOUNG_STAGE_S && (step || self.deviates(state, now));
        if !due {
            return self.misses_words(state, now).then_some(AnswerReason::Output);
        }
        // Last, because it costs a logarithm and most bars are right.
        let allowed = f64::from(self.early) < self.detail.budget(state.t_s);
        let reason = if step { AnswerReason::Step } else { AnswerReason::Deviation };
        let said = || self.misses_words(state, now).then_some(AnswerReason::Output);
        allowed.then_some(reason).or_else(said)
    }

    /// Whether the task has said something that a page which shows it large does not know. Such
    /// answers cost no budget: they have a pace of their own.
    fn misses_words(&self, state: &TaskState, now: f64) -> bool {
        self.detail == Detail::Foreground
            && self.version < state.output_version
            && now - self.told_at >= words_gap_s(state.t_s)
    }

    /// Where the client's bar is at `now`; `None` = it shows none.
    pub fn predicted(&self, now: f64) -> Option<f64> {
        let age = (now - self.told_at).max(0.0);
        self.progress.map(|told| (told + self.rate * age).min(UNFINISHED_MOST))
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

    /// The earliest time at which a wrong bar could be answered for, however the task goes on within
    /// its run. Before it only a stage could, and no sooner than the budget allows either.
    pub fn not_before(&self, state: &TaskState, now: f64) -> f64 {
        let begun = now - state.t_s;
        let bar = begun + self.detail.opens_at(self.early);
        let words = match self.detail {
            Detail::Foreground => self.told_at + words_gap_s(0.0),
            Detail::Background => f64::INFINITY,
        };
        bar.min(words).max(self.told_at + SOONEST_CORRECTION_S)
    }
}

/// Between two answers for what a task says, `t_s` seconds after its start: 1 s at first, 3 s from a
/// minute and a half on.
const fn words_gap_s(t_s: f64) -> f64 {
    (t_s / 30.0).clamp(1.0, 3.0)
}

/// How long a request that may be held for `max_wait_s` is held at most; `random` is uniform in
/// 0..1: the time is spread over its last tenth.
pub fn longest_hold_s(max_wait_s: f64, random: f64) -> f64 {
    max_wait_s * (MIN_SHARE + (1.0 - MIN_SHARE) * random.clamp(0.0, 1.0))
}

/// Each change that the store makes by itself (a claim, a cancel, an end) opens a generation.
const fn generation(version: i64) -> i64 {
    version >> GENERATION_SHIFT
}

/// The greatest version of the same generation.
pub(crate) const fn last_of_generation(version: i64) -> i64 {
    version | ((1 << GENERATION_SHIFT) - 1)
}

#[cfg(test)]
mod tests;
