//! How long the running tasks of a kind usually have no news: stored with the stage durations of its completed runs.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// Name of the longest silence of a run among its stage durations; nobody calls a stage so.
const SILENCE: &str = "\u{1}silence";
/// Shorter silences are not stored: most runs cost nothing.
const LONG: Duration = Duration::from_secs(10);
/// Minimum number of runs that show a habit.
const FEW: usize = 3;
/// A task is stuck after this multiple of the longest silence of an earlier run.
const MULTIPLE: i64 = 2;
/// No task is stuck sooner.
pub(crate) const STUCK_SOONEST_MS: i64 = 60_000;

/// The longest silence of a run so far.
#[derive(Debug)]
pub(crate) struct Silences {
    longest: Duration,
    last_news: Instant,
}

impl Silences {
    /// A run that begins now.
    pub(crate) const fn new(now: Instant) -> Self {
        Self { longest: Duration::ZERO, last_news: now }
    }

    /// There is news.
    pub(crate) fn news(&mut self, now: Instant) {
        self.longest = self.longest.max(now.saturating_duration_since(self.last_news));
        self.last_news = now;
    }

    /// What to store with the stage durations of a run that ends now.
    pub(crate) fn to_store(&self, now: Instant) -> Option<(String, i64)> {
        let longest = self.longest.max(now.saturating_duration_since(self.last_news));
        let ms = i64::try_from(longest.as_millis()).unwrap_or(i64::MAX);
        (longest >= LONG).then(|| (SILENCE.to_owned(), ms))
    }
}

/// After what time without news a task of a kind with these stored durations counts as stuck, in milliseconds:
/// twice the longest silence of its earlier runs, at least a minute. `None`: too few runs show a habit.
pub(crate) fn stuck_after_ms(times: &[(String, i64)]) -> Option<i64> {
    let (mut runs, mut longest) = (HashMap::<&str, usize>::new(), 0_i64);
    for (stage, ms) in times {
        match stage == SILENCE {
            true => longest = longest.max(*ms),
            false => *runs.entry(stage).or_default() += 1,
        }
    }
    let is_known = runs.into_values().any(|runs| runs >= FEW);
    is_known.then(|| longest.saturating_mul(MULTIPLE).max(STUCK_SOONEST_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_silence_of_a_run_is_stored_if_it_was_long() {
        let start = Instant::now();
        let at = |s: u64| start + Duration::from_secs(s);
        let mut silences = Silences::new(start);
        assert_eq!(silences.to_store(at(9)), None);
        for second in [5, 17, 20] {
            silences.news(at(second));
        }
        assert_eq!(silences.to_store(at(21)), Some((SILENCE.to_owned(), 12_000)));
        // The last one lasts until the end.
        assert_eq!(silences.to_store(at(50)), Some((SILENCE.to_owned(), 30_000)));
        // A clock that seems to go back.
        silences.news(start);
        assert_eq!(silences.to_store(start), Some((SILENCE.to_owned(), 12_000)));
    }

    #[test]
    fn the_habit_of_a_kind_says_when_its_tasks_are_stuck() {
        let times = |silences: &[i64], runs: usize| {
            let stages = vec![("Write".to_owned(), 1); runs];
            let silences = silences.iter().map(|ms| (SILENCE.to_owned(), *ms));
            silences.chain(stages).collect::<Vec<_>>()
        };
        for (silences, runs, expected) in [
            (&[][..], 0, None),
            (&[90_000, 90_000, 90_000], 2, None),
            (&[], 3, Some(60_000)),
            (&[20_000], 3, Some(60_000)),
            (&[40_000, 90_000, 10_000], 3, Some(180_000)),
            (&[i64::MAX], 9, Some(i64::MAX)),
        ] {
            assert_eq!(stuck_after_ms(&times(silences, runs)), expected, "{silences:?} {runs}");
        }
    }
}
