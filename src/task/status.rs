//! The six statuses of a task.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a task is in its life. The last three are terminal and absorbing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waits for a free worker.
    Queued,
    /// A worker runs it.
    Running,
    /// Somebody asked to cancel it; the worker has not stopped yet.
    Cancelling,
    /// Ended well; there may be a result.
    Completed,
    /// Ended badly; there is an error.
    Error,
    /// Ended because somebody asked for it.
    Cancelled,
    /// A word from a newer server. Never terminal, so that an old page goes on asking.
    #[serde(other)]
    Unknown,
}

impl Status {
    /// Whether nothing will change any more.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Error | Self::Cancelled)
    }

    /// The word on the wire.
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

    /// Reads the word on the wire; `None` for any other.
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
