//! Measures how fast a task moves: slopes over the recent past, from sparse samples.
//!
//! The formulas are those of the paced policy: a long and a short slope give the rate that clients
//! extrapolate with, a medium one the remaining time. Only the current stage counts: weights are
//! estimates, and three quick stages at the start say nothing about the long one after them.

/// Maximum number of samples; when exceeded, half of the older ones are dropped.
const CAPACITY: usize = 256;
/// Minimum distance of two samples, in seconds.
const SPACING_S: f64 = 0.2;

/// Age below which a stage has no pace yet, in seconds.
const TOO_YOUNG_S: f64 = 0.5;

/// Samples of the current stage: progress (0..=1 of the whole) over the run's time in seconds. It
/// reads no clock; each call takes the time since the run's start.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    samples: Vec<(f64, f64)>,
    /// Whether progress was reported within the stage.
    moves: bool,
}

impl Meter {
    /// Begins a stage at `progress` after `t` seconds; earlier samples are dropped.
    pub fn begin(&mut self, t: f64, progress: f64) {
        self.samples.clear();
        self.samples.push((t, progress));
        self.moves = false;
    }

    /// Records progress of the whole after `t` seconds.
    pub fn record(&mut self, t: f64, progress: f64) {
        self.moves = true;
        // Update the newest sample until it is far enough from the one before.
        match self.samples.as_mut_slice() {
            [.., before, last] if t - before.0 < SPACING_S => *last = (t, last.1.max(progress)),
            _ => self.samples.push((t, progress)),
        }
        if self.samples.len() > CAPACITY {
            let keep_from = CAPACITY / 2;
            let mut index = 0;
            self.samples.retain(|_| {
                index += 1;
                index > keep_from || index % 2 == 1
            });
        }
    }

    /// Progress per second over the last `window` seconds before `t`.
    fn slope(&self, t: f64, window: f64) -> f64 {
        let (Some(&(begun, _)), Some(&(_, now))) = (self.samples.first(), self.samples.last())
        else {
            return 0.0;
        };
        if !self.moves || t - begun < TOO_YOUNG_S {
            return 0.0;
        }
        let from = (t - window).max(begun);
        let then = self.at(from);
        let span = t - from;
        if span <= 0.0 { 0.0 } else { ((now - then) / span).max(0.0) }
    }

    /// The progress at a time, interpolated linearly.
    fn at(&self, t: f64) -> f64 {
        let after = self.samples.partition_point(|&(at, _)| at <= t);
        match (after.checked_sub(1).map(|i| self.samples[i]), self.samples.get(after)) {
            (Some((t0, p0)), Some(&(t1, p1))) if t1 > t0 => p0 + (p1 - p0) * (t - t0) / (t1 - t0),
            (Some((_, p0)), _) => p0,
            (None, Some(&(_, p1))) => p1,
            (None, None) => 0.0,
        }
    }

    /// The rate per second that a client may extrapolate with after `t` seconds; 0 for a task that
    /// reports stages only.
    pub fn rate(&self, t: f64) -> f64 {
        let long = self.slope(t, (0.30 * t).max(1.0));
        let short = self.slope(t, (0.04 * t).max(0.4));
        if short < long / 4.0 { short } else { (long + short) / 2.0 }
    }

    /// Seconds until the end, estimated after `t` seconds; `None` while the task makes no progress.
    pub fn eta(&self, t: f64) -> Option<f64> {
        let &(_, now) = self.samples.last()?;
        let slope = self.slope(t, (0.5 * t).max(2.0));
        (slope > 0.0).then(|| (1.0 - now) / slope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linear(seconds: u32, per_second: f64) -> Meter {
        let mut meter = Meter::default();
        for tenth in 0..=seconds * 10 {
            let t = f64::from(tenth) / 10.0;
            meter.record(t, t * per_second);
        }
        meter
    }

    #[test]
    fn a_steady_task_has_its_own_pace_and_the_right_end() {
        let meter = linear(20, 0.02);
        assert!((meter.rate(20.0) - 0.02).abs() < 0.002, "{}", meter.rate(20.0));
        let eta = meter.eta(20.0).expect("it moves");
        assert!((eta - 30.0).abs() < 2.0, "{eta}");
    }

    #[test]
    fn a_task_that_stalls_loses_its_rate() {
        let mut meter = linear(20, 0.02);
        for t in 21..60 {
            meter.record(f64::from(t), 0.4);
        }
        assert!(meter.rate(59.0) < 0.001);
    }

    #[test]
    fn a_task_that_reports_stages_only_is_not_extrapolated() {
        let mut meter = Meter::default();
        for (t, progress) in [(0.0, 0.0), (5.0, 0.25), (10.0, 0.5)] {
            meter.begin(t, progress);
        }
        assert_eq!(meter.rate(11.0), 0.0);
        assert_eq!(meter.eta(11.0), None);
    }

    #[test]
    fn quick_stages_at_the_start_do_not_promise_a_quick_end() {
        let mut meter = Meter::default();
        meter.begin(0.0, 0.0);
        meter.begin(0.05, 0.02);
        meter.begin(0.1, 0.07);
        for tenth in 1..30 {
            let t = 0.1 + f64::from(tenth) / 10.0;
            meter.record(t, 0.07 + 0.04 * (t - 0.1));
            let promised = 0.07 + meter.rate(t) * 10.0;
            assert!(promised <= 0.07 + 0.41, "{promised} after {t} s");
        }
        assert!((meter.rate(3.0) - 0.04).abs() < 0.005);
    }

    #[test]
    fn nothing_reported_is_no_rate_and_no_end() {
        let meter = Meter::default();
        assert_eq!(meter.rate(5.0), 0.0);
        assert_eq!(meter.eta(5.0), None);
    }

    #[test]
    fn a_day_of_samples_stays_small_and_still_right() {
        let mut meter = Meter::default();
        for second in 0..86_400 {
            meter.record(f64::from(second), f64::from(second) / 172_800.0);
        }
        assert!(meter.samples.len() <= CAPACITY);
        let eta = meter.eta(86_400.0).expect("it moves");
        assert!((eta - 86_400.0).abs() < 2_000.0, "{eta}");
    }
}
