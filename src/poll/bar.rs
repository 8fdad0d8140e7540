//! The progress bar: extrapolated, never backwards within an attempt.

/// Until the task has completed, the bar stops at this percentage.
const UNFINISHED_MOST: f64 = 99.0;

/// One task's bar. Progress is in percent, the rate in percent per millisecond.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    /// The highest value that may have been shown.
    shown: f64,
    /// The progress last received, or where the bar was frozen; `None`: not known.
    base: Option<f64>,
    rate: f64,
    /// When `base` was current.
    at: u64,
    /// The highest attempt seen. A higher one starts from 0; a repeated lower one, after a release,
    /// does not.
    attempt: u32,
    frozen: bool,
    /// How long it may extrapolate without news.
    reach: u64,
}

impl Bar {
    /// Creates a bar without progress.
    pub(super) const fn new(reach: u64) -> Self {
        Self { shown: 0.0, base: None, rate: 0.0, at: 0, attempt: 0, frozen: false, reach }
    }

    /// Takes progress received at `now`; the bar was drawn until `clock`. Returns whether a new
    /// attempt began.
    pub(super) fn tell(
        &mut self,
        progress: Option<f64>,
        rate_per_s: f64,
        attempt: u32,
        (clock, now): (u64, u64),
    ) -> bool {
        self.freeze(clock);
        let fresh = attempt > self.attempt;
        if fresh {
            self.attempt = attempt;
            self.shown = 0.0;
        }
        self.base = progress;
        let moves = rate_per_s.is_finite() && rate_per_s > 0.0;
        self.rate = if moves { rate_per_s / 10.0 } else { 0.0 };
        self.at = now;
        self.frozen = false;
        fresh
    }

    /// The highest attempt seen.
    pub(super) fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The value to show; `None`: not known.
    pub(super) fn value(&self, now: u64) -> Option<f64> {
        Some(self.predicted(now)?.min(UNFINISHED_MOST).max(self.shown))
    }

    /// Whether it moves at this moment.
    pub(super) fn moving(&self, now: u64) -> bool {
        let within_reach = now.saturating_sub(self.at) < self.reach;
        !self.frozen
            && within_reach
            && self.rate > 0.0
            && self.predicted(now).is_some_and(|p| p < UNFINISHED_MOST)
    }

    /// Stops the bar: the state of the task is not known.
    pub(super) fn freeze(&mut self, now: u64) {
        if !self.frozen {
            self.shown = self.value(now).unwrap_or(self.shown);
            self.base = self.predicted(now).map(|p| p.min(UNFINISHED_MOST));
            self.at = now;
            self.frozen = true;
        }
    }

    /// Continues from where it was frozen.
    pub(super) fn thaw(&mut self, now: u64) {
        if self.frozen {
            self.at = now;
            self.frozen = false;
        }
    }

    /// What the server needs to compute the deviation of this bar: progress in percent, rate as
    /// received (0..=1 per second), milliseconds since.
    pub(super) fn basis(&self, now: u64) -> (Option<f64>, f64, i64) {
        let rate = if self.frozen { 0.0 } else { self.rate * 10.0 };
        let age = self.age(now);
        (self.base, rate, i64::try_from(age).unwrap_or(i64::MAX))
    }

    fn predicted(&self, now: u64) -> Option<f64> {
        let age = if self.frozen { 0 } else { self.age(now) };
        self.base.map(|base| base + self.rate * age as f64)
    }

    /// How long it has been moving.
    fn age(&self, now: u64) -> u64 {
        now.saturating_sub(self.at).min(self.reach)
    }
}
