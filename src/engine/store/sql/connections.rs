//! The only way to the database: no connection is handed out without a deadline.
//!
//! The pools are private to this module. A call gets its connection from [`Connections::read`],
//! [`Connections::write`] and their kin, which limit the whole of it: waiting for a turn, waiting for a
//! connection, each statement, the commit. A connection that hangs is discarded.

use std::time::Duration;

use sqlx::{Connection as _, Pool};
use tokio::time::{Instant, timeout_at};

use super::{BEGIN, Connection, Db, try_lock_owner};
use crate::engine::store::{
    StoreError,
    turns::{Alone, Turns},
};

/// Between two tries to get an owner's lock that another process has.
const LOCK_RETRY: Duration = Duration::from_millis(5);

/// What becomes of a transaction.
pub(super) enum Done<T> {
    /// It is committed.
    Commit(T),
    /// Nothing of it stays.
    Rollback(T),
}
pub(super) use Done::{Commit, Rollback};

/// See the module.
pub(super) struct Connections {
    readers: Pool<Db>,
    writers: Pool<Db>,
    heart: Pool<Db>,
    call_timeout: Duration,
    turns: Turns,
}

impl Connections {
    /// `callers_writes` of the `writers` are for what callers ask for; the rest is the engine's own.
    pub(super) fn new(
        readers: Pool<Db>,
        writers: Pool<Db>,
        heart: Pool<Db>,
        call_timeout: Duration,
        callers_writes: usize,
    ) -> Self {
        Self { readers, writers, heart, call_timeout, turns: Turns::new(callers_writes) }
    }

    /// Reads, each statement by itself.
    pub(super) async fn read<T>(
        &self,
        call: impl AsyncFnOnce(&mut Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.over(&self.readers, self.deadline(), call).await
    }

    /// The heartbeat, which waits for no other call.
    pub(super) async fn beat<T>(
        &self,
        call: impl AsyncFnOnce(&mut Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.over(&self.heart, self.deadline(), call).await
    }

    /// A transaction of the engine.
    pub(super) async fn write<T>(
        &self,
        call: impl AsyncFnOnce(&mut Connection) -> Result<Done<T>, StoreError>,
    ) -> Result<T, StoreError> {
        self.transaction(self.deadline(), call).await
    }

    /// A transaction that a caller asked for. Those about the same thing, named by `key`, follow one
    /// another, and all of them together have a share of the connections; whoever waits holds none.
    pub(super) async fn write_for<T>(
        &self,
        key: &str,
        call: impl AsyncFnOnce(&mut Connection) -> Result<Done<T>, StoreError>,
    ) -> Result<T, StoreError> {
        let deadline = self.deadline();
        let _alone = self.alone(key, deadline).await?;
        let _place = timeout_at(deadline, self.turns.place()).await.map_err(|_| late())?;
        self.transaction(deadline, call).await
    }

    /// A transaction that only one caller at a time has for this owner, in all processes.
    pub(super) async fn write_alone<T>(
        &self,
        owner: Option<&str>,
        call: impl AsyncFn(&mut Connection) -> Result<Done<T>, StoreError>,
    ) -> Result<T, StoreError> {
        let (owner, deadline) = (owner.unwrap_or_default(), self.deadline());
        let _alone = self.alone(&format!("owner {owner}"), deadline).await?;
        loop {
            let place = timeout_at(deadline, self.turns.place()).await.map_err(|_| late())?;
            let tried = self.transaction(deadline, async |tx: &mut Connection| {
                if !try_lock_owner(tx, owner).await? {
                    return Ok(Rollback(None));
                }
                Ok(match call(tx).await? {
                    Commit(value) => Commit(Some(value)),
                    Rollback(value) => Rollback(Some(value)),
                })
            });
            if let Some(value) = tried.await? {
                return Ok(value);
            }
            // Another process has it. Nobody waits for it with a connection in his hands.
            drop(place);
            tokio::time::sleep(LOCK_RETRY).await;
        }
    }

    /// Lets go of all connections; of those that hang once their time is over.
    pub(super) async fn close(&self) {
        let close = async {
            self.readers.close().await;
            self.heart.close().await;
            self.writers.close().await;
        };
        if timeout_at(self.deadline(), close).await.is_err() {
            tracing::warn!("the connections to the database hang and are dropped");
        }
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.call_timeout
    }

    async fn alone(&self, key: &str, deadline: Instant) -> Result<Alone, StoreError> {
        timeout_at(deadline, self.turns.alone(key)).await.map_err(|_| late())
    }

    async fn transaction<T>(
        &self,
        deadline: Instant,
        call: impl AsyncFnOnce(&mut Connection) -> Result<Done<T>, StoreError>,
    ) -> Result<T, StoreError> {
        self.over(&self.writers, deadline, async |connection: &mut Connection| {
            let mut tx = connection.begin_with(BEGIN).await?;
            match call(&mut tx).await? {
                Commit(value) => tx.commit().await.map(|()| value),
                Rollback(value) => tx.rollback().await.map(|()| value),
            }
            .map_err(StoreError::from)
        })
        .await
    }

    async fn over<T>(
        &self,
        pool: &Pool<Db>,
        deadline: Instant,
        call: impl AsyncFnOnce(&mut Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection = timeout_at(deadline, pool.acquire()).await.map_err(|_| late())??;
        if let Ok(result) = timeout_at(deadline, call(&mut connection)).await {
            return result;
        }
        // Nobody waits for what it may still say, and its place goes to another.
        drop(connection.detach());
        Err(late())
    }
}

fn late() -> StoreError {
    StoreError::Unavailable(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))
}
