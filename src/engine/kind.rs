//! The [`Task`] trait and the types in its signatures.

use std::{borrow::Cow, future::Future, sync::Arc, time::Duration};

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use super::{Context, DailyBudget, RunRate, Suggestion};
use crate::task::{FieldError, StageInfo, UploadId};

/// A kind of task. The value is the input of one task; its JSON Schema gives the start form, the
/// validation of the API and the arguments of the command line.
///
/// ```
/// use std::sync::Arc;
///
/// use milepost::prelude::*;
///
/// #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
/// struct Resize {
///     /// Width in pixels.
///     width: u32,
/// }
///
/// impl Task for Resize {
///     const KIND: &'static str = "resize";
///     const TITLE: &'static str = "Resize";
///     const DESCRIPTION: &'static str = "Makes a picture smaller.";
///     type Deps = ();
///
///     fn title(&self) -> String {
///         format!("Picture of {} pixels", self.width)
///     }
///
///     fn stages(&self) -> Stages {
///         Stages::new([("Reading", 1.0), ("Writing", 2.0)])
///     }
///
///     async fn check(&self, _: &()) -> Check {
///         match self.width {
///             0 => Err(ValidationError::field("width", "must be at least 1")),
///             _ => Ok(()),
///         }
///     }
///
///     async fn run(self, ctx: Context, _: Arc<()>) -> Result<Output, TaskError> {
///         ctx.stage(0).await?;
///         ctx.stage(1).await?;
///         Ok(Output::new("image/png", Vec::new(), "small.png"))
///     }
/// }
/// ```
///
/// [`Engine::builder`](super::Engine::builder) registers and runs it; `milepost::testing` runs one
/// in a test.
pub trait Task: Serialize + DeserializeOwned + JsonSchema + Send + Sync + Sized + 'static {
    /// The kind's name in the API and in the store; `[a-z0-9_-]`. Never change it once used.
    const KIND: &'static str;
    /// The kind's display name.
    const TITLE: &'static str;
    /// One sentence for the start page.
    const DESCRIPTION: &'static str;
    /// Whether tasks of this kind may call [`Context::save_file`].
    const MAKES_FILES: bool = false;
    /// Dependencies shared by all tasks of this kind: clients, folders, settings.
    type Deps: Send + Sync + 'static;

    /// The title of this task.
    fn title(&self) -> String;

    /// Title of a task with exactly one upload, where `{name}` stands for the name of the file.
    /// Default: none; [`Task::title`] is used.
    fn upload_title(&self) -> Option<String> {
        None
    }

    /// The stages in order, with their weights; the overall progress is computed from them.
    fn stages(&self) -> Stages;

    /// Checks prerequisites before the task is queued. Default: always passes.
    fn check(&self, deps: &Self::Deps) -> impl Future<Output = Check> + Send {
        let _ = deps;
        async { Ok(()) }
    }

    /// Returns a key that is unique among an owner's queued and running tasks of this kind: a
    /// second start with the same key returns the first task. Default: `None`, every start is a new
    /// task.
    fn unique_key(&self) -> Option<String> {
        None
    }

    /// Returns a key by which simple clients find their newest task of this kind, such as its
    /// subject. Default: `None`.
    fn lookup_key(&self) -> Option<String> {
        None
    }

    /// Returns the description with what only the dependencies know, such as who does the work.
    /// Default: [`Task::DESCRIPTION`].
    fn description(deps: &Self::Deps) -> Cow<'static, str> {
        let _ = deps;
        Cow::Borrowed(Self::DESCRIPTION)
    }

    /// Returns the values that the start form suggests as things are now, such as the files that are
    /// there. Called each time a form is opened, and given up after 3 s. Default: none; the
    /// examples of the schema are suggested.
    fn suggestions(deps: &Self::Deps) -> impl Future<Output = Vec<Suggestion>> + Send {
        let _ = deps;
        async { Vec::new() }
    }

    /// Returns the daily budget that runs of this kind draw on with [`Context::reserve`]. While it
    /// is used up, starts are refused; its figures are exported for operators. Default: `None`.
    fn budget(deps: &Self::Deps) -> Option<DailyBudget> {
        let _ = deps;
        None
    }

    /// The uploads that the input names, each with its field. The engine checks that the caller may
    /// use them, and retains them until the task has ended. Default: none.
    fn uploads(&self) -> Vec<(String, UploadId)> {
        Vec::new()
    }

    /// Runs the task, at least once: after a crash it runs again, with its checkpoints available.
    fn run(
        self,
        ctx: Context,
        deps: Arc<Self::Deps>,
    ) -> impl Future<Output = Result<Output, TaskError>> + Send;
}

/// The result of [`Task::check`].
pub type Check = Result<(), ValidationError>;

/// Why a task is not queued; the caller receives it as a 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
#[non_exhaustive]
pub struct ValidationError {
    /// A sentence for people.
    pub detail: String,
    /// The invalid fields, if any.
    pub errors: Vec<FieldError>,
}

impl ValidationError {
    /// Creates an error that concerns no single field.
    pub fn new(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), errors: Vec::new() }
    }

    /// Creates an error of these fields.
    pub fn fields(detail: impl Into<String>, errors: Vec<FieldError>) -> Self {
        Self { detail: detail.into(), errors }
    }

    /// Creates an error of one field.
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let errors = vec![FieldError { field: field.into(), detail: detail.clone() }];
        Self { detail, errors }
    }
}

