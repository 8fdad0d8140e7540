//! Which kinds of task there are: the typed [`Task`]s and those known at run time behind one face.

mod dynamic;
pub(super) mod secrets;

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;

pub use dynamic::{DynamicKind, DynamicTask, Prepared};

use super::{
    Check, Context, DailyBudget, KindOptions, Output, Task, TaskError, ValidationError, eta::Book,
    store::StoredInput,
};
use crate::task::{FieldError, KindInfo};

/// A kind that is registered.
pub(crate) struct Kind {
    pub(crate) info: KindInfo,
    pub(crate) options: KindOptions,
    /// How long its tasks take.
    pub(crate) book: Arc<Book>,
    face: Arc<dyn DynamicTask>,
    origin: Origin,
}

/// How a kind came to be known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Typed,
    Dynamic,
    /// Tasks of it wait, and nothing here can run them.
    Gone,
}

struct Typed<T: Task>(Arc<T::Deps>);

#[async_trait]
impl<T: Task> DynamicTask for Typed<T> {
    async fn prepare(&self, input: serde_json::Value) -> Result<Prepared, ValidationError> {
        let task: T = serde_path_to_error::deserialize(input).map_err(refuse)?;
        let check: Check = task.check(&self.0).await;
        check?;
        let input = serde_json::to_string(&task)
            .map_err(|error| ValidationError::new(format!("the input is no JSON: {error}")))?;
        Ok(Prepared {
            input,
            sealed: None,
            title: task.title(),
            stages: task.stages(),
            unique_key: task.unique_key(),
            lookup_key: task.lookup_key(),
            uploads: task.uploads(),
        })
    }

    fn budget(&self) -> Option<DailyBudget> {
        T::budget(&self.0)
    }

    async fn run(&self, input: &StoredInput, ctx: Context) -> Result<Output, TaskError> {
        let task: T = serde_json::from_str(&input.text).map_err(|error| {
            TaskError::fail("input", format!("the stored input is unreadable: {error}"))
        })?;
        task.run(ctx, Arc::clone(&self.0)).await
    }
}

/// Serde's words, at the field where they belong.
fn refuse(error: serde_path_to_error::Error<serde_json::Error>) -> ValidationError {
    let path = error.path().to_string();
    let detail = error.into_inner().to_string();
    let missing = detail.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let field = match missing {
        Some(name) => name.to_owned(),
        None if path == "." => return ValidationError::new(detail),
        None => path,
    };
    let detail = if missing.is_some() { "is required".to_owned() } else { detail };
    ValidationError {
        detail: format!("{field}: {detail}"),
        errors: vec![FieldError { field, detail }],
    }
}

impl Kind {
    /// Reads and checks an input. What is refused is told without the secrets of the input.
    pub(crate) async fn prepare(
        &self,
        input: serde_json::Value,
    ) -> Result<Prepared, ValidationError> {
        let secrets = secrets::values(&self.info.input_schema, &input);
        let hide = |refusal| secrets::hide(refusal, &secrets, &self.info.input_schema);
        self.face.prepare(input).await.map_err(hide)
    }

    /// What a stored input was made from.
    pub(crate) fn asked_for(
        &self,
        stored: &StoredInput,
    ) -> Result<serde_json::Value, serde_json::Error> {
        self.face.asked_for(stored)
    }

    /// What two starts are compared by.
    pub(crate) fn comparable(&self, input: &serde_json::Value) -> String {
        self.face.comparable(input.clone()).to_string()
    }

    /// The secrets that who starts it again enters anew.
    pub(crate) fn missing_secrets(&self, stored: &StoredInput) -> Vec<String> {
        self.face.missing_secrets(stored)
    }

    /// The daily budget that its runs draw on.
    pub(crate) fn budget(&self) -> Option<DailyBudget> {
        self.face.budget()
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
        let face = Arc::new(Typed::<T>(Arc::new(deps)));
        self.insert(Kind { info, options, book: Arc::default(), face, origin: Origin::Typed });
        self
    }

    /// Adds a kind that is known at run time only. A word that a typed kind has stays with it.
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

    /// A kind that can be started.
    pub(crate) fn get(&self, kind: &str) -> Option<&Arc<Kind>> {
        self.kinds.get(kind).filter(|kind| kind.origin != Origin::Gone)
    }

    /// What a claimed task of this kind is run by.
    pub(crate) fn claimed(&self, kind: &str) -> Option<&Arc<Kind>> {
        self.kinds.get(kind)
    }

    /// The kinds that can be started, in the order of their registration.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.claimable().filter(|kind| kind.origin != Origin::Gone)
    }

    /// The kinds whose tasks are taken from the queue.
    pub(crate) fn claimable(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.order.iter().filter_map(|word| self.kinds.get(word))
    }
}

/// The kinds as they are now. Whoever asks gets them as they were at that moment.
pub(crate) struct Kinds(RwLock<Arc<Registry>>);

impl Kinds {
    pub(crate) fn new(registry: Registry) -> Self {
        Self(RwLock::new(Arc::new(registry)))
    }

    pub(crate) fn now(&self) -> Arc<Registry> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts others in their place, made of those that there are.
    pub(crate) fn change(&self, change: impl FnOnce(&Registry) -> Registry) {
        let mut kinds = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *kinds = Arc::new(change(&kinds));
    }
}
