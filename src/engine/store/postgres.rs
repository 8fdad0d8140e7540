//! The shared store: one PostgreSQL database for any number of processes.
//!
//! Time is the database's clock, so machines whose clocks differ agree. A claim skips rows that
//! another worker is claiming. Starts of one owner run one after another; a waiting start holds no
//! connection, so one owner cannot block others. Processes learn of each other's changes by
//! notifications, which are hints: polling finds each change, too.
//!
//! Differences from SQLite: [`Store::reclaim_after_restart`](super::Store::reclaim_after_restart)
//! reclaims nothing, because other processes may be alive; and
//! [`Store::changes`](super::Store::changes) reports changes.

/// Whether `$text` contains `$needle`.
macro_rules! contains {
    ($text:literal, $needle:literal) => {
        concat!("strpos(", $text, ", ", $needle, ") > 0")
    };
}
/// Whether `$column` is among the strings of a JSON array. As an array, so that each is looked up in
/// the index, in its order; no plan reads the whole table.
macro_rules! in_json_list {
    ($column:literal, $array:literal) => {
        concat!($column, " = ANY(ARRAY(SELECT json_array_elements_text(", $array, "::json)))")
    };
}
/// The rows of a JSON array of arrays, as `value`; the fields are `value ->> 0` and so on.
macro_rules! json_rows {
    ($array:literal) => {
        concat!("json_array_elements(", $array, "::json)")
    };
}
/// The bytes of a text of hexadecimal digits.
macro_rules! from_hex {
    ($text:literal) => {
        concat!("decode(", $text, ", 'hex')")
    };
}
/// The log lines of a JSON array: arrays of number, time, stream and text.
macro_rules! json_lines {
    ($array:literal) => {
        concat!(
            "(SELECT (value ->> 0)::bigint AS seq, (value ->> 1)::bigint AS at, ",
            "(value ->> 2)::smallint AS stream, value ->> 3 AS text FROM json_array_elements(",
            $array,
            "::json)) AS line"
        )
    };
}
/// Joins the first rows of a selection that depends on the row before.
macro_rules! first_of_each {
    ($($select:expr),+) => {
        concat!("CROSS JOIN LATERAL (", $($select),+, ") first")
    };
}
/// Joins the task with each of these ids. Each is looked up by itself, so that no plan reads all of
/// them, whatever it expects of the filters.
macro_rules! task_of_each {
    ($id:literal) => {
        concat!(
            "CROSS JOIN LATERAL (SELECT * FROM tasks WHERE tasks.id = ",
            $id,
            " OFFSET 0) AS tasks"
        )
    };
}
/// The first rows of `allowed`, at most $5, that no other worker is claiming. As an array, so that
/// it is evaluated once; each row is looked up by itself, so that no plan reads all of them.
macro_rules! first_unlocked {
    () => {
        "(SELECT unnest(ARRAY(SELECT locked.id \
         FROM (SELECT id FROM allowed ORDER BY turn, run_at, id) AS ordered \
         CROSS JOIN LATERAL (SELECT id FROM tasks WHERE tasks.id = ordered.id \
         AND status = 'queued' FOR UPDATE SKIP LOCKED) AS locked LIMIT $5)))"
    };
}
macro_rules! for_update {
    () => {
        " FOR UPDATE"
    };
}
/// In the order of the ids, so that transactions cannot deadlock.
macro_rules! for_update_by_id {
    () => {
        " ORDER BY id FOR UPDATE"
    };
}
macro_rules! skip_locked {
    () => {
        " FOR UPDATE SKIP LOCKED"
    };
}
/// The column that returns the database's clock.
macro_rules! read_at {
    () => {
        "milepost_now() AS read_at, "
    };
}

#[path = "sql/artifacts.rs"]
mod artifacts;
#[path = "sql/audit.rs"]
mod audit;
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
mod listen;
#[path = "sql/log.rs"]
mod log;
#[path = "sql/map.rs"]
mod map;
mod migrate;
#[path = "sql/operate.rs"]
mod operate;
mod options;
mod outdated;
#[path = "sql/owner_data.rs"]
mod owner_data;
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
mod way;
#[path = "sql/write.rs"]
mod write;

use std::{collections::HashSet, sync::Arc, time::Duration};

