//! Links by which tasks and batches are shared.

use serde::{Deserialize, Serialize};

/// Body of `POST /api/v1/tasks/{id}/shares`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ShareRequest {
    /// Whether who has the link may cancel. Default: false.
    #[serde(default)]
    pub cancel: bool,
    /// Seconds until the link expires, by default at most 7,776,000, 90 days. Default: 604,800, 7 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "http", schema(minimum = 1))]
    pub expires_in_s: Option<i64>,
}

crate::with::with!(ShareRequest);

/// A link to a task or a batch, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Share {
    /// Its id, by which it is revoked.
    pub id: String,
    /// Whether who has the link may cancel.
    pub cancel: bool,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// When it expires (RFC 3339).
    pub expires_at: String,
    /// The user who made it; absent: somebody without a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
}

impl Share {
    /// Creates a link that is for reading only.
    pub fn new(id: String, created_at: String, expires_at: String) -> Self {
        Self { id, cancel: false, created_at, expires_at, created_by: None }
    }
}

crate::with::with!(Share);

/// A link that was just made, with its URL.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct CreatedShare {
    /// The URL to pass on. It is returned only here.
    pub url: String,
    /// The link.
    #[serde(flatten)]
    pub share: Share,
}

impl CreatedShare {
    /// A link with this URL.
    pub const fn new(url: String, share: Share) -> Self {
        Self { url, share }
    }
}

impl std::fmt::Debug for CreatedShare {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedShare").field("share", &self.share).finish_non_exhaustive()
    }
}

/// Links to a task or a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct ShareList {
    /// The links, newest first.
    pub shares: Vec<Share>,
}

impl ShareList {
    /// A list of these links.
    pub const fn new(shares: Vec<Share>) -> Self {
        Self { shares }
    }
}
