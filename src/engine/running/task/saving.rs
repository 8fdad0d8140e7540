//! What is saved of a run, its log and its preview included.
//!
//! Log lines and previews get their version with the write that stores them, and the version is reported only
//! afterwards: a client that learns of them can read them.

use std::time::{Duration, Instant};

use super::RunningTask;
use crate::{
    engine::{
        log::LogLimits,
        store::{PreviewPiece, ProgressWrite},
    },
    task::{LogStream, Preview},
};

impl RunningTask {
    /// Retains a log line for the next write.
    pub(crate) fn log(&self, stream: LogStream, text: String, now_ms: i64, limits: LogLimits) {
        self.lock().log.add(stream, text, now_ms, limits);
    }

    /// Retains a preview for one of the next writes.
    pub(crate) fn set_preview(&self, media_type: String, text: String) {
        self.lock().preview.set(media_type, text);
    }

    /// Takes over the preview of the runs before.
    pub(crate) fn restore_preview(&self, pieces: Vec<PreviewPiece>) {
        self.lock().preview.restore(pieces);
    }

    /// What a client with this version of the preview lacks; `None`: only the store knows.
    pub(crate) fn preview_after(&self, version: i64) -> Option<Option<Preview>> {
        let state = self.lock();
        state.preview.is_known().then(|| state.preview.after(self.id, version))
    }

    /// Returns what watchers may have received and the store does not have yet, with a preview at most
    /// every `preview_interval`. Follow it with [`RunningTask::settle`].
    pub(crate) fn unsaved(&self, now_ms: i64, preview_interval: Duration) -> Option<ProgressWrite> {
        self.unsaved_but(now_ms, preview_interval, false)
    }

    /// [`RunningTask::unsaved`] at the end of a run: includes lines that a flood delays, and the latest
    /// preview.
    pub(crate) fn last_unsaved(&self, now_ms: i64) -> Option<ProgressWrite> {
        self.unsaved_but(now_ms, Duration::ZERO, true)
    }

    fn unsaved_but(
        &self,
        now_ms: i64,
        preview_interval: Duration,
        all: bool,
    ) -> Option<ProgressWrite> {
        let mut state = self.lock();
        self.look(&mut state, now_ms);
        let now = Instant::now();
        let unwritten = state.log.take(now, all);
        let preview = state.preview.take(now, preview_interval, all);
        let last =
            unwritten.lines.last().map(|line| line.at).or(preview.is_some().then_some(now_ms));
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
            preview: preview.map(|piece| PreviewPiece { version, ..piece }),
            stopping: state.stopping.clone(),
        })
    }

    /// Takes the result of a write: whether it reached the store.
    pub(crate) fn settle(&self, write: ProgressWrite, reached: bool) {
        if reached { self.saved(&write) } else { self.not_saved(write) }
    }

    /// Reports the lines and the preview of a write that reached the store.
    fn saved(&self, write: &ProgressWrite) {
        if write.log.is_empty() && write.preview.is_none() {
            return;
        }
        let t = self.taken.elapsed().as_secs_f64();
        let mut state = self.lock();
        if let Some(piece) = &write.preview {
            state.preview.stored(piece);
        }
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
        state.silences.news(Instant::now());
        state.output_version = state.version;
        let version = state.version;
        state.lines.add(version, t);
    }

    /// Takes back a write that did not reach the store.
    fn not_saved(&self, write: ProgressWrite) {
        let mut state = self.lock();
        state.saved_version = 0;
        state.log.put_back(write.log);
        if let Some(piece) = write.preview {
            // Its version may be in the store, with this text.
            state.version = state.version.max(write.version);
            state.preview.not_stored(piece);
        }
    }
}
