//! The embedded store: one SQLite file for one process.
//!
//! WAL; one connection writes, a small pool reads, and the heartbeat has a connection of its own.
//! A lock file keeps a second process away, so that the leases of an earlier process
//! can be taken back at once.

/// `$needle` occurs in `$text`.
macro_rules! contains {
    ($text:literal, $needle:literal) => {
        concat!("instr(", $text, ", ", $needle, ") > 0")
    };
}
/// The texts of a JSON array.
macro_rules! json_list {
    ($array:literal) => {
        concat!("(SELECT value FROM json_each(", $array, "))")
    };
}
/// The log lines of a JSON array: arrays of number, time, stream and text.
macro_rules! json_lines {
    ($array:literal) => {
        concat!(
            "(SELECT value ->> 0 AS seq, value ->> 1 AS at, value ->> 2 AS stream, ",
            "value ->> 3 AS text FROM json_each(",
            $array,
            ")) AS line"
        )
    };
}
/// Joins the first rows of a selection that depends on the row before.
macro_rules! first_of_each {
    ($($select:expr),+) => {
        concat!(
            "JOIN tasks first ON first.id IN (SELECT id FROM (", $($select),+, "))"
        )
    };
}
/// The first of `ranked`, $5 at most. There is one writer, so nothing is locked.
macro_rules! first_unlocked {
    () => {
        "(SELECT id FROM ranked ORDER BY turn, run_at, id LIMIT $5)"
    };
}
macro_rules! for_update {
    () => {
        ""
    };
}
/// There is no order of locks, and asking for one could make SQLite go through the whole table.
macro_rules! for_update_by_id {
    () => {
        ""
    };
}
macro_rules! skip_locked {
    () => {
        ""
    };
}
/// The clock is this process's, so that no column tells it.
macro_rules! read_at {
    () => {
        ""
    };
}

#[path = "sql/artifacts.rs"]
mod artifacts;
#[path = "sql/budget.rs"]
mod budget;
#[path = "sql/connections.rs"]
mod connections;
#[path = "sql/end.rs"]
mod end;
#[path = "sql/expiry.rs"]
mod expiry;
#[path = "sql/insert.rs"]
mod insert;
#[path = "sql/log.rs"]
mod log;
#[path = "sql/map.rs"]
mod map;
#[cfg(test)]
mod plans;
#[path = "sql/read.rs"]
mod read;
#[path = "sql/statements.rs"]
mod statements;
#[path = "sql/store.rs"]
mod store;
#[path = "sql/times.rs"]
mod times;
#[path = "sql/usage.rs"]
mod usage;
#[path = "sql/write.rs"]
mod write;

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    Connection as _, Database, Sqlite,
    query::Query,
    sqlite::{
        SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
    },
};

use self::connections::{Connections, Session};
use super::{Change, Changes, StoreError, migration_failure};
use crate::engine::clock::Clock;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");

/// How the file is worked with.
#[derive(Clone, Copy, Debug)]
pub struct SqliteOptions {
    /// How long a statement waits for the write lock, which a backup program may have, or for a free
    /// connection. Default: 10 s.
    pub busy_timeout: Duration,
    /// How long a whole call may take, however many statements it has: a disk may hang. Default: 20 s.
    pub call_timeout: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(10), call_timeout: Duration::from_secs(20) }
    }
}

/// How long a connection may take to carry out what was left to do, before it is given up.
const ALIVE_WITHIN: Duration = Duration::from_secs(1);
/// Connections that read.
const READERS: u32 = 4;

/// See the module.
pub struct SqliteStore {
    db: Connections,
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
        Self::open_with(path, clock, SqliteOptions::default()).await
    }

    /// The same with options of one's own.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub async fn open_with(
        path: &Path,
        clock: Arc<dyn Clock>,
        SqliteOptions { busy_timeout, call_timeout }: SqliteOptions,
    ) -> Result<Self, StoreError> {
        let lock = lock(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(busy_timeout);
        let cannot = |error: &dyn std::fmt::Display| {
            StoreError::Open(format!("the database {} cannot be opened: {error}", path.display()))
        };
        // SQLite opens a file that may only be read, and fails at its first write.
        match OpenOptions::new().write(true).open(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(cannot(&error));
            }
            _ => {}
        }
        let pool = |connections| pool(connections, busy_timeout);
        let writer = writer(pool(1)).connect_with(options.clone()).await.map_err(|e| cannot(&e))?;
        MIGRATIONS.run(&writer).await.map_err(|e| cannot(&migration_failure(&e)))?;
        let leases = pool(1).connect_with(options.clone()).await.map_err(|e| cannot(&e))?;
        let readers =
            pool(READERS).connect_with(options.read_only(true)).await.map_err(|e| cannot(&e))?;
        let db = Connections::new(readers, writer, leases, call_timeout, 1);
        Ok(Self { db, clock, _lock: lock })
    }

    fn local_now(&self) -> i64 {
        self.clock.now_ms()
    }

    async fn now_in(&self, _: &mut Session<'_>) -> Result<i64, StoreError> {
        Ok(self.clock.now_ms())
    }

    /// Whoever may be interested is in this process, and is told by the engine.
    async fn announce(&self, _: &mut Session<'_>, _: &Change) -> Result<(), StoreError> {
        Ok(())
    }

    fn listen(&self) -> Option<Changes> {
        None
    }

    async fn close_pools(&self) {
        self.db.close().await;
    }

    /// One process: whatever is leased by another was leased by one that has ended. The lock file
    /// says so.
    const SHARED: bool = false;
}

type This = SqliteStore;
type Db = Sqlite;
type DbRow = SqliteRow;
type Statement<'q> = Query<'q, Db, <Db as Database>::Arguments>;
/// A plain `BEGIN` that reads first cannot always become a writer later.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// There is one writer.
async fn try_lock_owner(_: &mut Session<'_>, _: &str) -> Result<bool, StoreError> {
    Ok(true)
}

fn read_at(_: &SqliteRow, now: i64) -> Result<i64, StoreError> {
    Ok(now)
}

fn pool(connections: u32, busy_timeout: Duration) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(busy_timeout)
        .idle_timeout(None)
        .max_lifetime(None)
}

/// A full disk makes SQLite roll back by itself, and a connection that does not know it would refuse
/// every later transaction. Such a connection is thrown away.
fn writer(pool: SqlitePoolOptions) -> SqlitePoolOptions {
    pool.after_release(|connection, _| {
        Box::pin(async move {
            // The ping carries out what a dropped transaction left to do; where the disk hangs the
            // connection is in the way of nobody for long.
            let alive = tokio::time::timeout(ALIVE_WITHIN, connection.ping()).await;
            alive.map_err(|_| sqlx::Error::PoolTimedOut)??;
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
