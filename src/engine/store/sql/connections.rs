//! Access to the database: every connection comes with a deadline.
//!
//! The pools and connections are private to this module. A call begins with [`Connections::read`],
//! [`Connections::write`] or a similar method; the [`Session`] that it gets limits the whole call:
//! waiting for a turn, waiting for a connection, each statement, the commit. A connection that
//! hangs is dropped.

use std::{sync::Arc, time::Duration};

use prometheus_client::metrics::histogram::Histogram;
use sqlx::{Database, Decode, Pool, Row as _, SqlStr, Type, pool::PoolConnection};
use tokio::time::{Instant, timeout, timeout_at};

use super::{Db, DbRow, Outdated, Statement, try_lock_owner};
use crate::engine::store::{
    CallTimes, StoreError,
    call_times::Timed,
    sql_error::{ends_connection, is_read_only},
    turns::{Alone, Place, Turns},
};

/// Delay between two attempts to lock an account that another process has locked.
const LOCK_RETRY: Duration = Duration::from_millis(5);

/// Time limit of a returned connection for its rollback, and for the pool's test that it is alive.
const ALIVE_WITHIN: Duration = Duration::from_secs(1);

/// The pools of a store.
pub(super) struct Pools {
    pub(super) readers: Pool<Db>,
    pub(super) writers: Pool<Db>,
    /// Of one connection, for lease renewals.
    pub(super) leases: Pool<Db>,
}

/// How statements are sent.
pub(super) struct Protocol {
    /// Begins a transaction; the first row that it returns has the time, if the store reads it.
    pub(super) begin: SqlStr,
    /// Whether a connection is the database's only within a transaction: a pooler gives it to
    /// others in between. Reads are transactions too, and no statement stays prepared.
    pub(super) by_transaction: bool,
    /// Connections opened before a moment are replaced.
    pub(super) outdated: Arc<Outdated>,
}

/// See the module documentation.
pub(super) struct Connections {
    pools: Pools,
    protocol: Protocol,
    call_timeout: Duration,
    turns: Turns,
    times: CallTimes,
    reads: Histogram,
    writes: Histogram,
    renewals: Histogram,
}

impl Connections {
    /// `callers_places` of the writers serve callers' requests; the rest is reserved for the
    /// engine.
    pub(super) fn new(
        pools: Pools,
        protocol: Protocol,
        call_timeout: Duration,
        callers_places: usize,
    ) -> Self {
        let times = CallTimes::new();
        let (reads, writes, renewals) = (times.of("read"), times.of("write"), times.of("renew"));
        let turns = Turns::new(callers_places);
        Self { pools, protocol, call_timeout, turns, times, reads, writes, renewals }
    }

    /// How long calls take.
    pub(super) const fn times(&self) -> &CallTimes {
        &self.times
    }

    /// A session for reading statements.
    pub(super) async fn read(&self) -> Result<Session<'_>, StoreError> {
        self.session(&self.pools.readers, &self.reads).await
    }

    /// A session for lease renewals, which wait for no other call. To be committed.
    pub(super) async fn lease_session(&self) -> Result<Session<'_>, StoreError> {
        self.session(&self.pools.leases, &self.renewals).await
    }

    /// A session without a transaction, unless a connection is the database's only within one.
    async fn session(&self, pool: &Pool<Db>, times: &Histogram) -> Result<Session<'_>, StoreError> {
        let timed = Timed::new(times);
        let deadline = self.deadline();
        if self.protocol.by_transaction {
            return Session::begin(pool, &self.protocol, deadline, timed).await;
        }
        Session::over(pool, &self.protocol, deadline, timed).await
    }

    /// A transaction of the engine.
    pub(super) async fn write(&self) -> Result<Session<'_>, StoreError> {
        self.begin(self.deadline(), Timed::new(&self.writes)).await
    }

    async fn begin(&self, deadline: Instant, timed: Timed) -> Result<Session<'_>, StoreError> {
        Session::begin(&self.pools.writers, &self.protocol, deadline, timed).await
    }

    /// A transaction for a caller's request. Those with the same `key` run one after another, and
    /// all of them share a limited number of connections; a waiting request holds none.
    pub(super) async fn write_for(&self, key: &str) -> Result<Session<'_>, StoreError> {
        let (deadline, timed) = (self.deadline(), Timed::new(&self.writes));
        let alone = within(deadline, self.turns.alone(key)).await?;
        let place = within(deadline, self.turns.place()).await?;
        let session = self.begin(deadline, timed).await?;
        Ok(Session { _turn: Some((alone, place)), ..session })
    }

    /// A transaction that excludes others of the same account, in all processes.
    pub(super) async fn write_alone(&self, account: &str) -> Result<Session<'_>, StoreError> {
        let deadline = self.deadline();
        let alone = within(deadline, self.turns.alone(&format!("account {account}"))).await?;
        loop {
            let place = within(deadline, self.turns.place()).await?;
            let mut session = self.begin(deadline, Timed::new(&self.writes)).await?;
            if try_lock_owner(&mut session, account).await? {
                return Ok(Session { _turn: Some((alone, place)), ..session });
            }
            session.rollback().await?;
            // Another process holds the lock. Do not wait for it while holding a connection.
            drop(place);
            tokio::time::sleep(LOCK_RETRY).await;
        }
    }

    /// Closes all connections; those that hang are dropped at the deadline.
    pub(super) async fn close(&self) {
        let close = async {
            self.pools.readers.close().await;
            self.pools.leases.close().await;
            self.pools.writers.close().await;
        };
        if within(self.deadline(), close).await.is_err() {
            tracing::warn!("the connections to the database hang and are dropped");
        }
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.call_timeout
    }
}

