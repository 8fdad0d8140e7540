//! The task's id: random, so that knowing it is a capability.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Names one task, for ever. 122 random bits in the usual UUID spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct TaskId(Uuid);

impl TaskId {
    /// Wraps a UUID that somebody else made.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID inside.
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

/// The text is not a task id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidTaskId;

impl fmt::Display for InvalidTaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a task id is a UUID such as 4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55")
    }
}

impl std::error::Error for InvalidTaskId {}

impl FromStr for TaskId {
    type Err = InvalidTaskId;

    /// Reads the hyphenated form only: one task has one spelling.
    fn from_str(text: &str) -> Result<Self, InvalidTaskId> {
        if text.len() != uuid::fmt::Hyphenated::LENGTH {
            return Err(InvalidTaskId);
        }
        Uuid::try_parse(text).map(Self).map_err(|_| InvalidTaskId)
    }
}
