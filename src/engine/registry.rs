//! Which kinds of task there are: the typed [`Task`]s behind one untyped face.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;

use super::{Check, Context, KindOptions, Output, Refusal, Stages, Task, TaskError, eta::Book};
use crate::task::{FieldError, KindInfo, UploadId};

/// A kind that is registered.
pub(crate) struct Kind {
    pub(crate) info: KindInfo,
    pub(crate) options: KindOptions,
    /// How long its tasks take.
    pub(crate) book: Arc<Book>,
    face: Box<dyn Face>,
}

/// A start that fits its kind.
pub(crate) struct Prepared {
    pub(crate) input: String,
    pub(crate) title: String,
    pub(crate) stages: Stages,
    pub(crate) unique_key: Option<String>,
    /// The uploads that the input names, each with its field.
    pub(crate) uploads: Vec<(String, UploadId)>,
}

#[async_trait]
trait Face: Send + Sync {
    async fn prepare(&self, input: serde_json::Value) -> Result<Prepared, Refusal>;
    async fn run(&self, input: &str, ctx: Context) -> Result<Output, TaskError>;
}

struct Typed<T: Task>(Arc<T::Deps>);

#[async_trait]
impl<T: Task> Face for Typed<T> {
    async fn prepare(&self, input: serde_json::Value) -> Result<Prepared, Refusal> {
        let task: T = serde_path_to_error::deserialize(input).map_err(refuse)?;
        let check: Check = task.check(&self.0).await;
        check?;
        let input = serde_json::to_string(&task)
            .map_err(|error| Refusal::new(format!("the input is no JSON: {error}")))?;
        Ok(Prepared {
            input,
            title: task.title(),
            stages: task.stages(),
            unique_key: task.unique_key(),
            uploads: task.uploads(),
        })
    }

    async fn run(&self, input: &str, ctx: Context) -> Result<Output, TaskError> {
        let task: T = serde_json::from_str(input).map_err(|error| {
            TaskError::fail("input", format!("the stored input is unreadable: {error}"))
        })?;
        task.run(ctx, Arc::clone(&self.0)).await
    }
}

/// Serde's words, at the field where they belong.
fn refuse(error: serde_path_to_error::Error<serde_json::Error>) -> Refusal {
    let path = error.path().to_string();
    let detail = error.into_inner().to_string();
    let missing = detail.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let field = match missing {
        Some(name) => name.to_owned(),
        None if path == "." => return Refusal::new(detail),
        None => path,
    };
    let detail = if missing.is_some() { "is required".to_owned() } else { detail };
    Refusal { detail: format!("{field}: {detail}"), errors: vec![FieldError { field, detail }] }
}

impl Kind {
    /// Reads and checks an input.
    pub(crate) async fn prepare(&self, input: serde_json::Value) -> Result<Prepared, Refusal> {
        self.face.prepare(input).await
    }

    /// Runs a stored input.
    pub(crate) async fn run(&self, input: &str, ctx: Context) -> Result<Output, TaskError> {
        self.face.run(input, ctx).await
    }
}

/// The kinds of one engine.
#[derive(Default)]
pub struct Registry {
    kinds: BTreeMap<&'static str, Arc<Kind>>,
    order: Vec<&'static str>,
}

impl Registry {
    /// No kinds yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a kind. The last registration of a word counts.
    #[must_use]
    pub fn with<T: Task>(mut self, deps: T::Deps, options: KindOptions) -> Self {
        let info = KindInfo {
            kind: T::KIND.to_owned(),
            title: T::TITLE.to_owned(),
            description: T::DESCRIPTION.to_owned(),
            input_schema: schemars::schema_for!(T).to_value(),
            makes_files: T::MAKES_FILES,
        };
        let face = Box::new(Typed::<T>(Arc::new(deps)));
        if self
            .kinds
            .insert(T::KIND, Arc::new(Kind { info, options, book: Arc::default(), face }))
            .is_none()
        {
            self.order.push(T::KIND);
        }
        self
    }

    pub(crate) fn get(&self, kind: &str) -> Option<&Arc<Kind>> {
        self.kinds.get(kind)
    }

    /// The kinds in the order of their registration.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.order.iter().filter_map(|word| self.kinds.get(word))
    }
}
