//! The registered kinds: typed [`Task`]s and kinds known at run time, behind one trait.

mod dynamic;
pub(super) mod secrets;

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::RwLock;

use async_trait::async_trait;

pub use dynamic::{DynamicKind, DynamicTask, Prepared};

use super::{
    Check, Context, DailyBudget, KindOptions, Output, Suggestion, Task, TaskError, ValidationError,
    eta::DurationHistory, store::StoredInput,
};
use crate::{
    read_json::{self, JsonError},
    task::{FieldError, KindInfo},
};

/// A registered kind.
pub(crate) struct Kind {
    pub(crate) info: KindInfo,
    pub(crate) options: KindOptions,
    /// How long tasks of this kind take.
    pub(crate) durations: Arc<DurationHistory>,
    face: Arc<dyn DynamicTask>,
    origin: Origin,
}

/// How a kind was registered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Typed,
    Dynamic,
    /// Tasks of it are queued, but no definition is registered.
    Gone,
}

struct Typed<T: Task>(Arc<T::Deps>);

#[async_trait]
impl<T: Task> DynamicTask for Typed<T> {
    async fn prepare(&self, input: serde_json::Value) -> Result<Prepared, ValidationError> {
        let task: T = read_json::from_value(input).map_err(refuse)?;
        let check: Check = task.check(&self.0).await;
        check?;
        let input = serde_json::to_string(&task)
            .map_err(|error| ValidationError::new(format!("the input is no JSON: {error}")))?;
        Ok(Prepared {
            input,
            sealed: None,
            title: task.title(),
            upload_title: task.upload_title(),
            stages: task.stages(),
            unique_key: task.unique_key(),
            lookup_key: task.lookup_key(),
            uploads: task.uploads(),
        })
    }

    async fn suggestions(&self) -> Vec<Suggestion> {
        T::suggestions(&self.0).await
    }

    fn budget(&self) -> Option<DailyBudget> {
        T::budget(&self.0)
    }

    async fn run(&self, input: &StoredInput, ctx: Context) -> Result<Output, TaskError> {
        let task: T = read_json::from_slice(input.text.as_bytes()).map_err(|error| {
            let detail = error.sentence("the input");
            TaskError::fail("input", format!("the stored input is unreadable: {detail}"))
        })?;
        task.run(ctx, Arc::clone(&self.0)).await
    }
}

/// Converts an error of the input, attributed to the field that it concerns.
fn refuse(error: JsonError) -> ValidationError {
    match error.into_field() {
        (None, detail) => ValidationError::new(format!("the input {detail}")),
        (Some(field), detail) => ValidationError {
            detail: format!("{field}: {detail}"),
            errors: vec![FieldError { field, detail }],
        },
    }
}

impl Kind {
    /// Reads and validates an input. Errors do not repeat the secrets of the input.
    pub(crate) async fn prepare(
        &self,
        input: serde_json::Value,
    ) -> Result<Prepared, ValidationError> {
        if self.info.input_schema["type"] == "object" && !input.is_object() {
            let found = match input {
                serde_json::Value::Null => "missing",
                _ => read_json::kind_of(&input),
            };
            let detail = format!("the input must be a JSON object; it is {found}");
            return Err(ValidationError::new(detail));
        }
        let secrets = secrets::values(&self.info.input_schema, &input);
        let hide = |refusal| secrets::hide(refusal, &secrets, &self.info.input_schema);
        self.face.prepare(input).await.map_err(hide)
    }

    /// Returns the input from which a stored input was made.
    pub(crate) fn asked_for(
        &self,
        stored: &StoredInput,
    ) -> Result<serde_json::Value, serde_json::Error> {
        self.face.asked_for(stored)
    }

    /// Returns the value by which two starts are compared.
    pub(crate) fn comparable(&self, input: &serde_json::Value) -> String {
        self.face.comparable(input.clone()).to_string()
    }

    /// Returns the secret fields that have to be entered again for a rerun.
    pub(crate) fn missing_secrets(&self, stored: &StoredInput) -> Vec<String> {
        self.face.missing_secrets(stored)
    }

    /// Returns the daily budget that runs of this kind draw on.
    pub(crate) fn budget(&self) -> Option<DailyBudget> {
        self.face.budget()
    }

    /// See [`Task::suggestions`].
    pub(crate) async fn suggestions(&self) -> Vec<Suggestion> {
        self.face.suggestions().await
    }

    /// Runs a stored input.
    pub(crate) async fn run(&self, input: &StoredInput, ctx: Context) -> Result<Output, TaskError> {
        self.face.run(input, ctx).await
    }
}

/// The kinds of one engine.
#[derive(Clone, Default)]
pub struct Registry {
    kinds: BTreeMap<String, Arc<Kind>>,
    order: Vec<String>,
}

impl Registry {
    /// Creates an empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a kind. A later registration of the same name replaces it.
    #[must_use]
    pub fn with<T: Task>(mut self, deps: T::Deps, options: KindOptions) -> Self {
        let info = KindInfo {
            kind: T::KIND.to_owned(),
            title: T::TITLE.to_owned(),
            description: T::description(&deps).into_owned(),
            input_schema: schemars::schema_for!(T).to_value(),
            makes_files: T::MAKES_FILES,
            max_batch: None,
        };
        let face = Arc::new(Typed::<T>(Arc::new(deps)));
        self.insert(Kind { info, options, durations: Arc::default(), face, origin: Origin::Typed });
        self
    }

    /// Adds a kind known at run time only. It does not replace a typed kind of the same name.
    #[must_use]
    pub fn with_dynamic(mut self, kind: DynamicKind) -> Self {
        self.add_dynamic(kind, Arc::default());
        self
    }

    fn insert(&mut self, kind: Kind) {
        let word = kind.info.kind.clone();
        if self.kinds.insert(word.clone(), Arc::new(kind)).is_none() {
            self.order.push(word);
        }
    }

    /// Returns a kind that can be started.
    pub(crate) fn get(&self, kind: &str) -> Option<&Arc<Kind>> {
        self.kinds.get(kind).filter(|kind| kind.origin != Origin::Gone)
    }

    /// Returns the kind that runs a claimed task.
    pub(crate) fn claimed(&self, kind: &str) -> Option<&Arc<Kind>> {
        self.kinds.get(kind)
    }

    /// Returns the kinds that can be started, in the order of their registration.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.claimable().filter(|kind| kind.origin != Origin::Gone)
    }

    /// Returns the kinds whose tasks are claimed.
    pub(crate) fn claimable(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.order.iter().filter_map(|word| self.kinds.get(word))
    }
}

/// The current registry; readers get a snapshot of it.
pub(crate) struct Kinds(RwLock<Arc<Registry>>);

impl Kinds {
    pub(crate) fn new(registry: Registry) -> Self {
        Self(RwLock::new(Arc::new(registry)))
    }

    pub(crate) fn now(&self) -> Arc<Registry> {
        Arc::clone(&self.0.read())
    }

    /// Replaces the registry by one made from it.
    pub(crate) fn change(&self, change: impl FnOnce(&Registry) -> Registry) {
        let mut kinds = self.0.write();
        *kinds = Arc::new(change(&kinds));
    }
}
