//! Removing expired tasks, their tombstones, and extending retention.

use sqlx::Row as _;

use super::{
    DbRow, This, artifacts::MARK_FILES_DELETED, audit, map, read_at,
    shared_limits::DROP_RUN_COUNTS, shares, statements as sql, uploads, users,
};
use crate::{
    engine::store::{
        Change, DAY_MS, NewAudit, Pruned, Row, StoreError, Tombstone, version::later_generation,
    },
    task::{Status, TaskId},
};

// Locked, so that no other transaction extends or removes a row in between.
const OVERDUE: &str = concat!(
    "SELECT id FROM tasks WHERE expires_at <= $1 ORDER BY expires_at, id LIMIT $2",
    for_update!()
);

const WRITE_TOMBSTONES: &str = concat!(
    "INSERT INTO tombstones (id, owner, kind, title, status, finished_at, expired_at, prune_at) ",
    "SELECT id, owner, kind, title, status, coalesce(finished_at, expires_at), expires_at, ",
    "expires_at + $2 FROM tasks WHERE ",
    in_json_list!("id", "$1"),
    " ON CONFLICT DO NOTHING"
);

/// Nothing of the task itself stays: not even its title.
const WRITE_TOMBSTONE_OF_DELETED: &str = "INSERT INTO tombstones (id, owner, kind, title, status, finished_at, expired_at, prune_at, \
     deleted_at) SELECT id, owner, kind, '', status, coalesce(finished_at, $2), $2, $3, $2 \
     FROM tasks WHERE id = $1 ON CONFLICT DO NOTHING";

/// Result, log and keys are deleted with the task.
const REMOVE: &str = concat!("DELETE FROM tasks WHERE ", in_json_list!("id", "$1"));

const DELETE_TOMBSTONES: &str = "DELETE FROM tombstones WHERE id IN \
    (SELECT id FROM tombstones WHERE prune_at <= $1 ORDER BY prune_at LIMIT $2)";

/// Among the ids in $1.
const TOMBSTONES: &str = concat!(
    "SELECT ",
    read_at!(),
    "id, owner, kind, title, status, finished_at, expired_at, prune_at, deleted_at FROM tombstones WHERE ",
    in_json_list!("id", "$1")
);

/// Never shortens the retention, and never restores an expired task.
const KEEP: &str = concat!(
    "UPDATE tasks SET expires_at = $3, updated_at = $2, ",
    later_generation!("1"),
    " WHERE id = $1 AND expires_at > $2 AND expires_at < $3"
);

/// Longer than the window of any rate, in milliseconds: two days.
const RUN_COUNTS_MS: i64 = 2 * DAY_MS;

impl This {
    pub(super) async fn clean_up(&self, most: u32, known_ms: i64) -> Result<Pruned, StoreError> {
        let mut tx = self.db.write().await?;
        let now = self.now_in(&mut tx).await?;
        let most = i64::from(most);
        let rows = tx.all(sqlx::query(OVERDUE).bind(now).bind(most)).await?;
        let removed: Vec<_> = rows.iter().map(map::task_id).collect::<Result<_, _>>()?;
        if !removed.is_empty() {
            let ids = serde_json::to_string(&removed).map_err(|e| map::corrupt("id", e))?;
            tx.execute(sqlx::query(MARK_FILES_DELETED).bind(&ids).bind(now)).await?;
            tx.execute(sqlx::query(WRITE_TOMBSTONES).bind(&ids).bind(known_ms)).await?;
            tx.execute(sqlx::query(REMOVE).bind(&ids)).await?;
            shares::drop_of_gone_batches(&mut tx).await?;
        }
        shares::drop_expired(&mut tx, now, most).await?;
        users::drop_expired_sessions(&mut tx, now, most).await?;
        let left = now.saturating_sub(RUN_COUNTS_MS);
        tx.execute(sqlx::query(DROP_RUN_COUNTS).bind(left).bind(most)).await?;
        let forgotten = tx.execute(sqlx::query(DELETE_TOMBSTONES).bind(now).bind(most)).await?;
        tx.commit().await?;
        Ok(Pruned { removed, forgotten })
    }

    pub(super) async fn delete_task(
        &self,
        id: TaskId,
        known_ms: i64,
        audit: Option<&NewAudit>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.write_for(&format!("task {id}")).await?;
        let now = self.now_in(&mut tx).await?;
        if tx.first(sqlx::query(sql::LOCK).bind(id.to_string())).await?.is_none() {
            return Ok(false);
        }
        let ids = map::ids(&[id])?;
        tx.execute(sqlx::query(MARK_FILES_DELETED).bind(&ids).bind(now)).await?;
        uploads::delete_of(&mut tx, id, now).await?;
        let prune_at = now.saturating_add(known_ms);
        let tombstone = sqlx::query(WRITE_TOMBSTONE_OF_DELETED).bind(id.to_string());
        tx.execute(tombstone.bind(now).bind(prune_at)).await?;
        tx.execute(sqlx::query(REMOVE).bind(&ids)).await?;
        shares::drop_of_gone_batches(&mut tx).await?;
        audit::write(&mut tx, audit, now).await?;
        // A slot may have become free.
        self.announce(&mut tx, &[Change::Queued, Change::Task(id)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    pub(super) async fn read_tombstones(
        &self,
        ids: &[TaskId],
    ) -> Result<Vec<Tombstone>, StoreError> {
        let rows = self.read_all(sqlx::query(TOMBSTONES).bind(map::ids(ids)?)).await?;
        let now = self.local_now();
        let mut known = Vec::with_capacity(rows.len());
        for raw in &rows {
            if raw.try_get::<i64, _>("prune_at")? > read_at(raw, now)? {
                known.push(tombstone(raw)?);
            }
        }
        Ok(known)
    }

    pub(super) async fn keep_longer(
        &self,
        id: TaskId,
        for_ms: i64,
        audit: Option<&NewAudit>,
    ) -> Result<Option<Row>, StoreError> {
        let mut tx = self.db.write_for(&format!("task {id}")).await?;
        let now = self.now_in(&mut tx).await?;
        let keep = sqlx::query(KEEP).bind(id.to_string()).bind(now);
        if tx.execute(keep.bind(now.saturating_add(for_ms))).await? > 0 {
            audit::write(&mut tx, audit, now).await?;
        }
        let raw = tx.first(sqlx::query(sql::GET).bind(id.to_string())).await?;
        let row = raw.map(|raw| map::row(&raw, now)).transpose()?;
        tx.commit().await?;
        Ok(row)
    }
}

fn tombstone(raw: &DbRow) -> Result<Tombstone, StoreError> {
    let status: String = raw.try_get("status")?;
    Ok(Tombstone {
        id: map::task_id(raw)?,
        owner: raw.try_get("owner")?,
        kind: raw.try_get("kind")?,
        title: raw.try_get("title")?,
        status: Status::from_word(&status).ok_or_else(|| map::corrupt("status", &status))?,
        finished_at: raw.try_get("finished_at")?,
        expired_at: raw.try_get("expired_at")?,
        deleted_at: raw.try_get("deleted_at")?,
    })
}
