//! Estimates when a running task will end, and judges the estimates after its end.

use std::time::Instant;

use super::{RunningTask, State};
use crate::engine::{
    eta::{Pace, Present},
    store::StoredPace,
};
use crate::task::EtaRange;

/// Minimum time between two estimates, in seconds.
const ESTIMATE_EVERY_S: f64 = 0.25;

impl RunningTask {
    /// The pace to store, for servers that do not run the task.
    pub(super) fn pace_at(&self, state: &State, now_ms: i64) -> StoredPace {
        let t = self.taken.elapsed().as_secs_f64();
        let (rate, eta) = state.pace(t);
        let at = |ms: i64| now_ms.saturating_add(ms);
        StoredPace {
            rate,
            ends_at: eta.map(|s| at((s * 1_000.0).min(9e15) as i64)),
            ends_between: state.eta_range_at(t).map(|range| (at(range.low_ms), at(range.high_ms))),
        }
    }

    /// Updates the estimate, at most every `ESTIMATE_EVERY_S`.
    pub(super) fn estimate(&self, state: &mut State, t: f64) {
        let age = t - state.estimated_t;
        if age < ESTIMATE_EVERY_S && state.estimated_t > 0.0 {
            return;
        }
        state.estimated_t = t;
        let (at, in_stage_ms) = state.route.present(t);
        let (begin, width) = self.spans.span(at);
        let progress = state.progress.unwrap_or(begin);
        // The meter estimates the end of the whole from the slope of the stage.
        let slope = state.meter.eta(t).filter(|eta| *eta > 0.0).map(|eta| (1.0 - progress) / eta);
        let pace = slope.filter(|slope| *slope > 0.0).map(|slope| Pace {
            left_ms: (begin + width - progress).max(0.0) / slope * 1_000.0,
            done: (progress - begin) / width,
        });
        let present = Present { stages: &self.stages, at, in_stage_ms, pace };
        let range = self.durations.estimate(&present);
        state.forecasts.note(t, progress, range);
        state.eta_range = range.filter(|_| self.durations.accuracy().trusted());
    }

    /// Returns the duration of each stage, by name, of a completed run, and its longest silence if that was long.
    pub(crate) fn stage_times(&self) -> Vec<(String, i64)> {
        let state = self.lock();
        let name = |at: usize| self.stages.get(at).map_or("", |stage| stage.name.as_str());
        let times = state.route.end(self.taken.elapsed().as_secs_f64());
        let stages = times.into_iter().map(|(at, ms)| (name(at).to_owned(), ms));
        stages.chain(state.silences.to_store(Instant::now())).collect()
    }

    /// Judges the recorded estimates against the actual end.
    pub(crate) fn judge_forecasts(&self) {
        self.durations.judge(&self.lock().forecasts, self.taken.elapsed().as_secs_f64());
    }
}

impl State {
    /// The range, `t` seconds after the start.
    pub(crate) fn eta_range_at(&self, t: f64) -> Option<EtaRange> {
        let passed_ms = ((t - self.estimated_t).max(0.0) * 1_000.0) as i64;
        let left = |ms: i64| (ms - passed_ms).max(0);
        self.eta_range.map(|EtaRange { low_ms, high_ms }| EtaRange {
            low_ms: left(low_ms),
            high_ms: left(high_ms),
        })
    }
}
