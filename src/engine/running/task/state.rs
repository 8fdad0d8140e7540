//! The state of a running task for long polls.

use std::sync::atomic::Ordering;

use super::{LastReported, RunningTask};
use crate::engine::{long_poll::TaskState, store::Labels};

impl RunningTask {
    /// The store has moved on: this run is no longer shown. It has ended, or is about to be
    /// stopped.
    pub(crate) fn pass(&self) {
        self.passed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_passed(&self) -> bool {
        self.passed.load(Ordering::Relaxed)
    }

    /// The current state, for long polls.
    pub(crate) fn task_state(&self, now_ms: i64) -> TaskState {
        let t_s = self.taken.elapsed().as_secs_f64();
        self.with_state(now_ms, |state| TaskState {
            status: state.status,
            version: state.version,
            step_version: state.step_version,
            output_version: state.output_version,
            lines: state.lines,
            progress: state.progress,
            eta_s: state.meter.eta(t_s),
            t_s,
            stage_s: state.route.present(t_s).1 / 1_000.0,
        })
    }

    /// Shows labels that are in the store already.
    pub(crate) fn set_labels(&self, labels: Labels) {
        let mut state = self.lock();
        if state.labels != labels {
            state.labels = labels;
            state.version += 1;
        }
    }

    /// Makes a version newer than `known`, so that clients with a wrong bar apply the correction.
    /// One version serves all clients that are wrong at `known`. Returns the current version.
    pub(crate) fn correct(&self, known: i64) -> i64 {
        let t = self.taken.elapsed().as_secs_f64();
        let mut state = self.lock();
        if state.version == known {
            let progress = state.progress.unwrap_or_default();
            state.told = LastReported { t, progress, rate: state.meter.rate(t) };
            state.version += 1;
        }
        state.version
    }
}
