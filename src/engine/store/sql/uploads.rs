//! Which tasks use which uploads.

use super::connections::Session;
use crate::{
    engine::store::StoreError,
    task::{TaskId, UploadId},
};

/// Extends the retention of an upload, counted from now, when a task is started with it. Matches no
/// upload of another owner, and no expired one.
const USE: &str = "UPDATE artifacts SET due_at = \
    CASE WHEN due_at < $3 + due_at - created_at THEN $3 + due_at - created_at ELSE due_at END \
    WHERE id = $1 AND task_id IS NULL AND state = 'ready' AND due_at > $3 \
    AND (owner IS NULL OR owner = $2)";

const NOTE_USE: &str =
    "INSERT INTO upload_uses (upload_id, task_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";

/// The uploads of the task $1. A start locks the row of an upload before it notes its use: once they are locked, the
/// next statement sees every use.
const LOCK_UPLOADS_OF: &str = concat!(
    "SELECT id FROM artifacts WHERE id IN (SELECT upload_id FROM upload_uses WHERE task_id = $1)",
    for_update_by_id!()
);

/// The uploads of the task $1 that no other task uses.
pub(super) const MARK_UPLOADS_DELETED: &str = "UPDATE artifacts SET state = 'deleted', due_at = $2 \
    WHERE state <> 'deleted' AND id IN (SELECT upload_id FROM upload_uses WHERE task_id = $1) \
    AND NOT EXISTS (SELECT 1 FROM upload_uses WHERE upload_id = artifacts.id AND task_id <> $1)";

/// Records that a task is started with an upload; returns false if there is none that its owner may
/// use.
pub(super) async fn note_use(
    tx: &mut Session<'_>,
    task_id: TaskId,
    owner: Option<&str>,
    upload: UploadId,
    now: i64,
) -> Result<bool, StoreError> {
    let used = tx.execute(sqlx::query(USE).bind(upload.to_string()).bind(owner).bind(now)).await?;
    if used == 0 {
        return Ok(false);
    }
    tx.execute(sqlx::query(NOTE_USE).bind(upload.to_string()).bind(task_id.to_string())).await?;
    Ok(true)
}

/// Deletes the uploads that only this task uses. Runs before the task is removed, as that removes its uses.
pub(super) async fn delete_of(
    tx: &mut Session<'_>,
    task_id: TaskId,
    now: i64,
) -> Result<(), StoreError> {
    let task_id = task_id.to_string();
    if tx.all(sqlx::query(LOCK_UPLOADS_OF).bind(&task_id)).await?.is_empty() {
        return Ok(());
    }
    tx.execute(sqlx::query(MARK_UPLOADS_DELETED).bind(&task_id).bind(now)).await?;
    Ok(())
}
