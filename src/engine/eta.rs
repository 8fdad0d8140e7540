//! Estimates when a task will end, as a range: from the stage durations of earlier runs of its
//! kind, and from its current pace. Pure; durations are milliseconds.
//!
//! Uninformative ranges are not reported: one whose far end is more than three times its near end
//! (plus five seconds), and any of a kind whose recent ranges were wrong more often than right.

mod accuracy;
mod history;
mod silence;

use std::time::{Duration, Instant};

use parking_lot::Mutex;

pub use accuracy::Accuracy;
pub(crate) use accuracy::Forecasts;
pub(crate) use history::{History, Route};
pub(crate) use silence::{STUCK_SOONEST_MS, Silences, stuck_after_ms};

use crate::task::{EtaRange, StageInfo};

/// A reported range may reach up to this multiple of its near end, plus `SLACK_MS`.
const WIDEST: f64 = 3.0;
const SLACK_MS: f64 = 5_000.0;

/// Uncertainty of the current pace for the rest of its stage: half the width of the range as a
/// share of what is left, at the beginning of the stage and near its end.
const PACE_DOUBT: (f64, f64) = (0.5, 0.1);
/// The same for a later stage, of which only the weight is known.
const LATER_DOUBT: f64 = 0.5;

/// Stage durations and estimation accuracy of one kind.
#[derive(Debug, Default)]
pub(crate) struct DurationHistory {
    history: Mutex<History>,
    /// When the history was last read.
    learned: Mutex<Option<Instant>>,
    accuracy: Mutex<Accuracy>,
}

impl DurationHistory {
    /// Replaces the history by the stored one.
    pub(crate) fn learn(&self, history: History, now: Instant) {
        *self.history.lock() = history;
        *self.learned.lock() = Some(now);
    }

    /// Whether the history was read at most `age` ago.
    pub(crate) fn is_fresh(&self, age: Duration, now: Instant) -> bool {
        self.learned.lock().is_some_and(|then| now.duration_since(then) < age)
    }

    /// Adds the stage durations of a run that has just completed.
    pub(crate) fn add(&self, times: &[(String, i64)]) {
        let mut history = self.history.lock();
        times.iter().for_each(|(stage, ms)| history.add(stage, *ms));
    }

    /// Returns the range to report, if it is informative.
    pub(crate) fn estimate(&self, present: &Present<'_>) -> Option<EtaRange> {
        estimate(&self.history.lock(), present)?.tell()
    }

    /// Judges the estimates of a completed run.
    pub(crate) fn judge(&self, forecasts: &Forecasts, ended_t: f64) {
        let mut accuracy = self.accuracy.lock();
        forecasts.judge(ended_t).for_each(|(range, left_ms)| accuracy.count(range, left_ms));
    }

    /// Returns the accuracy of the estimates.
    pub(crate) fn accuracy(&self) -> Accuracy {
        *self.accuracy.lock()
    }
}

/// The position of a task in its stages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Present<'a> {
    /// Its stages; none: the whole is one stage.
    pub(crate) stages: &'a [StageInfo],
    /// The current stage, from 0.
    pub(crate) at: usize,
    /// Time in the current stage.
    pub(crate) in_stage_ms: f64,
    /// The current pace, if the task makes progress.
    pub(crate) pace: Option<Pace>,
}

/// The pace of the current stage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Estimated time for the rest of the stage.
    pub(crate) left_ms: f64,
    /// Share of the stage that is done, 0..=1.
    pub(crate) done: f64,
}

/// A duration: the most likely value, and by how much it may be shorter or longer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) mid: f64,
    pub(crate) less: f64,
    pub(crate) more: f64,
}

impl Span {
    /// A duration with a relative uncertainty.
    fn about(mid: f64, doubt: f64) -> Self {
        Self { mid, less: mid * doubt, more: mid * doubt }
    }

    /// The sum of two durations; independent uncertainties add as squares.
    fn then(self, next: Self) -> Self {
        Self {
            mid: self.mid + next.mid,
            less: self.less.hypot(next.less),
            more: self.more.hypot(next.more),
        }
    }

    /// Combines two estimates of the same duration: the more certain one has more weight, and if
    /// they disagree the range covers both.
    fn and(self, other: Self) -> Self {
        let (a, b) = (self.less + self.more + 1.0, other.less + other.more + 1.0);
        let weight = b * b / (a * a + b * b);
        let mid = self.mid * weight + other.mid * (1.0 - weight);
        let apart = (self.mid - other.mid).abs() / 2.0;
        let narrow = |x: f64, y: f64| (x * y / x.hypot(y).max(f64::MIN_POSITIVE)).max(apart);
        Self { mid, less: narrow(self.less, other.less), more: narrow(self.more, other.more) }
    }

    /// Returns the range to report; `None` if it is uninformative.
    pub(crate) fn tell(self) -> Option<EtaRange> {
        let low = (self.mid - self.less).max(0.0);
        let high = self.mid + self.more;
        let told = high.is_finite() && high <= low * WIDEST + SLACK_MS;
        told.then(|| EtaRange { low_ms: low.round() as i64, high_ms: high.round() as i64 })
    }
}

