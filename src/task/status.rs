//! The statuses of a task.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The status of a task. `completed`, `error` and `cancelled` are terminal: they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waits for a free worker.
    Queued,
    /// A worker runs it.
    Running,
    /// Cancellation was requested; the worker has not stopped yet.
    Cancelling,
    /// Completed; there may be a result.
    Completed,
    /// Failed; there is an error.
    Error,
    /// Cancelled on request.
    Cancelled,
    /// A value from a newer server. Never terminal, so that an old page continues to poll.
    #[serde(other)]
    Unknown,
}

impl Status {
    /// Whether the status is terminal: nothing changes any more.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Error | Self::Cancelled)
    }

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Cancelling => "cancelling",
            Self::Completed => "completed",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }

    /// Parses the name on the wire; `None` for any other text.
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Queued,
            Self::Running,
            Self::Cancelling,
            Self::Completed,
            Self::Error,
            Self::Cancelled,
        ]
        .into_iter()
        .find(|status| status.as_str() == word)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
