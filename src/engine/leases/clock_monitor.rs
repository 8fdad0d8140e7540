//! Detects whether the store's clock runs evenly.
//!
//! A lease records the time at which it expires. If the clock is set forward, the leases of all
//! living workers look expired until their next heartbeat, and must not be reclaimed meanwhile.
//! Pure: the readings are parameters.

use std::time::{Duration, Instant};

/// The result of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClockSample {
    /// The clock agrees with the monotonic clock.
    Even,
    /// It was set forward, or this machine was suspended.
    Forward,
    /// It was set back.
    Back,
}

/// See the module documentation.
#[derive(Debug)]
pub(super) struct ClockMonitor {
    /// Permitted duration of a reading, and permitted deviation.
    tolerance: Duration,
    last: Option<(i64, Instant)>,
    /// Since when the clock has run evenly.
    since: Instant,
}

impl ClockMonitor {
    /// Observes the clock from `now` on.
    pub(super) const fn new(tolerance: Duration, now: Instant) -> Self {
        Self { tolerance, last: None, since: now }
    }

    /// Takes a reading that was requested at `asked`.
    pub(super) fn read(&mut self, now_ms: i64, asked: Instant) -> ClockSample {
        let Some((before_ms, before)) = self.last.replace((now_ms, asked)) else {
            return ClockSample::Even;
        };
        let ms = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let expected = ms(asked.saturating_duration_since(before));
        let off = now_ms.saturating_sub(before_ms).saturating_sub(expected);
        let tolerance = ms(self.tolerance);
        let reading = match off {
            off if off > tolerance => ClockSample::Forward,
            off if off < -tolerance => ClockSample::Back,
            _ => return ClockSample::Even,
        };
        self.since = asked;
        reading
    }

    /// How long the clock has run evenly at `now`.
    pub(super) fn lasted(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_both_clocks_is_even_and_a_jump_begins_anew() {
        let (begin, second) = (Instant::now(), Duration::from_secs(1));
        let mut clock = ClockMonitor::new(second * 6, begin);
        // Milliseconds of the store's clock at each second, and the expected results.
        let hour = 3_600_000;
        let readings = [
            (0, ClockSample::Even),
            (1_000, ClockSample::Even),
            // A slow answer, and a small step.
            (7_900, ClockSample::Even),
            (3_000, ClockSample::Even),
            (hour + 4_000, ClockSample::Forward),
            (hour + 5_000, ClockSample::Even),
            (6_000, ClockSample::Back),
            (7_000, ClockSample::Even),
            (i64::MAX, ClockSample::Forward),
            (i64::MIN, ClockSample::Back),
        ];
        for (n, (ms, expected)) in (0..).zip(readings) {
            assert_eq!(clock.read(ms, begin + second * n), expected, "reading {n}");
        }
        assert_eq!(clock.lasted(begin + second * 11), second * 2);
        assert_eq!(clock.lasted(begin), Duration::ZERO);
    }
}
