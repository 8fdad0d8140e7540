//! The embedded store: one SQLite file for one process.
//!
//! WAL; one connection writes, a small pool reads, and the heartbeat has a connection of its own.
//! Transactions begin with `BEGIN IMMEDIATE`: a plain `BEGIN` that reads first cannot always become
//! a writer later. A lock file keeps a second process away, so that the leases of an earlier process
//! can be taken back at once.

mod map;
mod read;
mod sql;
mod write;

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use sqlx::{
    Connection as _, Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    Beat, CancelOutcome, Claim, Ending, Inserted, ListQuery, LogEntry, NewTask, ProgressWrite, Row,
    Secret, Store, StoreError, StoredResult,
};
use crate::{engine::clock::Clock, task::TaskId};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");

/// How long a statement waits for the write lock or a free connection.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that read.
const READERS: u32 = 4;

/// See the module.
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
    heart: SqlitePool,
    clock: Arc<dyn Clock>,
    /// Held until the store is dropped.
    _lock: File,
}

impl SqliteStore {
    /// Opens the file, makes it where it is missing, and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError::Open`] with a sentence for the operator: the folder cannot be written, another
    /// process has the file, or it is no database.
    pub async fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let lock = lock(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let cannot = |error: &dyn std::fmt::Display| {
            StoreError::Open(format!("the database {} cannot be opened: {error}", path.display()))
        };
        let writer = writer().connect_with(options.clone()).await.map_err(|e| cannot(&e))?;
        MIGRATIONS.run(&writer).await.map_err(|e| cannot(&e))?;
        let heart = pool(1).connect_with(options.clone()).await.map_err(|e| cannot(&e))?;
        let readers =
            pool(READERS).connect_with(options.read_only(true)).await.map_err(|e| cannot(&e))?;
        Ok(Self { writer, readers, heart, clock, _lock: lock })
    }

    fn now(&self) -> i64 {
        self.clock.now_ms()
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(BUSY_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
}

/// A full disk makes SQLite roll back by itself, and a connection that does not know it would refuse
/// every later transaction. Such a connection is thrown away.
fn writer() -> SqlitePoolOptions {
    pool(1).after_release(|connection, _| {
        Box::pin(async move {
            // The ping carries out what a dropped transaction left to do.
            connection.ping().await?;
            Ok(!connection.is_in_transaction())
        })
    })
}

/// Takes the lock file beside the database.
fn lock(path: &Path) -> Result<File, StoreError> {
    // However the file is spelt, and through whatever links: one file, one lock.
    let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let lock_path = PathBuf::from(format!("{}.lock", path.display()));
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path)
        .map_err(|error| {
            StoreError::Open(format!("the file {} cannot be written: {error}", lock_path.display()))
        })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Open(format!(
            "the database {} is in use by another milepost; stop it, or use another --data folder",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(StoreError::Open(format!(
            "the file {} cannot be locked: {error}",
            lock_path.display()
        ))),
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn now_ms(&self) -> Result<i64, StoreError> {
        Ok(self.now())
    }

    async fn insert(&self, new: &NewTask) -> Result<Inserted, StoreError> {
        self.insert_task(new).await
    }

    async fn started(
        &self,
        owner: Option<&str>,
        key: &str,
        print: &str,
    ) -> Result<Option<Row>, StoreError> {
        self.read_started(owner, key, print).await
    }

    async fn get(&self, id: TaskId) -> Result<Option<Row>, StoreError> {
        self.read_task(id).await
    }

    async fn input(&self, id: TaskId) -> Result<Option<String>, StoreError> {
        self.read_input(id).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Vec<Row>, StoreError> {
        self.read_list(query).await
    }

    async fn newest(
        &self,
        owner: Option<&str>,
        kind: &str,
        unique_key: &str,
    ) -> Result<Option<Row>, StoreError> {
        self.read_newest(owner, kind, unique_key).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<Row>, StoreError> {
        self.claim_tasks(claim).await
    }

    async fn beat(
        &self,
        lease_owner: &str,
        lease_ms: i64,
        runs: &[TaskId],
    ) -> Result<Vec<Beat>, StoreError> {
        self.renew_leases(lease_owner, lease_ms, runs).await
    }

    async fn rescue(&self) -> Result<Vec<TaskId>, StoreError> {
        let now = self.now();
        self.take_leases("", now).await
    }

    async fn take_back(&self, lease_owner: &str) -> Result<Vec<TaskId>, StoreError> {
        self.take_leases(lease_owner, i64::MAX).await
    }

    async fn save_progress(&self, writes: &[ProgressWrite]) -> Result<(), StoreError> {
        self.write_progress(writes).await
    }

    async fn save_checkpoint(
        &self,
        id: TaskId,
        run_seq: i64,
        key: &str,
        value: &str,
    ) -> Result<bool, StoreError> {
        self.write_checkpoint(id, run_seq, key, value).await
    }

    async fn checkpoint(&self, id: TaskId, key: &str) -> Result<Option<String>, StoreError> {
        self.read_checkpoint(id, key).await
    }

    async fn finish(
        &self,
        id: TaskId,
        run_seq: i64,
        ending: &Ending,
    ) -> Result<Option<Row>, StoreError> {
        self.finish_run(id, run_seq, ending).await
    }

    async fn request_cancel(
        &self,
        id: TaskId,
        by: &str,
    ) -> Result<Option<CancelOutcome>, StoreError> {
        self.write_cancel(id, by).await
    }

    async fn result(&self, id: TaskId) -> Result<Option<StoredResult>, StoreError> {
        self.read_result(id).await
    }

    async fn log(&self, id: TaskId, after: i64, limit: u32) -> Result<Vec<LogEntry>, StoreError> {
        self.read_log(id, after, limit).await
    }

    async fn log_end(&self, id: TaskId, limit: u32) -> Result<Vec<LogEntry>, StoreError> {
        self.read_log_end(id, limit).await
    }

    async fn secret(&self, name: &str) -> Result<Secret, StoreError> {
        self.read_or_make_secret(name).await
    }

    async fn counts(&self) -> Result<(i64, i64), StoreError> {
        self.read_counts().await
    }

    async fn close(&self) {
        self.readers.close().await;
        self.heart.close().await;
        self.writer.close().await;
    }
}
