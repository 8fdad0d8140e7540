//! The only way to the database: no connection is handed out without a deadline.
//!
//! The pools and the connections are private to this module. A call begins with [`Connections::read`],
//! [`Connections::write`] or one of their kin; the [`Session`] that it gets limits all of it: waiting
//! for a turn, waiting for a connection, each statement, the commit. A connection that hangs is
//! discarded.

use std::time::Duration;

use sqlx::{Database, Decode, Pool, Row as _, Transaction, Type, pool::PoolConnection};
use tokio::time::{Instant, timeout_at};

use super::{BEGIN, Db, DbRow, Statement, try_lock_owner};
use crate::engine::store::{
    StoreError,
    turns::{Alone, Place, Turns},
};

/// Between two tries to get an owner's lock that another process has.
const LOCK_RETRY: Duration = Duration::from_millis(5);

/// See the module.
pub(super) struct Connections {
    readers: Pool<Db>,
    writers: Pool<Db>,
    session: Pool<Db>,
    call_timeout: Duration,
    turns: Turns,
}

impl Connections {
    /// So many `callers_places` of the `writers` are for what callers ask for; the rest is the engine's
    /// own.
    pub(super) fn new(
        readers: Pool<Db>,
        writers: Pool<Db>,
        session: Pool<Db>,
        call_timeout: Duration,
        callers_places: usize,
    ) -> Self {
        Self { readers, writers, session, call_timeout, turns: Turns::new(callers_places) }
    }

    /// For statements that read, each by itself.
    pub(super) async fn read(&self) -> Result<Session<'_>, StoreError> {
        Session::over(&self.readers, self.deadline()).await
    }

    /// For the heartbeat, which waits for no other call.
    pub(super) async fn lease_session(&self) -> Result<Session<'_>, StoreError> {
        Session::over(&self.session, self.deadline()).await
    }

    /// A transaction of the engine.
    pub(super) async fn write(&self) -> Result<Session<'_>, StoreError> {
        Session::begin(&self.writers, self.deadline()).await
    }

    /// A transaction that a caller asked for. Those about the same thing, named by `key`, follow one
    /// another, and all of them together have a share of the connections; whoever waits holds none.
    pub(super) async fn write_for(&self, key: &str) -> Result<Session<'_>, StoreError> {
        let deadline = self.deadline();
        let alone = within(deadline, self.turns.alone(key)).await?;
        let place = within(deadline, self.turns.place()).await?;
        let session = Session::begin(&self.writers, deadline).await?;
        Ok(Session { _turn: Some((alone, place)), ..session })
    }

    /// A transaction that only one caller at a time has for this account, in all processes.
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
            // Another process has it. Nobody waits for it with a connection in hand.
            drop(place);
            tokio::time::sleep(LOCK_RETRY).await;
        }
    }

    /// Lets go of all connections; of those that hang once their time is over.
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

/// A connection with a deadline, for one call. Dropped inside a transaction, it rolls back.
pub(super) struct Session<'t> {
    over: Over,
    deadline: Instant,
    /// Held while it lasts.
    _turn: Option<(Alone, Place<'t>)>,
}

enum Over {
    Plain(PoolConnection<Db>),
    Within(Transaction<'static, Db>),
    /// It hung and is gone.
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

    /// Reads the row that there is.
    pub(super) async fn one(&mut self, query: Statement<'_>) -> Result<DbRow, StoreError> {
        self.first(query).await?.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    /// Reads the first column of the row that there is.
    pub(super) async fn value<T>(&mut self, query: Statement<'_>) -> Result<T, StoreError>
    where
        T: for<'r> Decode<'r, Db> + Type<Db>,
    {
        Ok(self.one(query).await?.try_get(0)?)
    }

    /// Changes rows; how many.
    pub(super) async fn execute(&mut self, query: Statement<'_>) -> Result<u64, StoreError> {
        let (connection, deadline) = self.parts()?;
        let done = within(deadline, query.execute(connection)).await;
        Ok(self.told(done)?.rows_affected())
    }

    /// Ends the transaction; what it changed stays.
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

    /// What the connection said; one that said nothing is discarded, and its place goes to another.
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
            // Its pool asks whether it is alive, not for long, and closes it.
            over => drop(over),
        }
        Err(late)
    }
}

/// Ends what takes too long.
async fn within<T>(deadline: Instant, call: impl Future<Output = T>) -> Result<T, StoreError> {
    timeout_at(deadline, call).await.map_err(|_| late())
}

fn late() -> StoreError {
    StoreError::Unavailable(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))
}
