//! Kinds of task and how one is started.

use serde::{Deserialize, Serialize};

use super::TaskId;

/// One declared stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct StageInfo {
    /// What people read, such as `Processing data`.
    pub name: String,
    /// Its share of the whole, relative to the other stages' weights.
    pub weight: f64,
}

/// What can be started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct KindInfo {
    /// The word in `POST /api/v1/tasks`.
    pub kind: String,
    /// What people read.
    pub title: String,
    /// One sentence.
    pub description: String,
    /// JSON Schema (2020-12) of its input. A text of the format `upload` is the id of a file that was
    /// uploaded.
    pub input_schema: serde_json::Value,
    /// Whether its tasks may make files beside their result.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub makes_files: bool,
}

/// The priorities that a start may ask for.
pub const PRIORITIES: std::ops::RangeInclusive<i32> = -100..=100;

/// Body of `POST /api/v1/tasks`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StartTask {
    /// A kind from `GET /api/v1/kinds`.
    pub kind: String,
    /// Fits that kind's `input_schema`.
    #[serde(default)]
    pub input: serde_json::Value,
    /// Priority among your own queued tasks, -100 to 100; higher runs first. Nobody else's wait
    /// depends on it. Default: 0.
    #[serde(default)]
    #[cfg_attr(feature = "ssr", schema(minimum = -100, maximum = 100))]
    pub priority: i32,
}

impl StartTask {
    /// A start with the usual priority.
    pub fn new(kind: impl Into<String>, input: serde_json::Value) -> Self {
        Self { kind: kind.into(), input, priority: 0 }
    }
}

/// Which task answers a start, and whether it was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartReceipt {
    /// The task to follow.
    pub id: TaskId,
    /// True where the start led to a task that exists already (same idempotency key, or the same
    /// work under way).
    pub existing: bool,
}
