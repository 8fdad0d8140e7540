//! Tokens of users, by which programs are identified.

use std::{fmt, str::FromStr};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{NewAudit, StoreError};

/// What a token may be used for. A token never permits more than its user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum TokenScope {
    /// See tasks, their inputs, logs, results and files.
    Read,
    /// Start and rerun tasks, upload files, and extend the retention of tasks.
    Start,
    /// Cancel tasks.
    Cancel,
    /// Act as an admin, if the user is one; delete all data of the user.
    Admin,
}

impl TokenScope {
    /// All scopes.
    pub const ALL: [Self; 4] = [Self::Read, Self::Start, Self::Cancel, Self::Admin];

    /// The name in settings and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Start => "start",
            Self::Cancel => "cancel",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for TokenScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a scope is one of read, start, cancel, admin")]
pub struct UnknownScope;

impl FromStr for TokenScope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(UnknownScope)
    }
}

/// A token to be stored. The token itself is never stored.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewToken {
    /// Its id: not secret.
    pub id: String,
    /// SHA-256 of the token, hexadecimal.
    pub hash: String,
    /// The owner id of its user.
    pub owner: String,
    /// The groups of its user.
    pub groups: Vec<String>,
    /// What its user calls it.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<TokenScope>,
    /// The kinds that it may be used for; empty: all.
    pub kinds: Vec<String>,
    /// Time until it expires, in milliseconds.
    pub lifetime_ms: i64,
    /// Maximum number of unexpired tokens of one owner.
    pub max_per_owner: u32,
    /// What is written to the audit log when it is stored.
    pub audit: Option<NewAudit>,
}

crate::with::with!(NewToken);

impl NewToken {
    /// A token for an owner, for an hour and with no scope, without a limit of their number.
    pub fn new(id: impl Into<String>, hash: impl Into<String>, owner: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            hash: hash.into(),
            owner: owner.into(),
            groups: Vec::new(),
            name: String::new(),
            scopes: Vec::new(),
            kinds: Vec::new(),
            lifetime_ms: 3_600_000,
            max_per_owner: u32::MAX,
            audit: None,
        }
    }
}

/// A stored token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredToken {
    /// Its id.
    pub id: String,
    /// The owner id of its user.
    pub owner: String,
    /// The groups of its user.
    pub groups: Vec<String>,
    /// What its user calls it.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<TokenScope>,
    /// The kinds that it may be used for; empty: all.
    pub kinds: Vec<String>,
    /// When it was made, in milliseconds since the Unix epoch.
    pub created_at: i64,
    /// When it expires.
    pub expires_at: i64,
    /// About when it was last used; `None`: never.
    pub last_used_at: Option<i64>,
}

/// Rows of tokens.
///
/// # Errors
/// As [`Store`](super::Store).
#[async_trait]
pub trait TokenRows: Send + Sync + 'static {
    /// Stores a token; `None` if its owner has as many as are permitted. Removes expired ones of the
    /// owner.
    async fn add_token(&self, new: &NewToken) -> Result<Option<StoredToken>, StoreError>;

    /// Returns the unexpired token with this hash, unless its user is disabled, and notes its use: at
    /// most once in a minute.
    async fn use_token(&self, hash: &str) -> Result<Option<StoredToken>, StoreError>;

    /// Returns the unexpired tokens of an owner, or of all owners, newest first; at most 1,000.
    async fn tokens(&self, owner: Option<&str>) -> Result<Vec<StoredToken>, StoreError>;

    /// Removes a token of this owner, or of any; returns whether there was one.
    async fn remove_token(
        &self,
        owner: Option<&str>,
        id: &str,
        audit: Option<&NewAudit>,
    ) -> Result<bool, StoreError>;
}
