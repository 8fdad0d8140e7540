//! What a developer writes: the [`Task`] trait and the types in its signatures.

use std::{borrow::Cow, future::Future, sync::Arc, time::Duration};

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use super::{Context, DailyBudget};
use crate::task::{FieldError, StageInfo, UploadId};

/// A kind of task. The value is the input of one task: the start form, the validation of the API
/// and the arguments of the command line all come from its JSON Schema.
pub trait Task: Serialize + DeserializeOwned + JsonSchema + Send + Sync + Sized + 'static {
    /// The kind's word in the API and in the store; `[a-z0-9_-]`, never changed once used.
    const KIND: &'static str;
    /// What people read.
    const TITLE: &'static str;
    /// One sentence for the start page.
    const DESCRIPTION: &'static str;
    /// Whether it may call [`Context::save_file`].
    const MAKES_FILES: bool = false;
    /// What every task of this kind needs: clients, folders, settings.
    type Deps: Send + Sync + 'static;

    /// What people call this one task.
    fn title(&self) -> String;

    /// The stages in order, with their weights. Percent is derived from them.
    fn stages(&self) -> Stages;

    /// Whether the task may be queued; looks at prerequisites. By default: always.
    fn check(&self, deps: &Self::Deps) -> impl Future<Output = Check> + Send {
        let _ = deps;
        async { Ok(()) }
    }

    /// Tasks of one owner with the same key are never under way twice: the second start leads to
    /// the first task. By default every start is a new task.
    fn unique_key(&self) -> Option<String> {
        None
    }

    /// A text by which simple clients find the newest task of this kind among their own, such as its
    /// subject. By default there is none.
    fn lookup_key(&self) -> Option<String> {
        None
    }

    /// The daily budget that runs of this kind draw on by [`Context::reserve`]: a start is refused while
    /// it is used up, and its figures are told to operators. By default there is none.
    fn budget(deps: &Self::Deps) -> Option<DailyBudget> {
        let _ = deps;
        None
    }

    /// The uploads that the input names, each with its field. The engine sees to it that they are
    /// the caller's, and keeps them while the task has not ended. By default: none.
    fn uploads(&self) -> Vec<(String, UploadId)> {
        Vec::new()
    }

    /// Does the work. At least once: a crash runs it again, with its checkpoints at hand.
    fn run(
        self,
        ctx: Context,
        deps: Arc<Self::Deps>,
    ) -> impl Future<Output = Result<Output, TaskError>> + Send;
}

/// The answer of [`Task::check`].
pub type Check = Result<(), ValidationError>;

/// Why a task is not queued; the caller gets it as a 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct ValidationError {
    /// A sentence for people.
    pub detail: String,
    /// The fields at fault, if any.
    pub errors: Vec<FieldError>,
}

impl ValidationError {
    /// Refuses for a reason that is no single field's.
    pub fn new(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), errors: Vec::new() }
    }

    /// Refuses because of one field.
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let errors = vec![FieldError { field: field.into(), detail: detail.clone() }];
        Self { detail, errors }
    }
}

/// How tasks of one kind are run.
#[derive(Clone, Debug)]
pub struct KindOptions {
    /// A run that takes longer fails with code `timeout`. Default: 1 hour.
    pub timeout: Duration,
    /// How many run at once in one process. Default: 4.
    pub concurrency: u32,
    /// Runs in all, the first included. Default: 3.
    pub max_attempts: u32,
    /// Whether a run that a shutdown cut short is given back to the queue. Without it the task fails
    /// with code `interrupted`: for work that must not be begun twice. Default: true.
    pub resume: bool,
    /// How long a cancelled task may take to stop by itself before its future is dropped.
    /// Default: 10 s.
    pub cancel_grace: Duration,
}

impl Default for KindOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(3600),
            concurrency: 4,
            max_attempts: 3,
            resume: true,
            cancel_grace: Duration::from_secs(10),
        }
    }
}

/// The declared stages of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Stages(Vec<StageInfo>);

impl Stages {
    /// Stages by name and weight; a weight that is not a positive number counts as 1.
    pub fn new<N: Into<String>>(stages: impl IntoIterator<Item = (N, f64)>) -> Self {
        let stages = stages.into_iter().map(|(name, weight)| StageInfo {
            name: name.into(),
            weight: if weight.is_finite() && weight > 0.0 { weight } else { 1.0 },
        });
        Self(stages.collect())
    }

    /// No stages: the progress that the task reports is the whole.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Stages that were checked when they were stored.
    pub(super) const fn from_stored(stages: Vec<StageInfo>) -> Self {
        Self(stages)
    }

    /// The stages in order.
    pub fn as_slice(&self) -> &[StageInfo] {
        &self.0
    }

    /// Where stage `index` (from 0) begins and how wide it is, as fractions of the whole.
    pub fn span(&self, index: usize) -> (f64, f64) {
        let total: f64 = self.0.iter().map(|stage| stage.weight).sum();
        let Some(stage) = self.0.get(index) else { return (0.0, 1.0) };
        let before: f64 = self.0.iter().take(index).map(|stage| stage.weight).sum();
        (before / total, stage.weight / total)
    }
}

/// The result of a task: bytes with a media type. Pages choose their view by the media type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Such as `text/markdown; charset=utf-8`.
    pub media_type: Cow<'static, str>,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Name under which browsers save it; `[A-Za-z0-9._-]`.
    pub file_name: String,
}

impl Output {
    /// A Markdown text.
    pub fn markdown(text: String, file_name: impl Into<String>) -> Self {
        Self {
            media_type: Cow::Borrowed("text/markdown; charset=utf-8"),
            bytes: text.into_bytes(),
            file_name: file_name.into(),
        }
    }

    /// A value as JSON, under a media type of its own such as `application/json`.
    ///
    /// # Errors
    /// When the value cannot be written as JSON.
    pub fn json(
        media_type: &'static str,
        value: &impl Serialize,
        file_name: impl Into<String>,
    ) -> Result<Self, TaskError> {
        let bytes = serde_json::to_vec(value).map_err(|error| {
            TaskError::fail("result", format!("the result is no JSON: {error}"))
        })?;
        Ok(Self { media_type: Cow::Borrowed(media_type), bytes, file_name: file_name.into() })
    }
}

/// How a run ends other than well. It carries the decision what happens next.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// The task saw that it was asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// Another attempt may help; made while attempts are left.
    #[error("{message}")]
    Retry {
        /// A stable word for programs.
        code: Cow<'static, str>,
        /// A sentence for people.
        message: String,
        /// Not before this long from now; by default the engine's backoff.
        after: Option<Duration>,
    },
    /// Trying again would not help.
    #[error("{message}")]
    Fail {
        /// A stable word for programs.
        code: Cow<'static, str>,
        /// A sentence for people.
        message: String,
    },
}

impl TaskError {
    /// Trying again would not help.
    pub fn fail(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::Fail { code: code.into(), message: message.into() }
    }

    /// Another attempt may help.
    pub fn retry(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::Retry { code: code.into(), message: message.into(), after: None }
    }
}
