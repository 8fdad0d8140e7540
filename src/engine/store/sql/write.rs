//! What is written, but for ends.

use sqlx::{Row as _, Transaction};
use uuid::Uuid;

use super::{
    Db, DbRow, This, log,
    map::{self, storable},
    statements as sql,
};
use crate::{
    engine::store::{
        Beat, Change, Claim, Inserted, NewTask, ProgressWrite, Row, Secret, StoreError,
    },
    task::TaskId,
};

/// Tasks of each owner that a claim looks at beyond its free places, in case that another worker is
/// just taking the first.
const SURPLUS: i64 = 16;

impl This {
    pub(super) async fn insert_task(&self, new: &NewTask) -> Result<Inserted, StoreError> {
        let mut tx = self.begin().await?;
        self.lock_owner(&mut tx, new.owner.as_deref()).await?;
        let now = self.now_in(&mut tx).await?;
        if let Some(found) = already_there(&mut tx, new, now).await? {
            if let Inserted::UnderWay(row) = &found {
                keep_key(&mut tx, new, row.id).await?;
            }
            tx.commit().await?;
            return Ok(found);
        }
        let queued: i64 =
            sqlx::query_scalar(sql::COUNT_QUEUED).bind(&new.owner).fetch_one(&mut *tx).await?;
        let queued = u32::try_from(queued).unwrap_or(u32::MAX);
        if queued >= new.max_queued {
            return Ok(Inserted::Full(queued));
        }
        let stages =
            serde_json::to_string(&new.stages).map_err(|error| map::corrupt("stages", error))?;
        let raw = sqlx::query(sql::INSERT)
            .bind(new.id.to_string())
            .bind(&new.owner)
            .bind(&new.kind)
            .bind(storable(&new.title))
            .bind(&new.input)
            .bind(stages)
            .bind(&new.unique_key)
            .bind(i64::from(new.max_attempts))
            .bind(now)
            .bind(i64::from(new.priority))
            .bind(new.keep_ms)
            .fetch_one(&mut *tx)
            .await?;
        let row = map::row(&raw, now)?;
        keep_key(&mut tx, new, row.id).await?;
        self.announce(&mut tx, &Change::Queued).await?;
        tx.commit().await?;
        Ok(Inserted::Queued(row))
    }

    pub(super) async fn claim_tasks(&self, claim: &Claim) -> Result<Vec<Row>, StoreError> {
        let mut claimed = Vec::new();
        let mut free = claim.total;
        let mut tx = self.begin().await?;
        let now = self.now_in(&mut tx).await?;
        for (kind, slots) in &claim.slots {
            let rows = sqlx::query(sql::CLAIM)
                .bind(&claim.lease_owner)
                .bind(now.saturating_add(claim.lease_ms))
                .bind(now)
                .bind(kind)
                .bind(i64::from((*slots).min(free)))
                .bind(i64::from((*slots).min(free)) + SURPLUS)
                .fetch_all(&mut *tx)
                .await?;
            free = free.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
            for raw in &rows {
                let row = map::row(raw, now)?;
                self.announce(&mut tx, &Change::Task(row.id)).await?;
                claimed.push(row);
            }
        }
        tx.commit().await?;
        Ok(claimed)
    }

    pub(super) async fn renew_leases(
        &self,
        lease_owner: &str,
        lease_ms: i64,
        runs: &[TaskId],
    ) -> Result<Vec<Beat>, StoreError> {
        let mut heart = self.heart.acquire().await?;
        let now = self.now_in(&mut heart).await?;
        let runs = serde_json::to_string(runs).map_err(|error| map::corrupt("id", error))?;
        let rows = sqlx::query(sql::BEAT)
            .bind(lease_owner)
            .bind(now.saturating_add(lease_ms))
            .bind(now)
            .bind(runs)
            .fetch_all(&mut *heart)
            .await?;
        rows.iter().map(beat).collect()
    }

    pub(super) async fn read_cancels(
        &self,
        lease_owner: &str,
        runs: &[TaskId],
    ) -> Result<Vec<Beat>, StoreError> {
        let runs = serde_json::to_string(runs).map_err(|error| map::corrupt("id", error))?;
        let query = sqlx::query(sql::CANCELS).bind(lease_owner).bind(runs);
        query.fetch_all(&self.readers).await?.iter().map(beat).collect()
    }

