//! How long stages took.

use sqlx::Row as _;

use super::{This, map::storable, statements as sql};
use crate::{engine::store::StoreError, task::TaskId};

impl This {
    pub(super) async fn write_stage_times(
        &self,
        id: TaskId,
        kind: &str,
        times: &[(String, i64)],
        most: u32,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = self.now_in(&mut tx).await?;
        for (stage, ms) in times {
            sqlx::query(sql::KEEP_STAGE_TIME)
                .bind(kind)
                .bind(storable(stage))
                .bind(now)
                .bind(id.to_string())
                .bind(ms)
                .execute(&mut *tx)
                .await?;
            sqlx::query(sql::DROP_STAGE_TIMES)
                .bind(kind)
                .bind(storable(stage))
                .bind(i64::from(most))
                .execute(&mut *tx)
                .await?;
        }
        Ok(tx.commit().await?)
    }

    pub(super) async fn read_stage_times(
        &self,
        kind: &str,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        let rows = sqlx::query(sql::STAGE_TIMES).bind(kind).fetch_all(&self.readers).await?;
        rows.iter().map(|raw| Ok((raw.try_get("stage")?, raw.try_get("ms")?))).collect()
    }
}
