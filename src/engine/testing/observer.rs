//! What a task reports, call by call.

use std::sync::Arc;

use crate::{
    engine::Context,
    task::{FileInfo, LogStream},
};

/// One report of a task, in the order of its calls to the [`Context`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Report {
    /// It entered this stage, counted from 0.
    Stage(usize),
    /// The progress of the stage (or of the whole, without stages), as given.
    Progress(f64),
    /// The progress is not known any more.
    ProgressUnknown,
    /// It set its message.
    Message(String),
    /// It logged a text.
    Log(LogStream, String),
    /// It showed a preview of this media type, as text.
    Preview(String, String),
    /// It said what is preserved when it is cancelled.
    Preserved(String),
    /// It saved a checkpoint under this key.
    Checkpoint(String),
    /// It saved a file.
    File(FileInfo),
}

/// Passes on each report.
#[derive(Clone, Default)]
pub(in crate::engine) struct Observer(Option<Arc<dyn Fn(Report) + Send + Sync>>);

impl Observer {
    pub(super) fn new(take: impl Fn(Report) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(take)))
    }

    fn tell(&self, report: impl FnOnce() -> Report) {
        if let Some(take) = &self.0 {
            take(report());
        }
    }

    pub(in crate::engine) fn stage(&self, index: usize) {
        self.tell(|| Report::Stage(index));
    }

    pub(in crate::engine) fn progress(&self, fraction: f64) {
        self.tell(|| Report::Progress(fraction));
    }

    pub(in crate::engine) fn progress_unknown(&self) {
        self.tell(|| Report::ProgressUnknown);
    }

    pub(in crate::engine) fn message(&self, text: &str) {
        self.tell(|| Report::Message(text.to_owned()));
    }

    pub(in crate::engine) fn log(&self, stream: LogStream, text: &str) {
        self.tell(|| Report::Log(stream, text.to_owned()));
    }

    pub(in crate::engine) fn preview(&self, media_type: &str, text: &str) {
        self.tell(|| Report::Preview(media_type.to_owned(), text.to_owned()));
    }

    pub(in crate::engine) fn preserved(&self, what: &str) {
        self.tell(|| Report::Preserved(what.to_owned()));
    }

    pub(in crate::engine) fn checkpoint(&self, key: &str) {
        self.tell(|| Report::Checkpoint(key.to_owned()));
    }

    pub(in crate::engine) fn file(&self, file: &FileInfo) {
        self.tell(|| Report::File(file.clone()));
    }
}

impl Context {
    pub(super) fn observed_by(mut self, observer: Observer) -> Self {
        self.observer = observer;
        self
    }
}