/// How tasks of one kind are run.
///
/// ```
/// use std::time::Duration;
///
/// use milepost::prelude::*;
///
/// let options = KindOptions::default().with(|options| {
///     options.timeout = Duration::from_secs(60);
///     options.max_attempts = 1;
/// });
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KindOptions {
    /// Time limit of a run; a longer one fails with code `timeout`. Default: 1 hour.
    pub timeout: Duration,
    /// Maximum number of tasks of this kind running at once in one process. Default: 4.
    pub concurrency: u32,
    /// Maximum number of tasks of this kind running at once in all processes of a database. Default:
    /// `None`, no limit.
    pub global_concurrency: Option<u32>,
    /// Maximum rate of runs in all processes of a database, such as `10/min`; further tasks wait in
    /// the queue. A retry is a run, too. Default: `None`, no limit.
    pub at_most: Option<RunRate>,
    /// The same for the runs of each owner, and of each address of anonymous callers. Default:
    /// `None`, no limit.
    pub at_most_per_owner: Option<RunRate>,
    /// Maximum number of runs, including the first. Default: 3.
    pub max_attempts: u32,
    /// Whether a run that a shutdown interrupts is returned to the queue. If false, the task fails
    /// with code `interrupted`: for work that must not start twice. Default: true.
    pub resume: bool,
    /// How long a cancelled run may take to stop before its future is dropped. Default: 10 s.
    pub cancel_grace: Duration,
    /// Retention of a task of this kind and its result after its end, instead of
    /// [`RetentionOptions::keep`](super::RetentionOptions::keep); zero: no limit. At most 100
    /// years; more counts as these. Default: `None`, that of all kinds.
    pub keep: Option<Duration>,
    /// Users (`ada`) and groups (`group:ops`) who see this kind in the list of kinds and may start
    /// it, in addition to admins. Default: empty, everybody.
    pub allow: Vec<String>,
}

crate::with::with!(KindOptions);

impl Default for KindOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(3600),
            concurrency: 4,
            global_concurrency: None,
            at_most: None,
            at_most_per_owner: None,
            max_attempts: 3,
            resume: true,
            cancel_grace: Duration::from_secs(10),
            keep: None,
            allow: Vec::new(),
        }
    }
}

/// The declared stages of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Stages(Vec<StageInfo>);

impl Stages {
    /// Creates stages from names and weights; a weight that is not a positive number counts as 1.
    pub fn new<N: Into<String>>(stages: impl IntoIterator<Item = (N, f64)>) -> Self {
        let stages = stages.into_iter().map(|(name, weight)| StageInfo {
            name: name.into(),
            weight: if weight.is_finite() && weight > 0.0 { weight } else { 1.0 },
        });
        Self(stages.collect())
    }

    /// No stages: the reported progress is that of the whole task.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Stages read from the store, validated when they were written.
    pub(super) const fn from_stored(stages: Vec<StageInfo>) -> Self {
        Self(stages)
    }

    /// The stages in order.
    pub fn as_slice(&self) -> &[StageInfo] {
        &self.0
    }

    /// Returns where stage `index` (from 0) begins and its width, as fractions of the whole.
    pub fn span(&self, index: usize) -> (f64, f64) {
        let total: f64 = self.0.iter().map(|stage| stage.weight).sum();
        let Some(stage) = self.0.get(index) else { return (0.0, 1.0) };
        let before: f64 = self.0.iter().take(index).map(|stage| stage.weight).sum();
        (before / total, stage.weight / total)
    }
}

/// The result of a task: bytes with a media type, by which pages choose their view.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Output {
    /// The media type, such as `text/markdown; charset=utf-8`.
    pub media_type: Cow<'static, str>,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// File name for downloads; `[A-Za-z0-9._-]`.
    pub file_name: String,
}

impl Output {
    /// Creates a result of any media type.
    pub fn new(
        media_type: impl Into<Cow<'static, str>>,
        bytes: Vec<u8>,
        file_name: impl Into<String>,
    ) -> Self {
        Self { media_type: media_type.into(), bytes, file_name: file_name.into() }
    }

    /// Creates a Markdown result.
    pub fn markdown(text: String, file_name: impl Into<String>) -> Self {
        Self {
            media_type: Cow::Borrowed("text/markdown; charset=utf-8"),
            bytes: text.into_bytes(),
            file_name: file_name.into(),
        }
    }

    /// Creates a JSON result with the given media type, such as `application/json`.
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

/// Why a run did not complete. The variant decides what happens next.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// The task observed that its run is cancelled, and stopped.
    #[error("cancelled")]
    Cancelled,
    /// Another attempt may help; the task is retried while attempts are left.
    #[error("{message}")]
    Retry {
        /// A stable code for programs.
        code: Cow<'static, str>,
        /// A sentence for people.
        message: String,
        /// Minimum delay before the retry; `None`: the engine's backoff.
        after: Option<Duration>,
    },
    /// The task waits for something outside of it, and then runs again from its checkpoints. The
    /// attempt does not count; how often it waits is for the task to limit.
    #[error("{message}")]
    Wait {
        /// A stable code for programs.
        code: Cow<'static, str>,
        /// A sentence for people: what it waits for.
        message: String,
        /// The delay; at most a day. `None`: the engine's shortest.
        after: Option<Duration>,
    },
    /// The task fails now, and a new start may help once something outside of it has changed.
    #[error("{message}")]
    GaveUp {
        /// A stable code for programs.
        code: Cow<'static, str>,
        /// A sentence for people.
        message: String,
    },
    /// A retry would not help; the task fails.
    #[error("{message}")]
    Fail {
        /// A stable code for programs.
        code: Cow<'static, str>,
        /// A sentence for people.
        message: String,
    },
}

impl TaskError {
    /// Creates an error that is not retried.
    pub fn fail(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::Fail { code: code.into(), message: message.into() }
    }

    /// Creates an error that is retried after the engine's backoff.
    pub fn retry(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::Retry { code: code.into(), message: message.into(), after: None }
    }
}
