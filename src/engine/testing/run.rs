//! Runs one task as the engine would.

use std::{collections::BTreeMap, panic::resume_unwind, sync::Arc, time::Duration};

use parking_lot::Mutex;

use serde::Serialize;
use serde_json::Value;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::{
    Observer, Report, TestEnding, TestOutcome,
    uploads::{self, TestUpload},
};
use crate::{
    engine::{
        Context, EngineOptions, KindOptions, Output, Registry, Task, TaskError, ValidationError,
        clock::{Clock, SystemClock},
        eta::DurationHistory,
        quota::Quota,
        registry::Kind,
        running::RunningTask,
        store::{Claim, Inserted, NewTask, Row, Store, StoreError, sqlite::SqliteStore},
        subscriptions::Subscriptions,
    },
    task::{TaskId, UploadId},
};

/// Why a test run could not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestError {
    /// The input is invalid, or a prerequisite is missing; a caller would get a 400.
    #[error(transparent)]
    Invalid(#[from] ValidationError),
    /// The store in memory failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The task could not be queued, such as for an upload that does not exist.
    #[error("the task could not be queued: {0}")]
    NotQueued(String),
}

type CancelWhen = Box<dyn Fn(&Report) -> bool + Send + Sync>;

/// One run of one task; see the [module](super).
#[must_use]
pub struct TestRun<T: Task> {
    input: Value,
    deps: T::Deps,
    options: KindOptions,
    engine: EngineOptions,
    attempt: u32,
    checkpoints: BTreeMap<String, Value>,
    uploads: Vec<TestUpload>,
    cancel_when: Option<CancelWhen>,
}

impl<T: Task> TestRun<T> {
    /// Runs this input with these dependencies.
    pub fn new(input: T, deps: T::Deps) -> Self {
        // A value that is no JSON is refused as the input `null`.
        Self::from_json(serde_json::to_value(input).unwrap_or_default(), deps)
    }

    /// Runs an input as a caller of the API would send it.
    pub fn from_json(input: Value, deps: T::Deps) -> Self {
        Self {
            input,
            deps,
            options: KindOptions::default(),
            engine: EngineOptions::default(),
            attempt: 1,
            checkpoints: BTreeMap::new(),
            uploads: Vec::new(),
            cancel_when: None,
        }
    }

