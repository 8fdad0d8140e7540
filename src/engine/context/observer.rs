//! Without the feature `testing` nothing observes what a task reports.

use crate::task::{FileInfo, LogStream};

/// Takes no notice.
#[derive(Clone, Copy, Default)]
pub(in crate::engine) struct Observer(());

impl Observer {
    pub(super) fn stage(&self, _index: usize) {}

    pub(super) fn progress(&self, _fraction: f64) {}

    pub(super) fn progress_unknown(&self) {}

    pub(super) fn message(&self, _text: &str) {}

    pub(super) fn log(&self, _stream: LogStream, _text: &str) {}

    pub(super) fn preserved(&self, _what: &str) {}

    pub(super) fn preview(&self, _media_type: &str, _text: &str) {}

    pub(super) fn checkpoint(&self, _key: &str) {}

    pub(super) fn file(&self, _file: &FileInfo) {}
}
