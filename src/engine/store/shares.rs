//! Links by which tasks and batches are shared.

use std::fmt;

use async_trait::async_trait;

use super::{NewAudit, StoreError};
use crate::task::{BatchId, TaskId};

/// What a link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShareSubject {
    /// One task.
    Task(TaskId),
    /// A batch with all of its tasks.
    Batch(BatchId),
}

impl fmt::Display for ShareSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task(id) => id.fmt(f),
            Self::Batch(id) => id.fmt(f),
        }
    }
}

/// A link to be stored. The token in it is never stored.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewShare {
    /// Its id: not secret.
    pub id: String,
    /// SHA-256 of the token, hexadecimal.
    pub hash: String,
    /// What it leads to.
    pub subject: ShareSubject,
    /// Whether who has the link may cancel.
    pub may_cancel: bool,
    /// The owner id of who made it; `None`: anonymous.
    pub created_by: Option<String>,
    /// Time until it expires, in milliseconds.
    pub lifetime_ms: i64,
    /// Maximum number of unexpired links to one task or batch.
    pub max_shares: u32,
    /// What is written to the audit log when it is stored.
    pub audit: Option<NewAudit>,
}

crate::with::with!(NewShare);

impl NewShare {
    /// A link to see something for an hour, without a limit of their number.
    pub fn new(id: impl Into<String>, hash: impl Into<String>, subject: ShareSubject) -> Self {
        Self {
            id: id.into(),
            hash: hash.into(),
            subject,
            may_cancel: false,
            created_by: None,
            lifetime_ms: 3_600_000,
            max_shares: u32::MAX,
            audit: None,
        }
    }
}

/// A stored link.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredShare {
    /// Its id.
    pub id: String,
    /// What it leads to.
    pub subject: ShareSubject,
    /// Whether who has the link may cancel.
    pub may_cancel: bool,
    /// The owner id of who made it; `None`: anonymous.
    pub created_by: Option<String>,
    /// When it was made, in milliseconds since the Unix epoch.
    pub created_at: i64,
    /// When it expires.
    pub expires_at: i64,
}

/// The outcome of [`ShareRows::add_share`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddedShare {
    /// The link is stored.
    Stored(StoredShare),
    /// There are as many as are permitted.
    TooMany,
    /// There is no such task or batch.
    NoSubject,
}

/// Rows of links. They are removed with their task, with the last task of their batch, and some time
/// after they expire.
///
/// # Errors
/// As [`Store`](super::Store).
#[async_trait]
pub trait ShareRows: Send + Sync + 'static {
    /// Stores a link. Removes expired ones to the same subject.
    async fn add_share(&self, new: &NewShare) -> Result<AddedShare, StoreError>;

    /// Returns the unexpired link with this hash.
    async fn share(&self, hash: &str) -> Result<Option<StoredShare>, StoreError>;

    /// Returns the unexpired links to a task or a batch, newest first; at most 1,000.
    async fn shares(&self, of: ShareSubject) -> Result<Vec<StoredShare>, StoreError>;

    /// Removes a link to this task or batch; returns its hash, `None` if there was none.
    async fn remove_share(
        &self,
        of: ShareSubject,
        id: &str,
        audit: Option<&NewAudit>,
    ) -> Result<Option<String>, StoreError>;
}
