//! Kinds that are known at run time only, such as commands from a configuration file.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;

use super::{Kind, Origin, Registry};
use crate::{
    engine::{
        Context, DailyBudget, KindOptions, Output, Stages, TaskError, ValidationError, eta::Book,
        store::StoredInput,
    },
    task::{KindInfo, UploadId},
};

/// A kind of task whose word and input are known at run time only. Where they are known when the
/// program is compiled, write a [`Task`](crate::engine::Task).
#[async_trait]
pub trait DynamicTask: Send + Sync + 'static {
    /// Reads and checks the input of one task, before it is queued.
    ///
    /// # Errors
    /// Why it is not queued; the caller gets it as a 400.
    async fn prepare(&self, input: serde_json::Value) -> Result<Prepared, ValidationError>;

    /// What a stored input was made from by [`DynamicTask::prepare`]: it is shown (but for secrets) and
    /// started again. Default: the stored input itself.
    ///
    /// # Errors
    /// When it is none.
    fn asked_for(&self, stored: &StoredInput) -> Result<serde_json::Value, serde_json::Error> {
        serde_json::from_str(&stored.text)
    }

    /// The fields of that which are missing, as secrets are not kept after the end of a task: who starts
    /// it again enters them anew. Default: none.
    fn missing_secrets(&self, stored: &StoredInput) -> Vec<String> {
        let _ = stored;
        Vec::new()
    }

    /// What two starts with one idempotency key are compared by. A plain hash of it is stored, so that a
    /// kind with secrets puts something in their place that says nothing without a key. Default: the
    /// input.
    fn comparable(&self, input: serde_json::Value) -> serde_json::Value {
        input
    }

    /// See [`Task::budget`](crate::engine::Task::budget).
    fn budget(&self) -> Option<DailyBudget> {
        None
    }

    /// Does the work of an input that [`DynamicTask::prepare`] made, maybe in an earlier process or
    /// by an earlier definition of the kind: check it again.
    ///
    /// # Errors
    /// How the run ends other than well.
    async fn run(&self, input: &StoredInput, ctx: Context) -> Result<Output, TaskError>;
}

/// A start that fits its kind.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What is stored and given to the run.
    pub input: String,
    /// Secrets, sealed by the kind: given to each run, and dropped by the write that ends the task.
    pub sealed: Option<String>,
    /// What people call this one task.
    pub title: String,
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
    /// A start that is a new task each time.
    pub fn new(input: impl Into<String>, title: impl Into<String>, stages: Stages) -> Self {
        Self {
            input: input.into(),
            sealed: None,
            title: title.into(),
            stages,
            unique_key: None,
            lookup_key: None,
            uploads: Vec::new(),
        }
    }
}

/// A kind that is known at run time only.
#[derive(Clone)]
pub struct DynamicKind {
    /// Word, title, description, and the JSON Schema of the input.
    pub info: KindInfo,
    /// How its tasks are run.
    pub options: KindOptions,
    /// Checks inputs and does the work.
    pub task: Arc<dyn DynamicTask>,
}

/// Ends the waiting tasks of a kind that is no more.
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
    pub(super) fn add_dynamic(&mut self, kind: DynamicKind, book: Arc<Book>) {
        let DynamicKind { info, options, task: face } = kind;
        if self.kinds.get(&info.kind).is_some_and(|kind| kind.origin == Origin::Typed) {
            tracing::warn!(task.kind = %info.kind, "the word belongs to a built-in kind");
            return;
        }
        self.insert(Kind { info, options, book, face, origin: Origin::Dynamic });
    }

    /// The same typed kinds with other dynamic ones. A kind that stays keeps what is known of how
    /// long its tasks take.
    pub(crate) fn with_others(&self, kinds: Vec<DynamicKind>) -> Self {
        let mut new = Self::default();
        for kind in self.claimable().filter(|kind| kind.origin == Origin::Typed) {
            new.order.push(kind.info.kind.clone());
            new.kinds.insert(kind.info.kind.clone(), Arc::clone(kind));
        }
        for kind in kinds {
            let old = self.kinds.get(&kind.info.kind).map(|old| Arc::clone(&old.book));
            new.add_dynamic(kind, old.unwrap_or_default());
        }
        new
    }

    /// The same kinds, and these others whose waiting tasks are ended with the reason.
    pub(crate) fn with_gone(&self, words: impl IntoIterator<Item = String>) -> Self {
        let mut new = self.clone();
        for kind in words.into_iter().filter(|word| !self.kinds.contains_key(word)) {
            let info = KindInfo {
                kind,
                title: String::new(),
                description: String::new(),
                input_schema: serde_json::Value::Null,
                makes_files: false,
            };
            let (options, book) = (KindOptions::default(), Arc::default());
            new.insert(Kind { info, options, book, face: Arc::new(Gone), origin: Origin::Gone });
        }
        new
    }

    /// The words of all kinds, also of those that are gone.
    pub(crate) fn words(&self) -> BTreeSet<String> {
        self.kinds.keys().cloned().collect()
    }
}
