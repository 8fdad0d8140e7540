//! How much is stored.

/// Whose bytes are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UsageOf {
    /// See [`NewTask::account`](super::NewTask::account).
    Account(String),
    /// All who come from this client address.
    Client(String),
    /// Everybody.
    All,
}

/// How many bytes are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// In the database: inputs, logs, checkpoints and results, and something for each row.
    pub rows: u64,
    /// Of files and uploads.
    pub files: u64,
}
