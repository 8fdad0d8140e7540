//! Two workers share a queue; both stop in order.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use milepost::{
    engine::store::{
        Changes, Inserted, NewTask, Store,
        postgres::{PostgresOptions, PostgresStore},
    },
    task::{Status, TaskId},
};
use uuid::Uuid;

#[expect(dead_code, reason = "nothing here stops the database")]
#[path = "../../../tests/support/postgres.rs"]
mod postgres_server;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ended with the test, whatever its result.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn worker(url: &str) -> Worker {
    let mut worker = Command::new(env!("CARGO_BIN_EXE_postgres_worker"));
    worker.env("DATABASE_URL", url).stdout(Stdio::piped());
    let mut worker = Worker(worker.spawn().unwrap());
    let mut ready = String::new();
    BufReader::new(worker.0.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    assert_eq!(ready.trim(), "ready");
    worker
}

/// Waits for the task's end, looking whenever something has changed.
async fn end_of(store: &dyn Store, id: TaskId, changes: &mut Changes) -> Status {
    loop {
        let row = store.get(id).await.unwrap().unwrap();
        if row.status.is_terminal() {
            return row.status;
        }
        changes.recv().await.expect("the store is open");
    }
}

#[tokio::test]
async fn two_workers_share_a_queue_and_stop_in_order() {
    let url = postgres_server::schema().await;
    let mut workers = [worker(&url), worker(&url)];
    let store = PostgresStore::open(&url, PostgresOptions::default()).await.unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let mut changes = store.changes().unwrap();
    let mut ids = Vec::new();
    for n in 0..6 {
        let id = TaskId::from_uuid(Uuid::new_v4());
        let input = serde_json::json!({ "texts": ["one two", "three"] }).to_string();
        let new = NewTask::new(id, "digest", format!("Digest {n}"), input);
        assert!(matches!(store.insert(&new).await.unwrap(), Inserted::Queued(_)));
        ids.push(id);
    }
    for id in ids {
        let ended = tokio::time::timeout(PATIENCE, end_of(&*store, id, &mut changes));
        assert_eq!(ended.await.expect("it ends"), Status::Completed);
        assert_eq!(store.result(id).await.unwrap().unwrap().bytes, b"3 words");
    }
    store.close().await;
    for worker in &mut workers {
        let interrupt = format!("kill -INT {}", worker.0.id());
        assert!(Command::new("sh").args(["-c", &interrupt]).status().unwrap().success());
        assert!(worker.0.wait().unwrap().success());
    }
}
