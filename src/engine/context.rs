//! What a running task holds in its hands.

mod budget;
mod files;
mod patience;

use std::{future::Future, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use self::patience::Patience;
use super::{
    EngineOptions, TaskError, clock::Clock, log::LogLimits, quota::Quota, running::RunningTask,
    store::Store, subscriptions::Subscriptions,
};
use crate::task::{LogStream, TaskId};

/// The way of a task to the world: reports go out, checkpoints are kept, the wish to cancel comes in.
/// Cheap to clone.
#[derive(Clone)]
pub struct Context {
    running: Arc<RunningTask>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    options: Arc<EngineOptions>,
    subscriptions: Arc<Subscriptions>,
    quota: Arc<Quota>,
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
        Self { running, store, clock, options, subscriptions, quota }
    }

    /// This task.
    pub fn id(&self) -> TaskId {
        self.running.id
    }

    /// 1 for the first run, 2 for the run after a crash or a retry, ...
    pub fn attempt(&self) -> u32 {
        self.running.attempt
    }

    /// Enters a declared stage, counted from 0. In the store when this returns.
    ///
    /// # Errors
    /// [`TaskError::Cancelled`] when the task was told to stop.
    pub async fn stage(&self, index: usize) -> Result<(), TaskError> {
        self.check()?;
        self.running.enter(index, self.clock.now_ms());
        self.subscriptions.wake(self.running.id);
        self.save().await;
        Ok(())
    }

    /// Reports how far the present stage is, 0..=1 (the whole, for a task without stages). Costs
    /// nanoseconds; call it as often as you like. Never moves the bar backwards; NaN is ignored.
    pub fn progress(&self, fraction: f64) {
        self.running.report(fraction);
    }

    /// Says what the task is doing right now, in a few words.
    pub fn message(&self, text: impl Into<String>) {
        self.running.message(self.options.cut(text.into()), self.clock.now_ms());
    }

    /// Adds a line to the task's log.
    pub fn log(&self, text: impl Into<String>) {
        self.log_from(LogStream::Task, text);
    }

    /// Adds a line that came from somewhere else to the task's log. Of what a run logs the first
    /// half of [`EngineOptions::max_log_lines`] (and `max_log_bytes`) and the latest half are kept,
    /// and how many are missing between them is told. Costs well under a microsecond. A text of
    /// several lines becomes several lines.
    pub fn log_from(&self, stream: LogStream, text: impl Into<String>) {
        let (text, now) = (text.into(), self.clock.now_ms());
        let EngineOptions { max_log_lines: lines, max_log_bytes: bytes, .. } = *self.options;
        let limits = LogLimits { lines, bytes };
        if !text.contains('\n') {
            return self.running.log(stream, self.options.cut(text), now, limits);
        }
        for line in text.lines() {
            self.running.log(stream, self.options.cut(line.to_owned()), now, limits);
        }
    }

    /// Whether to go on. Call it between pieces of work that do not await.
    ///
    /// # Errors
    /// [`TaskError::Cancelled`] when the task was told to stop.
    pub fn check(&self) -> Result<(), TaskError> {
        if self.running.token.is_cancelled() { Err(self.seen()) } else { Ok(()) }
    }

    /// Returns once the task is told to stop.
    pub async fn cancelled(&self) {
        self.running.token.cancelled().await;
        self.seen();
    }

    /// Awaits something, but no longer than until the task is told to stop.
    ///
    /// # Errors
    /// [`TaskError::Cancelled`] when the task was told to stop first; the future is dropped.
    pub async fn until_cancelled<F: Future>(&self, future: F) -> Result<F::Output, TaskError> {
        self.running.token.run_until_cancelled(future).await.ok_or_else(|| self.seen())
    }

    /// Says what of this task's work stays if it is stopped now, such as `2 of 5 chapters`; the
    /// receipt of a cancel tells it. The last word counts, also that of an earlier attempt.
    pub fn preserved(&self, what: impl Into<String>) {
        self.running.keep(self.options.cut(what.into()));
    }

    /// The task knows now that it is to stop.
    fn seen(&self) -> TaskError {
        self.running.acknowledge(self.clock.now_ms());
        TaskError::Cancelled
    }

    /// Keeps a value under a name for the next attempt. In the store when this returns; what was
    /// kept is not worked for twice.
    ///
    /// # Errors
    /// [`TaskError::Fail`] when the value is too large or no JSON, [`TaskError::Retry`] when the
    /// store does not answer for a whole lease, [`TaskError::Cancelled`] when this run was lost or
    /// told to stop meanwhile.
    pub async fn checkpoint(&self, key: &str, value: &impl Serialize) -> Result<(), TaskError> {
        let json = serde_json::to_string(value)
            .map_err(|e| TaskError::fail("checkpoint", format!("checkpoint {key}: {e}")))?;
        let max = self.options.max_checkpoint_bytes;
        if json.len() > max {
            let size = json.len();
            let detail = format!("checkpoint {key} has {size} bytes; at most {max} are kept");
            return Err(TaskError::fail("checkpoint", detail));
        }
        let (id, run_seq) = (self.running.id, self.running.run_seq);
        let mut patience = Patience::new();
        loop {
            match self.store.save_checkpoint(id, run_seq, key, &json).await {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(TaskError::Cancelled),
                Err(error) => patience.wait(self, error).await?,
            }
        }
    }

    /// Reads what an earlier attempt kept; `None` where it kept nothing under that name.
    ///
    /// # Errors
    /// [`TaskError::Retry`] when the store does not answer for a whole lease,
    /// [`TaskError::Cancelled`] when this run was told to stop meanwhile, [`TaskError::Fail`] when
    /// what was kept does not fit the type.
    pub async fn restore<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, TaskError> {
        let mut patience = Patience::new();
        let json = loop {
            match self.store.checkpoint(self.running.id, key).await {
                Ok(json) => break json,
                Err(error) => patience.wait(self, error).await?,
            }
        };
        json.map(|json| serde_json::from_str(&json))
            .transpose()
            .map_err(|e| TaskError::fail("checkpoint", format!("checkpoint {key}: {e}")))
    }

    /// Does blocking work on a thread of its own. The work sees the wish to cancel through
    /// [`Context::check`]; a thread cannot be stopped from outside.
    ///
    /// # Errors
    /// What the work returns.
    ///
    /// # Panics
    /// When the work does, so that the engine records the panic.
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
                // The runtime ends.
                Err(_) => Err(TaskError::Cancelled),
            },
        }
    }

    /// Writes what was reported. A store that does not answer is no reason to stop working: the
    /// flusher tries again.
    async fn save(&self) {
        let Some(write) = self.running.unsaved(self.clock.now_ms()) else { return };
        let written = self.store.save_progress(std::slice::from_ref(&write)).await;
        self.running.settle(write, written.is_ok());
        if let Err(error) = written {
            tracing::warn!(task.id = %self.running.id, %error, "progress was not saved");
        }
    }
}
