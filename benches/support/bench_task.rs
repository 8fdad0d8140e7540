//! An engine on a temporary file, and a task that measures from the inside.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use milepost::{
    engine::{
        Caller, Context, Engine, EngineOptions, KindOptions, Output, Registry, Stages, Task,
        TaskError, clock::SystemClock, store::sqlite::SqliteStore,
    },
    task::{StartTask, Status, TaskId},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

/// So many reports, please; and how long they took.
pub(crate) type Order = (u64, oneshot::Sender<Duration>);

/// Reports progress as often as it is told, until it is told no more.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Reporter {}

impl Task for Reporter {
    const KIND: &'static str = "reporter";
    const TITLE: &'static str = "Reporter";
    const DESCRIPTION: &'static str = "Reports as often as it is told.";
    type Deps = Mutex<Option<mpsc::Receiver<Order>>>;

    fn title(&self) -> String {
        "Reporter".to_owned()
    }

    fn stages(&self) -> Stages {
        Stages::new([("Loading data", 1.0), ("Processing data", 7.0), ("Finalizing", 2.0)])
    }

    async fn run(self, ctx: Context, deps: Arc<Self::Deps>) -> Result<Output, TaskError> {
        let orders = deps.lock().unwrap().take();
        let Some(mut orders) = orders else {
            return Err(TaskError::fail("twice", "there is one reporter only"));
        };
        ctx.stage(1).await?;
        ctx.message("Row 1,204 of 90,000");
        while let Some((reports, done)) = ctx.until_cancelled(orders.recv()).await? {
            let begun = Instant::now();
            for n in 0..reports {
                ctx.progress(n as f64 / reports as f64);
            }
            // A benchmark that has left does not mind.
            let _ = done.send(begun.elapsed());
        }
        Ok(Output::markdown(String::new(), "report.md"))
    }
}

/// A running reporter.
pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) owner: Caller,
    pub(crate) id: TaskId,
    pub(crate) orders: mpsc::Sender<Order>,
    _folder: tempfile::TempDir,
}

impl Bench {
    /// Starts it, as the task of a caller with this name.
    pub(crate) async fn start(owner: Caller) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SystemClock);
        let store = SqliteStore::open(&folder.path().join("m.db"), clock.clone()).await.unwrap();
        let (orders, receiver) = mpsc::channel(1);
        let registry =
            Registry::new().with::<Reporter>(Mutex::new(Some(receiver)), KindOptions::default());
        let options = EngineOptions::default();
        let engine = Engine::start(Arc::new(store), clock, registry, options).await.unwrap();
        let start = StartTask::new("reporter", serde_json::json!({}));
        let service = engine.service();
        let id = service.start(&owner, start, None).await.unwrap().receipt.id;
        let bench = Self { engine, owner, id, orders, _folder: folder };
        // The first answer comes once the task runs.
        bench.reports(1).await;
        let snapshot = service.get(&bench.owner, id).await.unwrap().unwrap();
        assert_eq!(snapshot.status, Status::Running);
        bench
    }

    /// Lets the task report so often; returns how long it took.
    pub(crate) async fn reports(&self, n: u64) -> Duration {
        let (done, took) = oneshot::channel();
        self.orders.send((n, done)).await.unwrap();
        took.await.unwrap()
    }
}