/// A connection with a deadline, for one call. If dropped inside a transaction, it rolls back.
pub(super) struct Session<'t> {
    /// `None`: the connection hung and was dropped.
    lent: Option<Lent>,
    protocol: &'t Protocol,
    deadline: Instant,
    /// When the transaction began, by the database's clock, if it has one.
    pub(super) begun_at: Option<i64>,
    /// Held as long as the session.
    _turn: Option<(Alone, Place<'t>)>,
    _timed: Timed,
}

/// A connection of a pool. Dropped, it goes back to the pool within a time limit: the pool itself
/// tests a returned connection without one, so that a connection which falls silent at that moment
/// would keep its place for ever.
struct Lent {
    /// Present until it is dropped.
    connection: Option<PoolConnection<Db>>,
    in_transaction: bool,
}

impl Lent {
    fn get(&mut self) -> Option<&mut <Db as Database>::Connection> {
        self.connection.as_deref_mut()
    }

    /// Closes the connection; its place is free at once.
    fn close(mut self) {
        drop(self.connection.take().map(PoolConnection::detach));
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.connection.is_none() {
            return;
        }
        let returning =
            Returning { connection: self.connection.take(), rolls_back: self.in_transaction };
        // Without a runtime it is closed.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(returning.go());
        }
    }
}

/// A connection on its way back to the pool. Dropped before it is there, it is closed.
struct Returning {
    connection: Option<PoolConnection<Db>>,
    rolls_back: bool,
}

impl Returning {
    async fn go(mut self) {
        if self.rolls_back
            && let Some(connection) = self.connection.as_deref_mut()
        {
            let rollback = sqlx::raw_sql("ROLLBACK").execute(connection);
            if !matches!(timeout(ALIVE_WITHIN, rollback).await, Ok(Ok(_))) {
                return;
            }
        }
        let Some(mut connection) = self.connection.take() else { return };
        if timeout(ALIVE_WITHIN, connection.return_to_pool()).await.is_err() {
            tracing::warn!("a connection to the database hangs and is dropped");
        }
    }
}

impl Drop for Returning {
    fn drop(&mut self) {
        drop(self.connection.take().map(PoolConnection::detach));
    }
}

impl<'t> Session<'t> {
    async fn over(
        pool: &Pool<Db>,
        protocol: &'t Protocol,
        deadline: Instant,
        timed: Timed,
    ) -> Result<Self, StoreError> {
        let connection = Some(within(deadline, pool.acquire()).await??);
        let lent = Some(Lent { connection, in_transaction: false });
        Ok(Self { lent, protocol, deadline, begun_at: None, _turn: None, _timed: timed })
    }

    async fn begin(
        pool: &Pool<Db>,
        protocol: &'t Protocol,
        deadline: Instant,
        timed: Timed,
    ) -> Result<Self, StoreError> {
        let mut session = Self::over(pool, protocol, deadline, timed).await?;
        // From now on it may have begun.
        session.lent.iter_mut().for_each(|lent| lent.in_transaction = true);
        let (connection, deadline) = session.parts()?;
        let begin = sqlx::raw_sql(protocol.begin.clone());
        let begun = within(deadline, begin.fetch_all(connection)).await;
        let begun = session.told(begun)?;
        session.begun_at = begun.first().map(|raw| raw.try_get(0)).transpose()?;
        Ok(session)
    }

