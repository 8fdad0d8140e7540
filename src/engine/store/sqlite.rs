//! The embedded store: one SQLite file for one process.
//!
//! WAL mode; one connection writes, a small pool reads, and lease renewals have a connection of their own. A lock
//! file excludes a second process, so that the leases of an earlier process can be reclaimed immediately.

/// Whether `$text` contains `$needle`.
macro_rules! contains {
    ($text:literal, $needle:literal) => {
        concat!("instr(", $text, ", ", $needle, ") > 0")
    };
}
/// Whether `$column` is among the strings of a JSON array.
macro_rules! in_json_list {
    ($column:literal, $array:literal) => {
        concat!($column, " IN (SELECT value FROM json_each(", $array, "))")
    };
}
/// The rows of a JSON array of arrays, as `value`; the fields are `value ->> 0` and so on.
macro_rules! json_rows {
    ($array:literal) => {
        concat!("json_each(", $array, ")")
    };
}
/// The bytes of a text of hexadecimal digits.
macro_rules! from_hex {
    ($text:literal) => {
        concat!("unhex(", $text, ")")
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
/// Joins the task with each of these ids. The word CROSS keeps SQLite from beginning with all tasks.
macro_rules! task_of_each {
    ($id:literal) => {
        concat!("CROSS JOIN tasks ON tasks.id = ", $id)
    };
}
/// The first rows of `allowed`, at most $5. There is a single writer, so no row is locked.
macro_rules! first_unlocked {
    () => {
        "(SELECT id FROM allowed ORDER BY turn, run_at, id LIMIT $5)"
    };
}
macro_rules! for_update {
    () => {
        ""
    };
}
/// No rows are locked, so no order is needed; ordering could make SQLite scan the whole table.
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
/// The clock is that of this process, so no column is needed.
macro_rules! read_at {
    () => {
        ""
    };
}

#[path = "sql/artifacts.rs"]
mod artifacts;
#[path = "sql/audit.rs"]
mod audit;
mod backup;
#[path = "sql/batches.rs"]
mod batches;
#[path = "sql/budget.rs"]
mod budget;
#[path = "sql/connections.rs"]
mod connections;
#[path = "sql/end.rs"]
mod end;
#[path = "sql/end_each.rs"]
mod end_each;
#[path = "sql/expiry.rs"]
mod expiry;
#[path = "sql/fair.rs"]
mod fair;
#[path = "sql/group.rs"]
mod group;
#[path = "sql/insert.rs"]
mod insert;
#[path = "sql/insert_each.rs"]
mod insert_each;
#[path = "sql/labels.rs"]
mod labels;
#[path = "sql/list.rs"]
mod list;
mod lock_file;
#[path = "sql/log.rs"]
mod log;
#[path = "sql/map.rs"]
mod map;
mod migrate;
#[path = "sql/operate.rs"]
mod operate;
#[path = "sql/owner_data.rs"]
mod owner_data;
#[cfg(test)]
mod plans;
#[path = "sql/preview.rs"]
mod preview;
#[path = "sql/read.rs"]
mod read;
#[path = "sql/shared_limits.rs"]
mod shared_limits;
#[path = "sql/shares.rs"]
mod shares;
#[path = "sql/statements.rs"]
mod statements;
#[path = "sql/store.rs"]
mod store;
#[path = "sql/times.rs"]
mod times;
#[path = "sql/tokens.rs"]
mod tokens;
#[path = "sql/unfinished.rs"]
mod unfinished;
#[path = "sql/uploads.rs"]
mod uploads;
#[path = "sql/usage.rs"]
mod usage;
#[path = "sql/users.rs"]
mod users;
#[path = "sql/waiting.rs"]
mod waiting;
#[path = "sql/write.rs"]
mod write;

use std::{
    collections::HashSet,
    fs::{File, OpenOptions},
    path::Path,
    sync::Arc,
    time::Duration,
};

use sqlx::{
    Database, SqlStr, Sqlite,
    query::Query,
    sqlite::{
        SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
    },
};

pub use self::backup::backup;
use self::{
    connections::{Connections, Pools, Protocol, Session},
    lock_file::lock,
    migrate::migrate,
};
use super::{Change, Changes, StoreError};
use crate::engine::clock::Clock;

/// Options of the SQLite store.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// How long a statement waits for the write lock, which a backup program may hold, or for a
    /// free connection. Default: 10 s.
    pub busy_timeout: Duration,
    /// Time limit of a whole call, however many statements it has; a disk may hang. Default: 20 s.
    pub call_timeout: Duration,
}

crate::with::with!(SqliteOptions);

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(10), call_timeout: Duration::from_secs(20) }
    }
}

/// Number of reading connections.
const READERS: u32 = 4;

/// See the module documentation.
pub struct SqliteStore {
    db: Connections,
    clock: Arc<dyn Clock>,
    /// Held until the store is dropped; none in memory.
    _lock: Option<File>,
}

