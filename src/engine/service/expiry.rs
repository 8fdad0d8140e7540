//! What is there, what is over, and keeping it longer.

use super::{Caller, Service, ServiceError};
use crate::{
    engine::{
        millis,
        snapshot::rfc3339,
        store::{Row, Tombstone},
    },
    task::{ExpiredTask, GoneReason, Snapshot, TaskId},
};

/// What became of the wish to keep a task longer.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// False where it has not ended yet: it is kept from its end on.
    pub ended: bool,
    /// The task.
    pub snapshot: Snapshot,
}

impl Service {
    /// Whether tasks that are started now are removed some time after their end.
    pub fn expires(&self) -> bool {
        !self.engine.inner().options.keep.is_zero()
    }

    /// See [`Service::keep`].
    pub(super) async fn keep_task(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<Kept>, ServiceError> {
        let Some(row) = self.row(caller, id).await? else { return Ok(None) };
        if !row.status.is_terminal() {
            return Ok(Some(Kept { ended: false, snapshot: self.show(&row).await }));
        }
        let inner = self.engine.inner();
        inner.store.keep(id, millis(inner.options.keep_longer)).await?;
        // Its time may have been over just before.
        let row = self.row(caller, id).await?;
        Ok(self.show_some(row).await.map(|snapshot| Kept { ended: true, snapshot }))
    }

    /// The row of a task that this caller may see.
    ///
    /// # Errors
    /// [`ServiceError::Expired`] where its time is over, for as long as that is known.
    pub(super) async fn row(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<Row>, ServiceError> {
        let store = &self.engine.inner().store;
        let row = store.get(id).await?;
        let over = match &row {
            Some(row) => row.expired(),
            None => store.tombstone(id).await?,
        };
        match over {
            Some(over) if caller.may_see(over.owner.as_deref()) => {
                Err(ServiceError::Expired(Box::new(expired(over))))
            }
            Some(_) => Ok(None),
            None => Ok(row.filter(|row| caller.may_see(row.owner.as_deref()))),
        }
    }

    /// One task, or why it cannot be told.
    pub(super) async fn look(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Result<Snapshot, GoneReason>, ServiceError> {
        match self.get(caller, id).await {
            Ok(snapshot) => Ok(snapshot.ok_or(GoneReason::NotFound)),
            Err(ServiceError::Expired(_)) => Ok(Err(GoneReason::Expired)),
            Err(error) => Err(error),
        }
    }
}

fn expired(over: Tombstone) -> ExpiredTask {
    ExpiredTask {
        kind: over.kind,
        title: over.title,
        status: over.status,
        finished_at: rfc3339(over.finished_at),
        expired_at: rfc3339(over.expired_at),
    }
}
