//! The columns of a task: their names, how a row is read, and how a report is written.

use std::borrow::Cow;

use serde::{
    Deserialize as _,
    de::{IntoDeserializer as _, value::Error as NoWord},
};
use sqlx::Row as _;

use super::{DbRow, Statement, read_at};

use crate::{
    engine::store::{
        Labels, ProgressWrite, Resumption, Row, Stopping, StoreError, StoredInput, StoredPace,
        StoredTrace,
    },
    task::{BatchId, CancelOutcome, ResumeReason, Status, TaskId, TraceParent},
};

/// The columns that [`row`] reads. A new column: see `docs/how-to-add.md`.
macro_rules! columns {
    () => {
        concat!(read_at!(), "id, owner, client, kind, title, stages, status, attempt, max_attempts, run_seq, version, \
         progress, rate, ends_at, ends_low_at, ends_high_at, step, message, error_code, error_message, error_retryable, \
         cancel_requested_at, cancel_requested_by, result_media_type, result_size, heartbeat_at, \
         run_at, created_at, started_at, updated_at, finished_at, expires_at, cancel_delivered_at, \
         cancel_acknowledged_at, cancel_outcome, preserved, resumed_at, resume_reason, resume_step, \
         resume_began_at, resume_checkpoint_at, resume_seen_at, batch_id, output_version, \
         (SELECT labels FROM task_labels WHERE task_id = tasks.id) AS labels")
    };
}
pub(super) use columns;

/// Reads the columns named in `columns!`.
pub(super) fn row(raw: &DbRow, now: i64) -> Result<Row, StoreError> {
    let status: String = raw.try_get("status")?;
    let error_code: Option<String> = raw.try_get("error_code")?;
    let error_message: Option<String> = raw.try_get("error_message")?;
    let error_retryable: Option<bool> = raw.try_get("error_retryable")?;
    let media_type: Option<String> = raw.try_get("result_media_type")?;
    let result_size: Option<i64> = raw.try_get("result_size")?;
    Ok(Row {
        id: task_id(raw)?,
        owner: raw.try_get("owner")?,
        client: raw.try_get("client")?,
        kind: raw.try_get("kind")?,
        title: raw.try_get("title")?,
        stages: serde_json::from_str(&raw.try_get::<String, _>("stages")?)
            .map_err(|error| corrupt("stages", error))?,
        status: Status::from_word(&status).ok_or_else(|| corrupt("status", &status))?,
        attempt: small(raw, "attempt")?,
        max_attempts: small(raw, "max_attempts")?,
        run_seq: raw.try_get("run_seq")?,
        version: raw.try_get("version")?,
        output_version: raw.try_get("output_version")?,
        progress: raw.try_get("progress")?,
        pace: pace(raw)?,
        step: small(raw, "step")?,
        message: raw.try_get("message")?,
        error: error_code.map(|code| {
            (code, error_message.unwrap_or_default(), error_retryable.unwrap_or_default())
        }),
        cancel: cancel(raw)?,
        stopping: Stopping {
            delivered_at: raw.try_get("cancel_delivered_at")?,
            acknowledged_at: raw.try_get("cancel_acknowledged_at")?,
            preserved: raw.try_get("preserved")?,
        },
        cancel_outcome: outcome(raw)?,
        resumed: resumption(raw)?,
        result: media_type.zip(result_size),
        heartbeat_at: raw.try_get("heartbeat_at")?,
        run_at: raw.try_get("run_at")?,
        created_at: raw.try_get("created_at")?,
        started_at: raw.try_get("started_at")?,
        updated_at: raw.try_get("updated_at")?,
        finished_at: raw.try_get("finished_at")?,
        expires_at: raw.try_get("expires_at")?,
        batch: batch(raw)?,
        labels: labels(raw)?,
        read_at: read_at(raw, now)?,
    })
}

/// An older report never overwrites a newer one.
pub(super) const SAVE_PROGRESS: &str = "UPDATE tasks SET version = $3, \
    progress = $4, progress_attempt = attempt, step = $5, message = $6, updated_at = $7, \
    rate = $8, ends_at = $9, ends_low_at = $10, ends_high_at = $11, \
    cancel_delivered_at = coalesce(cancel_delivered_at, $12), \
    cancel_acknowledged_at = coalesce(cancel_acknowledged_at, $13), preserved = coalesce($14, preserved), \
    output_version = $15 \
    WHERE id = $1 AND run_seq = $2 AND version <= $3 AND status IN ('running', 'cancelling')";

