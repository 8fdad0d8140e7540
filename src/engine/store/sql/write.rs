//! All writes except starts and ends.

use sqlx::Row as _;
use uuid::Uuid;

use super::{
    DbRow, This, log,
    map::{self, storable},
    preview, statements as sql,
};
use crate::{
    engine::store::{Change, ProgressWrite, Renewal, Secret, StoreError},
    task::TaskId,
};

impl This {
    pub(super) async fn renew_leases(
        &self,
        lease_owner: &str,
        lease_ms: i64,
        runs: &[TaskId],
    ) -> Result<Vec<Renewal>, StoreError> {
        let mut session = self.db.lease_session().await?;
        let now = self.now_in(&mut session).await?;
        let rows = session
            .all(
                sqlx::query(sql::RENEW_LEASES)
                    .bind(lease_owner)
                    .bind(now.saturating_add(lease_ms))
                    .bind(now)
                    .bind(map::ids(runs)?),
            )
            .await?;
        session.commit().await?;
        rows.iter().map(renewal).collect()
    }

    pub(super) async fn read_cancels(
        &self,
        lease_owner: &str,
        runs: &[TaskId],
    ) -> Result<Vec<Renewal>, StoreError> {
        let query = sqlx::query(sql::CANCELS).bind(lease_owner).bind(map::ids(runs)?);
        self.read_all(query).await?.iter().map(renewal).collect()
    }

    pub(super) async fn write_progress(&self, writes: &[ProgressWrite]) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        let mut writes: Vec<_> = writes.iter().collect();
        writes.sort_by_key(|write| write.id);
        if !writes.is_empty() {
            self.announce(&mut tx, &[Change::Progress]).await?;
        }
        for write in writes {
            tx.execute(map::save_progress(write)).await?;
            log::save(&mut tx, write).await?;
            preview::save(&mut tx, write).await?;
        }
        tx.commit().await
    }

    pub(super) async fn write_checkpoint(
        &self,
        id: TaskId,
        run_seq: i64,
        key: &str,
        value: &str,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let now = self.now_in(&mut tx).await?;
        let done = tx
            .execute(
                sqlx::query(sql::SAVE_CHECKPOINT)
                    .bind(id.to_string())
                    .bind(run_seq)
                    .bind(storable(key))
                    .bind(value)
                    .bind(now),
            )
            .await?;
        tx.commit().await?;
        Ok(done > 0)
    }

    pub(super) async fn read_or_make_secret(&self, name: &str) -> Result<Secret, StoreError> {
        let random = [Uuid::new_v4(), Uuid::new_v4()].map(Uuid::into_bytes).concat();
        let mut tx = self.db.write().await?;
        tx.execute(sqlx::query(sql::MAKE_SECRET).bind(name).bind(random)).await?;
        let value: Vec<u8> = tx.value(sqlx::query(sql::SECRET).bind(name)).await?;
        tx.commit().await?;
        value.try_into().map_err(|_| map::corrupt("secret", "it has not 32 bytes"))
    }
}

fn renewal(raw: &DbRow) -> Result<Renewal, StoreError> {
    Ok(Renewal {
        id: map::task_id(raw)?,
        run_seq: raw.try_get("run_seq")?,
        version: raw.try_get("version")?,
        cancel: map::cancel(raw)?,
    })
}
