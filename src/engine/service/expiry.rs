//! Visible, expired and extended tasks.

use std::collections::HashMap;

use super::{Caller, Service, ServiceError};
use crate::{
    engine::{
        clock::rfc3339,
        millis,
        store::{Row, StoreError, Tombstone},
    },
    task::{ExpiredTask, GoneReason, Snapshot, TaskId},
};

/// The result of [`Service::keep`].
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// False if the task has not ended yet: its retention starts with its end.
    pub ended: bool,
    /// The task.
    pub snapshot: Snapshot,
}

impl Service {
    /// Whether tasks started now are removed some time after their end.
    pub fn expires(&self) -> bool {
        !self.engine.inner().options.retention.keep.is_zero()
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
        let kept = inner.store.keep(id, millis(inner.options.retention.extend)).await;
        // Also if the answer was lost: it may have been extended.
        inner.ended.forget(id);
        kept?;
        // It may have expired just before.
        let row = self.row(caller, id).await?;
        Ok(self.show_some(row).await.map(|snapshot| Kept { ended: true, snapshot }))
    }

    /// Returns the row of a task that this caller may see.
    ///
    /// # Errors
    /// [`ServiceError::Expired`] when the task has expired, as long as its tombstone is retained.
    pub(super) async fn row(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<Row>, ServiceError> {
        let inner = self.engine.inner();
        let store = &inner.store;
        let row = match inner.ended.get(id, inner.clock.now_ms()) {
            Some(row) => Some(row),
            None => {
                let reading = inner.ended.reading();
                let row = store.get(id).await?;
                if let Some(row) = &row {
                    inner.ended.put(row, reading);
                }
                row
            }
        };
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

    /// Returns each task's row, or why it is not visible, with at most two statements. `just_read`
    /// rows are not read again.
    pub(super) async fn rows(
        &self,
        caller: &Caller,
        ids: &[TaskId],
        just_read: Reading,
    ) -> Result<HashMap<TaskId, Result<Row, GoneReason>>, StoreError> {
        let Reading { asked, rows } = just_read;
        let mut rows: HashMap<_, _> = rows.into_iter().map(|row| (row.id, row)).collect();
        let mut unread: Vec<_> = ids.iter().copied().filter(|id| !asked.contains(id)).collect();
        rows.extend(self.read_rows(&mut unread).await?.into_iter().map(|row| (row.id, row)));
        let missing: Vec<_> = ids.iter().copied().filter(|id| !rows.contains_key(id)).collect();
        let over = match missing.as_slice() {
            [] => Vec::new(),
            missing => self.engine.inner().store.tombstones(missing).await?,
        };
        let over =
            over.into_iter().map(|over| (over.id, gone(caller, over.owner.as_deref(), true)));
        let mut found: HashMap<_, _> = over.map(|(id, reason)| (id, Err(reason))).collect();
        for (id, row) in rows {
            let expired = row.expired().is_some();
            let seen = !expired && caller.may_see(row.owner.as_deref());
            let told =
                if seen { Ok(row) } else { Err(gone(caller, row.owner.as_deref(), expired)) };
            found.insert(id, told);
        }
        Ok(found)
    }

    /// Reads the existing rows among these tasks with one statement; with none if `ids` is empty.
    pub(super) async fn read_rows(&self, ids: &mut Vec<TaskId>) -> Result<Vec<Row>, StoreError> {
        ids.sort_unstable();
        ids.dedup();
        let store = &self.engine.inner().store;
        match ids.as_slice() {
            [] => Ok(Vec::new()),
            [one] => Ok(store.get(*one).await?.into_iter().collect()),
            many => store.get_all(many).await,
        }
    }
}

/// Rows read a moment ago.
#[derive(Default)]
pub(super) struct Reading {
    /// The ids that were looked up.
    pub(super) asked: Vec<TaskId>,
    /// The rows that exist.
    pub(super) rows: Vec<Row>,
}

/// Why a task is not visible; only callers who could have seen it learn that it expired.
fn gone(caller: &Caller, owner: Option<&str>, expired: bool) -> GoneReason {
    if expired && caller.may_see(owner) { GoneReason::Expired } else { GoneReason::NotFound }
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
