//! Kinds of task, and starting one.

use serde::{Deserialize, Serialize};

use super::{Snapshot, TaskId};

/// One declared stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct StageInfo {
    /// Its display name, such as `Processing data`.
    pub name: String,
    /// Its weight relative to the other stages.
    pub weight: f64,
}

impl StageInfo {
    /// Creates a stage.
    pub fn new(name: impl Into<String>, weight: f64) -> Self {
        Self { name: name.into(), weight }
    }
}

/// A kind of task that can be started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct KindInfo {
    /// The name used in `POST /api/v1/tasks`.
    pub kind: String,
    /// Its display name.
    pub title: String,
    /// One sentence.
    pub description: String,
    /// JSON Schema (2020-12) of its input. A string with the format `upload` is the id of an
    /// upload.
    pub input_schema: serde_json::Value,
    /// Whether its tasks may make files besides their result.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub makes_files: bool,
    /// Maximum number of its tasks in one batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_batch: Option<u32>,
}

impl KindInfo {
    /// Creates a kind whose tasks make no files.
    pub fn new(
        kind: impl Into<String>,
        title: impl Into<String>,
        description: impl Into<String>,
        input_schema: serde_json::Value,
    ) -> Self {
        Self {
            kind: kind.into(),
            title: title.into(),
            description: description.into(),
            input_schema,
            makes_files: false,
            max_batch: None,
        }
    }
}

/// The permitted priorities.
pub const PRIORITIES: std::ops::RangeInclusive<i32> = -100..=100;

/// Body of `POST /api/v1/tasks`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StartTask {
    /// A kind from `GET /api/v1/kinds`.
    pub kind: String,
    /// Must fit that kind's `input_schema`.
    #[serde(default)]
    pub input: serde_json::Value,
    /// Priority among your own queued tasks, -100 to 100; higher runs first. Tasks of other owners
    /// are not affected. Default: 0.
    #[serde(default)]
    #[cfg_attr(feature = "http", schema(minimum = -100, maximum = 100))]
    pub priority: i32,
    /// Its tags: by default at most 10 with 1 to 50 characters each, without commas and control characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Earliest time of its start (RFC 3339), by default at most 30 days from now; a time in the past is now. Not
    /// together with `delay_s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "http", schema(format = DateTime))]
    pub run_at: Option<String>,
    /// Seconds from now until it may start; not together with `run_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "http", schema(minimum = 0))]
    pub delay_s: Option<i64>,
}

impl StartTask {
    /// Creates a start with priority 0.
    pub fn new(kind: impl Into<String>, input: serde_json::Value) -> Self {
        Self {
            kind: kind.into(),
            input,
            priority: 0,
            tags: Vec::new(),
            run_at: None,
            delay_s: None,
        }
    }
}

crate::with::with!(StartTask);

/// The task of a start, and whether it existed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StartReceipt {
    /// The task to follow.
    pub id: TaskId,
    /// True if the start led to an existing task (same idempotency key, or the same unique key as a
    /// queued or running task).
    pub existing: bool,
}

/// Answer to `POST /api/v1/tasks`: the task, and whether it existed before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct StartedTask {
    /// True if the start led to an existing task: the same idempotency key, or the same work as a
    /// queued or running task.
    pub existing: bool,
    /// The task.
    #[serde(flatten)]
    pub snapshot: Snapshot,
}
