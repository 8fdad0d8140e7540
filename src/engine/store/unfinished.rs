//! Unfinished tasks of a kind.

/// The unfinished tasks of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnfinishedTasks {
    /// The kind.
    pub kind: String,
    /// Queued tasks that may start now.
    pub waiting: i64,
    /// Queued tasks whose start time has not come.
    pub scheduled: i64,
    /// Running tasks, also those that are being cancelled.
    pub running: i64,
    /// How long the oldest of those that may start has been waiting, in milliseconds; 0: none is.
    pub oldest_ms: i64,
}

crate::with::with!(UnfinishedTasks);
