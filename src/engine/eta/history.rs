//! Stage durations: of a kind's earlier runs, and of the current one.

use std::collections::HashMap;

use super::Span;

/// Minimum number of runs for an estimate.
const FEW: usize = 3;
/// The quantiles that count as "hardly sooner" and "hardly later".
const QUANTILES: (f64, f64) = (0.1, 0.9);

/// Stage durations of one kind's completed runs, by the stage's name.
#[derive(Clone, Debug, Default)]
pub(crate) struct History(HashMap<String, Vec<f64>>);

impl History {
    /// Creates a history from stored durations, in any order.
    pub(crate) fn new(times: Vec<(String, i64)>) -> Self {
        let mut history = Self::default();
        for (stage, ms) in times {
            history.add(&stage, ms);
        }
        history
    }

    /// Adds the duration of one stage.
    pub(crate) fn add(&mut self, stage: &str, ms: i64) {
        let ms = ms.max(0) as f64;
        let times = self.0.entry(stage.to_owned()).or_default();
        let at = times.partition_point(|&other| other < ms);
        times.insert(at, ms);
    }

    /// Estimates the duration of a whole stage.
    pub(super) fn whole(&self, stage: &str) -> Option<Span> {
        self.rest_of(stage, -1.0)
    }

    /// Estimates the rest of a stage that has taken `ms` so far, from the earlier ones that took
    /// longer.
    pub(super) fn rest_of(&self, stage: &str, ms: f64) -> Option<Span> {
        let times = self.0.get(stage)?;
        let longer = &times[times.partition_point(|&time| time <= ms)..];
        if longer.len() < FEW {
            return None;
        }
        let [low, mid, high] =
            [QUANTILES.0, 0.5, QUANTILES.1].map(|q| quantile(longer, q) - ms.max(0.0));
        Some(Span { mid, less: mid - low, more: high - mid })
    }
}

/// A quantile of sorted numbers, at least one, interpolated linearly.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    sorted[below] + (sorted[above] - sorted[below]) * place.fract()
}

/// When the current run entered its stages, in seconds since its start.
#[derive(Debug, Default)]
pub(crate) struct Route {
    at: usize,
    since_s: f64,
    times: Vec<(usize, f64)>,
}

impl Route {
    /// Enters a stage; entering the current one again changes nothing.
    pub(crate) fn enter(&mut self, stage: usize, t: f64) {
        if stage != self.at {
            self.times.push((self.at, t - self.since_s));
            (self.at, self.since_s) = (stage, t);
        }
    }

    /// The current stage, and how many milliseconds ago it began.
    pub(crate) fn present(&self, t: f64) -> (usize, f64) {
        (self.at, (t - self.since_s).max(0.0) * 1_000.0)
    }

    /// Returns the duration of each stage, in milliseconds, of a run that ended after `t` seconds.
    /// A stage entered twice is counted once, with its total time.
    pub(crate) fn end(&self, t: f64) -> Vec<(usize, i64)> {
        let mut all: Vec<(usize, i64)> = Vec::new();
        for &(stage, s) in self.times.iter().chain([&(self.at, t - self.since_s)]) {
            let ms = (s.max(0.0) * 1_000.0).round() as i64;
            match all.iter_mut().find(|(other, _)| *other == stage) {
                Some((_, sum)) => *sum += ms,
                None => all.push((stage, ms)),
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_are_no_history() {
        let mut history = History::new(vec![("a".to_owned(), 1), ("a".to_owned(), 2)]);
        assert_eq!(history.whole("a"), None);
        history.add("a", 3);
        assert_eq!(history.whole("a").unwrap().mid, 2.0);
        assert_eq!(history.whole("b"), None);
    }

    #[test]
    fn only_runs_that_took_longer_speak_of_the_rest() {
        let times = [10, 20, 30, 40, 50].map(|s| ("a".to_owned(), s * 1_000));
        let history = History::new(times.to_vec());
        assert_eq!(history.rest_of("a", 25_000.0).unwrap().mid, 15_000.0);
        assert_eq!(history.rest_of("a", 35_000.0), None);
    }

    #[test]
    fn a_stage_that_takes_no_time_still_has_a_history() {
        let history = History::new(vec![("a".to_owned(), 0); 4]);
        assert_eq!(history.whole("a"), Some(Span { mid: 0.0, less: 0.0, more: 0.0 }));
    }

    #[test]
    fn a_route_tells_what_each_stage_took() {
        let mut route = Route::default();
        route.enter(0, 0.0);
        route.enter(1, 1.0);
        assert_eq!(route.present(1.5), (1, 500.0));
        route.enter(0, 3.0);
        assert_eq!(route.end(3.25), vec![(0, 1_250), (1, 2_000)]);
    }
}
