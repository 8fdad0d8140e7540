//! Batches: lists of them, their counts, their tasks page by page, and cancelling what waits.

use sqlx::Row as _;

use super::{
    DbRow, This, audit, map,
    statements::{self as sql, columns, next_generation},
};
use crate::{
    engine::store::{BatchCounts, BatchRow, Change, NewAudit, Row, StoreError},
    task::{BatchId, Status},
};

/// The tasks of batch $1 behind index $2 that have not expired by $3, in the order of the inputs.
pub(super) const BATCH: &str = concat!(
    "SELECT batch_index, ",
    columns!(),
    " FROM tasks WHERE batch_id = $1 AND batch_index > $2",
    " AND (expires_at IS NULL OR expires_at > $3) ORDER BY batch_index LIMIT $4"
);

/// Those with status $5.
pub(super) const BATCH_BY_STATUS: &str = concat!(
    "SELECT batch_index, ",
    columns!(),
    " FROM tasks WHERE batch_id = $1 AND batch_index > $2",
    " AND (expires_at IS NULL OR expires_at > $3) AND status = $5 ORDER BY batch_index LIMIT $4"
);

/// The numbers of tasks of batch $1 that have not expired by $2. The sum of the versions grows with
/// each visible change.
pub(super) const BATCH_COUNTS: &str = "SELECT status, count(*) AS tasks, min(owner) AS owner, \
    min(kind) AS kind, min(created_at) AS began, CAST(sum(version) AS BIGINT) AS versions, \
    CAST(coalesce(sum(progress), 0) AS DOUBLE PRECISION) AS progress FROM tasks \
    WHERE batch_id = $1 AND (expires_at IS NULL OR expires_at > $2) GROUP BY status";

/// Cancels the queued tasks of batch $1.
pub(super) const CANCEL_QUEUED_OF_BATCH: &str = concat!(
    "UPDATE tasks SET status = 'cancelled', sealed = NULL, finished_at = $2, expires_at = $2 + keep_ms, updated_at = $2, ",
    "cancel_requested_at = $2, cancel_requested_by = $3, cancel_outcome = ",
    "CASE WHEN run_seq = 0 THEN 'never_started' ELSE 'between_attempts' END, ",
    next_generation!(),
    " WHERE id IN (SELECT id FROM tasks WHERE batch_id = $1 AND status = 'queued'",
    for_update_by_id!(),
    ") RETURNING ",
    columns!()
);

/// The batches of the owner $1 with tasks that have not expired by $2, older than $3 and $4.
pub(super) const BATCHES: &str = "SELECT batch_id, min(kind) AS kind, min(created_at) AS began, \
    count(*) AS tasks, \
    sum(CASE WHEN status IN ('completed', 'error', 'cancelled') THEN 0 ELSE 1 END) AS unfinished, \
    sum(CASE WHEN status = 'error' THEN 1 ELSE 0 END) AS failed \
    FROM tasks WHERE owner = $1 AND batch_id IS NOT NULL \
    AND (expires_at IS NULL OR expires_at > $2) GROUP BY batch_id \
    HAVING $3 IS NULL OR min(created_at) < $3 OR (min(created_at) = $3 AND batch_id < $4) \
    ORDER BY began DESC, batch_id DESC LIMIT $5";

impl This {
    pub(super) async fn read_batches(
        &self,
        owner: &str,
        before: Option<(i64, BatchId)>,
        limit: u32,
    ) -> Result<Vec<BatchRow>, StoreError> {
        let query = sqlx::query(BATCHES)
            .bind(owner)
            .bind(self.local_now())
            .bind(before.map(|(at, _)| at))
            .bind(before.map(|(_, id)| id.to_string()))
            .bind(i64::from(limit));
        self.read_all(query).await?.iter().map(row).collect()
    }

    pub(super) async fn read_batch(
        &self,
        id: BatchId,
        status: Option<Status>,
        after: Option<u32>,
        limit: u32,
    ) -> Result<Vec<(u32, Row)>, StoreError> {
        let now = self.local_now();
        let query = sqlx::query(if status.is_some() { BATCH_BY_STATUS } else { BATCH })
            .bind(id.to_string())
            .bind(after.map_or(-1, i64::from))
            .bind(now)
            .bind(i64::from(limit));
        let query = match status {
            Some(status) => query.bind(status.as_str()),
            None => query,
        };
        let rows = self.read_all(query).await?;
        rows.iter().map(|raw| Ok((count(raw, "batch_index")?, map::row(raw, now)?))).collect()
    }

    pub(super) async fn read_batch_counts(
        &self,
        id: BatchId,
    ) -> Result<Option<BatchCounts>, StoreError> {
        let query = sqlx::query(BATCH_COUNTS).bind(id.to_string()).bind(self.local_now());
        let mut counts: Option<BatchCounts> = None;
        for raw in &self.read_all(query).await? {
            let status: String = raw.try_get("status")?;
            let status =
                Status::from_word(&status).ok_or_else(|| map::corrupt("status", &status))?;
            let (tasks, began): (u32, i64) = (count(raw, "tasks")?, raw.try_get("began")?);
            let all = match &mut counts {
                Some(all) => all,
                none => none.insert(BatchCounts {
                    owner: raw.try_get("owner")?,
                    kind: raw.try_get("kind")?,
                    created_at: began,
                    by_status: Vec::new(),
                    versions: 0,
                    progress: 0.0,
                }),
            };
            all.created_at = all.created_at.min(began);
            all.by_status.push((status, tasks));
            all.versions = all.versions.saturating_add(raw.try_get("versions")?);
            all.progress += match status.is_terminal() {
                true => f64::from(tasks),
                false => raw.try_get("progress")?,
            };
        }
        Ok(counts)
    }

    pub(super) async fn cancel_queued_of_batch(
        &self,
        id: BatchId,
        by: &str,
        audit: Option<&NewAudit>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut tx = self.db.write_for(&format!("batch {id}")).await?;
        let now = self.now_in(&mut tx).await?;
        let query = sqlx::query(CANCEL_QUEUED_OF_BATCH).bind(id.to_string()).bind(now).bind(by);
        let rows = tx.all(query).await?;
        let rows: Vec<_> = rows.iter().map(|raw| map::row(raw, now)).collect::<Result<_, _>>()?;
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        tx.execute(sqlx::query(sql::DROP_ALL_CHECKPOINTS).bind(map::ids(&ids)?)).await?;
        audit::write(&mut tx, audit, now).await?;
        let changes: Vec<_> = ids.into_iter().map(Change::Cancel).collect();
        self.announce(&mut tx, &changes).await?;
        tx.commit().await?;
        Ok(rows)
    }
}

fn count(raw: &DbRow, name: &'static str) -> Result<u32, StoreError> {
    let count: i64 = raw.try_get(name)?;
    u32::try_from(count).map_err(|_| map::corrupt(name, count))
}

fn row(raw: &DbRow) -> Result<BatchRow, StoreError> {
    let id: String = raw.try_get("batch_id")?;
    Ok(BatchRow {
        id: id.parse().map_err(|_| map::corrupt("batch_id", &id))?,
        kind: raw.try_get("kind")?,
        created_at: raw.try_get("began")?,
        tasks: count(raw, "tasks")?,
        unfinished: count(raw, "unfinished")?,
        failed: count(raw, "failed")?,
    })
}
