//! What of a run goes to the store, its log included.

use std::time::Instant;

use super::{LiveTask, State};
use crate::{
    engine::{log::LogLimits, store::ProgressWrite},
    task::LogStream,
};

/// However fast a task logs, its log makes no more than one version in so many milliseconds.
const LOG_VERSION_MS: i64 = 100;

impl LiveTask {
    /// Keeps a log line for the next write.
    pub(crate) fn log(&self, stream: LogStream, text: String, now_ms: i64, limits: LogLimits) {
        let mut state = self.lock();
        state.log.add(stream, text, now_ms, limits);
        state.logged = Some(now_ms);
    }

    /// Whether it has logged lines that the store does not have yet.
    pub(crate) fn has_unwritten_lines(&self) -> bool {
        self.lock().log.has_unwritten(Instant::now(), true)
    }

    /// What watchers may have been told and the store does not know yet.
    pub(crate) fn unsaved(&self, now_ms: i64) -> Option<ProgressWrite> {
        self.unsaved_but(now_ms, false)
    }

    /// [`LiveTask::unsaved`] at the end of a run: also what a flood of lines keeps waiting.
    pub(crate) fn last_unsaved(&self, now_ms: i64) -> Option<ProgressWrite> {
        self.unsaved_but(now_ms, true)
    }

    fn unsaved_but(&self, now_ms: i64, all: bool) -> Option<ProgressWrite> {
        let mut state = self.lock();
        self.look(&mut state, now_ms);
        let now = Instant::now();
        if state.version == state.saved_version && !state.log.has_unwritten(now, all) {
            return None;
        }
        let unwritten = state.log.take(now, all);
        if !unwritten.lines.is_empty() && state.version == state.saved_version {
            // Whoever was told of this version has looked for these lines in vain.
            state.said(now_ms);
        }
        state.saved_version = state.version;
        Some(ProgressWrite {
            id: self.id,
            run_seq: self.run_seq,
            version: state.version,
            said_version: state.said_version,
            progress: state.progress,
            pace: self.pace_at(&state, now_ms),
            step: state.step,
            message: state.message.clone(),
            updated_at: state.updated_at,
            log: unwritten.lines,
            log_gap: unwritten.gap,
            stopping: state.stopping.clone(),
        })
    }

    /// Takes a write back that did not reach the store.
    pub(crate) fn not_saved(&self, write: ProgressWrite) {
        let mut state = self.lock();
        state.saved_version = 0;
        state.log.take_back(write.log);
    }
}

impl State {
    /// Makes a version for lines that came since the last.
    pub(super) fn tell_lines(&mut self, now_ms: i64) {
        // Not from a time at which the clock has not been yet, or not since it was set back.
        let since = now_ms.saturating_sub(self.log_told);
        if let Some(at) = self.logged
            && !(0..LOG_VERSION_MS).contains(&since)
        {
            self.log_told = now_ms;
            self.said(at);
        }
    }

    /// Makes a version for whatever has been said.
    fn said(&mut self, at: i64) {
        self.logged = None;
        self.touch(at);
        self.said_version = self.version;
    }
}
