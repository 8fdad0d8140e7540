//! A store to test, with its clock in the test's hands.

use std::sync::Arc;

use milepost::{
    engine::{
        clock::ManualClock,
        store::{Claim, Inserted, NewTask, Row, Store, StoreError, StoredResult},
    },
    task::{StageInfo, TaskId},
};
use uuid::Uuid;

pub(crate) const START: i64 = 1_800_000_000_000;
pub(crate) const KEEP: i64 = 3_600_000;
pub(crate) const LEASE: i64 = 30_000;

pub(crate) struct Fixture {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) time: Time,
    /// Removed when the test ends.
    pub(crate) _folder: tempfile::TempDir,
}

/// Each store's clock, in the test's hands.
pub(crate) enum Time {
    Manual(Arc<ManualClock>),
    Postgres(tokio::sync::Mutex<sqlx::PgConnection>),
}

pub(crate) fn task() -> NewTask {
    NewTask {
        id: TaskId::from_uuid(Uuid::new_v4()),
        owner: Some("ada".to_owned()),
        kind: "story".to_owned(),
        title: "Story: lighthouse".to_owned(),
        input: r#"{"subject":"lighthouse"}"#.to_owned(),
        sealed: None,
        stages: vec![StageInfo::new("Writing", 1.0)],
        client: None,
        unique_key: None,
        lookup_key: None,
        idempotency: None,
        priority: 0,
        max_attempts: 3,
        keep_ms: Some(KEEP),
        max_queued: 100,
        max_queued_per_client: 100,
        max_queued_in_all: 1_000,
        uploads: Vec::new(),
        batch: None,
        rerun_of: None,
    }
}

impl Fixture {
    /// Moves the store's clock on.
    pub(crate) async fn advance(&self, ms: i64) {
        match &self.time {
            Time::Manual(clock) => clock.advance(ms),
            Time::Postgres(connection) => {
                let query = sqlx::query("UPDATE test_clock SET ms = ms + $1").bind(ms);
                query.execute(&mut *connection.lock().await).await.unwrap();
            }
        }
    }

    pub(crate) async fn queue(&self, new: &NewTask) -> Row {
        match self.store.insert(new).await.unwrap() {
            Inserted::Queued(row) => row,
            other => panic!("expected a queued task, got {other:?}"),
        }
    }

    pub(crate) async fn claim(&self, worker: &str, total: u32) -> Vec<Row> {
        let claim = Claim {
            lease_owner: worker.to_owned(),
            lease_ms: LEASE,
            slots: vec![("story".to_owned(), total)],
            total,
        };
        self.store.claim(&claim).await.unwrap()
    }

    /// Queues one task and lets `worker` claim it.
    pub(crate) async fn running(&self, worker: &str) -> Row {
        self.queue(&task()).await;
        self.claim(worker, 1).await.remove(0)
    }

    /// Takes what had ended by the store's clock.
    pub(crate) async fn rescue_expired(&self) -> Result<Vec<TaskId>, StoreError> {
        self.store.rescue_expired(self.store.now_ms().await?).await
    }

    pub(crate) async fn get(&self, id: TaskId) -> Row {
        self.store.get(id).await.unwrap().expect("the task is there")
    }
}

pub(crate) fn result() -> StoredResult {
    StoredResult {
        media_type: "text/plain".to_owned(),
        file_name: "story.txt".to_owned(),
        bytes: b"the end".to_vec(),
    }
}
