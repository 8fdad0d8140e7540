//! Deleting tasks.

use super::{Caller, Service, ServiceError, TaskAction};
use crate::{
    engine::{audit::Action, leases, millis, store::Row},
    task::TaskId,
};

/// A task that was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deleted {
    /// Its id.
    pub id: TaskId,
}

impl Service {
    /// See [`Service::delete`].
    pub(super) async fn delete_task(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<Deleted>, ServiceError> {
        let Some(row) = self.row_for(caller, id, TaskAction::Delete).await? else {
            return Ok(None);
        };
        Ok(self.delete_seen(caller, &row).await?.then_some(Deleted { id }))
    }

    /// Deletes a task that the caller may delete; returns whether it was still there.
    pub(super) async fn delete_seen(
        &self,
        caller: &Caller,
        row: &Row,
    ) -> Result<bool, ServiceError> {
        let id = row.id;
        if !row.status.is_terminal() {
            // Its worker stops it, wherever it runs.
            let audit = caller.audits_about(Action::Cancel, id);
            self.cancel_seen(caller.cancels_as(row), id, &audit).await?;
        }
        let inner = self.engine.inner();
        let known = millis(inner.options.retention.tombstones);
        let audit = caller.audits_about(Action::Delete, id).with(|audit| {
            audit.detail = Some(row.kind.clone());
        });
        let deleted = inner.store.delete(id, known, Some(&audit)).await;
        // Also if the answer was lost: it may have been deleted.
        inner.ended.forget(id);
        inner.seen.remove(&id);
        if let Some(batch) = row.batch {
            inner.batch_counts.remove(&batch);
        }
        let is_deleted = deleted?;
        if let Some(running) = inner.running.get(id) {
            leases::drop_deleted(inner, &running);
        }
        inner.subscriptions.forget(id);
        inner.wake_claimer();
        Ok(is_deleted)
    }
}