    pub(super) async fn write_progress(&self, writes: &[ProgressWrite]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let mut writes: Vec<_> = writes.iter().collect();
        writes.sort_by_key(|write| write.id);
        if !writes.is_empty() {
            self.announce(&mut tx, &Change::Progress).await?;
        }
        for write in writes {
            sqlx::query(sql::SAVE_PROGRESS)
                .bind(write.id.to_string())
                .bind(write.run_seq)
                .bind(write.version)
                .bind(write.progress)
                .bind(i64::from(write.step))
                .bind(write.message.as_deref().map(storable))
                .bind(write.updated_at)
                .bind(write.pace.rate)
                .bind(write.pace.ends_at)
                .bind(write.pace.ends_between.map(|(low, _)| low))
                .bind(write.pace.ends_between.map(|(_, high)| high))
                .bind(write.stopping.delivered_at)
                .bind(write.stopping.acknowledged_at)
                .bind(write.stopping.kept.as_deref().map(storable))
                .execute(&mut *tx)
                .await?;
            log::save(&mut tx, write).await?;
        }
        Ok(tx.commit().await?)
    }

    pub(super) async fn write_checkpoint(
        &self,
        id: TaskId,
        run_seq: i64,
        key: &str,
        value: &str,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let now = self.now_in(&mut tx).await?;
        let done = sqlx::query(sql::SAVE_CHECKPOINT)
            .bind(id.to_string())
            .bind(run_seq)
            .bind(storable(key))
            .bind(value)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    pub(super) async fn read_or_make_secret(&self, name: &str) -> Result<Secret, StoreError> {
        let random = [Uuid::new_v4(), Uuid::new_v4()].map(Uuid::into_bytes).concat();
        sqlx::query(sql::MAKE_SECRET).bind(name).bind(random).execute(&self.writer).await?;
        let value: Vec<u8> =
            sqlx::query_scalar(sql::SECRET).bind(name).fetch_one(&self.writer).await?;
        value.try_into().map_err(|_| map::corrupt("secret", "it has not 32 bytes"))
    }
}

fn beat(raw: &DbRow) -> Result<Beat, StoreError> {
    Ok(Beat {
        id: map::task_id(raw)?,
        run_seq: raw.try_get("run_seq")?,
        version: raw.try_get("version")?,
        cancel: map::cancel(raw)?,
    })
}

/// Notes where a start with an idempotency key led.
async fn keep_key(
    tx: &mut Transaction<'static, Db>,
    new: &NewTask,
    led_to: TaskId,
) -> Result<(), StoreError> {
    if let Some((key, print)) = &new.idempotency {
        sqlx::query(sql::KEEP_KEY)
            .bind(&new.owner)
            .bind(key)
            .bind(print)
            .bind(led_to.to_string())
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Whether an insert leads to a task that exists.
async fn already_there(
    tx: &mut Transaction<'static, Db>,
    new: &NewTask,
    now: i64,
) -> Result<Option<Inserted>, StoreError> {
    if let Some((key, print)) = &new.idempotency {
        let raw = sqlx::query(sql::BY_IDEMPOTENCY_KEY)
            .bind(&new.owner)
            .bind(key)
            .fetch_optional(&mut **tx)
            .await?;
        if let Some(raw) = raw {
            let row = map::row(&raw, now)?;
            if row.expired().is_none() {
                let known: String = raw.try_get("print")?;
                let same = known == *print;
                return Ok(Some(if same { Inserted::SameKey(row) } else { Inserted::KeyReused }));
            }
            sqlx::query(sql::DROP_KEY).bind(&new.owner).bind(key).execute(&mut **tx).await?;
        }
    }
    if let Some(unique_key) = &new.unique_key {
        let raw = sqlx::query(sql::UNDER_WAY)
            .bind(&new.kind)
            .bind(unique_key)
            .bind(&new.owner)
            .fetch_optional(&mut **tx)
            .await?;
        if let Some(raw) = raw {
            return Ok(Some(Inserted::UnderWay(map::row(&raw, now)?)));
        }
    }
    Ok(None)
}
