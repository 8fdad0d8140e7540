//! Lists of batches.

use sqlx::Row as _;

use super::{DbRow, This, map};
use crate::{
    engine::store::{BatchRow, StoreError},
    task::BatchId,
};

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
}

fn row(raw: &DbRow) -> Result<BatchRow, StoreError> {
    let id: String = raw.try_get("batch_id")?;
    let count = |name| -> Result<u32, StoreError> {
        let count: i64 = raw.try_get(name)?;
        u32::try_from(count).map_err(|_| map::corrupt(name, count))
    };
    Ok(BatchRow {
        id: id.parse().map_err(|_| map::corrupt("batch_id", &id))?,
        kind: raw.try_get("kind")?,
        created_at: raw.try_get("began")?,
        tasks: count("tasks")?,
        unfinished: count("unfinished")?,
        failed: count("failed")?,
    })
}
