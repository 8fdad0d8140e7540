//! Batches: tasks started together.

use serde::{Deserialize, Serialize};

use super::{BatchId, Snapshot};

/// Body of `POST /api/v1/batches`: one task for each input, all of them or none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StartBatch {
    /// A kind from `GET /api/v1/kinds`.
    pub kind: String,
    /// One input per task; each must fit that kind's `input_schema`.
    pub inputs: Vec<serde_json::Value>,
    /// Priority of each task among your own queued tasks, -100 to 100; higher runs first. Default: 0.
    #[serde(default)]
    #[cfg_attr(feature = "http", schema(minimum = -100, maximum = 100))]
    pub priority: i32,
}

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
    /// Number of tasks that have not ended.
    pub unfinished: u32,
    /// Its tasks in the order of the inputs, without expired ones.
    pub tasks: Vec<Snapshot>,
}

/// A batch in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
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
    /// Summarizes the tasks of a batch. `None` if there are none.
    pub fn of(id: BatchId, tasks: Vec<Snapshot>) -> Option<Self> {
        let kind = tasks.first()?.kind.clone();
        let done = |task: &Snapshot| match task.status.is_terminal() {
            true => 100.0,
            false => task.progress.unwrap_or_default(),
        };
        let progress = tasks.iter().map(done).sum::<f64>() / tasks.len() as f64;
        let unfinished = tasks.iter().filter(|task| !task.status.is_terminal()).count();
        let unfinished = u32::try_from(unfinished).unwrap_or(u32::MAX);
        Some(Self { id, kind, progress, unfinished, tasks })
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
