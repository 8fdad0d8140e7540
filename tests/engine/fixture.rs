//! An engine on a temporary file, and a kind of task whose every step the test decides.

use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use milepost::{
    engine::{
        Caller, Check, Context, Engine, EngineOptions, KindOptions, Output, Registry, ResultState,
        Service, Stages, Task, TaskError, ValidationError,
        clock::{Clock, SystemClock},
        store::{Store, sqlite::SqliteStore},
    },
    task::{Snapshot, StartTask, Status, TaskId},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

/// One thing that a scripted task does.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    Stage(usize),
    Progress(f64),
    ProgressNan,
    ProgressUnknown,
    Message(String),
    Log(String),
    /// Logs so many lines as fast as it can.
    LogMany(usize),
    /// Shows this text as the preview.
    Preview(String),
    /// Keeps this number under "kept".
    Keep(i64),
    /// Says what would stay if it were stopped.
    Kept(String),
    /// Waits for the wish to cancel, and continues.
    AwaitCancel,
    /// Says what was kept, as the message.
    SayKept,
    /// Tells the test that it is here.
    Reach(String),
    /// Waits until the test opens the gate; sees a cancel.
    Gate(String),
    /// Waits until the test opens the gate; sees nothing else.
    DeafGate(String),
    Fail,
    /// Fails for now on the first attempt only.
    RetryOnce,
    RetryAlways,
    /// Waits in the queue so often.
    WaitTimes(u32),
    GiveUp,
    Panic,
}

/// A task that does its steps.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Scripted {
    pub(crate) steps: Vec<Step>,
    #[serde(default)]
    pub(crate) key: Option<String>,
    #[serde(default)]
    pub(crate) refuse: bool,
}

/// The test's hand on running tasks.
#[derive(Clone, Default)]
pub(crate) struct Gates {
    gates: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
    refuses: Arc<AtomicBool>,
}

impl Gates {
    fn gate(&self, name: &str) -> Arc<Semaphore> {
        let mut gates = self.gates.lock().unwrap();
        Arc::clone(gates.entry(name.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(0))))
    }

    /// From now on a prerequisite is missing.
    pub(crate) fn refuse_everything(&self) {
        self.refuses.store(true, Ordering::Relaxed);
    }

    /// Lets one task through.
    pub(crate) fn open(&self, name: &str) {
        self.gate(name).add_permits(1);
    }

    /// Waits until one task was there.
    pub(crate) async fn pass(&self, name: &str) {
        self.gate(name).acquire().await.unwrap().forget();
    }
}

impl Task for Scripted {
    const KIND: &'static str = "scripted";
    const TITLE: &'static str = "Scripted";
    const DESCRIPTION: &'static str = "Does what the test says.";
    type Deps = Gates;

    fn title(&self) -> String {
        format!("{} steps", self.steps.len())
    }

    fn stages(&self) -> Stages {
        Stages::new([("First", 1.0), ("Second", 3.0)])
    }

    async fn check(&self, gates: &Gates) -> Check {
        if self.refuse || gates.refuses.load(Ordering::Relaxed) {
            Err(ValidationError::field("refuse", "was asked to refuse"))
        } else {
            Ok(())
        }
    }

    fn unique_key(&self) -> Option<String> {
        self.key.clone()
    }

    fn lookup_key(&self) -> Option<String> {
        self.key.clone()
    }

    async fn run(self, ctx: Context, gates: Arc<Gates>) -> Result<Output, TaskError> {
        for step in self.steps {
            act(step, &ctx, &gates).await?;
        }
        Ok(Output::markdown("done".to_owned(), "done.md"))
    }
}

async fn act(step: Step, ctx: &Context, gates: &Gates) -> Result<(), TaskError> {
    match step {
        Step::Stage(index) => ctx.stage(index).await?,
        Step::Progress(fraction) => ctx.progress(fraction),
        Step::ProgressNan => ctx.progress(f64::NAN),
        Step::ProgressUnknown => ctx.progress_unknown(),
        Step::Message(text) => ctx.message(text),
        Step::Log(text) => ctx.log(text),
        Step::LogMany(count) => (1..=count).for_each(|n| ctx.log(format!("many {n}"))),
        Step::Preview(text) => ctx.preview("text/markdown", text),
        Step::Keep(value) => ctx.checkpoint("kept", &value).await?,
        Step::Kept(what) => ctx.preserved(what),
        Step::AwaitCancel => ctx.cancelled().await,
        Step::SayKept => {
            let kept: Option<i64> = ctx.restore("kept").await?;
            ctx.message(format!("kept {kept:?}"));
        }
        Step::Reach(name) => gates.open(&name),
        Step::Gate(name) => ctx.until_cancelled(gates.pass(&name)).await?,
        Step::DeafGate(name) => gates.pass(&name).await,
        Step::Fail => return Err(TaskError::fail("quota", "The quota is used up.")),
        Step::RetryOnce if ctx.attempt() > 1 => {}
        Step::RetryOnce | Step::RetryAlways => {
            return Err(TaskError::retry("busy", "The other side is busy."));
        }
        Step::GiveUp => {
            let (code, message) = ("away".into(), "The other side is away.".to_owned());
            return Err(TaskError::GaveUp { code, message });
        }
        Step::WaitTimes(times) => {
            let waited: u32 = ctx.restore("waited").await?.unwrap_or_default();
            ctx.checkpoint("waited", &(waited + 1)).await?;
            if waited < times {
                let (code, message) = ("busy".into(), "The other side is busy.".to_owned());
                return Err(TaskError::Wait { code, message, after: None });
            }
        }
        Step::Panic => panic!("the script says so"),
    }
    Ok(())
}

