//! Accuracy of earlier estimates, for operators and to decide whether to report the next one.

use crate::task::EtaRange;

/// Progress at which an estimate is recorded, to be judged at the end.
const CHECKPOINTS: [f64; 3] = [0.25, 0.5, 0.75];

/// The recorded estimates of one run.
#[derive(Debug, Default)]
pub(crate) struct Forecasts(Vec<(f64, EtaRange)>);

impl Forecasts {
    /// Records an estimate, `t` seconds after the start, if progress has reached the next share.
    pub(crate) fn note(&mut self, t: f64, progress: f64, range: Option<EtaRange>) {
        let due = CHECKPOINTS.get(self.0.len()).is_some_and(|&share| progress >= share);
        if let Some(range) = range.filter(|_| due) {
            self.0.push((t, range));
        }
    }

    /// Returns the estimates, each with the actual remaining time in milliseconds.
    pub(crate) fn judge(&self, ended_t: f64) -> impl Iterator<Item = (EtaRange, f64)> {
        self.0.iter().map(move |&(t, range)| (range, (ended_t - t).max(0.0) * 1_000.0))
    }
}

/// Accuracy of one kind's estimates, counted since the process started.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Accuracy {
    /// Ranges that contained the end.
    pub inside: u64,
    /// Ranges that the end preceded.
    pub sooner: u64,
    /// Ranges that the end exceeded.
    pub later: u64,
    /// Sum of the distances between the middle of a range and the actual end, in seconds.
    pub error_s: f64,
    /// The last 64 results, newest in the lowest bit; a bit is set if the range contained the end.
    recent: u64,
}

/// Number of recent estimates that decide whether the next is reported.
const JUDGED: u32 = 20;

impl Accuracy {
    /// Counts one estimate.
    pub(crate) fn count(&mut self, range: EtaRange, left_ms: f64) {
        // People read estimates to about a second.
        let inside =
            left_ms >= range.low_ms as f64 - 1_000.0 && left_ms <= range.high_ms as f64 + 1_000.0;
        self.recent = self.recent << 1 | u64::from(inside);
        match inside {
            true => self.inside += 1,
            false if left_ms < range.low_ms as f64 => self.sooner += 1,
            false => self.later += 1,
        }
        let middle = (range.low_ms + range.high_ms) as f64 / 2.0;
        self.error_s += (middle - left_ms).abs() / 1_000.0;
    }

    /// Total number of estimates counted.
    pub fn total(&self) -> u64 {
        self.inside + self.sooner + self.later
    }

    /// Whether to report the next estimate: at least half of the recent ones were right, or there
    /// are few.
    pub(crate) fn trusted(&self) -> bool {
        let right = (self.recent & ((1 << JUDGED) - 1)).count_ones();
        self.total() < u64::from(JUDGED) || right * 2 >= JUDGED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: EtaRange = EtaRange { low_ms: 10_000, high_ms: 20_000 };

    #[test]
    fn estimates_are_noted_at_a_quarter_a_half_and_three_quarters() {
        let mut forecasts = Forecasts::default();
        for tenth in 0..=100 {
            let t = f64::from(tenth) / 10.0;
            forecasts.note(t, t / 10.0, Some(RANGE));
        }
        let left: Vec<_> = forecasts.judge(10.0).map(|(_, left)| left).collect();
        assert_eq!(left, [7_500.0, 5_000.0, 2_500.0]);
    }

    #[test]
    fn the_end_is_inside_sooner_or_later() {
        let mut accuracy = Accuracy::default();
        for left in [9_500.0, 15_000.0, 20_500.0, 5_000.0, 30_000.0, 30_000.0] {
            accuracy.count(RANGE, left);
        }
        assert_eq!((accuracy.inside, accuracy.sooner, accuracy.later), (3, 1, 2));
        assert!((accuracy.error_s - (5.5 + 0.0 + 5.5 + 10.0 + 15.0 + 15.0)).abs() < 1e-9);
    }

    #[test]
    fn who_is_wrong_more_often_than_right_is_not_heard_until_that_changes() {
        let mut accuracy = Accuracy::default();
        for _ in 0..JUDGED {
            assert!(accuracy.trusted());
            accuracy.count(RANGE, 60_000.0);
        }
        assert!(!accuracy.trusted());
        for _ in 0..JUDGED / 2 {
            accuracy.count(RANGE, 15_000.0);
        }
        assert!(accuracy.trusted());
    }
}
