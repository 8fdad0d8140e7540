//! When the latest log lines of a task appeared, by version.

/// Number of times that are retained.
const TIMES: usize = 12;
/// Lines that appear within this time of a retained one share its time, in seconds.
const TOGETHER_S: f64 = 0.25;

/// See the module. Covers the last 3 s at least, more than a line may wait. Seconds on any clock.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LineTimes {
    /// The last version of each group of lines and when its first line appeared, oldest first; 0:
    /// none.
    times: [(i64, f64); TIMES],
}

impl LineTimes {
    /// Lines appeared at `at` with this version.
    pub fn add(&mut self, version: i64, at: f64) {
        let last = &mut self.times[TIMES - 1];
        if last.0 > 0 && at - last.1 < TOGETHER_S {
            last.0 = version;
            return;
        }
        self.times.rotate_left(1);
        self.times[TIMES - 1] = (version, at);
    }

    /// When the first lines after this version appeared; `None`: there are none.
    pub fn first_after(&self, version: i64) -> Option<f64> {
        self.times.iter().find(|(known, _)| *known > version).map(|(_, at)| *at)
    }

    /// The same times on a clock that is ahead by so many seconds.
    #[must_use]
    pub fn moved_by(&self, seconds: f64) -> Self {
        Self { times: self.times.map(|(version, at)| (version, at + seconds)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_lines_after_a_version_are_found_and_never_later_than_they_appeared() {
        let mut times = LineTimes::default();
        assert_eq!(times.first_after(0), None);
        // Twenty lines a second, each with a version of its own.
        for line in 1..=200_i64 {
            times.add(line, line as f64 * 0.05);
        }
        assert_eq!(times.first_after(200), None);
        for known in 150..200_i64 {
            let at = times.first_after(known).expect("there are later lines");
            let real = (known + 1) as f64 * 0.05;
            assert!(at <= real + 1e-9 && real - at < TOGETHER_S, "{known}: {at} for {real}");
        }
        // Too old to be known exactly: older than a line may wait.
        assert!(10.0 - times.first_after(3).expect("there are later lines") > 2.5);
    }
}
