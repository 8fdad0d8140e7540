//! The example starts a task in another process (this one), follows it and prints its result.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{net::SocketAddr, process::Stdio, sync::Arc, time::Duration};

use milepost::{
    engine::{clock::SystemClock, store::sqlite::SqliteStore},
    http::{HttpOptions, router},
    prelude::*,
};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Doubles a number; refuses 13.
#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Double {
    number: u32,
}

impl Task for Double {
    const KIND: &'static str = "double";
    const TITLE: &'static str = "Double";
    const DESCRIPTION: &'static str = "Doubles a number.";
    type Deps = ();

    fn title(&self) -> String {
        format!("Double of {}", self.number)
    }

    fn stages(&self) -> Stages {
        Stages::none()
    }

    async fn run(self, _: Context, _: Arc<()>) -> Result<Output, TaskError> {
        match self.number {
            13 => Err(TaskError::fail("unlucky", "Thirteen is unlucky.")),
            number => Ok(Output::markdown(format!("{}", u64::from(number) * 2), "double.md")),
        }
    }
}

/// Runs the example; returns whether it succeeded, and its two outputs.
async fn run(url: &str, input: &str) -> (bool, String, String) {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_rust_client"));
    command.args([url, "double", input]).stdin(Stdio::null()).kill_on_drop(true);
    let done = tokio::time::timeout(PATIENCE, command.output()).await.expect("it ends").unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.success(), text(done.stdout), text(done.stderr))
}

#[tokio::test]
async fn a_task_of_another_process_is_started_followed_and_its_result_printed() {
    let store = SqliteStore::in_memory(Arc::new(SystemClock)).await.unwrap();
    let engine = Engine::builder(store).register::<Double>(()).start().await.unwrap();
    let app = router(engine.service(), &HttpOptions::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let serving = tokio::spawn(async move { axum::serve(listener, app).await });

    let (succeeded, result, progress) = run(&url, r#"{"number": 21}"#).await;
    assert!(succeeded, "{progress}");
    assert_eq!(result, "42\n");
    assert!(progress.contains("started ") && progress.contains("completed 100 %"), "{progress}");

    let (succeeded, result, error) = run(&url, r#"{"number": 13}"#).await;
    assert!(!succeeded && result.is_empty());
    assert!(error.contains("Thirteen is unlucky."), "{error}");
    let (succeeded, _, error) = run(&url, r#"{"number": -1}"#).await;
    assert!(!succeeded && error.contains("number"), "{error}");

    serving.abort();
    engine.shutdown().await;
}
