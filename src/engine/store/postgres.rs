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
/// The strings of a JSON array.
macro_rules! json_list {
    ($array:literal) => {
        concat!("(SELECT json_array_elements_text(", $array, "::json))")
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
/// The first rows of `ranked`, at most $5, that no other worker is claiming. As an array, so that
/// it is evaluated once; each row is looked up by itself, so that no plan reads all of them.
macro_rules! first_unlocked {
    () => {
        "(SELECT unnest(ARRAY(SELECT locked.id \
         FROM (SELECT id FROM ranked ORDER BY turn, run_at, id) AS ordered \
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
#[path = "sql/insert.rs"]
mod insert;
#[path = "sql/insert_each.rs"]
mod insert_each;
mod listen;
#[path = "sql/log.rs"]
mod log;
#[path = "sql/map.rs"]
mod map;
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
#[path = "sql/waiting.rs"]
mod waiting;
#[path = "sql/write.rs"]
mod write;

use std::{collections::HashSet, sync::Arc, time::Duration};

use sqlx::{
    Connection as _, Database, PgConnection, Postgres, Row as _,
    postgres::{PgConnectOptions, PgPoolOptions, PgRow},
    query::Query,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::connections::{Connections, Session};
use super::{Change, Changes, StoreError, sql_error::migration_failure};
use crate::engine::clock::{Clock, StoreClock};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/postgres");

/// Options of the PostgreSQL store.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PostgresOptions {
    /// Number of connections, without those for lease renewals and notifications, which have one
    /// each. Half of them read and half write; half of the writing ones serve callers' requests
    /// such as starts and cancels. At least 3. Default: 8.
    pub connections: u32,
    /// Maximum wait for a free connection before a call fails. Default: 3 s.
    pub acquire_timeout: Duration,
    /// Time limit of one statement. Default: 10 s.
    pub statement_timeout: Duration,
    /// Time limit of a whole call, however many statements it has; without it, a hanging connection
    /// would block until the network reports the failure. Default: 20 s.
    pub call_timeout: Duration,
    /// After this time without a notification, the listening connection is checked. Until a dead
    /// one is replaced, changes are found by polling, once a second. Default: 10 s.
    pub silence: Duration,
}

crate::options::options!(PostgresOptions);

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            connections: 8,
            acquire_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(10),
            call_timeout: Duration::from_secs(20),
            silence: Duration::from_secs(10),
        }
    }
}

/// Each statement has an index in the order that it needs. Without statistics, or with old ones, the
/// planner would sort or hash a whole queue instead; and compile what it takes to be expensive.
const PLANS: [(&str, &str); 4] = [
    ("enable_sort", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
];

/// See the module documentation.
pub struct PostgresStore {
    db: Connections,
    /// The listener has a pool of its own, since it never returns its connection.
    listener: PgPoolOptions,
    connect: PgConnectOptions,
    silence: Duration,
    clock: Arc<StoreClock>,
    closing: CancellationToken,
    listening: TaskTracker,
}

impl PostgresStore {
    /// Connects and migrates the schema; processes that start together take turns.
    ///
    /// # Errors
    /// [`StoreError::Open`] with a message for the operator, which never contains the password.
    pub async fn open(url: &str, options: PostgresOptions) -> Result<Self, StoreError> {
        let connect: PgConnectOptions = url.parse().map_err(|_| {
            let right = "postgres://user:password@host:5432/database";
            StoreError::Open(format!("the address of the database is not of the form {right}"))
        })?;
        let plain = connect.clone().application_name("milepost");
        let milliseconds = options.statement_timeout.as_millis().to_string();
        let connect = connect.application_name("milepost").options([
            ("statement_timeout", milliseconds.as_str()),
            // A process suspended in the middle of a transaction does not lock out the others.
            ("idle_in_transaction_session_timeout", milliseconds.as_str()),
        ]);
        let connect = connect.options(PLANS);
        let place = format!(
            "{}:{}/{}",
            connect.get_host(),
            connect.get_port(),
            connect.get_database().unwrap_or_default()
        );
        let cannot = |error: &dyn std::fmt::Display| {
            StoreError::Open(format!("the PostgreSQL database {place} cannot be opened: {error}"))
        };
        let pool = |connections| {
            PgPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(options.acquire_timeout)
        };
        let writers = (options.connections / 2).max(2);
        let readers = options.connections.saturating_sub(writers).max(1);
        let readers = pool(readers).connect_with(connect.clone()).await;
        let readers = readers.map_err(|error| cannot(&error))?;
        // Migrate on a connection without a statement timeout: a second process waits for the
        // first.
        let connecting = PgConnection::connect_with(&plain);
        let connecting = tokio::time::timeout(options.call_timeout, connecting).await;
        let mut migrating = connecting
            .unwrap_or_else(|late| Err(sqlx::Error::Io(late.into())))
            .map_err(|error| cannot(&error))?;
        MIGRATIONS.run(&mut migrating).await.map_err(|error| cannot(&migration_failure(&error)))?;
        migrating.close().await.map_err(|error| cannot(&error))?;
        let now = sqlx::query_scalar("SELECT milepost_now()").fetch_one(&readers).await;
        let clock = Arc::new(StoreClock::new(now.map_err(|error| cannot(&error))?));
        Ok(Self {
            clock,
            db: Connections::new(
                readers,
                pool(writers).connect_lazy_with(connect.clone()),
                pool(1).connect_lazy_with(connect.clone()),
                options.call_timeout,
                callers_share(writers),
            ),
            listener: pool(1),
            connect,
            silence: options.silence,
            closing: CancellationToken::new(),
            listening: TaskTracker::new(),
        })
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
/// With the time, in one round trip.
const BEGIN: &str = "BEGIN; SELECT milepost_now()";

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