impl SqliteStore {
    /// Opens the database file, creates it if missing, and migrates its schema.
    ///
    /// # Errors
    /// [`StoreError::Open`] with a message for the operator: the folder cannot be written, another
    /// process uses the file, or it is not a database.
    pub async fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Self::open_with(path, clock, SqliteOptions::default()).await
    }

    /// [`SqliteStore::open`] with options.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub async fn open_with(
        path: &Path,
        clock: Arc<dyn Clock>,
        options: SqliteOptions,
    ) -> Result<Self, StoreError> {
        Self::open_file(path, clock, options, Some(lock(path)?)).await
    }

    /// Opens the database file beside the process that uses it, without its lock, for single calls.
    /// Migrates the schema.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub async fn open_beside(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Self::open_file(path, clock, SqliteOptions::default(), None).await
    }

    async fn open_file(
        path: &Path,
        clock: Arc<dyn Clock>,
        SqliteOptions { busy_timeout, call_timeout }: SqliteOptions,
        lock: Option<File>,
    ) -> Result<Self, StoreError> {
        let options = file(path, busy_timeout);
        let cannot = |error: &dyn std::fmt::Display| cannot_open(path, error);
        // SQLite opens a read-only file, and fails only at the first write.
        match OpenOptions::new().write(true).open(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(cannot(&error));
            }
            _ => {}
        }
        let pool = |connections| pool(connections, busy_timeout);
        let writer = pool(1).connect_with(options.clone()).await.map_err(|e| cannot(&e))?;
        migrate(&writer).await.map_err(|e| cannot(&e))?;
        let leases = pool(1).connect_with(options.clone()).await.map_err(|e| cannot(&e))?;
        let readers =
            pool(READERS).connect_with(options.read_only(true)).await.map_err(|e| cannot(&e))?;
        let pools = Pools { readers, writers: writer, leases };
        let db = Connections::new(pools, protocol(), call_timeout, 1);
        Ok(Self { db, clock, _lock: lock })
    }

    /// Opens a store in memory, for tests: it is empty, and gone when it is dropped.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), milepost::engine::store::StoreError> {
    /// use std::sync::Arc;
    ///
    /// use milepost::engine::{clock::SystemClock, store::{Store, sqlite::SqliteStore}};
    ///
    /// let store = SqliteStore::in_memory(Arc::new(SystemClock)).await?;
    /// assert_eq!(store.counts().await?, (0, 0));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Open`] when SQLite cannot be set up.
    pub async fn in_memory(clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let SqliteOptions { busy_timeout, call_timeout } = SqliteOptions::default();
        let cannot = |error: &dyn std::fmt::Display| {
            StoreError::Open(format!("a database in memory cannot be opened: {error}"))
        };
        let options = SqliteConnectOptions::new().in_memory(true).foreign_keys(true);
        // Each connection would have a database of its own.
        let only = pool(1, busy_timeout).connect_with(options).await.map_err(|e| cannot(&e))?;
        migrate(&only).await.map_err(|e| cannot(&e))?;
        let pools = Pools { readers: only.clone(), writers: only.clone(), leases: only };
        let db = Connections::new(pools, protocol(), call_timeout, 1);
        Ok(Self { db, clock, _lock: None })
    }

    fn local_now(&self) -> i64 {
        self.clock.now_ms()
    }

    async fn now_in(&self, _: &mut Session<'_>) -> Result<i64, StoreError> {
        Ok(self.clock.now_ms())
    }

    /// When the transaction began.
    fn begun_at(&self, _: &Session<'_>) -> i64 {
        self.clock.now_ms()
    }

    /// Everything concerned is in this process, and is notified by the engine.
    async fn announce(&self, _: &mut Session<'_>, _: &[Change]) -> Result<(), StoreError> {
        Ok(())
    }

    fn listen(&self) -> Option<Changes> {
        None
    }

    /// A file that cannot be written is refused when it is opened.
    async fn test_writable(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn close_pools(&self) {
        self.db.close().await;
    }

    /// A single process, ensured by the lock file: leases of another owner are from a process that has ended.
    const SHARED: bool = false;
}

type This = SqliteStore;
type Db = Sqlite;
type DbRow = SqliteRow;
type Statement<'q> = Query<'q, Db, <Db as Database>::Arguments>;

/// There is one file behind all connections, and no other server that could take over.
#[derive(Default)]
struct Outdated;

impl Outdated {
    #[expect(clippy::unused_self, reason = "as with PostgreSQL")]
    fn note(&self) {}
}

/// A plain `BEGIN` that reads first cannot always be upgraded to a write.
fn protocol() -> Protocol {
    Protocol {
        begin: SqlStr::from_static("BEGIN IMMEDIATE"),
        by_transaction: false,
        outdated: Arc::default(),
    }
}

/// There is a single writer.
async fn try_lock_owner(_: &mut Session<'_>, _: &str) -> Result<bool, StoreError> {
    Ok(true)
}

/// There is a single writer.
async fn try_lock_kind(_: &mut Session<'_>, _: &str) -> Result<bool, StoreError> {
    Ok(true)
}

/// There is a single writer.
async fn try_lock_owners(
    _: &mut Session<'_>,
    accounts: &[&str],
) -> Result<HashSet<String>, StoreError> {
    Ok(accounts.iter().map(|account| (*account).to_owned()).collect())
}

fn read_at(_: &SqliteRow, now: i64) -> Result<i64, StoreError> {
    Ok(now)
}

fn file(path: &Path, busy_timeout: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // What a statement needs for itself is small and needs no file.
        .pragma("temp_store", "MEMORY")
        .busy_timeout(busy_timeout)
}

fn cannot_open(path: &Path, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Open(format!("the database {} cannot be opened: {error}", path.display()))
}

fn pool(connections: u32, busy_timeout: Duration) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(busy_timeout)
        .idle_timeout(None)
        .max_lifetime(None)
}
