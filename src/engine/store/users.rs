//! Users who sign in with a password, and their sessions.

use std::fmt;

use async_trait::async_trait;

use super::{NewAudit, StoreError};

/// A stored user.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredUser {
    /// The name. The owner id of their tasks is `user:` and the name.
    pub name: String,
    /// Argon2id hash of the password, in the PHC string format.
    pub password_hash: String,
    /// When the user was added, in milliseconds since the Unix epoch.
    pub created_at: i64,
    /// When the user was disabled; `None`: may sign in.
    pub disabled_at: Option<i64>,
}

impl fmt::Debug for StoredUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredUser")
            .field("name", &self.name)
            .field("disabled_at", &self.disabled_at)
            .finish_non_exhaustive()
    }
}

/// How long a session lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionLifetime {
    /// Without use, in milliseconds.
    pub idle_ms: i64,
    /// In all, in milliseconds.
    pub max_ms: i64,
}

impl SessionLifetime {
    /// A lifetime without use, and one in all, in milliseconds.
    pub const fn new(idle_ms: i64, max_ms: i64) -> Self {
        Self { idle_ms, max_ms }
    }
}

/// A change of owner: what the browser's anonymous session owns becomes the user's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TakeOver {
    /// The owner id of the anonymous session.
    pub from: String,
    /// The owner id of the user.
    pub to: String,
}

impl TakeOver {
    /// From one owner id to another.
    pub fn new(from: impl Into<String>, to: impl Into<String>) -> Self {
        Self { from: from.into(), to: to.into() }
    }
}

/// A session to be stored. The id in its cookie is never stored.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewUserSession {
    /// Its id: not secret.
    pub id: String,
    /// SHA-256 of the id in the cookie, hexadecimal.
    pub hash: String,
    /// The name of the user.
    pub user: String,
    /// The hash of the password that was verified. It must still be that of the user.
    pub password_hash: String,
    /// What the browser calls itself, in a few words.
    pub browser: String,
    /// How long it lasts.
    pub lifetime: SessionLifetime,
    /// Whose tasks and files become the user's.
    pub take_over: Option<TakeOver>,
    /// What is written to the audit log when it begins.
    pub audit: Option<NewAudit>,
}

impl NewUserSession {
    /// A session of a user whose password was verified by this hash, in an unknown browser.
    pub fn new(
        id: impl Into<String>,
        hash: impl Into<String>,
        user: &StoredUser,
        lifetime: SessionLifetime,
    ) -> Self {
        Self {
            id: id.into(),
            hash: hash.into(),
            user: user.name.clone(),
            password_hash: user.password_hash.clone(),
            browser: String::new(),
            lifetime,
            take_over: None,
            audit: None,
        }
    }
}

crate::with::with!(NewUserSession);

/// A stored session of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredUserSession {
    /// Its id: not secret.
    pub id: String,
    /// The name of the user.
    pub user: String,
    /// What the browser calls itself, in a few words.
    pub browser: String,
    /// When it began, in milliseconds since the Unix epoch.
    pub created_at: i64,
    /// About when it was last used.
    pub last_used_at: i64,
    /// When it expires unless it is used.
    pub expires_at: i64,
}

/// Which sessions of a user end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedSessions<'a> {
    /// The one with this id.
    One(&'a str),
    /// All but the one with this id.
    AllBut(&'a str),
}

/// Rows of users and of their sessions. Expired sessions are removed some time later.
///
/// # Errors
/// As [`Store`](super::Store).
#[async_trait]
pub trait UserRows: Send + Sync + 'static {
    /// Adds a user; false if there is one with this name.
    async fn add_user(
        &self,
        name: &str,
        password_hash: &str,
        audit: Option<&NewAudit>,
    ) -> Result<bool, StoreError>;

    /// Replaces the password of a user and ends their sessions; false if there is no such user.
    async fn set_password(
        &self,
        name: &str,
        password_hash: &str,
        audit: Option<&NewAudit>,
    ) -> Result<bool, StoreError>;

    /// Disables a user, which ends their sessions and makes their tokens invalid, or enables them;
    /// false if there is no such user. Who is disabled already stays so since then.
    async fn set_disabled(
        &self,
        name: &str,
        is_disabled: bool,
        audit: Option<&NewAudit>,
    ) -> Result<bool, StoreError>;

    /// Returns a user.
    async fn user(&self, name: &str) -> Result<Option<StoredUser>, StoreError>;

    /// Returns the users by name; at most `limit`.
    async fn users(&self, limit: u32) -> Result<Vec<StoredUser>, StoreError>;

    /// Begins a session, and takes over what its browser owns; `None` if the user is gone, is disabled, or has another password than the
    /// one that was verified.
    async fn add_user_session(
        &self,
        new: &NewUserSession,
    ) -> Result<Option<StoredUserSession>, StoreError>;

    /// Returns the session with this hash unless it has expired, and notes its use: at most once in a
    /// minute. A noted use lets it expire later.
    async fn use_user_session(
        &self,
        hash: &str,
        lifetime: SessionLifetime,
    ) -> Result<Option<StoredUserSession>, StoreError>;

    /// Returns the sessions of a user that have not expired, the last used first; at most 1,000.
    async fn user_sessions(&self, user: &str) -> Result<Vec<StoredUserSession>, StoreError>;

    /// Ends sessions of a user; returns how many.
    async fn end_user_sessions(
        &self,
        user: &str,
        ended: EndedSessions<'_>,
        audit: Option<&NewAudit>,
    ) -> Result<u64, StoreError>;
}
