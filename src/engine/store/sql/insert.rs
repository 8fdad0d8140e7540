//! Queuing tasks.

use sqlx::Row as _;

use super::{
    This,
    connections::Session,
    insert_each::{insert_row, insert_rows, is_plain},
    map, statements as sql, uploads,
    waiting::Waiting,
};
use crate::{
    engine::store::{AllInserted, Change, Inserted, NewTask, StoreError},
    task::TaskId,
};

impl This {
    pub(super) async fn insert_task(&self, new: &NewTask) -> Result<Inserted, StoreError> {
        let mut tx = self.db.write_alone(new.account()).await?;
        let now = self.now_in(&mut tx).await?;
        let inserted = queue(&mut tx, new, &mut Waiting::unknown(now), now).await?;
        match &inserted {
            Inserted::Queued(_) => self.announce(&mut tx, &[Change::Queued]).await?,
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
        let now = self.now_in(&mut tx).await?;
        let (mut rows, mut plain) = (vec![None; new.len()], Vec::new());
        let mut waiting = Waiting::unknown(now);
        waiting.count(&mut tx, &new.iter().collect::<Vec<_>>()).await?;
        for (place, task) in new.iter().enumerate() {
            let inserted = if is_plain(task) {
                waiting.admit(&mut tx, task).await?
            } else {
                Some(queue(&mut tx, task, &mut waiting, now).await?)
            };
            match inserted {
                None => plain.push((place, task)),
                Some(Inserted::Queued(row)) => rows[place] = Some(row),
                // Rolls back the tasks queued before it.
                Some(other) => return Ok(AllInserted::Not(place, Box::new(other))),
            }
        }
        for (place, row) in insert_rows(&mut tx, &plain, now).await? {
            rows[place] = Some(row);
        }
        self.announce(&mut tx, &[Change::Queued]).await?;
        tx.commit().await?;
        Ok(AllInserted::Queued(rows.into_iter().flatten().collect()))
    }
}

/// What a rerun takes along of the task that it runs again. See
/// [`RERUN_KEYS`](crate::engine::RERUN_KEYS).
const COPY_CHECKPOINTS: &str = "INSERT INTO checkpoints (task_id, key, value, saved_at) \
    SELECT $1, key, value, CAST($3 AS BIGINT) FROM checkpoints WHERE task_id = $2 AND key LIKE 'rerun:%'";

/// Queues one task, or returns why not.
pub(super) async fn queue(
    tx: &mut Session<'_>,
    new: &NewTask,
    waiting: &mut Waiting,
    now: i64,
) -> Result<Inserted, StoreError> {
    if let Some(found) = already_there(tx, new, now).await? {
        return Ok(found);
    }
    if let Some(full) = waiting.admit(tx, new).await? {
        return Ok(full);
    }
    let row = insert_row(tx, new, now).await?;
    if let Some(earlier) = new.rerun_of {
        let query = sqlx::query(COPY_CHECKPOINTS);
        tx.execute(query.bind(row.id.to_string()).bind(earlier.to_string()).bind(now)).await?;
    }
    keep_key(tx, new, row.id).await?;
    for upload in &new.uploads {
        if !uploads::note_use(tx, row.id, new.owner.as_deref(), *upload, now).await? {
            return Ok(Inserted::NoUpload(*upload));
        }
    }
    Ok(Inserted::Queued(row))
}

/// Stores the task of a start with an idempotency key.
pub(super) async fn keep_key(
    tx: &mut Session<'_>,
    new: &NewTask,
    led_to: TaskId,
) -> Result<(), StoreError> {
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
