//! Building an engine step by step.

use std::sync::Arc;

use super::{
    DynamicKind, Engine, EngineOptions, KindOptions, Registry, Task,
    clock::{Clock, SystemClock},
    store::{Store, StoreError},
};

/// Builds an [`Engine`]; see [`Engine::builder`].
#[must_use]
pub struct EngineBuilder {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    registry: Registry,
    options: EngineOptions,
}

impl Engine {
    /// Builds an engine over a store: register the kinds of tasks, then start it.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use milepost::{engine::{clock::SystemClock, store::sqlite::SqliteStore}, prelude::*};
    ///
    /// /// Input of the task, and the fields of its form.
    /// #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
    /// struct Greeting {
    ///     name: String,
    /// }
    ///
    /// impl Task for Greeting {
    ///     const KIND: &'static str = "greeting";
    ///     const TITLE: &'static str = "Greeting";
    ///     const DESCRIPTION: &'static str = "Greets somebody.";
    ///     type Deps = ();
    ///
    ///     fn title(&self) -> String {
    ///         format!("Greeting for {}", self.name)
    ///     }
    ///
    ///     fn stages(&self) -> Stages {
    ///         Stages::none()
    ///     }
    ///
    ///     async fn run(self, ctx: Context, _: Arc<()>) -> Result<Output, TaskError> {
    ///         ctx.progress(0.5);
    ///         Ok(Output::markdown(format!("Hello, {}!", self.name), "greeting.md"))
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), milepost::engine::store::StoreError> {
    /// let store = SqliteStore::in_memory(Arc::new(SystemClock)).await?;
    /// let engine = Engine::builder(store).register::<Greeting>(()).start().await?;
    /// // Callers use `engine.service()`, or the HTTP router over it.
    /// engine.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(store: impl Store + 'static) -> EngineBuilder {
        Self::builder_over(Arc::new(store))
    }

    /// [`Engine::builder`] over a store that something else uses, too.
    pub fn builder_over(store: Arc<dyn Store>) -> EngineBuilder {
        EngineBuilder {
            store,
            clock: Arc::new(SystemClock),
            registry: Registry::new(),
            options: EngineOptions::default(),
        }
    }
}

impl EngineBuilder {
    /// Registers a kind of task with the default [`KindOptions`].
    pub fn register<T: Task>(self, deps: T::Deps) -> Self {
        self.register_with::<T>(deps, KindOptions::default())
    }

    /// Registers a kind of task. A later registration of the same name replaces it.
    pub fn register_with<T: Task>(mut self, deps: T::Deps, options: KindOptions) -> Self {
        self.registry = self.registry.with::<T>(deps, options);
        self
    }

    /// Registers a kind known at run time only. It does not replace a typed kind of the same name.
    pub fn register_dynamic(mut self, kind: DynamicKind) -> Self {
        self.registry = self.registry.with_dynamic(kind);
        self
    }

    /// Sets the options. Default: [`EngineOptions::default`].
    pub fn options(mut self, options: EngineOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets the clock of this process. Default: [`SystemClock`].
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Reclaims the tasks of an earlier process, then starts to work.
    ///
    /// # Errors
    /// As [`Engine::start`].
    pub async fn start(self) -> Result<Engine, StoreError> {
        Engine::start(self.store, self.clock, self.registry, self.options).await
    }
}
