//! The body and the answer of a poll: one request for everything that a page watches.

use serde::{Deserialize, Serialize};

use super::{Snapshot, TaskId};

/// What the client knows of one task; any server can answer from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Watch {
    /// The task.
    pub id: TaskId,
    /// The version last applied; 0 = tell everything.
    #[serde(default)]
    pub version: i64,
    /// The progress (percent) last told.
    #[serde(default)]
    pub progress: Option<f64>,
    /// The rate last told.
    #[serde(default)]
    pub rate: f64,
    /// Milliseconds since it was told.
    #[serde(default)]
    pub age_ms: i64,
    /// Answers that this client got early, for a deviation.
    #[serde(default)]
    pub early_responses: u32,
    /// Whether the page shows this task large: a held request is then answered for smaller
    /// deviations, and more often.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub foreground: bool,
}

impl Watch {
    /// A client that knows this version and does not move a bar by itself.
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
    /// How long the server may hold the request, in milliseconds; 0 = answer at once.
    #[serde(default)]
    pub wait_ms: i64,
}

/// Why a watched task is not told any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GoneReason {
    /// No such task, or not yours: the two look the same.
    NotFound,
    /// It was there; its time is over.
    Expired,
}

/// A watched task that cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Gone {
    /// The task.
    pub id: TaskId,
    /// Why.
    pub reason: GoneReason,
}

/// Answer to a poll.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PollResponse {
    /// The tasks whose version differs from the one in the request.
    pub tasks: Vec<Snapshot>,
    /// The watched tasks that cannot be told.
    #[serde(default)]
    pub gone: Vec<Gone>,
    /// When to ask again, in milliseconds after this answer.
    pub poll_after_ms: f64,
    /// How long the server held the request, in milliseconds; absent where it did not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited_ms: Option<i64>,
    /// Why the request was answered now; absent where the server does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<AnswerReason>,
    /// Within how many milliseconds to come back, at a random moment, should the connection to this
    /// server be lost: so many hold requests at it that they must not come back at once. Absent where
    /// they may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread_ms: Option<f64>,
}

/// Why a poll was answered when it was. Where several hold, the first in this order.
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
    /// The task said something: a message, or lines of its log.
    Output,
    /// The client did not know the present version, and the request was not held for that.
    Changed,
    /// Nothing to tell for as long as the request could be held: the line is alive.
    Timeout,
    /// The server is stopping; come back a little later, to another or to the next.
    ShuttingDown,
    /// The server holds as many requests as it may, or the caller asked not to be held.
    NoWait,
    /// A word from a newer server.
    #[serde(other)]
    Unknown,
}
