//! Request and response of a poll: one request covers everything that a page watches.

use serde::{Deserialize, Serialize};

use super::{Snapshot, TaskId};

/// What the client knows of one task. Any server can answer from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
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
    /// Responses that this client got before its wait was over, for a deviation of its bar.
    #[serde(default)]
    pub early_responses: u32,
    /// Whether the page shows this task in the foreground: a waiting request is then answered for
    /// smaller deviations, and more often.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub foreground: bool,
}

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
        }
    }
}

/// Body of `POST /api/v1/tasks/poll`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PollRequest {
    /// What is watched.
    pub watch: Vec<Watch>,
    /// Longest wait for news, in milliseconds; 0 = answer immediately.
    #[serde(default)]
    pub wait_ms: i64,
}

/// Why a watched task is no longer reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GoneReason {
    /// No such task, or not yours: the two look the same.
    NotFound,
    /// It existed and has expired.
    Expired,
}

/// A watched task that cannot be reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Gone {
    /// The task.
    pub id: TaskId,
    /// Why.
    pub reason: GoneReason,
}

/// Response to a poll.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PollResponse {
    /// The tasks whose version differs from the one in the request.
    pub tasks: Vec<Snapshot>,
    /// The watched tasks that cannot be reported.
    #[serde(default)]
    pub gone: Vec<Gone>,
    /// When to ask again, in milliseconds after this answer.
    pub poll_after_ms: f64,
    /// How long the request waited, in milliseconds; absent where it did not wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited_ms: Option<i64>,
    /// Why the request was answered now; absent where the server does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<AnswerReason>,
    /// Window for a random reconnect delay, in milliseconds, should the connection to this server be lost:
    /// so many requests wait at it that they must not all return at once. Absent where they may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread_ms: Option<f64>,
}

/// Why a poll was answered when it was. Where several apply, the first in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AnswerReason {
    /// A task came to its end, or is gone.
    Ended,
    /// Somebody asked to cancel a task.
    Cancelling,
    /// Another attempt began.
    Attempt,
    /// A task entered a stage.
    Step,
    /// The client's bar became visibly wrong.
    Deviation,
    /// The task wrote output: a message, or lines of its log.
    Output,
    /// The client did not know the current version, and the request did not wait for that.
    Changed,
    /// No news within the longest wait: the connection is alive.
    Timeout,
    /// The server is shutting down; poll again a little later, at another server or the next process.
    ShuttingDown,
    /// A limit of waiting requests was reached, or the caller asked not to wait.
    NoWait,
    /// A value from a newer server.
    #[serde(other)]
    Unknown,
}
