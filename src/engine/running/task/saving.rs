//! What is saved of a run, its log included.
//!
//! Log lines get their version with the write that stores them, and the version is reported only
//! afterwards: a client that learns of lines can read them.

use std::time::Instant;

use super::RunningTask;
use crate::{
    engine::{log::LogLimits, store::ProgressWrite},
    task::LogStream,
};

impl RunningTask {
    /// Retains a log line for the next write.
    pub(crate) fn log(&self, stream: LogStream, text: String, now_ms: i64, limits: LogLimits) {
        self.lock().log.add(stream, text, now_ms, limits);
    }

    /// Returns what watchers may have received and the store does not have yet. Follow it with
    /// [`RunningTask::settle`].
    pub(crate) fn unsaved(&self, now_ms: i64) -> Option<ProgressWrite> {
        self.unsaved_but(now_ms, false)
    }

    /// [`RunningTask::unsaved`] at the end of a run: includes lines that a flood delays.
    pub(crate) fn last_unsaved(&self, now_ms: i64) -> Option<ProgressWrite> {
        self.unsaved_but(now_ms, true)
    }

    fn unsaved_but(&self, now_ms: i64, all: bool) -> Option<ProgressWrite> {
        let mut state = self.lock();
        self.look(&mut state, now_ms);
        let unwritten = state.log.take(Instant::now(), all);
        let last = unwritten.lines.last().map(|line| line.at);
        if state.version == state.saved_version && last.is_none() {
            return None;
        }
        state.saved_version = state.version;
        let version = state.version + i64::from(last.is_some());
        Some(ProgressWrite {
            id: self.id,
            run_seq: self.run_seq,
            version,
            output_version: if last.is_some() { version } else { state.output_version },
            progress: state.progress,
            pace: self.pace_at(&state, now_ms),
            step: state.step,
            message: state.message.clone(),
            updated_at: last.map_or(state.updated_at, |at| at.max(state.updated_at)),
            log: unwritten.lines,
            log_gap: unwritten.gap,
            stopping: state.stopping.clone(),
        })
    }

    /// Takes the result of a write: whether it reached the store.
    pub(crate) fn settle(&self, write: ProgressWrite, reached: bool) {
        if reached { self.saved(&write) } else { self.not_saved(write) }
    }

    /// Reports the lines of a write that reached the store.
    fn saved(&self, write: &ProgressWrite) {
        if write.log.is_empty() {
            return;
        }
        let t = self.taken.elapsed().as_secs_f64();
        let mut state = self.lock();
        if state.version < write.version {
            // Unless a change without a version remains to be written.
            if state.saved_version == state.version {
                state.saved_version = write.version;
            }
            state.version = write.version;
        } else {
            // That version was used for another change meanwhile.
            state.version += 1;
        }
        state.updated_at = state.updated_at.max(write.updated_at);
        state.output_version = state.version;
        let version = state.version;
        state.lines.add(version, t);
    }

    /// Takes back a write that did not reach the store.
    fn not_saved(&self, write: ProgressWrite) {
        let mut state = self.lock();
        state.saved_version = 0;
        state.log.put_back(write.log);
    }
}
