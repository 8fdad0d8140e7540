//! Stage durations.

use sqlx::Row as _;

use super::{This, connections::Session, map::storable, statements as sql};
use crate::{engine::store::StoreError, task::TaskId};

impl This {
    pub(super) async fn write_stage_times(
        &self,
        id: TaskId,
        kind: &str,
        times: &[(String, i64)],
        most: u32,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        let now = self.now_in(&mut tx).await?;
        for (stage, ms) in times {
            tx.execute(
                sqlx::query(sql::KEEP_STAGE_TIME)
                    .bind(kind)
                    .bind(storable(stage))
                    .bind(now)
                    .bind(id.to_string())
                    .bind(ms),
            )
            .await?;
            drop_old_times(&mut tx, kind, stage, most).await?;
        }
        tx.commit().await
    }

    pub(super) async fn read_stage_times(
        &self,
        kind: &str,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        let rows = self.read_all(sqlx::query(sql::STAGE_TIMES).bind(kind)).await?;
        rows.iter().map(|raw| Ok((raw.try_get("stage")?, raw.try_get("ms")?))).collect()
    }
}

/// Removes all but the newest times of a stage.
pub(super) async fn drop_old_times(
    tx: &mut Session<'_>,
    kind: &str,
    stage: &str,
    most: u32,
) -> Result<(), StoreError> {
    let query = sqlx::query(sql::DROP_STAGE_TIMES).bind(kind).bind(storable(stage));
    tx.execute(query.bind(i64::from(most))).await?;
    Ok(())
}