    /// Sets the time limit and the grace period. Default: [`KindOptions::default`].
    pub fn options(mut self, options: KindOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets limits, and where files are stored. Default: [`EngineOptions::default`], and files in memory where the
    /// feature `files` is on.
    pub fn engine_options(mut self, options: EngineOptions) -> Self {
        self.engine = options;
        self
    }

    /// Sets the number of this run, which the task sees as [`Context::attempt`]. Default: 1.
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    /// Begins with a checkpoint. A value that is no JSON is ignored.
    pub fn checkpoint(mut self, key: impl Into<String>, value: &impl Serialize) -> Self {
        if let Ok(value) = serde_json::to_value(value) {
            self.checkpoints.insert(key.into(), value);
        }
        self
    }

    /// Uploads a file before the start: name `id` in the input, where the task reads it by
    /// [`Context::open_file`]. The extension of the name decides its media type. Needs the
    /// feature `files`, or artifacts in the [engine's options](Self::engine_options).
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use milepost::{prelude::*, task::UploadId, testing::{TestEnding, TestRun}};
    /// use tokio::io::AsyncReadExt as _;
    ///
    /// #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
    /// struct Count {
    ///     #[schemars(with = "String", extend("format" = "upload"))]
    ///     file: UploadId,
    /// }
    ///
    /// impl Task for Count {
    ///     const KIND: &'static str = "count";
    ///     const TITLE: &'static str = "Count";
    ///     const DESCRIPTION: &'static str = "Counts the lines of a file.";
    ///     type Deps = ();
    ///
    ///     fn title(&self) -> String {
    ///         "Count of lines".to_owned()
    ///     }
    ///
    ///     fn stages(&self) -> Stages {
    ///         Stages::none()
    ///     }
    ///
    ///     fn uploads(&self) -> Vec<(String, UploadId)> {
    ///         vec![("file".to_owned(), self.file)]
    ///     }
    ///
    ///     async fn run(self, ctx: Context, _: Arc<()>) -> Result<Output, TaskError> {
    ///         let (mut file, mut text) = (ctx.open_file(self.file).await?, String::new());
    ///         let read = file.read_to_string(&mut text).await;
    ///         read.map_err(|error| TaskError::fail("file", error.to_string()))?;
    ///         Ok(Output::markdown(text.lines().count().to_string(), "count.md"))
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let file: UploadId = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55".parse()?;
    /// let run = TestRun::new(Count { file }, ()).upload(file, "a.csv", "a,b\n1,2\n").run().await?;
    /// assert_eq!(run.output().unwrap().bytes, b"2");
    /// # Ok(())
    /// # }
    /// ```
    pub fn upload(
        mut self,
        id: UploadId,
        name: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
    ) -> Self {
        self.uploads.push(TestUpload { id, name: name.into(), bytes: bytes.into() });
        self
    }

    /// Begins as the next attempt after an earlier run, with its checkpoints.
    pub fn resume(mut self, earlier: &TestOutcome) -> Self {
        self.checkpoints.extend(earlier.checkpoints().clone());
        self.attempt = earlier.attempt.saturating_add(1);
        self
    }

    /// Cancels the run as soon as it makes a report for which this returns true.
    pub fn cancel_when(mut self, when: impl Fn(&Report) -> bool + Send + Sync + 'static) -> Self {
        self.cancel_when = Some(Box::new(when));
        self
    }

    /// Runs the task to its end, which the time limit of its kind ensures. A panic of the task is a
    /// panic of the test.
    ///
    /// # Errors
    /// [`TestError::Invalid`] when the input is refused; the other variants when the run cannot be
    /// set up.
    pub async fn run(self) -> Result<TestOutcome, TestError> {
        let Self { input, deps, options, mut engine, attempt, checkpoints, uploads, cancel_when } =
            self;
        engine.artifacts = engine.artifacts.or_else(uploads::in_memory);
        let registry = Registry::new().with::<T>(deps, options);
        let kind = registry.get(T::KIND).cloned();
        let kind = kind.ok_or_else(|| TestError::NotQueued("its kind is unknown".to_owned()))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store: Arc<dyn Store> = Arc::new(SqliteStore::in_memory(Arc::clone(&clock)).await?);
        uploads::store(&store, &engine, uploads).await?;
        let row = Row { attempt, ..queued(&*store, &kind, input).await? };
        for (key, value) in &checkpoints {
            store.save_checkpoint(row.id, row.run_seq, key, &value.to_string()).await?;
        }
        let running = Arc::new(RunningTask::new(&row, Arc::new(DurationHistory::default())));
        let reports = Arc::new(Mutex::new(Vec::new()));
        let observer = observer(Arc::clone(&running), Arc::clone(&reports), cancel_when);
        let artifacts = engine.artifacts.clone();
        let subscriptions = Arc::new(Subscriptions::new(&engine));
        let ctx = Context::new(
            Arc::clone(&running),
            Arc::clone(&store),
            clock,
            Arc::new(engine),
            subscriptions,
            Arc::<Quota>::default(),
        );
        let stored = store.input(row.id).await?.unwrap_or_default();
        let (runs, ctx) = (Arc::clone(&kind), ctx.observed_by(observer));
        let run = tokio::spawn(async move { runs.run(&stored, ctx).await });
        let ending = ending(run, &running, &kind.options).await;

        let reports = std::mem::take(&mut *reports.lock());
        let checkpoints = left(&*store, row.id, checkpoints, &reports).await?;
        let Row { id, title, stages, .. } = row;
        Ok(TestOutcome {
            ending,
            reports,
            title,
            stages,
            attempt,
            id,
            checkpoints,
            store,
            artifacts,
        })
    }
}

/// Queues the task and claims it.
async fn queued(store: &dyn Store, kind: &Kind, input: Value) -> Result<Row, TestError> {
    let prepared = kind.prepare(input).await?;
    let id = TaskId::from_uuid(Uuid::new_v4());
    let mut new = NewTask::new(id, &kind.info.kind, prepared.title, prepared.input);
    new.sealed = prepared.sealed;
    new.stages = prepared.stages.as_slice().to_vec();
    new.uploads = prepared.uploads.into_iter().map(|(_, id)| id).collect();
    match store.insert(&new).await? {
        Inserted::Queued(_) => {}
        other => return Err(TestError::NotQueued(format!("{other:?}"))),
    }
    let slots = vec![(kind.info.kind.clone(), 1)];
    let claim = Claim::new("test", i64::from(i32::MAX), slots, 1);
    let row = store.claim(&claim).await?.pop();
    row.ok_or_else(|| TestError::NotQueued("it cannot be claimed".to_owned()))
}

/// Records the reports; cancels the run at the one that the test waits for.
fn observer(
    running: Arc<RunningTask>,
    reports: Arc<Mutex<Vec<Report>>>,
    cancel_when: Option<CancelWhen>,
) -> Observer {
    Observer::new(move |report| {
        let cancels = cancel_when.as_ref().is_some_and(|when| when(&report));
        reports.lock().push(report);
        if cancels {
            let now = SystemClock.now_ms();
            running.cancel((now, "owner".to_owned()), 0, now);
        }
    })
}

/// Waits for the end of the run, within its limits.
async fn ending(
    mut run: JoinHandle<Result<Output, TaskError>>,
    running: &RunningTask,
    options: &KindOptions,
) -> TestEnding {
    let done = tokio::select! {
        done = &mut run => Some(done),
        () = running.token.cancelled() => None,
        () = tokio::time::sleep(options.timeout) => {
            run.abort();
            return TestEnding::TimedOut;
        }
    };
    let done = match done {
        Some(done) => done,
        None => match within_grace(&mut run, options.cancel_grace).await {
            Some(done) => done,
            None => return TestEnding::Forced,
        },
    };
    match done {
        Ok(Ok(output)) => TestEnding::Completed(output),
        Ok(Err(TaskError::Cancelled)) if running.cancel_asked() => TestEnding::Cancelled,
        Ok(Err(error)) => TestEnding::Failed(error),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_) => TestEnding::Failed(TaskError::Cancelled),
        },
    }
}

type Done = Result<Result<Output, TaskError>, tokio::task::JoinError>;

async fn within_grace(
    run: &mut JoinHandle<Result<Output, TaskError>>,
    grace: Duration,
) -> Option<Done> {
    let done = tokio::time::timeout(grace, &mut *run).await.ok();
    if done.is_none() {
        run.abort();
    }
    done
}

/// Reads the checkpoints after the run.
async fn left(
    store: &dyn Store,
    id: TaskId,
    mut checkpoints: BTreeMap<String, Value>,
    reports: &[Report],
) -> Result<BTreeMap<String, Value>, StoreError> {
    for report in reports {
        let Report::Checkpoint(key) = report else { continue };
        let value = store.checkpoint(id, key).await?;
        let value = value.and_then(|value| serde_json::from_str(&value).ok());
        checkpoints.insert(key.clone(), value.unwrap_or_default());
    }
    Ok(checkpoints)
}
