//! Batches: tasks started together.

use serde::{Deserialize, Serialize};

use super::{BatchId, Snapshot, Status};

/// Body of `POST /api/v1/batches`: one task for each input, all of them or none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StartBatch {
    /// A kind from `GET /api/v1/kinds`.
    pub kind: String,
    /// One input per task; each must fit that kind's `input_schema`.
    pub inputs: Vec<serde_json::Value>,
    /// Priority of each task among your own queued tasks, -100 to 100; higher runs first. Default: 0.
    #[serde(default)]
    #[cfg_attr(feature = "http", schema(minimum = -100, maximum = 100))]
    pub priority: i32,
    /// Tags of each task: by default at most 10 with 1 to 50 characters each, without commas and control characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Earliest time of their start (RFC 3339), by default at most 30 days from now; a time in the past is now. Not
    /// together with `delay_s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "http", schema(format = DateTime))]
    pub run_at: Option<String>,
    /// Seconds from now until they may start; not together with `run_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "http", schema(minimum = 0))]
    pub delay_s: Option<i64>,
}

impl StartBatch {
    /// Creates a start of one task of the kind for each input, with priority 0.
    pub fn new(kind: impl Into<String>, inputs: Vec<serde_json::Value>) -> Self {
        Self {
            kind: kind.into(),
            inputs,
            priority: 0,
            tags: Vec::new(),
            run_at: None,
            delay_s: None,
        }
    }
}

crate::with::with!(StartBatch);

/// Tasks that were started together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Batch {
    /// The id of the batch.
    pub id: BatchId,
    /// The kind of its tasks.
    pub kind: String,
    /// Percent 0..=100 of the batch; every task has the same weight. A task that has ended counts
    /// as done, whatever its status; one without known progress counts as 0.
    pub progress: f64,
    /// Number of its tasks, without expired ones.
    pub total: u32,
    /// Number of tasks that have not ended.
    pub unfinished: u32,
    /// Number of tasks with each status.
    pub counts: StatusCounts,
    /// Grows with each visible change of one of its tasks.
    pub version: i64,
    /// The first of its tasks in the order of the inputs, without expired ones.
    pub tasks: Vec<Snapshot>,
    /// Pass as `cursor` for the next tasks; absent after the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Number of tasks with each status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
pub struct StatusCounts {
    /// Queued tasks.
    pub queued: u32,
    /// Running tasks.
    pub running: u32,
    /// Tasks that are being cancelled.
    pub cancelling: u32,
    /// Completed tasks.
    pub completed: u32,
    /// Failed tasks.
    pub error: u32,
    /// Cancelled tasks.
    pub cancelled: u32,
}

impl StatusCounts {
    /// Adds tasks with a status.
    pub const fn add(&mut self, status: Status, tasks: u32) {
        let count = match status {
            Status::Queued => &mut self.queued,
            Status::Running => &mut self.running,
            Status::Cancelling => &mut self.cancelling,
            Status::Completed => &mut self.completed,
            Status::Error => &mut self.error,
            Status::Cancelled => &mut self.cancelled,
            Status::Unknown => return,
        };
        *count = count.saturating_add(tasks);
    }

    /// Number of all tasks.
    pub const fn total(&self) -> u32 {
        self.unfinished()
            .saturating_add(self.completed)
            .saturating_add(self.error)
            .saturating_add(self.cancelled)
    }

    /// Number of tasks that have not ended.
    pub const fn unfinished(&self) -> u32 {
        self.queued.saturating_add(self.running).saturating_add(self.cancelling)
    }
}

/// A batch in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct BatchSummary {
    /// The id of the batch.
    pub id: BatchId,
    /// The kind of its tasks.
    pub kind: String,
    /// When it was queued (RFC 3339).
    pub created_at: String,
    /// Number of its tasks, without expired ones.
    pub tasks: u32,
    /// Number of tasks that have not ended.
    pub unfinished: u32,
    /// Number of tasks that failed.
    pub failed: u32,
}

/// One page of a list of batches, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct BatchList {
    /// The batches.
    pub batches: Vec<BatchSummary>,
    /// Pass as `cursor` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Parses the field of a batch error: `inputs[3].subject` is `subject` of the fourth input, and
/// `inputs[3]` the whole input. `None` if it concerns no input.
pub fn batch_input(field: &str) -> Option<(usize, &str)> {
    let (place, field) = field.strip_prefix("inputs[")?.split_once(']')?;
    Some((place.parse().ok()?, field.trim_start_matches('.')))
}

impl Batch {
    /// A batch whose tasks have these statuses; `done` is the sum of their progress, 0..=1 each.
    pub fn new(id: BatchId, kind: impl Into<String>, counts: StatusCounts, done: f64) -> Self {
        let total = counts.total();
        Self {
            id,
            kind: kind.into(),
            progress: (100.0 * done / f64::from(total.max(1))).clamp(0.0, 100.0),
            total,
            unfinished: counts.unfinished(),
            counts,
            version: 0,
            tasks: Vec::new(),
            next_cursor: None,
        }
    }

    /// `3 of 10 have ended`, or `3 of 10 have ended, 1 failed`.
    pub fn ended_text(&self) -> String {
        let ended = self.total.saturating_sub(self.unfinished);
        let mut text = format!("{ended} of {} have ended", self.total);
        if self.counts.error > 0 {
            text.push_str(&format!(", {} failed", self.counts.error));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_an_input_is_found_and_whatever_else_is_none() {
        assert_eq!(batch_input("inputs[3].subject"), Some((3, "subject")));
        assert_eq!(batch_input("inputs[0]"), Some((0, "")));
        for other in ["inputs", "inputs[]", "inputs[-1].x", "inputs[3", "subject", "xinputs[3]"] {
            assert_eq!(batch_input(other), None, "{other}");
        }
    }
}
