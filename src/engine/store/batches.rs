//! What a store knows of batches.

use crate::task::{BatchId, Status};

/// A batch in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchRow {
    /// Its id.
    pub id: BatchId,
    /// The kind of its tasks.
    pub kind: String,
    /// When it was queued, in milliseconds since the Unix epoch.
    pub created_at: i64,
    /// Number of its tasks that have not expired.
    pub tasks: u32,
    /// Number of those that have not ended.
    pub unfinished: u32,
    /// Number of those that failed.
    pub failed: u32,
}

/// The unexpired tasks of a batch, counted.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BatchCounts {
    /// The owner of its tasks; `None`: anonymous.
    pub owner: Option<String>,
    /// The kind of its tasks.
    pub kind: String,
    /// When it was queued, in milliseconds since the Unix epoch.
    pub created_at: i64,
    /// Number of tasks with each status, those that have any.
    pub by_status: Vec<(Status, u32)>,
    /// Grows with each visible change of a task.
    pub versions: i64,
    /// Sum of the progress of all tasks, 0..=1 each; one that has ended counts as done.
    pub progress: f64,
}
