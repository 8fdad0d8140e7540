//! What is written.

use sqlx::{Row as _, Transaction};
use uuid::Uuid;

use super::{
    Db, DbRow, This,
    map::{self, storable},
    statements as sql,
};
use crate::{
    engine::store::{
        Beat, CancelOutcome, Change, Claim, Ending, Inserted, NewTask, ProgressWrite, Row, Secret,
        StoreError, StoredResult,
    },
    task::{Status, TaskId},
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

    /// Takes the leases that ended before what `ended_before` makes of now, but not those of `spare`.
    pub(super) async fn take_leases(
        &self,
        spare: &str,
        ended_before: impl Fn(i64) -> i64 + Send,
    ) -> Result<Vec<TaskId>, StoreError> {
        let mut taken = Vec::new();
        let mut tx = self.begin().await?;
        let now = self.now_in(&mut tx).await?;
        let ended_before = ended_before(now);
        for statement in [sql::TAKE_CANCELLED, sql::TAKE_EXHAUSTED, sql::TAKE_AGAIN] {
            let rows = sqlx::query(statement)
                .bind(spare)
                .bind(now)
                .bind(ended_before)
                .fetch_all(&mut *tx)
                .await?;
            for raw in &rows {
                taken.push(map::task_id(raw)?);
            }
        }
        if !taken.is_empty() {
            self.announce(&mut tx, &Change::Queued).await?;
        }
        for id in &taken {
            self.announce(&mut tx, &Change::Task(*id)).await?;
        }
        tx.commit().await?;
        Ok(taken)
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
                .execute(&mut *tx)
                .await?;
            for line in &write.log {
                sqlx::query(sql::SAVE_LOG_LINE)
                    .bind(write.id.to_string())
                    .bind(write.run_seq)
                    .bind(line.seq)
                    .bind(line.at)
                    .bind(storable(&line.text))
                    .execute(&mut *tx)
                    .await?;
            }
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

    pub(super) async fn finish_run(
        &self,
        id: TaskId,
        run_seq: i64,
        ending: &Ending,
    ) -> Result<Option<Row>, StoreError> {
        let mut tx = self.begin().await?;
        let now = self.now_in(&mut tx).await?;
        let cancel_asked: Option<bool> = sqlx::query_scalar(sql::HELD_RUN)
            .bind(id.to_string())
            .bind(run_seq)
            .fetch_optional(&mut *tx)
            .await?;
        let Some(cancel_asked) = cancel_asked else { return Ok(None) };
        let row = match ending {
            Ending::Again { .. } | Ending::Released if cancel_asked => {
                end(&mut tx, id, Status::Cancelled, None, None, now).await?
            }
            Ending::Again { after_ms, message } => {
                requeue(&mut tx, id, now.saturating_add(*after_ms), 0, Some(message), now).await?
            }
            Ending::Released => requeue(&mut tx, id, now, 1, None, now).await?,
            Ending::Cancelled => end(&mut tx, id, Status::Cancelled, None, None, now).await?,
            Ending::Failed { code, message, retryable } => {
                let error = Some((code.as_ref(), message.as_str(), *retryable));
                end(&mut tx, id, Status::Error, error, None, now).await?
            }
            Ending::Completed(result) => {
                end(&mut tx, id, Status::Completed, None, Some(result), now).await?
            }
        };
        if row.status == Status::Queued {
            self.announce(&mut tx, &Change::Queued).await?;
        }
        self.announce(&mut tx, &Change::Task(id)).await?;
        tx.commit().await?;
        Ok(Some(row))
    }

    pub(super) async fn read_or_make_secret(&self, name: &str) -> Result<Secret, StoreError> {
        let random = [Uuid::new_v4(), Uuid::new_v4()].map(Uuid::into_bytes).concat();
        sqlx::query(sql::MAKE_SECRET).bind(name).bind(random).execute(&self.writer).await?;
        let value: Vec<u8> =
            sqlx::query_scalar(sql::SECRET).bind(name).fetch_one(&self.writer).await?;
        value.try_into().map_err(|_| map::corrupt("secret", "it has not 32 bytes"))
    }

    pub(super) async fn write_cancel(
        &self,
        id: TaskId,
        by: &str,
    ) -> Result<Option<CancelOutcome>, StoreError> {
        let mut tx = self.begin().await?;
        // Between the two looks the task could start, or be given back.
        sqlx::query(sql::LOCK).bind(id.to_string()).execute(&mut *tx).await?;
        let now = self.now_in(&mut tx).await?;
        for statement in [sql::CANCEL_QUEUED, sql::CANCEL_RUNNING] {
            let raw = sqlx::query(statement)
                .bind(id.to_string())
                .bind(now)
                .bind(by)
                .fetch_optional(&mut *tx)
                .await?;
            if let Some(raw) = raw {
                let row = map::row(&raw, now)?;
                self.announce(&mut tx, &Change::Cancel(id)).await?;
                tx.commit().await?;
                return Ok(Some(CancelOutcome::Accepted(row)));
            }
        }
        let raw = sqlx::query(sql::GET).bind(id.to_string()).fetch_optional(&mut *tx).await?;
        let row = raw.map(|raw| map::row(&raw, now)).transpose()?;
        Ok(row.map(|row| match row.status {
            Status::Cancelling => CancelOutcome::Accepted(row),
            _ => CancelOutcome::AlreadyOver(row),
        }))
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
            let known: String = raw.try_get("print")?;
            let same = known == *print;
            return Ok(Some(match same {
                true => Inserted::SameKey(map::row(&raw, now)?),
                false => Inserted::KeyReused,
            }));
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

/// Puts a run into a terminal status, with its result in the same transaction.
async fn end(
    tx: &mut Transaction<'static, Db>,
    id: TaskId,
    status: Status,
    error: Option<(&str, &str, bool)>,
    result: Option<&StoredResult>,
    now: i64,
) -> Result<Row, StoreError> {
    if let Some(result) = result {
        sqlx::query(sql::SAVE_RESULT)
            .bind(id.to_string())
            .bind(&result.media_type)
            .bind(&result.file_name)
            .bind(&result.bytes)
            .execute(&mut **tx)
            .await?;
    }
    sqlx::query(sql::DROP_CHECKPOINTS).bind(id.to_string()).execute(&mut **tx).await?;
    let raw = sqlx::query(sql::FINISH)
        .bind(id.to_string())
        .bind(status.as_str())
        .bind(now)
        .bind(error.map(|(code, _, _)| code))
        .bind(error.map(|(_, message, _)| storable(message)))
        .bind(error.map(|(_, _, retryable)| retryable))
        .bind(result.map(|result| &result.media_type))
        .bind(result.map(|result| i64::try_from(result.bytes.len()).unwrap_or(i64::MAX)))
        .fetch_one(&mut **tx)
        .await?;
    map::row(&raw, now)
}

/// Puts a run back into the queue; `given_back` attempts are not counted.
async fn requeue(
    tx: &mut Transaction<'static, Db>,
    id: TaskId,
    run_at: i64,
    given_back: i64,
    message: Option<&str>,
    now: i64,
) -> Result<Row, StoreError> {
    let raw = sqlx::query(sql::REQUEUE)
        .bind(id.to_string())
        .bind(run_at)
        .bind(now)
        .bind(given_back)
        .bind(message.map(storable))
        .fetch_one(&mut **tx)
        .await?;
    map::row(&raw, now)
}
