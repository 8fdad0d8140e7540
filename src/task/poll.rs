//! Request and response of a poll: one request covers everything that a page watches.

use serde::{Deserialize, Serialize};

use super::{LogLine, Preview, Snapshot, TaskId};

/// What the client knows of one task. Any server can answer from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Watch {
    /// The task.
    pub id: TaskId,
    /// Version last applied; 0 asks for everything.
    #[serde(default)]
    pub version: i64,
    /// Progress last received, in percent.
    #[serde(default)]
    pub progress: Option<f64>,
    /// Rate last received, in progress (0 to 1) per second.
    #[serde(default)]
    pub rate: f64,
    /// Milliseconds since they were received.
    #[serde(default)]
    pub age_ms: i64,
    /// Number of responses that this client received before the end of their wait, for a deviation,
    /// a stage, an attempt or output.
    #[serde(default)]
    pub early_responses: u32,
    /// Whether the page shows this task in the foreground: a waiting request is then answered for
    /// smaller deviations, and more often.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub foreground: bool,
    /// The client shows the task's log and has its lines up to this number (0: none): the response
    /// carries later ones, at most 3 s after they were written. Absent: no lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_after: Option<i64>,
    /// The client shows the task's preview and has it up to this version (0: nothing): the response
    /// carries what changed since, as soon as it would carry a log line. Absent: no preview.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview_after: Option<i64>,
}

crate::with::with!(Watch);

impl Watch {
    /// A client that knows this version and does not extrapolate a bar.
    pub const fn at_version(id: TaskId, version: i64) -> Self {
        Self {
            id,
            version,
            progress: None,
            rate: 0.0,
            age_ms: 0,
            early_responses: 0,
            foreground: false,
            log_after: None,
            preview_after: None,
        }
    }
}

/// Body of `POST /api/v1/tasks/poll`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct PollRequest {
    /// What is watched.
    pub watch: Vec<Watch>,
    /// Longest wait for news, in milliseconds; 0: answer immediately.
    #[serde(default)]
    pub wait_ms: i64,
    /// Only log lines that contain this text, ignoring case: 1 to 200 characters by default. Absent or
    /// empty: all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub log_contains: String,
}

crate::with::with!(PollRequest);

impl PollRequest {
    /// Asks what has changed of these tasks, and waits for news at most `wait_ms` milliseconds.
    pub fn new(watch: Vec<Watch>, wait_ms: i64) -> Self {
        Self { watch, wait_ms, log_contains: String::new() }
    }
}

/// Why a watched task is no longer reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GoneReason {
    /// No such task, or one of another owner; the response does not distinguish them.
    NotFound,
    /// It existed and has expired.
    Expired,
}

/// A watched task that cannot be reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Gone {
    /// The task.
    pub id: TaskId,
    /// Why.
    pub reason: GoneReason,
}

impl Gone {
    /// Creates a report on the task `id`.
    pub const fn new(id: TaskId, reason: GoneReason) -> Self {
        Self { id, reason }
    }
}

/// New log lines of one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct TaskLog {
    /// The task.
    pub id: TaskId,
    /// Number of the last line that was looked at: the next request's `log_after`.
    pub seq: i64,
    /// The lines, oldest first; of more than fit, the latest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<LogLine>,
}

impl TaskLog {
    /// Creates new lines of the task `id`, of which `seq` is the last.
    pub const fn new(id: TaskId, seq: i64, lines: Vec<LogLine>) -> Self {
        Self { id, seq, lines }
    }
}

/// Response to a poll.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct PollResponse {
    /// The tasks whose version differs from the one in the request.
    pub tasks: Vec<Snapshot>,
    /// The watched tasks that cannot be reported.
    #[serde(default)]
    pub gone: Vec<Gone>,
    /// Log lines of the tasks above whose log was asked for with `log_after`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "hydrate", serde(skip_deserializing))]
    pub log: Vec<TaskLog>,
    /// Log, preview and result for a page, whose server renders them as safe HTML. For each task a text
    /// of its id and the `seq` of its log; then a text for each line, of the line's number and its HTML;
    /// `@` with the preview's `version`; and for each part of the page that changed `#` with the id of
    /// its element, the number of that element's children that stay, and the HTML after them; a blank
    /// between them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "http", schema(ignore))]
    pub rendered: Vec<String>,
    /// Previews of the tasks above whose preview was asked for with `preview_after` and has changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "hydrate", serde(skip_deserializing))]
    pub preview: Vec<Preview>,
    /// When to poll again, in milliseconds after this response.
    pub poll_after_ms: f64,
    /// How long the request waited, in milliseconds; absent if it did not wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited_ms: Option<i64>,
    /// Why the request was answered now; absent if the server does not state it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<AnswerReason>,
    /// Window for a random reconnect delay, in milliseconds, if the connection to this server is
    /// lost. Sent when so many requests wait there that they must not all return at once; otherwise
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread_ms: Option<f64>,
}

impl PollResponse {
    /// Creates a response with these tasks, to a request that did not wait; the client decides when it asks again.
    pub const fn new(tasks: Vec<Snapshot>) -> Self {
        Self {
            tasks,
            gone: Vec::new(),
            log: Vec::new(),
            rendered: Vec::new(),
            preview: Vec::new(),
            poll_after_ms: 0.0,
            waited_ms: None,
            reason: None,
            spread_ms: None,
        }
    }
}

crate::with::with!(PollResponse);

/// Why a poll was answered when it was. If several reasons apply, the first in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AnswerReason {
    /// A task ended, or is gone.
    Ended,
    /// Cancellation of a task was requested.
    Cancelling,
    /// Another attempt began.
    Attempt,
    /// A task entered a stage.
    Step,
    /// The client's bar became visibly wrong.
    Deviation,
    /// The task wrote output: a message, or log lines.
    Output,
    /// The client did not have the current version, and the request did not wait for that.
    Changed,
    /// No news within the longest wait; the connection is alive.
    Timeout,
    /// The server is shutting down; poll again a little later, at another server or the next process.
    ShuttingDown,
    /// A limit of waiting requests is reached, or the caller asked not to wait.
    NoWait,
    /// A value from a newer server.
    #[serde(other)]
    Unknown,
}
