//! How runs end, and how tasks are asked to.

use sqlx::Transaction;

use super::{
    Db, This,
    map::{self, storable},
    statements as sql,
};
use crate::{
    engine::store::{CancelOutcome, Change, Ending, Row, StoreError},
    task::{Status, TaskId},
};

// The words of the wire.
const RETRY: &str = "retry";
const RELEASED: &str = "released";

impl This {
    /// Takes the leases of processes that are known to be dead, but not those of `spare`.
    pub(super) async fn take_back_from_the_dead(
        &self,
        spare: &str,
    ) -> Result<Vec<TaskId>, StoreError> {
        // Where others may be alive nobody is known to be dead.
        if Self::SHARED { Ok(Vec::new()) } else { self.take_leases(spare, i64::MAX).await }
    }

    /// Whether there is anything to take: this is asked all the time.
    pub(super) async fn has_ended_leases(&self, before: i64) -> Result<bool, StoreError> {
        let ended = sqlx::query(sql::ENDED_LEASE).bind(before).fetch_optional(&self.readers);
        Ok(ended.await?.is_some())
    }

    /// Takes the leases that ended before this time, but not those of `spare`.
    pub(super) async fn take_leases(
        &self,
        spare: &str,
        ended_before: i64,
    ) -> Result<Vec<TaskId>, StoreError> {
        let mut taken = Vec::new();
        let mut tx = self.begin().await?;
        let now = self.now_in(&mut tx).await?;
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
            if !rows.is_empty() && statement != sql::TAKE_AGAIN {
                // What has ended needs no checkpoints, as in every other end.
                let over = serde_json::to_string(&taken).map_err(|e| map::corrupt("id", e))?;
                sqlx::query(sql::DROP_ALL_CHECKPOINTS).bind(over).execute(&mut *tx).await?;
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

    /// Brings what is dated later than now to now.
    pub(super) async fn bring_to_now(&self) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = self.now_in(&mut tx).await?;
        sqlx::query(sql::REDATE_LEASES).bind(now).execute(&mut *tx).await?;
        let latest: Option<i64> =
            sqlx::query_scalar(sql::LATEST_IN_QUEUE).fetch_one(&mut *tx).await?;
        if let Some(ahead) = latest.map(|latest| latest.saturating_sub(now)).filter(|ms| *ms > 0) {
            let moved = sqlx::query(sql::REDATE_QUEUE).bind(now).bind(ahead).execute(&mut *tx);
            if moved.await?.rows_affected() > 0 {
                self.announce(&mut tx, &Change::Queued).await?;
            }
        }
        Ok(tx.commit().await?)
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
            Ending::Again { after_ms, message } if !cancel_asked => {
                let run_at = now.saturating_add(*after_ms);
                requeue(&mut tx, id, run_at, 0, Some(message), RETRY, now).await?
            }
            Ending::Released if !cancel_asked => {
                requeue(&mut tx, id, now, 1, None, RELEASED, now).await?
            }
            over => end(&mut tx, id, over, cancel_asked, now).await?,
        };
        if row.status == Status::Queued {
            self.announce(&mut tx, &Change::Queued).await?;
        }
        self.announce(&mut tx, &Change::Task(id)).await?;
        tx.commit().await?;
        Ok(Some(row))
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
                if row.status.is_terminal() {
                    let drop = sqlx::query(sql::DROP_CHECKPOINTS).bind(id.to_string());
                    drop.execute(&mut *tx).await?;
                }
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

/// Puts a run into its terminal status, with its result in the same transaction. Another attempt
/// that is not made because somebody asked to stop is a stop.
async fn end(
    tx: &mut Transaction<'static, Db>,
    id: TaskId,
    ending: &Ending,
    cancel_asked: bool,
    now: i64,
) -> Result<Row, StoreError> {
    let (mut error, mut result) = (None, None);
    let (status, outcome) = match ending {
        Ending::Completed(whole) => {
            result = Some(whole);
            (Status::Completed, "too_late")
        }
        Ending::Failed { code, message, retryable } => {
            error = Some((code.as_ref(), message.as_str(), *retryable));
            (Status::Error, "too_late")
        }
        Ending::Forced => (Status::Cancelled, "forced"),
        Ending::Cancelled | Ending::Again { .. } | Ending::Released => {
            (Status::Cancelled, "stopped")
        }
    };
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
        .bind(cancel_asked.then_some(outcome))
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
    why: &'static str,
    now: i64,
) -> Result<Row, StoreError> {
    let raw = sqlx::query(sql::REQUEUE)
        .bind(id.to_string())
        .bind(run_at)
        .bind(now)
        .bind(given_back)
        .bind(message.map(storable))
        .bind(why)
        .fetch_one(&mut **tx)
        .await?;
    map::row(&raw, now)
}
