//! What is queued.

use sqlx::{Row as _, Transaction};

use super::{
    Db, This, artifacts,
    map::{self, storable},
    statements as sql,
};
use crate::{
    engine::store::{AllInserted, Change, Inserted, NewTask, StoreError},
    task::TaskId,
};

impl This {
    pub(super) async fn insert_task(&self, new: &NewTask) -> Result<Inserted, StoreError> {
        let mut tx = self.begin().await?;
        self.lock_owner(&mut tx, new.account()).await?;
        let now = self.now_in(&mut tx).await?;
        let inserted = queue(&mut tx, new, now).await?;
        match &inserted {
            Inserted::Queued(_) => self.announce(&mut tx, &Change::Queued).await?,
            Inserted::UnderWay(row) => keep_key(&mut tx, new, row.id).await?,
            // Nothing of it stays.
            Inserted::NoUpload(_) => return Ok(inserted),
            _ => {}
        }
        tx.commit().await?;
        Ok(inserted)
    }

    pub(super) async fn insert_tasks(&self, new: &[NewTask]) -> Result<AllInserted, StoreError> {
        let mut tx = self.begin().await?;
        let mut rows = Vec::with_capacity(new.len());
        if let Some(first) = new.first() {
            self.lock_owner(&mut tx, first.account()).await?;
        }
        let now = self.now_in(&mut tx).await?;
        for (place, new) in new.iter().enumerate() {
            match queue(&mut tx, new, now).await? {
                Inserted::Queued(row) => rows.push(row),
                // What was queued before it is rolled back.
                other => return Ok(AllInserted::Not(place, Box::new(other))),
            }
        }
        self.announce(&mut tx, &Change::Queued).await?;
        tx.commit().await?;
        Ok(AllInserted::Queued(rows))
    }
}

/// Queues one task, or says why not.
async fn queue(
    tx: &mut Transaction<'static, Db>,
    new: &NewTask,
    now: i64,
) -> Result<Inserted, StoreError> {
    if let Some(found) = already_there(tx, new, now).await? {
        return Ok(found);
    }
    let queued: i64 =
        sqlx::query_scalar(sql::COUNT_QUEUED).bind(new.account()).fetch_one(&mut **tx).await?;
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
        .bind(new.batch.map(|(id, _)| id.to_string()))
        .bind(new.batch.map(|(_, place)| i64::from(place)))
        .bind(&new.client)
        .bind(new.lookup_key.as_deref().map(storable))
        .fetch_one(&mut **tx)
        .await?;
    let row = map::row(&raw, now)?;
    keep_key(tx, new, row.id).await?;
    for upload in &new.uploads {
        if !artifacts::note_use(tx, row.id, new.owner.as_deref(), *upload, now).await? {
            return Ok(Inserted::NoUpload(*upload));
        }
    }
    Ok(Inserted::Queued(row))
}

/// Notes where a start with an idempotency key led.
async fn keep_key(
    tx: &mut Transaction<'static, Db>,
    new: &NewTask,
    led_to: TaskId,
) -> Result<(), StoreError> {
    if let Some((key, print)) = &new.idempotency {
        sqlx::query(sql::KEEP_KEY)
            .bind(new.account())
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
            .bind(new.account())
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
            sqlx::query(sql::DROP_KEY).bind(new.account()).bind(key).execute(&mut **tx).await?;
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
