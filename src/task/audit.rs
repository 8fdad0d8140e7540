//! The audit log.

use serde::{Deserialize, Serialize};

/// Who did what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct AuditEntry {
    /// When (RFC 3339).
    pub at: String,
    /// The name of a user, another owner id, `anonymous` or `command line`.
    pub who: String,
    /// What identified them: `password`, `token`, `proxy`, `session` (an anonymous browser), `share` (a
    /// link), `application`, `anonymous` or `cli`.
    pub how: String,
    /// The address from which they connected, if known; of IPv6 the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What they did, such as `start`.
    pub action: String,
    /// The id of a task, a batch, an upload or a token, or the name of a user, a kind or a worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// `ok`, or why it was refused.
    pub outcome: String,
    /// More about the subject, such as the kind of a task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

crate::with::with!(AuditEntry);

impl AuditEntry {
    /// An entry from an unknown address and about nothing.
    pub const fn new(
        at: String,
        who: String,
        how: String,
        action: String,
        outcome: String,
    ) -> Self {
        Self { at, who, how, address: None, action, subject: None, outcome, detail: None }
    }
}

/// One page of the audit log, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// Pass as `cursor` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl AuditPage {
    /// Creates a page.
    pub const fn new(entries: Vec<AuditEntry>, next_cursor: Option<String>) -> Self {
        Self { entries, next_cursor }
    }
}

/// Which entries of the audit log. Absent and blank fields leave nothing out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct AuditFilter {
    /// Only what they did: the name of a user, or the whole owner id.
    pub who: Option<String>,
    /// Only this action.
    pub action: Option<String>,
    /// Only about this.
    pub subject: Option<String>,
    /// Only at this time (RFC 3339) or later.
    pub from: Option<String>,
    /// Only before this time (RFC 3339).
    pub until: Option<String>,
}

crate::with::with!(AuditFilter);