pub(crate) struct Fixture {
    pub(crate) engine: Engine,
    pub(crate) service: Service,
    pub(crate) gates: Gates,
    pub(crate) ada: Caller,
}

/// Short periods, so that no test waits long for what happens by itself.
pub(crate) fn quick() -> EngineOptions {
    EngineOptions::default().with(|o| {
        o.heartbeat = Duration::from_millis(50);
        o.flush = Duration::from_millis(10);
        o.queue_poll = Duration::from_millis(20);
        o.drain = Duration::ZERO;
        o.retry_base = Duration::from_millis(1);
        o.max_queued_per_owner = 3;
        o.max_log_lines = 5;
    })
}

pub(crate) fn kind() -> KindOptions {
    KindOptions::default().with(|o| o.cancel_grace = Duration::from_millis(100))
}

pub(crate) async fn engine_at(path: &Path, options: EngineOptions, kind: KindOptions) -> Fixture {
    let store = SqliteStore::open(path, Arc::new(SystemClock)).await.unwrap();
    engine_over(Arc::new(store), Gates::default(), options, kind).await
}

pub(crate) async fn engine_over(
    store: Arc<dyn Store>,
    gates: Gates,
    options: EngineOptions,
    kind: KindOptions,
) -> Fixture {
    engine_by(Arc::new(SystemClock), store, gates, options, kind).await
}

/// The same, by another clock.
pub(crate) async fn engine_by(
    clock: Arc<dyn Clock>,
    store: Arc<dyn Store>,
    gates: Gates,
    options: EngineOptions,
    kind: KindOptions,
) -> Fixture {
    let registry = Registry::new().with::<Scripted>(gates.clone(), kind);
    let engine = Engine::start(store, clock, registry, options).await.unwrap();
    Fixture { service: engine.service(), engine, gates, ada: Caller::owner("ada") }
}

/// The engine on a file that was another one's: the threads of an engine that was dropped let go of
/// the lock file in their own time.
pub(crate) async fn reopened(path: &Path) -> Fixture {
    let mut lock = path.as_os_str().to_owned();
    lock.push(".lock");
    let lock = std::path::PathBuf::from(lock);
    tokio::task::spawn_blocking(move || {
        let file = std::fs::File::options().write(true).open(lock).unwrap();
        file.lock().unwrap();
    })
    .await
    .unwrap();
    engine_at(path, quick(), kind()).await
}

pub(crate) fn folder() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("milepost.db");
    (folder, path)
}

pub(crate) fn scripted(steps: &[Step]) -> StartTask {
    let script = Scripted { steps: steps.to_vec(), key: None, refuse: false };
    StartTask::new("scripted", serde_json::to_value(script).unwrap())
}

impl Fixture {
    pub(crate) async fn start(&self, steps: &[Step]) -> TaskId {
        self.service.start(&self.ada, scripted(steps), None).await.unwrap().receipt.id
    }

    pub(crate) async fn get(&self, id: TaskId) -> Snapshot {
        self.service.get(&self.ada, id).await.unwrap().expect("the task is there")
    }

    /// Asks again and again until the snapshot is as wanted.
    pub(crate) async fn until(&self, id: TaskId, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let patience = std::time::Instant::now();
        loop {
            let snapshot = self.get(id).await;
            if wanted(&snapshot) {
                return snapshot;
            }
            assert!(patience.elapsed() < Duration::from_secs(120), "still {snapshot:#?}");
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn ended(&self, id: TaskId) -> Snapshot {
        self.until(id, |snapshot| snapshot.status.is_terminal()).await
    }

    pub(crate) async fn result_text(&self, id: TaskId) -> Option<String> {
        match self.service.result(&self.ada, id).await.unwrap().expect("the task is there") {
            ResultState::Ready(result) => Some(String::from_utf8(result.bytes).unwrap()),
            ResultState::None(_) => None,
        }
    }
}

pub(crate) fn reach(name: &str) -> Step {
    Step::Reach(name.to_owned())
}

pub(crate) fn gate(name: &str) -> Step {
    Step::Gate(name.to_owned())
}

pub(crate) fn is(status: Status) -> impl Fn(&Snapshot) -> bool {
    move |snapshot| snapshot.status == status
}
