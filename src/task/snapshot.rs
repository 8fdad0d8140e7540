//! The state of one task at one moment, as clients receive it.

use serde::{Deserialize, Serialize};

use super::{StageInfo, Status, TaskId};

/// The state of one task at one moment. Clients compute with the durations; the times are for display.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Snapshot {
    /// The task.
    pub id: TaskId,
    /// Its kind, such as `report`.
    pub kind: String,
    /// Its title, such as `Report: lighthouses`.
    pub title: String,
    /// Its status.
    pub status: Status,
    /// Percent 0..=100, may be fractional; `null` when not known.
    pub progress: Option<f64>,
    /// Progress (0..=1) per second with which a client may extrapolate; 0: do not extrapolate.
    pub rate_per_s: f64,
    /// Estimated milliseconds until the end; `null` when unknown.
    pub eta_ms: Option<i64>,
    /// Range of that estimate; absent while it is too uncertain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta_range_ms: Option<EtaRange>,
    /// The current stage, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u32>,
    /// Number of stages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_steps: Option<u32>,
    /// Name of the current stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_step: Option<String>,
    /// All stages with their weights, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageInfo>,
    /// The task's current message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Number of the current attempt, from 1; 0 before the first.
    pub attempt: u32,
    /// Grows with every visible change; survives restarts.
    pub version: i64,
    /// Version of the latest output: a message, or log lines, which can be read from then on.
    #[serde(default)]
    pub output_version: i64,
    /// Link to the result, once completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ResultLink>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<TaskFailure>,
    /// Progress of the cancel request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel: Option<CancelReceipt>,
    /// How the current attempt resumed an earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<Resumed>,
    /// While queued: its position among the tasks that may start now, from 1. Absent while it waits
    /// for its start time, and if it is too far back to count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_position: Option<u32>,
    /// While it waits for its start time, or for the next attempt: milliseconds until it may start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_in_ms: Option<i64>,
    /// The same as a time: when it may start.
    #[cfg(not(feature = "hydrate"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<String>,
    /// Its tags.
    #[cfg(not(feature = "hydrate"))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Its note.
    #[cfg(not(feature = "hydrate"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The name of the user who started it, if a user did.
    #[cfg(not(feature = "hydrate"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_by: Option<String>,
    /// Milliseconds until the next poll; 0 once terminal.
    pub poll_after_ms: i64,
    /// How long it has run (waited, while queued), in milliseconds.
    pub elapsed_ms: i64,
    /// Milliseconds since the worker's last heartbeat; `null` while no worker runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat_age_ms: Option<i64>,
    /// Milliseconds since the last visible change.
    pub updated_age_ms: i64,
    /// When it was queued (RFC 3339, as the other times).
    pub created_at: String,
    /// When its current or last attempt started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When it last changed.
    pub updated_at: String,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
    /// When the task and its result expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

impl Snapshot {
    /// Creates a snapshot of which nothing is known yet: status `unknown`, version 0.
    pub fn new(id: TaskId, kind: String, title: String) -> Self {
        Self {
            id,
            kind,
            title,
            status: Status::Unknown,
            progress: None,
            rate_per_s: 0.0,
            eta_ms: None,
            step: None,
            total_steps: None,
            current_step: None,
            stages: Vec::new(),
            message: None,
            attempt: 0,
            version: 0,
            result: None,
            error: None,
            cancel: None,
            poll_after_ms: 0,
            elapsed_ms: 0,
            heartbeat_age_ms: None,
            updated_age_ms: 0,
            created_at: String::new(),
            started_at: None,
            updated_at: String::new(),
            finished_at: None,
            expires_at: None,
            eta_range_ms: None,
            resumed: None,
            queue_position: None,
            output_version: 0,
            starts_in_ms: None,
            #[cfg(not(feature = "hydrate"))]
            starts_at: None,
            #[cfg(not(feature = "hydrate"))]
            tags: Vec::new(),
            #[cfg(not(feature = "hydrate"))]
            note: None,
            #[cfg(not(feature = "hydrate"))]
            started_by: None,
        }
    }
}

/// The location of a result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct ResultLink {
    /// Path of the result on this server. The HTTP layer fills it in: the service knows no URLs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "http", schema(value_type = String, required))]
    pub href: Option<String>,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size_bytes: i64,
}

/// Why a task failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct TaskFailure {
    /// A stable code for programs, such as `timeout` or `panic`.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// Whether starting the same task again may help.
    pub retryable: bool,
}

