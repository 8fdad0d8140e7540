//! What of a run goes to the store, its log included.
//!
//! A version that tells of lines is made for the write that brings them to the store, and is told here
//! when they are there: whoever hears of lines finds them.

use std::time::Instant;

use super::RunningTask;
use crate::{
    engine::{log::LogLimits, store::ProgressWrite},
    task::LogStream,
};

impl RunningTask {
    /// Keeps a log line for the next write.
    pub(crate) fn log(&self, stream: LogStream, text: String, now_ms: i64, limits: LogLimits) {
        self.lock().log.add(stream, text, now_ms, limits);
    }

    /// What watchers may have been told and the store does not know yet. To be followed by
    /// [`RunningTask::settle`].
    pub(crate) fn unsaved(&self, now_ms: i64) -> Option<ProgressWrite> {
        self.unsaved_but(now_ms, false)
    }

    /// [`RunningTask::unsaved`] at the end of a run: also what a flood of lines keeps waiting.
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

    /// Takes in what became of a write: whether it reached the store.
    pub(crate) fn settle(&self, write: ProgressWrite, reached: bool) {
        if reached { self.saved(&write) } else { self.not_saved(write) }
    }

    /// Tells of the lines of a write that is in the store.
    fn saved(&self, write: &ProgressWrite) {
        if write.log.is_empty() {
            return;
        }
        let mut state = self.lock();
        if state.version < write.version {
            // Unless something is to be written that makes no version.
            if state.saved_version == state.version {
                state.saved_version = write.version;
            }
            state.version = write.version;
        } else {
            // Something else was told under that version meanwhile.
            state.version += 1;
        }
        state.updated_at = state.updated_at.max(write.updated_at);
        state.output_version = state.version;
    }

    /// Takes a write back that did not reach the store.
    fn not_saved(&self, write: ProgressWrite) {
        let mut state = self.lock();
        state.saved_version = 0;
        state.log.reclaim_after_restart(write.log);
    }
}
