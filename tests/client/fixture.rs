//! A server on a free port, with a kind of task that the test steers.

use std::{net::SocketAddr, sync::Arc};

use axum::Router;
use milepost::{
    client::Client,
    engine::{Artifacts, clock::SystemClock, store::sqlite::SqliteStore},
    http::{HttpOptions, router},
    prelude::*,
};
use tokio::sync::Semaphore;

/// Counts to a number; waits at each step for the test, if it is asked to.
#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub(crate) struct Count {
    pub(crate) to: u32,
    #[serde(default)]
    waits: bool,
}

impl Task for Count {
    const KIND: &'static str = "count";
    const TITLE: &'static str = "Count";
    const DESCRIPTION: &'static str = "Counts.";
    const MAKES_FILES: bool = true;
    type Deps = Arc<Semaphore>;

    fn title(&self) -> String {
        format!("Count to {}", self.to)
    }

    fn stages(&self) -> Stages {
        Stages::none()
    }

    async fn check(&self, _: &Self::Deps) -> Check {
        match self.to {
            0 => Err(ValidationError::field("to", "must be at least 1")),
            _ => Ok(()),
        }
    }

    async fn run(self, ctx: Context, steps: Arc<Self::Deps>) -> Result<Output, TaskError> {
        for n in 1..=self.to {
            if self.waits {
                let step = ctx.until_cancelled(steps.acquire()).await?;
                step.map_err(|_| TaskError::fail("closed", "no more steps"))?.forget();
            }
            ctx.log(format!("step {n}"));
            ctx.progress(f64::from(n) / f64::from(self.to));
        }
        if self.to == 13 {
            return Err(TaskError::fail("unlucky", "Thirteen is unlucky."));
        }
        ctx.save_file("numbers.txt", None, self.to.to_string().as_bytes()).await?;
        Ok(Output::markdown(format!("counted to {}", self.to), "count.md"))
    }
}

/// A running server.
pub(crate) struct Server {
    pub(crate) engine: Engine,
    pub(crate) url: String,
    pub(crate) client: Client,
    /// Lets a waiting task do a step.
    pub(crate) steps: Arc<Semaphore>,
    serving: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let store = SqliteStore::in_memory(Arc::new(SystemClock)).await.unwrap();
        let steps = Arc::new(Semaphore::new(0));
        let artifacts = Some(Artifacts::in_memory());
        let options = EngineOptions::default().with(|o| o.artifacts = artifacts);
        let engine = Engine::builder(store).register::<Count>(Arc::clone(&steps)).options(options);
        let engine = engine.start().await.unwrap();
        let app = Router::new().nest("/jobs", router(engine.service(), &HttpOptions::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jobs", listener.local_addr().unwrap());
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let client = Client::new(&url).unwrap();
        Self { engine, url, client, steps, serving }
    }

    pub(crate) async fn stop(self) {
        self.serving.abort();
        self.engine.shutdown().await;
    }
}

pub(crate) fn count(to: u32, waits: bool) -> StartTask {
    StartTask::new("count", serde_json::json!({ "to": to, "waits": waits }))
}
