//! Kinds known at run time only, such as those of a configuration file.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;

use super::{Kind, Origin, Registry};
use crate::{
    engine::{
        Context, DailyBudget, KindOptions, Output, Stages, Suggestion, TaskError, ValidationError,
        eta::DurationHistory, store::StoredInput,
    },
    task::{KindInfo, UploadId},
};

/// A kind whose name and input are known at run time only. If they are known at compile time,
/// implement [`Task`](crate::engine::Task) instead.
#[async_trait]
pub trait DynamicTask: Send + Sync + 'static {
    /// Reads and validates the input of one task before it is queued.
    ///
    /// # Errors
    /// Why the task is not queued; the caller receives it as a 400.
    async fn prepare(&self, input: serde_json::Value) -> Result<Prepared, ValidationError>;

    /// Returns the input from which [`DynamicTask::prepare`] made a stored input. It is shown
    /// (without secrets) and used for reruns. Default: the stored input itself.
    ///
    /// # Errors
    /// When the stored input cannot be read.
    fn asked_for(&self, stored: &StoredInput) -> Result<serde_json::Value, serde_json::Error> {
        serde_json::from_str(&stored.text)
    }

    /// Returns the fields missing from that input: secrets are dropped when a task ends, so a rerun
    /// has to enter them again. Default: none.
    fn missing_secrets(&self, stored: &StoredInput) -> Vec<String> {
        let _ = stored;
        Vec::new()
    }

    /// Returns the value by which two starts with the same idempotency key are compared. Only a
    /// keyed hash of it is stored. Default: the input.
    fn comparable(&self, input: serde_json::Value) -> serde_json::Value {
        input
    }

    /// See [`Task::suggestions`](crate::engine::Task::suggestions).
    async fn suggestions(&self) -> Vec<Suggestion> {
        Vec::new()
    }

    /// See [`Task::budget`](crate::engine::Task::budget).
    fn budget(&self) -> Option<DailyBudget> {
        None
    }

    /// Runs an input that [`DynamicTask::prepare`] made, possibly in an earlier process or with an
    /// earlier definition of the kind: validate it again.
    ///
    /// # Errors
    /// Why the run did not complete.
    async fn run(&self, input: &StoredInput, ctx: Context) -> Result<Output, TaskError>;
}

/// A validated start.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Prepared {
    /// The input that is stored and passed to the run.
    pub input: String,
    /// Secrets, sealed by the kind: passed to each run, and dropped by the write that ends the
    /// task.
    pub sealed: Option<String>,
    /// The title of the task.
    pub title: String,
    /// See [`Task::upload_title`](crate::engine::Task::upload_title).
    pub upload_title: Option<String>,
    /// The stages in order, with their weights.
    pub stages: Stages,
    /// See [`Task::unique_key`](crate::engine::Task::unique_key).
    pub unique_key: Option<String>,
    /// See [`Task::lookup_key`](crate::engine::Task::lookup_key).
    pub lookup_key: Option<String>,
    /// See [`Task::uploads`](crate::engine::Task::uploads).
    pub uploads: Vec<(String, UploadId)>,
}

impl Prepared {
    /// Creates a start without keys or uploads.
    pub fn new(input: impl Into<String>, title: impl Into<String>, stages: Stages) -> Self {
        Self {
            input: input.into(),
            sealed: None,
            title: title.into(),
            upload_title: None,
            stages,
            unique_key: None,
            lookup_key: None,
            uploads: Vec::new(),
        }
    }
}

/// A kind known at run time only.
#[derive(Clone)]
#[non_exhaustive]
pub struct DynamicKind {
    /// Name, title, description, and the JSON Schema of the input.
    pub info: KindInfo,
    /// How its tasks are run.
    pub options: KindOptions,
    /// Validates inputs and runs tasks.
    pub task: Arc<dyn DynamicTask>,
}

impl DynamicKind {
    /// Creates a kind.
    pub fn new(info: KindInfo, options: KindOptions, task: Arc<dyn DynamicTask>) -> Self {
        Self { info, options, task }
    }
}

/// Fails the queued tasks of a kind that is no longer registered.
struct Gone;

#[async_trait]
impl DynamicTask for Gone {
    async fn prepare(&self, _: serde_json::Value) -> Result<Prepared, ValidationError> {
        Err(ValidationError::new("there is no such kind any more"))
    }

    async fn run(&self, _: &StoredInput, _: Context) -> Result<Output, TaskError> {
        let reason = "This kind of task is not configured here any more.";
        Err(TaskError::fail("kind_removed", reason))
    }
}

impl Registry {
    pub(super) fn add_dynamic(&mut self, kind: DynamicKind, durations: Arc<DurationHistory>) {
        let DynamicKind { info, options, task: face } = kind;
        if self.kinds.get(&info.kind).is_some_and(|kind| kind.origin == Origin::Typed) {
            tracing::warn!(task.kind = %info.kind, "the word belongs to a built-in kind");
            return;
        }
        self.insert(Kind { info, options, durations, face, origin: Origin::Dynamic });
    }

    /// Returns the same typed kinds with other dynamic ones. A kind that remains retains the
    /// history of its durations.
    pub(crate) fn with_others(&self, kinds: Vec<DynamicKind>) -> Self {
        let mut new = Self::default();
        for kind in self.claimable().filter(|kind| kind.origin == Origin::Typed) {
            new.order.push(kind.info.kind.clone());
            new.kinds.insert(kind.info.kind.clone(), Arc::clone(kind));
        }
        for kind in kinds {
            let old = self.kinds.get(&kind.info.kind).map(|old| Arc::clone(&old.durations));
            new.add_dynamic(kind, old.unwrap_or_default());
        }
        new
    }

    /// Returns the same kinds plus removed ones, whose queued tasks fail with the reason.
    pub(crate) fn with_gone(&self, words: impl IntoIterator<Item = String>) -> Self {
        let mut new = self.clone();
        for kind in words.into_iter().filter(|word| !self.kinds.contains_key(word)) {
            let info = KindInfo {
                kind,
                title: String::new(),
                description: String::new(),
                input_schema: serde_json::Value::Null,
                makes_files: false,
                max_batch: None,
            };
            let (options, durations) = (KindOptions::default(), Arc::default());
            new.insert(Kind {
                info,
                options,
                durations,
                face: Arc::new(Gone),
                origin: Origin::Gone,
            });
        }
        new
    }

    /// Returns the names of all kinds, including removed ones.
    pub(crate) fn words(&self) -> BTreeSet<String> {
        self.kinds.keys().cloned().collect()
    }
}
