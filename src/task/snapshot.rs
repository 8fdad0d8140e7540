//! Everything that is told about one task at one moment.

use serde::{Deserialize, Serialize};

use super::{StageInfo, Status, TaskId};

/// One task at one moment. Clients compute with the durations; the times are for display.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Snapshot {
    /// The task.
    pub id: TaskId,
    /// Its kind, such as `story`.
    pub kind: String,
    /// What people call it, such as `Story: lighthouse, for Ada`.
    pub title: String,
    /// Where it is in its life.
    pub status: Status,
    /// Percent 0..=100, may be fractional; `null` when the task cannot tell.
    pub progress: Option<f64>,
    /// Progress (0..=1) per second that a client may extrapolate with; 0 = do not extrapolate.
    pub rate_per_s: f64,
    /// Estimated milliseconds until the end; `null` when unknown.
    pub eta_ms: Option<i64>,
    /// The present stage, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u32>,
    /// How many stages there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_steps: Option<u32>,
    /// The present stage's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_step: Option<String>,
    /// All stages with their weights, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageInfo>,
    /// What the task says of itself right now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// 1, 2, ...: a task that is run again gets the next attempt. 0 before the first.
    pub attempt: u32,
    /// Grows with every visible change; survives restarts.
    pub version: i64,
    /// Where the result is, once completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ResultLink>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<TaskFailure>,
    /// Who asked to cancel it, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel: Option<CancelReceipt>,
    /// When to ask again, in milliseconds; 0 once terminal.
    pub poll_after_ms: i64,
    /// How long it has run (waited, while queued), in milliseconds.
    pub elapsed_ms: i64,
    /// Milliseconds since the worker was last heard of; `null` while nobody runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat_age_ms: Option<i64>,
    /// Milliseconds since the last visible change.
    pub updated_age_ms: i64,
    /// When it was queued (RFC 3339, as are the others).
    pub created_at: String,
    /// When its present or last attempt started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When it last changed.
    pub updated_at: String,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
    /// When its result will be removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// Where a result is, and the value itself where it is small.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ResultLink {
    /// Path of the result on this server.
    pub href: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size_bytes: i64,
}

/// Why a task failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TaskFailure {
    /// A stable word for programs, such as `timeout` or `panic`.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// Whether starting the same task again could help.
    pub retryable: bool,
}

/// Proof that a cancel was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct CancelReceipt {
    /// When it was asked for (RFC 3339).
    pub requested_at: String,
    /// Who asked: `you`, or `operator`.
    pub requested_by: String,
}

/// One line that a task logged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct LogLine {
    /// Grows along the log; pass the last one as `after` to get what follows.
    pub seq: i64,
    /// When (RFC 3339).
    pub at: String,
    /// The line.
    pub text: String,
}

/// One page of a list, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TaskList {
    /// The tasks.
    pub tasks: Vec<Snapshot>,
    /// Pass as `cursor` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
