//! Ending runs, and requesting cancellation.

use sqlx::Row as _;

use super::{
    This, audit,
    connections::Session,
    map::{self, storable},
    shared_limits::{CLAMP_RUN_COUNTS, DROP_FUTURE_RUN_COUNTS},
    statements as sql,
};
use crate::{
    engine::store::{CancelOutcome, Change, Ending, NewAudit, Row, StoreError, StoredResult},
    task::{Status, TaskId},
};

// The names on the wire.
const RETRY: &str = "retry";
const RELEASED: &str = "released";

impl This {
    /// Reclaims the leases of processes known to be dead, except those of `spare`.
    pub(super) async fn rescue_rows(&self, spare: &str) -> Result<Vec<TaskId>, StoreError> {
        // In a shared store no process is known to be dead.
        if Self::SHARED { Ok(Vec::new()) } else { self.take_leases(spare, i64::MAX).await }
    }

    /// Whether any lease expired before this time; a cheap check, made often.
    pub(super) async fn has_ended_leases(&self, before: i64) -> Result<bool, StoreError> {
        let ended = self.read_first(sqlx::query(sql::ENDED_LEASE).bind(before));
        Ok(ended.await?.is_some())
    }

    /// Reclaims the leases that expired before this time, except those of `spare`.
    pub(super) async fn take_leases(
        &self,
        spare: &str,
        ended_before: i64,
    ) -> Result<Vec<TaskId>, StoreError> {
        let mut taken = Vec::new();
        let mut tx = self.db.write().await?;
        let now = self.now_in(&mut tx).await?;
        for statement in [sql::TAKE_CANCELLED, sql::TAKE_EXHAUSTED, sql::TAKE_AGAIN] {
            let rows =
                tx.all(sqlx::query(statement).bind(spare).bind(now).bind(ended_before)).await?;
            for raw in &rows {
                taken.push(map::task_id(raw)?);
            }
            if !rows.is_empty() && statement != sql::TAKE_AGAIN {
                // Ended tasks need no checkpoints but those for a rerun, as at every other end.
                let over = serde_json::to_string(&taken).map_err(|e| map::corrupt("id", e))?;
                tx.execute(sqlx::query(sql::DROP_ALL_CHECKPOINTS).bind(over)).await?;
            }
        }
        if !taken.is_empty() {
            let tasks = taken.iter().map(|id| Change::Task(*id));
            let changes: Vec<_> = std::iter::once(Change::Queued).chain(tasks).collect();
            self.announce(&mut tx, &changes).await?;
        }
        tx.commit().await?;
        Ok(taken)
    }

    /// Moves future times to now.
    pub(super) async fn bring_to_now(&self) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        let now = self.now_in(&mut tx).await?;
        tx.execute(sqlx::query(sql::CLAMP_LEASES).bind(now)).await?;
        tx.execute(sqlx::query(CLAMP_RUN_COUNTS).bind(now)).await?;
        tx.execute(sqlx::query(DROP_FUTURE_RUN_COUNTS).bind(now)).await?;
        let latest: Option<i64> = tx.value(sqlx::query(sql::LATEST_IN_QUEUE)).await?;
        let ahead = latest.map(|latest| latest.saturating_sub(now)).filter(|ms| *ms > 0);
        if let Some(ahead) = ahead
            && tx.execute(sqlx::query(sql::CLAMP_QUEUE).bind(now).bind(ahead)).await? > 0
        {
            self.announce(&mut tx, &[Change::Queued]).await?;
        }
        tx.commit().await
    }

    pub(super) async fn finish_run(
        &self,
        id: TaskId,
        run_seq: i64,
        ending: &Ending,
    ) -> Result<Option<Row>, StoreError> {
        let mut tx = self.db.write().await?;
        let now = self.now_in(&mut tx).await?;
        let query = sqlx::query(sql::HELD_RUN).bind(id.to_string()).bind(run_seq);
        let Some(held) = tx.first(query).await? else { return Ok(None) };
        let cancel_asked: bool = held.try_get(0)?;
        let row = finish_held(&mut tx, id, ending, cancel_asked, now).await?;
        if row.status == Status::Queued {
            self.announce(&mut tx, &[Change::Queued]).await?;
        }
        self.announce(&mut tx, &[Change::Task(id)]).await?;
        tx.commit().await?;
        Ok(Some(row))
    }

    /// Records a cancel: a queued task ends at once, a running one becomes `cancelling`.
    pub(super) async fn write_cancel(
        &self,
        id: TaskId,
        by: &str,
        audit: Option<&NewAudit>,
    ) -> Result<Option<CancelOutcome>, StoreError> {
        let mut tx = self.db.write_for(&format!("task {id}")).await?;
        // Lock the row: between the two statements the task could start, or be released.
        tx.execute(sqlx::query(sql::LOCK).bind(id.to_string())).await?;
        let now = self.now_in(&mut tx).await?;
        for statement in [sql::CANCEL_QUEUED, sql::CANCEL_RUNNING] {
            let raw =
                tx.first(sqlx::query(statement).bind(id.to_string()).bind(now).bind(by)).await?;
            if let Some(raw) = raw {
                let row = map::row(&raw, now)?;
                if row.status.is_terminal() {
                    let query = sqlx::query(sql::DROP_CHECKPOINTS).bind(id.to_string()).bind(false);
                    tx.execute(query).await?;
                }
                audit::write(&mut tx, audit, now).await?;
                self.announce(&mut tx, &[Change::Cancel(id)]).await?;
                tx.commit().await?;
                return Ok(Some(CancelOutcome::Accepted(row)));
            }
        }
        let raw = tx.first(sqlx::query(sql::GET).bind(id.to_string())).await?;
        let row = raw.map(|raw| map::row(&raw, now)).transpose()?;
        Ok(row.map(|row| match row.status {
            Status::Cancelling => CancelOutcome::Accepted(row),
            _ => CancelOutcome::AlreadyOver(row),
        }))
    }
}