use sqlx::{
    Database, Postgres, Row as _,
    postgres::{PgConnectOptions, PgPoolOptions, PgRow},
    query::Query,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::options::{PoolMode, PostgresOptions};
use self::{
    connections::{Connections, Pools, Protocol, Session},
    outdated::Outdated,
    way::Way,
};
use super::{
    Change, Changes, StoreError,
    migration::{Inspection, Migrated},
};
use crate::engine::clock::{Clock, StoreClock};

/// See the module documentation.
pub struct PostgresStore {
    db: Connections,
    /// The listener has a pool of its own, since it never returns its connection. `None`: no
    /// connection that notifications would come over.
    listener: Option<(PgPoolOptions, PgConnectOptions)>,
    silence: Duration,
    clock: Arc<StoreClock>,
    closing: CancellationToken,
    listening: TaskTracker,
}

impl PostgresStore {
    /// Connects and migrates the schema; processes that start together take turns. Behind a pooler
    /// see [`PostgresOptions::pool_mode`].
    ///
    /// # Errors
    /// [`StoreError::Open`] with a message for the operator, which never contains the password.
    pub async fn open(url: &str, options: PostgresOptions) -> Result<Self, StoreError> {
        let way = Way::to(url, &options)?;
        let by_transaction = way.is_by_transaction(&options).await?;
        way.migrate(&options).await?;
        let outdated = Arc::<Outdated>::default();
        let settings = way.settings(&options);
        let pool = |connections| {
            let outdated = Arc::clone(&outdated);
            way.pool(connections, &options).before_acquire(move |_, connection| {
                let fresh = !outdated.includes(connection.age);
                Box::pin(std::future::ready(Ok(fresh)))
            })
        };
        let pool = |connections| match by_transaction {
            true => pool(connections),
            false => way.with_settings(pool(connections), &settings),
        };
        let writers = (options.connections / 2).max(2);
        let readers = options.connections.saturating_sub(writers).max(1);
        let pools = Pools {
            readers: pool(readers).connect_lazy_with(way.connect.clone()),
            writers: pool(writers).connect_lazy_with(way.connect.clone()),
            leases: pool(1).connect_lazy_with(way.connect.clone()),
        };
        let begin = way.begin(by_transaction.then_some(&settings));
        let protocol = Protocol { begin, by_transaction, outdated };
        let callers = callers_share(writers);
        let db = Connections::new(pools, protocol, options.call_timeout, callers);
        let now = db.read().await?.value(sqlx::query("SELECT milepost_now()")).await;
        let now = now.map_err(|error| way.cannot_open(&error))?;
        Ok(Self {
            clock: Arc::new(StoreClock::new(now)),
            db,
            listener: way.listener(by_transaction, &options),
            silence: options.silence,
            closing: CancellationToken::new(),
            listening: TaskTracker::new(),
        })
    }

    /// Migrates the schema, and connects for nothing else.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub async fn migrate(url: &str, options: PostgresOptions) -> Result<Migrated, StoreError> {
        Way::to(url, &options)?.migrate(&options).await
    }

    /// Finds out what the database is like, without changing it.
    ///
    /// # Errors
    /// As [`PostgresStore::open`]; a schema that is not migrated is none.
    pub async fn inspect(url: &str, options: PostgresOptions) -> Result<Inspection, StoreError> {
        Way::to(url, &options)?.inspect(&options).await
    }

    /// Returns the database's clock for the engine. It is read again with each renewal of leases,
    /// so that the clocks of the machines do not matter.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    fn local_now(&self) -> i64 {
        self.clock.now_ms()
    }

    async fn now_in(&self, session: &mut Session<'_>) -> Result<i64, StoreError> {
        let now = session.value(sqlx::query("SELECT milepost_now()")).await?;
        self.clock.set(now);
        Ok(now)
    }

    /// When the transaction began; as [`Self::now_in`] without another statement.
    fn begun_at(&self, tx: &Session<'_>) -> i64 {
        let now = tx.begun_at.unwrap_or_else(|| self.clock.now_ms());
        self.clock.set(now);
        now
    }

    /// Notifies the other processes when the transaction commits.
    async fn announce(
        &self,
        session: &mut Session<'_>,
        changes: &[Change],
    ) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let words: Vec<_> = changes.iter().map(listen::word).collect();
        let query = sqlx::query("SELECT pg_notify($1, word) FROM unnest($2::text[]) AS word");
        session.execute(query.bind(listen::CHANNEL).bind(words)).await?;
        Ok(())
    }

    async fn test_writable(&self) -> Result<(), StoreError> {
        let mut session = self.db.write().await?;
        let setting = "SELECT current_setting('transaction_read_only') = 'on'";
        if session.value(sqlx::query(setting)).await? {
            session.close_outdated();
            return Err(StoreError::ReadOnly("every transaction is read-only".into()));
        }
        session.commit().await
    }

    async fn close_pools(&self) {
        self.closing.cancel();
        self.listening.close();
        self.listening.wait().await;
        self.db.close().await;
    }

    const SHARED: bool = true;
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.closing.cancel();
    }
}

type This = PostgresStore;
type Db = Postgres;
type DbRow = PgRow;
type Statement<'q> = Query<'q, Db, <Db as Database>::Arguments>;

/// Number of writing connections for callers' requests; the rest serves the tasks' own writes.
fn callers_share(writers: u32) -> usize {
    usize::try_from(writers / 2).unwrap_or(1).max(1)
}

/// Serializes the starts of one account, so that keys and limits are checked consistently. Returns
/// false if another transaction holds the lock; no transaction waits for it.
async fn try_lock_owner(tx: &mut Session<'_>, account: &str) -> Result<bool, StoreError> {
    let lock = "SELECT pg_try_advisory_xact_lock(hashtextextended('milepost ' || $1, 0))";
    tx.value(sqlx::query(lock).bind(account)).await
}

/// Excludes other claims of a kind with shared limits. Returns false if another transaction holds the
/// lock; no transaction waits for it.
async fn try_lock_kind(tx: &mut Session<'_>, kind: &str) -> Result<bool, StoreError> {
    let lock = "SELECT pg_try_advisory_xact_lock(hashtextextended('milepost kind ' || $1, 0))";
    tx.value(sqlx::query(lock).bind(kind)).await
}

/// [`try_lock_owner`] for several accounts; returns those that are locked now.
async fn try_lock_owners(
    tx: &mut Session<'_>,
    accounts: &[&str],
) -> Result<HashSet<String>, StoreError> {
    let lock = "SELECT account FROM unnest($1::text[]) AS account \
        WHERE pg_try_advisory_xact_lock(hashtextextended('milepost ' || account, 0))";
    let rows = tx.all(sqlx::query(lock).bind(accounts)).await?;
    rows.iter().map(|raw| Ok(raw.try_get(0)?)).collect()
}

fn read_at(raw: &PgRow, _: i64) -> Result<i64, StoreError> {
    Ok(raw.try_get("read_at")?)
}