/// Estimates the remaining time of a task; `None` if it cannot be known.
pub(crate) fn estimate(history: &History, present: &Present<'_>) -> Option<Span> {
    let name = |at: usize| present.stages.get(at).map_or("", |stage| stage.name.as_str());
    let by_history = history.rest_of(name(present.at), present.in_stage_ms);
    let by_pace = present.pace.map(|pace| {
        let (fresh, ripe) = PACE_DOUBT;
        Span::about(pace.left_ms, fresh + (ripe - fresh) * pace.done.clamp(0.0, 1.0))
    });
    let mut span = match (by_pace, by_history) {
        (Some(pace), Some(before)) => pace.and(before),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return None,
    };
    for (at, stage) in present.stages.iter().enumerate().skip(present.at + 1) {
        let by_weight = || Some(Span::about(per_weight(present)? * stage.weight, LATER_DOUBT));
        span = span.then(history.whole(name(at)).or_else(by_weight)?);
    }
    Some(span)
}

/// Time per unit of weight at the current pace.
fn per_weight(present: &Present<'_>) -> Option<f64> {
    let weight = present.stages.get(present.at)?.weight;
    let Pace { left_ms, done } = present.pace?;
    let whole = present.in_stage_ms + left_ms;
    (weight > 0.0 && done > 0.0).then(|| whole / weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stages() -> Vec<StageInfo> {
        [("Reading", 1.0), ("Writing", 8.0), ("Binding", 1.0)]
            .map(|(name, weight)| StageInfo { name: name.to_owned(), weight })
            .to_vec()
    }

    fn history(times: &[(&str, &[i64])]) -> History {
        let mut history = History::default();
        for (stage, all) in times {
            all.iter().for_each(|&ms| history.add(stage, ms));
        }
        history
    }

    fn known() -> History {
        history(&[
            ("Reading", &[900, 1_000, 1_000, 1_100]),
            ("Writing", &[7_000, 8_000, 8_000, 9_000, 8_200]),
            ("Binding", &[480, 500, 500, 520]),
        ])
    }

    fn at<'a>(stages: &'a [StageInfo], at: usize, ms: f64, pace: Option<Pace>) -> Present<'a> {
        Present { stages, at, in_stage_ms: ms, pace }
    }

    #[test]
    fn what_is_left_is_the_rest_of_this_stage_and_all_later_ones() {
        let stages = stages();
        let told = estimate(&known(), &at(&stages, 1, 3_000.0, None)).unwrap().tell().unwrap();
        assert!(told.low_ms < 5_500 && 5_500 < told.high_ms, "{told:?}");
        assert!(told.low_ms > 3_500 && told.high_ms < 7_500, "{told:?}");
    }

    #[test]
    fn without_history_the_present_pace_and_the_weights_speak() {
        let stages = stages();
        let pace = Pace { left_ms: 4_000.0, done: 0.5 };
        let span = estimate(&History::default(), &at(&stages, 1, 4_000.0, Some(pace))).unwrap();
        assert!((span.mid - 5_000.0).abs() < 1.0, "{span:?}");
        assert!(span.tell().is_some());
    }

    #[test]
    fn a_run_that_is_slower_than_all_before_is_judged_by_its_pace_alone() {
        let stages = stages();
        let pace = Pace { left_ms: 60_000.0, done: 0.5 };
        let span = estimate(&known(), &at(&stages, 1, 60_000.0, Some(pace))).unwrap();
        assert!((span.mid - 60_500.0).abs() < 1_000.0, "{span:?}");
        assert_eq!(estimate(&known(), &at(&stages, 1, 60_000.0, None)), None);
    }

    #[test]
    fn pace_and_history_that_disagree_make_the_range_wide() {
        let stages = stages();
        let pace = Pace { left_ms: 30_000.0, done: 0.1 };
        let agree = Pace { left_ms: 7_200.0, done: 0.1 };
        let width = |pace| {
            let span = estimate(&known(), &at(&stages, 1, 800.0, Some(pace))).unwrap();
            span.less + span.more
        };
        assert!(width(pace) > 2.0 * width(agree));
    }

    #[test]
    fn a_range_that_says_little_is_not_told() {
        let lottery = history(&[("", &[2_000, 2_000, 600_000, 600_000, 2_000, 600_000])]);
        assert_eq!(estimate(&lottery, &at(&[], 0, 0.0, None)).unwrap().tell(), None);
        assert_eq!(estimate(&History::default(), &at(&[], 0, 0.0, None)), None);
    }

    #[test]
    fn a_task_without_stages_has_its_whole_for_one() {
        let whole = history(&[("", &[10_000, 11_000, 12_000])]);
        let told = estimate(&whole, &at(&[], 0, 1_000.0, None)).unwrap().tell().unwrap();
        assert!(told.low_ms <= 10_000 && 10_000 <= told.high_ms, "{told:?}");
    }

    #[test]
    fn two_who_agree_are_surer_together() {
        let a = Span::about(1_000.0, 0.4);
        let both = a.and(a);
        assert!((both.mid - 1_000.0).abs() < 1e-9 && both.less < a.less, "{both:?}");
        let certain = Span::about(0.0, 0.0);
        assert_eq!(certain.and(certain).tell(), Some(EtaRange { low_ms: 0, high_ms: 0 }));
    }
}
