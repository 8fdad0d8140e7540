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
    pub early: u32,
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
    pub held_ms: Option<i64>,
}
