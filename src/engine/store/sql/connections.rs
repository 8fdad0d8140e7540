//! Access to the database: every connection comes with a deadline.
//!
//! The pools and connections are private to this module. A call begins with [`Connections::read`],
//! [`Connections::write`] or a similar method; the [`Session`] that it gets limits the whole call:
//! waiting for a turn, waiting for a connection, each statement, the commit. A connection that
//! hangs is dropped.

use std::time::Duration;

use sqlx::{Database, Decode, Pool, Row as _, Transaction, Type, pool::PoolConnection};
use tokio::time::{Instant, timeout_at};

use super::{BEGIN, Db, DbRow, Statement, try_lock_owner};
use crate::engine::store::{
    StoreError,
    turns::{Alone, Place, Turns},
};

/// Delay between two attempts to lock an account that another process has locked.
const LOCK_RETRY: Duration = Duration::from_millis(5);

/// See the module documentation.
pub(super) struct Connections {
    readers: Pool<Db>,
    writers: Pool<Db>,
    session: Pool<Db>,
    call_timeout: Duration,
    turns: Turns,
}

impl Connections {
    /// `callers_places` of the writers serve callers' requests; the rest is reserved for the
    /// engine.
    pub(super) fn new(
        readers: Pool<Db>,
        writers: Pool<Db>,
        session: Pool<Db>,
        call_timeout: Duration,
        callers_places: usize,
    ) -> Self {
        Self { readers, writers, session, call_timeout, turns: Turns::new(callers_places) }
    }

    /// A session for reading statements, without a transaction.
    pub(super) async fn read(&self) -> Result<Session<'_>, StoreError> {
        Session::over(&self.readers, self.deadline()).await
    }

    /// A session for lease renewals, which wait for no other call.
    pub(super) async fn lease_session(&self) -> Result<Session<'_>, StoreError> {
        Session::over(&self.session, self.deadline()).await
    }

    /// A transaction of the engine.
    pub(super) async fn write(&self) -> Result<Session<'_>, StoreError> {
        Session::begin(&self.writers, self.deadline()).await
    }

    /// A transaction for a caller's request. Those with the same `key` run one after another, and
    /// all of them share a limited number of connections; a waiting request holds none.
    pub(super) async fn write_for(&self, key: &str) -> Result<Session<'_>, StoreError> {
        let deadline = self.deadline();
        let alone = within(deadline, self.turns.alone(key)).await?;
        let place = within(deadline, self.turns.place()).await?;
        let session = Session::begin(&self.writers, deadline).await?;
        Ok(Session { _turn: Some((alone, place)), ..session })
    }

    /// A transaction that excludes others of the same account, in all processes.
    pub(super) async fn write_alone(&self, account: &str) -> Result<Session<'_>, StoreError> {
        let deadline = self.deadline();
        let alone = within(deadline, self.turns.alone(&format!("account {account}"))).await?;
        loop {
            let place = within(deadline, self.turns.place()).await?;
            let mut session = Session::begin(&self.writers, deadline).await?;
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
            self.readers.close().await;
            self.session.close().await;
            self.writers.close().await;
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
    over: Over,
    deadline: Instant,
    /// Held as long as the session.
    _turn: Option<(Alone, Place<'t>)>,
}

enum Over {
    Plain(PoolConnection<Db>),
    Within(Transaction<'static, Db>),
    /// The connection hung and was dropped.
    Nothing,
}

impl Session<'_> {
    async fn over(pool: &Pool<Db>, deadline: Instant) -> Result<Self, StoreError> {
        let over = Over::Plain(within(deadline, pool.acquire()).await??);
        Ok(Self { over, deadline, _turn: None })
    }

    async fn begin(pool: &Pool<Db>, deadline: Instant) -> Result<Self, StoreError> {
        let over = Over::Within(within(deadline, pool.begin_with(BEGIN)).await??);
        Ok(Self { over, deadline, _turn: None })
    }

    /// Reads all rows.
    pub(super) async fn all(&mut self, query: Statement<'_>) -> Result<Vec<DbRow>, StoreError> {
        let (connection, deadline) = self.parts()?;
        let rows = within(deadline, query.fetch_all(connection)).await;
        self.told(rows)
    }

    /// Reads the first row.
    pub(super) async fn first(
        &mut self,
        query: Statement<'_>,
    ) -> Result<Option<DbRow>, StoreError> {
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
        let (connection, deadline) = self.parts()?;
        let done = within(deadline, query.execute(connection)).await;
        Ok(self.told(done)?.rows_affected())
    }

    /// Commits the transaction.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self.over {
            Over::Within(tx) => Ok(within(self.deadline, tx.commit()).await??),
            Over::Plain(_) => Ok(()),
            Over::Nothing => Err(late()),
        }
    }

    async fn rollback(self) -> Result<(), StoreError> {
        match self.over {
            Over::Within(tx) => Ok(within(self.deadline, tx.rollback()).await??),
            Over::Plain(_) => Ok(()),
            Over::Nothing => Err(late()),
        }
    }

    fn parts(&mut self) -> Result<(&mut <Db as Database>::Connection, Instant), StoreError> {
        match &mut self.over {
            Over::Plain(connection) => Ok((&mut **connection, self.deadline)),
            Over::Within(tx) => Ok((&mut **tx, self.deadline)),
            Over::Nothing => Err(late()),
        }
    }

    /// Unwraps the result of a statement; after a timeout the connection is dropped, and the pool
    /// replaces it.
    fn told<T>(
        &mut self,
        told: Result<Result<T, sqlx::Error>, StoreError>,
    ) -> Result<T, StoreError> {
        let late = match told {
            Ok(told) => return Ok(told?),
            Err(late) => late,
        };
        match std::mem::replace(&mut self.over, Over::Nothing) {
            Over::Plain(connection) => drop(connection.detach()),
            // The pool checks, within a time limit, whether it is alive, and closes it.
            over => drop(over),
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
