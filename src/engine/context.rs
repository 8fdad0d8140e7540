//! The handle that a running task receives.

mod budget;
mod files;
#[cfg(not(feature = "testing"))]
mod observer;
mod retry_backoff;

use std::{future::Future, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

#[cfg(not(feature = "testing"))]
use self::observer::Observer;
use self::retry_backoff::RetryBackoff;
#[cfg(feature = "testing")]
use super::testing::Observer;
use super::{
    EngineOptions, PreviewContent, TaskError, clock::Clock, log::LogLimits, quota::Quota,
    running::RunningTask, store::Store, subscriptions::Subscriptions,
};
use crate::task::{LogStream, TaskId, TraceParent};

/// Beginning of the keys of checkpoints that a rerun takes along: finished work that is valid for
/// the same input. They count towards the storage limits until the failed task expires.
pub const RERUN_KEYS: &str = "rerun:";

/// A task's handle to the engine: report progress, save checkpoints, observe cancellation. Cheap to
/// clone.
///
/// ```
/// use milepost::prelude::*;
///
/// async fn copy(ctx: &Context, pages: u32) -> Result<(), TaskError> {
///     // What an earlier attempt has done is not done again.
///     let done = ctx.restore("page").await?.unwrap_or(0);
///     for page in done + 1..=pages {
///         ctx.check()?;
///         ctx.message(format!("page {page}"));
///         ctx.checkpoint("page", &page).await?;
///         ctx.progress(f64::from(page) / f64::from(pages));
///     }
///     Ok(())
/// }
/// ```
///
/// A run is cancelled for any of these reasons: a cancel request, its time limit, a shutdown of the
/// process, or a lost lease. All of them appear to the task as [`TaskError::Cancelled`].
#[derive(Clone)]
pub struct Context {
    running: Arc<RunningTask>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    options: Arc<EngineOptions>,
    subscriptions: Arc<Subscriptions>,
    quota: Arc<Quota>,
    trace: Option<TraceParent>,
    pub(super) observer: Observer,
}

impl Context {
    pub(super) fn new(
        running: Arc<RunningTask>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        options: Arc<EngineOptions>,
        subscriptions: Arc<Subscriptions>,
        quota: Arc<Quota>,
    ) -> Self {
        let observer = Observer::default();
        Self { running, store, clock, options, subscriptions, quota, trace: None, observer }
    }

    /// Sets what the run passes on of its trace.
    pub(super) fn in_trace(self, trace: Option<TraceParent>) -> Self {
        Self { trace, ..self }
    }

    /// The id of this task.
    pub fn id(&self) -> TaskId {
        self.running.id
    }

    /// Number of this run: 1 for the first, 2 for the run after a crash or a retry, and so on.
    pub fn attempt(&self) -> u32 {
        self.running.attempt
    }

    /// The trace that this run belongs to, for the calls that it makes: its own span where the process records runs
    /// ([`EngineOptions::run_tracer`]), otherwise the position that the start of the task named. `None`: there is
    /// neither.
    pub fn traceparent(&self) -> Option<TraceParent> {
        self.trace
    }

    /// Enters a declared stage, counted from 0, and tries to store it before it returns.
    ///
    /// # Errors
    /// [`TaskError::Cancelled`] when the run is cancelled.
    pub async fn stage(&self, index: usize) -> Result<(), TaskError> {
        self.check()?;
        self.running.enter(index, self.clock.now_ms());
        self.subscriptions.wake(self.running.id);
        self.save().await;
        self.observer.stage(index);
        Ok(())
    }

    /// Reports the progress of the current stage, 0..=1 (of the whole task, if it has no stages).
    /// Costs nanoseconds; call it as often as you like. Never moves the bar backwards; NaN is
    /// ignored.
    pub fn progress(&self, fraction: f64) {
        self.running.report(fraction);
        self.observer.progress(fraction);
    }

    /// Reports that the progress of the whole is not known any more, such as when more work turned
    /// up than was expected. The next progress or stage makes it known again; it does not fall below
    /// what was shown before.
    pub fn progress_unknown(&self) {
        self.running.forget_progress(self.clock.now_ms());
        self.observer.progress_unknown();
    }

    /// Sets the task's message: a few words on what it is doing now. An empty text removes it.
    pub fn message(&self, text: impl Into<String>) {
        let text = self.options.cut(text.into());
        self.observer.message(&text);
        self.running.message(text, self.clock.now_ms());
    }

    /// Adds a line to the task's log.
    pub fn log(&self, text: impl Into<String>) {
        self.log_from(LogStream::Task, text);
    }

    /// Adds a line from another stream to the task's log. A text of several lines becomes several
    /// lines. Costs well under a microsecond.
    ///
    /// Of each run, the first half and the latest half of [`EngineOptions::max_log_lines`] (and
    /// `max_log_bytes`) are retained; the log reports how many lines are missing between them.
    pub fn log_from(&self, stream: LogStream, text: impl Into<String>) {
        let (text, now) = (text.into(), self.clock.now_ms());
        self.observer.log(stream, &text);
        let EngineOptions { max_log_lines: lines, max_log_bytes: bytes, .. } = *self.options;
        let limits = LogLimits { lines, bytes };
        if !text.contains('\n') {
            return self.running.log(stream, self.options.cut(text), now, limits);
        }
        for line in text.lines() {
            self.running.log(stream, self.options.cut(line.to_owned()), now, limits);
        }
    }

    /// Shows what is finished so far, as a whole: a text of any media type, or rows whose first has the
    /// names of the columns. Clients receive what changed since the preview before. An empty text removes
    /// it; the end of the task does, too.
    ///
    /// It is written at most every [`EngineOptions::preview_interval`], survives retries and lost workers,
    /// and is cut at [`EngineOptions::max_preview_bytes`].
    pub fn preview(&self, media_type: &str, content: impl Into<PreviewContent>) {
        let text = content.into().into_text(self.options.max_preview_bytes);
        self.observer.preview(media_type, &text);
        self.running.set_preview(media_type.to_owned(), text);
    }

    /// Checks for cancellation. Call it between pieces of work that do not await.
    ///
    /// # Errors
    /// [`TaskError::Cancelled`] when the run is cancelled.
    pub fn check(&self) -> Result<(), TaskError> {
        if self.running.token.is_cancelled() { Err(self.seen()) } else { Ok(()) }
    }

    /// Waits until the run is cancelled.
    pub async fn cancelled(&self) {
        self.running.token.cancelled().await;
        self.seen();
    }

    /// Awaits a future until it completes or the run is cancelled.
    ///
    /// # Errors
    /// [`TaskError::Cancelled`] when the run is cancelled first; the future is dropped.
    pub async fn until_cancelled<F: Future>(&self, future: F) -> Result<F::Output, TaskError> {
        self.running.token.run_until_cancelled(future).await.ok_or_else(|| self.seen())
    }

    /// Sets the description of the work that is preserved if the task is cancelled now, such as `2
    /// of 5 chapters`; the cancel receipt shows it. The latest call counts, also one of an earlier
    /// attempt.
    pub fn preserved(&self, what: impl Into<String>) {
        let what = self.options.cut(what.into());
        self.observer.preserved(&what);
        self.running.keep(what);
    }

    /// Records that the task has observed cancellation.
    fn seen(&self) -> TaskError {
        self.running.acknowledge(self.clock.now_ms());
        TaskError::Cancelled
    }

    /// Stores a value under a key for the next attempt. It is in the store when this returns.
    /// With a key that begins with [`RERUN_KEYS`], it outlives a task that fails or is cancelled, and
    /// a rerun of that task finds it.
    ///
    /// # Errors
    /// [`TaskError::Fail`] when the value is too large or cannot be written as JSON,
    /// [`TaskError::Retry`] when the store is unavailable for as long as a lease lasts,
    /// [`TaskError::Cancelled`] when this run is lost or cancelled meanwhile.
    pub async fn checkpoint(&self, key: &str, value: &impl Serialize) -> Result<(), TaskError> {
        let json = serde_json::to_string(value)
            .map_err(|e| TaskError::fail("checkpoint", format!("checkpoint {key}: {e}")))?;
        let max = self.options.max_checkpoint_bytes;
        if json.len() > max {
            let size = json.len();
            let detail = format!("checkpoint {key} has {size} bytes; the maximum is {max}");
            return Err(TaskError::fail("checkpoint", detail));
        }
        let (id, run_seq) = (self.running.id, self.running.run_seq);
        let mut backoff = RetryBackoff::new();
        loop {
            match self.store.save_checkpoint(id, run_seq, key, &json).await {
                Ok(true) => {
                    self.observer.checkpoint(key);
                    return Ok(());
                }
                Ok(false) => return Err(TaskError::Cancelled),
                Err(error) => backoff.wait(self, error).await?,
            }
        }
    }

    /// Reads a checkpoint of an earlier attempt; `None` if there is none under this key.
    ///
    /// # Errors
    /// [`TaskError::Retry`] when the store is unavailable for as long as a lease lasts,
    /// [`TaskError::Cancelled`] when the run is cancelled meanwhile, [`TaskError::Fail`] when the
    /// stored value does not fit the type.
    pub async fn restore<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, TaskError> {
        let mut backoff = RetryBackoff::new();
        let json = loop {
            match self.store.checkpoint(self.running.id, key).await {
                Ok(json) => break json,
                Err(error) => backoff.wait(self, error).await?,
            }
        };
        json.map(|json| serde_json::from_str(&json))
            .transpose()
            .map_err(|e| TaskError::fail("checkpoint", format!("checkpoint {key}: {e}")))
    }

    /// Runs blocking work on the blocking thread pool. The work observes cancellation through
    /// [`Context::check`]; a thread cannot be stopped from outside.
    ///
    /// # Errors
    /// Returns the error of the work.
    ///
    /// # Panics
    /// Panics when the work panics, so that the engine records it.
    pub async fn blocking<T, F>(&self, work: F) -> Result<T, TaskError>
    where
        T: Send + 'static,
        F: FnOnce(&Self) -> Result<T, TaskError> + Send + 'static,
    {
        let ctx = self.clone();
        match tokio::task::spawn_blocking(move || work(&ctx)).await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is shutting down.
                Err(_) => Err(TaskError::Cancelled),
            },
        }
    }

    /// Writes unsaved reports. If the store is unavailable the task continues, and the flusher
    /// retries.
    async fn save(&self) {
        // One write of a run after the other: each has its own version.
        let _order = self.running.saving.lock().await;
        let interval = self.options.preview_interval;
        let Some(write) = self.running.unsaved(self.clock.now_ms(), interval) else { return };
        let written = self.store.save_progress(std::slice::from_ref(&write)).await;
        self.running.settle(write, written.is_ok());
        if let Err(error) = written {
            tracing::warn!(task.id = %self.running.id, %error, "progress was not saved");
        }
    }
}