    /// Reads all rows.
    pub(super) async fn all(&mut self, query: Statement<'_>) -> Result<Vec<DbRow>, StoreError> {
        let query = self.prepared(query);
        let (connection, deadline) = self.parts()?;
        let rows = within(deadline, query.fetch_all(connection)).await;
        self.told(rows)
    }

    /// Reads the first row.
    pub(super) async fn first(
        &mut self,
        query: Statement<'_>,
    ) -> Result<Option<DbRow>, StoreError> {
        let query = self.prepared(query);
        let (connection, deadline) = self.parts()?;
        let row = within(deadline, query.fetch_optional(connection)).await;
        self.told(row)
    }

    /// Reads exactly one row.
    pub(super) async fn one(&mut self, query: Statement<'_>) -> Result<DbRow, StoreError> {
        self.first(query).await?.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    /// Reads the first column of exactly one row.
    pub(super) async fn value<T>(&mut self, query: Statement<'_>) -> Result<T, StoreError>
    where
        T: for<'r> Decode<'r, Db> + Type<Db>,
    {
        Ok(self.one(query).await?.try_get(0)?)
    }

    /// Executes a statement; returns the number of rows changed.
    pub(super) async fn execute(&mut self, query: Statement<'_>) -> Result<u64, StoreError> {
        let query = self.prepared(query);
        let (connection, deadline) = self.parts()?;
        let done = within(deadline, query.execute(connection)).await;
        Ok(self.told(done)?.rows_affected())
    }

    /// Commits the transaction.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        self.end("COMMIT").await
    }

    async fn rollback(self) -> Result<(), StoreError> {
        self.end("ROLLBACK").await
    }

    /// Ends the transaction, if there is one.
    async fn end(mut self, statement: &'static str) -> Result<(), StoreError> {
        if self.lent.as_ref().is_some_and(|lent| !lent.in_transaction) {
            return Ok(());
        }
        self.control(statement).await?;
        self.lent.iter_mut().for_each(|lent| lent.in_transaction = false);
        Ok(())
    }

    /// Executes a statement that ends a transaction.
    async fn control(&mut self, statement: &'static str) -> Result<(), StoreError> {
        let (connection, deadline) = self.parts()?;
        let done = within(deadline, sqlx::raw_sql(statement).execute(connection)).await;
        self.told(done).map(drop)
    }

    /// A statement that stays prepared where the connection stays the database's.
    fn prepared<'q>(&self, query: Statement<'q>) -> Statement<'q> {
        query.persistent(!self.protocol.by_transaction)
    }

    fn parts(&mut self) -> Result<(&mut <Db as Database>::Connection, Instant), StoreError> {
        let deadline = self.deadline;
        let connection = self.lent.as_mut().and_then(Lent::get);
        connection.map(|connection| (connection, deadline)).ok_or_else(late)
    }

    /// Closes the connection, and lets every other one that is as old be replaced: the database
    /// behind them takes no writes.
    pub(super) fn close_outdated(&mut self) {
        self.protocol.outdated.note();
        self.lent.take().into_iter().for_each(Lent::close);
    }

    /// Unwraps the result of a statement; after a timeout the connection is dropped, and the pool
    /// replaces it. So it is when it leads to a server that shuts down, starts or takes no writes.
    fn told<T>(
        &mut self,
        told: Result<Result<T, sqlx::Error>, StoreError>,
    ) -> Result<T, StoreError> {
        let late = match told {
            Ok(Ok(told)) => return Ok(told),
            Ok(Err(error)) => {
                if is_read_only(&error) {
                    self.close_outdated();
                } else if ends_connection(&error) {
                    self.lent.take().into_iter().for_each(Lent::close);
                }
                return Err(error.into());
            }
            Err(late) => late,
        };
        match self.lent.take() {
            Some(lent) if !lent.in_transaction => lent.close(),
            // Its rollback shows, within a time limit, whether it is alive.
            lent => drop(lent),
        }
        Err(late)
    }
}

/// Fails a call at the deadline.
async fn within<T>(deadline: Instant, call: impl Future<Output = T>) -> Result<T, StoreError> {
    timeout_at(deadline, call).await.map_err(|_| late())
}

fn late() -> StoreError {
    sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()).into()
}
