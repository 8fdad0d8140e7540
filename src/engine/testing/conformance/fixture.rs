//! A store to test, with its clock in the test's hands.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{any::Any, path::Path, sync::Arc};

use uuid::Uuid;

#[cfg(feature = "postgres")]
use crate::engine::store::postgres::{PostgresOptions, PostgresStore};
use crate::{
    engine::{
        clock::ManualClock,
        store::{
            Claim, Inserted, NewTask, Row, Store, StoreError, StoredResult, sqlite::SqliteStore,
        },
    },
    task::{StageInfo, TaskId},
};

/// The store's time when a test begins, in milliseconds since the Unix epoch.
pub const START: i64 = 1_800_000_000_000;
/// How long the suite's tasks are retained after their end, in milliseconds.
pub const KEEP: i64 = 3_600_000;
/// The duration of the suite's leases, in milliseconds.
pub const LEASE: i64 = 30_000;

/// A store to test, with its clock in the test's hands.
#[non_exhaustive]
pub struct Fixture {
    /// The store.
    pub store: Arc<dyn Store>,
    clock: TestClock,
    /// Dropped with the fixture.
    kept: Vec<Box<dyn Any + Send + Sync>>,
}

/// The clock of each kind of store.
enum TestClock {
    Manual(Arc<ManualClock>),
    #[cfg(feature = "postgres")]
    Postgres(tokio::sync::Mutex<sqlx::PgConnection>),
}

/// A task of the owner `ada` that may be queued, with one stage.
pub fn task() -> NewTask {
    let id = TaskId::from_uuid(Uuid::new_v4());
    NewTask::new(id, "story", "Story: lighthouse", r#"{"subject":"lighthouse"}"#).with(|new| {
        new.owner = Some("ada".to_owned());
        new.stages = vec![StageInfo::new("Writing", 1.0)];
        new.max_attempts = 3;
        new.keep_ms = Some(KEEP);
        new.max_queued = 100;
        new.max_queued_per_client = 100;
        new.max_queued_in_all = 1_000;
    })
}

impl Fixture {
    /// An empty store in memory.
    ///
    /// # Errors
    /// As [`SqliteStore::in_memory`].
    pub async fn in_memory() -> Result<Self, StoreError> {
        let clock = Arc::new(ManualClock::new(START));
        let store = SqliteStore::in_memory(clock.clone()).await?;
        Ok(Self::new(Arc::new(store), TestClock::Manual(clock)))
    }

    /// A store in the SQLite file at `path`, which must not exist yet.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub async fn sqlite(path: &Path) -> Result<Self, StoreError> {
        let clock = Arc::new(ManualClock::new(START));
        let store = SqliteStore::open(path, clock.clone()).await?;
        Ok(Self::new(Arc::new(store), TestClock::Manual(clock)))
    }

    /// A store in an empty PostgreSQL database or schema, whose clock becomes the test's: never one that is in use.
    ///
    /// # Errors
    /// As [`PostgresStore::open`], and [`StoreError::Open`] where the clock cannot be replaced.
    #[cfg(feature = "postgres")]
    pub async fn postgres(url: &str, options: PostgresOptions) -> Result<Self, StoreError> {
        Self::postgres_behind(url, url, options).await
    }

    /// [`Fixture::postgres`] behind a pooler at `url`; the clock is set at the server itself, `direct`.
    ///
    /// # Errors
    /// As [`Fixture::postgres`].
    #[cfg(feature = "postgres")]
    pub async fn postgres_behind(
        url: &str,
        direct: &str,
        options: PostgresOptions,
    ) -> Result<Self, StoreError> {
        use sqlx::Connection as _;

        let store = PostgresStore::open(url, options).await?;
        let cannot = |error: sqlx::Error| StoreError::Open(error.to_string());
        let mut clock = sqlx::PgConnection::connect(direct).await.map_err(cannot)?;
        for statement in [
            "CREATE TABLE test_clock (ms BIGINT NOT NULL)",
            "INSERT INTO test_clock VALUES (0)",
            "CREATE OR REPLACE FUNCTION milepost_now() RETURNS BIGINT LANGUAGE sql VOLATILE \
             AS $$ SELECT ms FROM test_clock $$",
        ] {
            sqlx::query(statement).execute(&mut clock).await.map_err(cannot)?;
        }
        let clock = TestClock::Postgres(tokio::sync::Mutex::new(clock));
        let fixture = Self::new(Arc::new(store), clock);
        fixture.advance(START).await;
        Ok(fixture)
    }

    fn new(store: Arc<dyn Store>, clock: TestClock) -> Self {
        Self { store, clock, kept: Vec::new() }
    }

    /// Drops `value` with the fixture: the temporary folder of its file, perhaps.
    pub fn keep(mut self, value: impl Send + Sync + 'static) -> Self {
        self.kept.push(Box::new(value));
        self
    }

    /// A connection to the same PostgreSQL database.
    #[cfg(feature = "postgres")]
    #[doc(hidden)]
    pub fn connection(&self) -> Option<&tokio::sync::Mutex<sqlx::PgConnection>> {
        match &self.clock {
            TestClock::Postgres(connection) => Some(connection),
            TestClock::Manual(_) => None,
        }
    }

    /// Moves the store's clock on.
    pub async fn advance(&self, ms: i64) {
        match &self.clock {
            TestClock::Manual(clock) => clock.advance(ms),
            #[cfg(feature = "postgres")]
            TestClock::Postgres(connection) => {
                let query = sqlx::query("UPDATE test_clock SET ms = ms + $1").bind(ms);
                query.execute(&mut *connection.lock().await).await.unwrap();
            }
        }
    }

    /// Queues a task.
    pub async fn queue(&self, new: &NewTask) -> Row {
        match self.store.insert(new).await.unwrap() {
            Inserted::Queued(row) => row,
            other => panic!("expected a queued task, got {other:?}"),
        }
    }

    /// Claims up to `total` tasks for `worker`.
    pub async fn claim(&self, worker: &str, total: u32) -> Vec<Row> {
        let claim = Claim::new(worker, LEASE, vec![("story".to_owned(), total)], total);
        self.store.claim(&claim).await.unwrap()
    }

    /// Queues one task and lets `worker` claim it.
    pub async fn running(&self, worker: &str) -> Row {
        self.queue(&task()).await;
        self.claim(worker, 1).await.remove(0)
    }

    /// Rescues the tasks whose lease has expired by the store's clock.
    ///
    /// # Errors
    /// As [`Store::rescue_expired`].
    pub async fn rescue_expired(&self) -> Result<Vec<TaskId>, StoreError> {
        self.store.rescue_expired(self.store.now_ms().await?).await
    }

    /// Reads a task.
    pub async fn get(&self, id: TaskId) -> Row {
        self.store.get(id).await.unwrap().expect("the task is there")
    }
}

/// A result of seven bytes.
pub fn result() -> StoredResult {
    StoredResult::new("text/plain", "story.txt", b"the end")
}
