//! Storage usage.

/// Whose usage is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UsageOf {
    /// See [`NewTask::account`](super::NewTask::account).
    Account(String),
    /// All tasks and uploads from this client address.
    Client(String),
    /// The whole store.
    All,
}

/// How many bytes are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// In the database: inputs, logs, checkpoints and results, plus a fixed number for each row.
    pub rows: u64,
    /// Of files and uploads.
    pub files: u64,
}
