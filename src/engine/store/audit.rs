//! The audit log: who did what.

use async_trait::async_trait;

use super::StoreError;

/// A row of the audit log to be stored. It contains no input and no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewAudit {
    /// The name of a user, another owner id, or `anonymous`.
    pub who: String,
    /// What identified them: `password`, `token`, `proxy` and so on.
    pub how: &'static str,
    /// The address from which they connected, if known.
    pub address: Option<String>,
    /// What they did.
    pub action: &'static str,
    /// The id of a task, a batch, an upload or a token, or the name of a user, a kind or a worker.
    pub subject: Option<String>,
    /// `ok`, or why it was refused.
    pub outcome: String,
    /// More about the subject, such as the kind of a task.
    pub detail: Option<String>,
}

crate::with::with!(NewAudit);

impl NewAudit {
    /// An action that is done, from an unknown address and about nothing.
    pub fn new(who: impl Into<String>, how: &'static str, action: &'static str) -> Self {
        Self {
            who: who.into(),
            how,
            address: None,
            action,
            subject: None,
            outcome: "ok".to_owned(),
            detail: None,
        }
    }
}

/// A stored row of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Audit {
    /// Grows with each row.
    pub id: i64,
    /// When it was written, in milliseconds since the Unix epoch.
    pub at: i64,
    /// See [`NewAudit::who`].
    pub who: String,
    /// See [`NewAudit::how`].
    pub how: String,
    /// See [`NewAudit::address`].
    pub address: Option<String>,
    /// See [`NewAudit::action`].
    pub action: String,
    /// See [`NewAudit::subject`].
    pub subject: Option<String>,
    /// See [`NewAudit::outcome`].
    pub outcome: String,
    /// See [`NewAudit::detail`].
    pub detail: Option<String>,
}

/// Which rows of the audit log to read, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditQuery {
    /// Only what they did.
    pub who: Option<String>,
    /// Only this action.
    pub action: Option<String>,
    /// Only about this.
    pub subject: Option<String>,
    /// Only at this time or later.
    pub from: Option<i64>,
    /// Only rows older than this one: its time and id.
    pub before: Option<(i64, i64)>,
    /// Maximum number of rows.
    pub limit: u32,
}

crate::with::with!(AuditQuery);

/// The calls of [`Store`](super::Store) about the audit log. Most rows are written by the calls that
/// make a change, in the same transaction: see their arguments.
///
/// # Errors
/// As [`Store`](super::Store).
#[async_trait]
pub trait AuditRows: Send + Sync + 'static {
    /// Stores rows about what changes nothing, with one statement.
    async fn add_audit(&self, new: &[NewAudit]) -> Result<(), StoreError>;

    /// Reads rows, newest first.
    async fn audit(&self, query: &AuditQuery) -> Result<Vec<Audit>, StoreError>;

    /// Removes at most `most` rows that are older than this, in milliseconds; returns how many.
    async fn clean_audit(&self, keep_ms: i64, most: u32) -> Result<u64, StoreError>;
}