/// How a task ends for good.
pub(super) struct Outcome<'e> {
    pub(super) status: Status,
    /// Code, message, and whether a retry may help.
    pub(super) error: Option<(&'e str, &'e str, bool)>,
    pub(super) result: Option<&'e StoredResult>,
    /// What became of a cancel request, if there was one.
    pub(super) cancel: &'static str,
}

/// Returns how a task ends with this ending of its run; `None` if it returns to the queue. If
/// cancellation was requested, a run that would be retried or released is cancelled.
pub(super) fn outcome_of(ending: &Ending, cancel_asked: bool) -> Option<Outcome<'_>> {
    let plain = |status, cancel| Outcome { status, error: None, result: None, cancel };
    Some(match ending {
        Ending::Completed(whole) => {
            Outcome { result: Some(whole), ..plain(Status::Completed, "too_late") }
        }
        Ending::Failed { code, message, retryable } => {
            let error = Some((code.as_ref(), message.as_str(), *retryable));
            Outcome { error, ..plain(Status::Error, "too_late") }
        }
        Ending::Forced => plain(Status::Cancelled, "forced"),
        Ending::Cancelled => plain(Status::Cancelled, "stopped"),
        Ending::Again { .. } | Ending::Waiting { .. } | Ending::Released => {
            return cancel_asked.then(|| plain(Status::Cancelled, "stopped"));
        }
    })
}

/// Ends a run that is locked, or returns it to the queue.
pub(super) async fn finish_held(
    tx: &mut Session<'_>,
    id: TaskId,
    ending: &Ending,
    cancel_asked: bool,
    now: i64,
) -> Result<Row, StoreError> {
    if let Some(outcome) = outcome_of(ending, cancel_asked) {
        return end(tx, id, outcome, cancel_asked, now).await;
    }
    match ending {
        Ending::Again { after_ms, message } => {
            let run_at = now.saturating_add(*after_ms);
            requeue(tx, id, run_at, 0, Some(message), RETRY, now).await
        }
        Ending::Waiting { after_ms, message } => {
            let run_at = now.saturating_add(*after_ms);
            requeue(tx, id, run_at, 1, Some(message), RETRY, now).await
        }
        _ => requeue(tx, id, now, 1, None, RELEASED, now).await,
    }
}

/// Sets the terminal status of a run, and stores its result in the same transaction.
async fn end(
    tx: &mut Session<'_>,
    id: TaskId,
    Outcome { status, error, result, cancel }: Outcome<'_>,
    cancel_asked: bool,
    now: i64,
) -> Result<Row, StoreError> {
    if let Some(result) = result {
        save_result(tx, id, result).await?;
    }
    let completed = result.is_some();
    tx.execute(sqlx::query(sql::DROP_CHECKPOINTS).bind(id.to_string()).bind(completed)).await?;
    let raw = tx
        .one(
            sqlx::query(sql::FINISH)
                .bind(id.to_string())
                .bind(status.as_str())
                .bind(now)
                .bind(error.map(|(code, _, _)| code))
                .bind(error.map(|(_, message, _)| storable(message)))
                .bind(error.map(|(_, _, retryable)| retryable))
                .bind(result.map(|result| &result.media_type))
                .bind(result.map(|result| i64::try_from(result.bytes.len()).unwrap_or(i64::MAX)))
                .bind(cancel_asked.then_some(cancel)),
        )
        .await?;
    map::row(&raw, now)
}

pub(super) async fn save_result(
    tx: &mut Session<'_>,
    id: TaskId,
    result: &StoredResult,
) -> Result<(), StoreError> {
    tx.execute(
        sqlx::query(sql::SAVE_RESULT)
            .bind(id.to_string())
            .bind(&result.media_type)
            .bind(&result.file_name)
            .bind(&result.bytes),
    )
    .await?;
    Ok(())
}

/// Returns a run to the queue; `given_back` attempts are not counted.
async fn requeue(
    tx: &mut Session<'_>,
    id: TaskId,
    run_at: i64,
    given_back: i64,
    message: Option<&str>,
    why: &'static str,
    now: i64,
) -> Result<Row, StoreError> {
    let raw = tx
        .one(
            sqlx::query(sql::REQUEUE)
                .bind(id.to_string())
                .bind(run_at)
                .bind(now)
                .bind(given_back)
                .bind(message.map(storable))
                .bind(why),
        )
        .await?;
    map::row(&raw, now)
}
