//! Queuing tasks.

use sqlx::Row as _;

use super::{
    This, artifacts,
    connections::Session,
    map::{self, storable},
    statements as sql,
};
use crate::{
    engine::store::{AllInserted, Change, Inserted, NewTask, StoreError, search_text::searchable},
    task::TaskId,
};

impl This {
    pub(super) async fn insert_task(&self, new: &NewTask) -> Result<Inserted, StoreError> {
        let mut tx = self.db.write_alone(new.account()).await?;
        let now = self.now_in(&mut tx).await?;
        let inserted = queue(&mut tx, new, &mut None, now).await?;
        match &inserted {
            Inserted::Queued(_) => self.announce(&mut tx, &Change::Queued).await?,
            Inserted::UnderWay(row) => keep_key(&mut tx, new, row.id).await?,
            // Roll back.
            Inserted::NoUpload(_) => return Ok(inserted),
            _ => {}
        }
        tx.commit().await?;
        Ok(inserted)
    }

    pub(super) async fn insert_tasks(&self, new: &[NewTask]) -> Result<AllInserted, StoreError> {
        let account = new.first().map(NewTask::account).unwrap_or_default();
        let mut tx = self.db.write_alone(account).await?;
        let mut rows = Vec::with_capacity(new.len());
        let (now, mut waiting) = (self.now_in(&mut tx).await?, None);
        for (place, new) in new.iter().enumerate() {
            match queue(&mut tx, new, &mut waiting, now).await? {
                Inserted::Queued(row) => rows.push(row),
                // Rolls back the tasks queued before it.
                other => return Ok(AllInserted::Not(place, Box::new(other))),
            }
        }
        self.announce(&mut tx, &Change::Queued).await?;
        tx.commit().await?;
        Ok(AllInserted::Queued(rows))
    }
}

/// Numbers of queued tasks.
struct Waiting {
    of_account: u32,
    of_client: u32,
    in_all: u32,
}

/// What a rerun takes along of the task that it runs again. See
/// [`RERUN_KEYS`](crate::engine::RERUN_KEYS).
const COPY_CHECKPOINTS: &str = "INSERT INTO checkpoints (task_id, key, value, saved_at) \
    SELECT $1, key, value, CAST($3 AS BIGINT) FROM checkpoints WHERE task_id = $2 AND key LIKE 'rerun:%'";

impl Waiting {
    async fn count(tx: &mut Session<'_>, new: &NewTask) -> Result<Self, StoreError> {
        let query = sqlx::query(sql::COUNT_QUEUED)
            .bind(new.account())
            .bind(&new.client)
            .bind(i64::from(new.max_queued_in_all));
        let raw = tx.one(query).await?;
        let count = |column: usize| -> Result<u32, StoreError> {
            Ok(u32::try_from(raw.try_get::<i64, _>(column)?).unwrap_or(u32::MAX))
        };
        Ok(Self { of_account: count(0)?, of_client: count(1)?, in_all: count(2)? })
    }

    /// Counts another task, unless a limit is reached.
    const fn add(&mut self, new: &NewTask) -> Option<Inserted> {
        let Self { of_account, of_client, in_all } = self;
        if *of_account >= new.max_queued {
            return Some(Inserted::Full(*of_account));
        }
        if *of_client >= new.max_queued_per_client {
            return Some(Inserted::ClientFull(*of_client));
        }
        if *in_all >= new.max_queued_in_all {
            return Some(Inserted::AllFull(*in_all));
        }
        (*of_account, *of_client, *in_all) = (*of_account + 1, *of_client + 1, *in_all + 1);
        None
    }
}

/// Queues one task, or returns why not. The queued tasks are counted once per transaction.
async fn queue(
    tx: &mut Session<'_>,
    new: &NewTask,
    waiting: &mut Option<Waiting>,
    now: i64,
) -> Result<Inserted, StoreError> {
    if let Some(found) = already_there(tx, new, now).await? {
        return Ok(found);
    }
    let waiting = match waiting {
        Some(waiting) => waiting,
        None => waiting.insert(Waiting::count(tx, new).await?),
    };
    if let Some(full) = waiting.add(new) {
        return Ok(full);
    }
    let stages =
        serde_json::to_string(&new.stages).map_err(|error| map::corrupt("stages", error))?;
    let raw = tx
        .one(
            sqlx::query(sql::INSERT)
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
                .bind(&new.sealed)
                .bind(storable(&searchable(&new.title))),
        )
        .await?;
    let row = map::row(&raw, now)?;
    if let Some(earlier) = new.rerun_of {
        let query = sqlx::query(COPY_CHECKPOINTS);
        tx.execute(query.bind(row.id.to_string()).bind(earlier.to_string()).bind(now)).await?;
    }
    keep_key(tx, new, row.id).await?;
    for upload in &new.uploads {
        if !artifacts::note_use(tx, row.id, new.owner.as_deref(), *upload, now).await? {
            return Ok(Inserted::NoUpload(*upload));
        }
    }
    Ok(Inserted::Queued(row))
}

/// Stores the task of a start with an idempotency key.
async fn keep_key(tx: &mut Session<'_>, new: &NewTask, led_to: TaskId) -> Result<(), StoreError> {
    if let Some((key, request_hash)) = &new.idempotency {
        tx.execute(
            sqlx::query(sql::KEEP_KEY)
                .bind(new.account())
                .bind(key)
                .bind(request_hash)
                .bind(led_to.to_string()),
        )
        .await?;
    }
    Ok(())
}

/// Returns the existing task that this start leads to, if there is one.
async fn already_there(
    tx: &mut Session<'_>,
    new: &NewTask,
    now: i64,
) -> Result<Option<Inserted>, StoreError> {
    if let Some((key, request_hash)) = &new.idempotency {
        let raw =
            tx.first(sqlx::query(sql::BY_IDEMPOTENCY_KEY).bind(new.account()).bind(key)).await?;
        if let Some(raw) = raw {
            let row = map::row(&raw, now)?;
            if row.expired().is_none() {
                let known: String = raw.try_get("request_hash")?;
                let same = known == *request_hash;
                return Ok(Some(if same { Inserted::SameKey(row) } else { Inserted::KeyReused }));
            }
            tx.execute(sqlx::query(sql::DROP_KEY).bind(new.account()).bind(key)).await?;
        }
    }
    if let Some(unique_key) = &new.unique_key {
        let raw = tx
            .first(sqlx::query(sql::UNDER_WAY).bind(&new.kind).bind(unique_key).bind(&new.owner))
            .await?;
        if let Some(raw) = raw {
            return Ok(Some(Inserted::UnderWay(map::row(&raw, now)?)));
        }
    }
    Ok(None)
}