/// The statement that stores a report.
pub(super) fn save_progress(write: &ProgressWrite) -> Statement<'_> {
    sqlx::query(SAVE_PROGRESS)
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
        .bind(write.stopping.preserved.as_deref().map(storable))
        .bind(write.output_version)
}

/// The columns that [`input`] reads.
macro_rules! input_columns {
    () => {
        "input, sealed, traceparent, run_traceparent"
    };
}
pub(super) use input_columns;

/// Reads the columns named in `input_columns!`.
pub(super) fn input(raw: &DbRow) -> Result<StoredInput, StoreError> {
    // What is no position in a trace is none, as in a request.
    let parent = |column| -> Result<Option<TraceParent>, StoreError> {
        Ok(raw.try_get::<Option<String>, _>(column)?.and_then(|text| text.parse().ok()))
    };
    Ok(StoredInput {
        text: raw.try_get("input")?,
        sealed: raw.try_get("sealed")?,
        trace: StoredTrace { start: parent("traceparent")?, last_run: parent("run_traceparent")? },
    })
}

fn pace(raw: &DbRow) -> Result<StoredPace, StoreError> {
    let low: Option<i64> = raw.try_get("ends_low_at")?;
    let high: Option<i64> = raw.try_get("ends_high_at")?;
    Ok(StoredPace {
        rate: raw.try_get("rate")?,
        ends_at: raw.try_get("ends_at")?,
        ends_between: low.zip(high),
    })
}

/// Reads the column `id`.
pub(super) fn task_id(raw: &DbRow) -> Result<TaskId, StoreError> {
    let text: String = raw.try_get("id")?;
    text.parse().map_err(|_| corrupt("id", &text))
}

/// Ids as a JSON array, for `in_json_list!`.
pub(super) fn ids(ids: &[TaskId]) -> Result<String, StoreError> {
    serde_json::to_string(ids).map_err(|error| corrupt("id", error))
}

fn labels(raw: &DbRow) -> Result<Labels, StoreError> {
    let text: Option<String> = raw.try_get("labels")?;
    let read = |text: String| serde_json::from_str(&text);
    Ok(text.map(read).transpose().map_err(|error| corrupt("labels", error))?.unwrap_or_default())
}

fn batch(raw: &DbRow) -> Result<Option<BatchId>, StoreError> {
    let text: Option<String> = raw.try_get("batch_id")?;
    text.map(|text| text.parse().map_err(|_| corrupt("batch_id", &text))).transpose()
}

/// Reads by whom and when cancellation was requested.
pub(super) fn cancel(raw: &DbRow) -> Result<Option<(i64, String)>, StoreError> {
    let at: Option<i64> = raw.try_get("cancel_requested_at")?;
    let by: Option<String> = raw.try_get("cancel_requested_by")?;
    Ok(at.zip(by))
}

// Names are stored as they are on the wire.
fn outcome(raw: &DbRow) -> Result<Option<CancelOutcome>, StoreError> {
    let word: Option<String> = raw.try_get("cancel_outcome")?;
    let read = |word: String| CancelOutcome::deserialize(word.into_deserializer());
    word.map(read).transpose().map_err(|error: NoWord| corrupt("cancel_outcome", error))
}

/// Reads how the current run resumed the one before. A queued task has resumed nothing yet.
fn resumption(raw: &DbRow) -> Result<Option<Resumption>, StoreError> {
    let at: Option<i64> = raw.try_get("resumed_at")?;
    let reason: Option<String> = raw.try_get("resume_reason")?;
    let Some((at, reason)) = at.zip(reason) else { return Ok(None) };
    let reason = ResumeReason::deserialize(reason.into_deserializer())
        .map_err(|error: NoWord| corrupt("resume_reason", error))?;
    Ok(Some(Resumption {
        at,
        reason,
        step: small(raw, "resume_step")?,
        began_at: raw.try_get("resume_began_at")?,
        checkpoint_at: raw.try_get("resume_checkpoint_at")?,
        seen_at: raw.try_get("resume_seen_at")?,
    }))
}

pub(super) fn corrupt(what: &'static str, detail: impl ToString) -> StoreError {
    StoreError::Corrupt { what, detail: detail.to_string() }
}

/// Reads a non-negative number.
fn small(raw: &DbRow, column: &'static str) -> Result<u32, StoreError> {
    let number: i64 = raw.try_get(column)?;
    u32::try_from(number).map_err(|_| corrupt(column, number))
}

/// A text that both databases can store: PostgreSQL does not permit NUL.
pub(super) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}