/// A cancel request, step by step. Times are RFC 3339.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct CancelReceipt {
    /// When cancellation was requested.
    pub requested_at: String,
    /// By whom: the name of a user, `owner` (a session without a name), `anyone with the id`, `share
    /// link` or `operator`; `user` instead of a name for who sees the task by a link.
    pub requested_by: String,
    /// When the worker received it; absent if no worker had the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<String>,
    /// When the task itself acknowledged it; absent if it never did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_at: Option<String>,
    /// When the task stopped; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<String>,
    /// How it stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<CancelOutcome>,
    /// The work that is preserved, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preserved: Option<String>,
}

impl CancelReceipt {
    /// Creates the receipt of a request that has had no effect yet.
    pub fn new(requested_at: impl Into<String>, requested_by: impl Into<String>) -> Self {
        Self {
            requested_at: requested_at.into(),
            requested_by: requested_by.into(),
            delivered_at: None,
            acknowledged_at: None,
            stopped_at: None,
            outcome: None,
            preserved: None,
        }
    }
}

/// How a task ended for which cancellation was requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CancelOutcome {
    /// It had not started.
    NeverStarted,
    /// No attempt was running; it was waiting for the next one.
    BetweenAttempts,
    /// The task stopped when asked.
    Stopped,
    /// It did not stop within the grace period of its kind and was dropped.
    Forced,
    /// Its worker was lost meanwhile.
    WorkerLost,
    /// The task completed or failed before it stopped.
    TooLate,
    /// A value from a newer server.
    #[serde(other)]
    Unknown,
}

/// How an attempt resumed an earlier one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Resumed {
    /// When the attempt began (RFC 3339).
    pub at: String,
    /// Why another one was needed.
    pub reason: ResumeReason,
    /// The stage in which the earlier one stopped, from 1; absent if it had entered none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u32>,
    /// When the last checkpoint was saved (RFC 3339); absent if there is none: all work is
    /// repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint_at: Option<String>,
    /// Work that is repeated, in milliseconds: from the last checkpoint (or the start) to the last
    /// heartbeat of the earlier attempt.
    pub redone_ms: i64,
}

/// Why a task was run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ResumeReason {
    /// Its worker was lost.
    WorkerLost,
    /// Its worker was shut down and released it.
    Released,
    /// It failed with a retryable error.
    Retry,
    /// A value from a newer server.
    #[serde(other)]
    Unknown,
}

/// An estimate as a range, in milliseconds from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct EtaRange {
    /// It is unlikely to end sooner.
    pub low_ms: i64,
    /// It is unlikely to end later.
    pub high_ms: i64,
}

/// One line that a task logged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct LogLine {
    /// Number of the line; pass the last one as `after` to read what follows.
    pub seq: i64,
    /// When it was logged (RFC 3339).
    pub at: String,
    /// The stream it came from.
    #[serde(default)]
    pub stream: LogStream,
    /// Number of lines left out before this one; 0 is omitted.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: i64,
    /// The text. May contain terminal escape sequences.
    pub text: String,
}

impl LogLine {
    /// Creates the line `seq`, logged at `at` (RFC 3339) by the task itself.
    pub fn new(seq: i64, at: impl Into<String>, text: impl Into<String>) -> Self {
        let stream = LogStream::default();
        Self { seq, at: at.into(), stream, left_out: 0, text: text.into() }
    }

    /// The line as a text of its own, `2026-11-25T14:02:11.123Z stderr  text`, after a note if lines are
    /// missing. `clean` takes out of each part what its reader must not get.
    pub fn to_text(&self, clean: impl Fn(&str) -> String) -> String {
        let stream = match self.stream {
            LogStream::Task => "task  ",
            LogStream::Stdout => "stdout",
            LogStream::Stderr => "stderr",
        };
        let gap = match self.left_out {
            0 => String::new(),
            count => format!("... {count} lines are left out ...\n"),
        };
        format!("{gap}{} {stream}  {}\n", clean(&self.at), clean(&self.text))
    }
}

crate::with::with!(LogLine);

/// A part of a task's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct LogPage {
    /// The lines, oldest first.
    pub lines: Vec<LogLine>,
    /// Pass as `after` to read what follows, now or later.
    pub next: i64,
}

impl LogPage {
    /// Creates a page of these lines; `next` is the number of the last one that was considered.
    pub const fn new(lines: Vec<LogLine>, next: i64) -> Self {
        Self { lines, next }
    }
}

const fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// The stream that a log line came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LogStream {
    /// The task itself.
    #[default]
    Task,
    /// Standard output of a process.
    Stdout,
    /// Standard error of a process.
    Stderr,
}

/// One page of a list, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct TaskList {
    /// The tasks.
    pub tasks: Vec<Snapshot>,
    /// Pass as `cursor` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Number of tasks that a search examined for this page, if there are more: the next page goes on
    /// behind them, also if this one has few tasks or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub searched: Option<u32>,
}
