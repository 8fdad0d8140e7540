//! Users who sign in, with a password or at an OpenID Connect provider, and their sessions.

use std::fmt;

use async_trait::async_trait;

use super::{NewAudit, OwnerDataRows, StoreError};

/// A stored user.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredUser {
    /// The name. The owner id of their tasks is `user:` and the name.
    pub name: String,
    /// Argon2id hash of the password, in the PHC string format; empty for a user of a provider.
    pub password_hash: String,
    /// The OpenID Connect provider at which they sign in; `None`: they have a password.
    pub issuer: Option<String>,
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

/// Prefix of the owner ids of users.
pub(in crate::engine) const USER_PREFIX: &str = "user:";

/// The owner id of the user with this name.
pub(in crate::engine) fn owner_of_user(name: &str) -> String {
    format!("{USER_PREFIX}{name}")
}

/// Somebody whom an OpenID Connect provider named.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProviderUser {
    /// The provider.
    pub issuer: String,
    /// Who they are there: never that of somebody else, and never another one.
    pub subject: String,
    /// What they are called here. A user who has signed in before keeps the first name.
    pub name: String,
    /// Their groups.
    pub groups: Vec<String>,
}

impl ProviderUser {
    /// A user with this subject of an issuer and this name, in no group.
    pub fn new(
        issuer: impl Into<String>,
        subject: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self {
            issuer: issuer.into(),
            subject: subject.into(),
            name: name.into(),
            groups: Vec::new(),
        }
    }
}

crate::with::with!(ProviderUser);

/// Who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignsIn {
    /// A user whose password was verified.
    Password {
        /// The name.
        name: String,
        /// The hash of the password. It must still be that of the user.
        hash: String,
    },
    /// A user of a provider, who is added at the first time.
    Provider(ProviderUser),
}

impl SignsIn {
    /// What they are called.
    pub fn name(&self) -> &str {
        match self {
            Self::Password { name, .. } => name,
            Self::Provider(user) => &user.name,
        }
    }

    /// What identifies them, in the audit log.
    pub(in crate::engine) const fn how(&self) -> &'static str {
        match self {
            Self::Password { .. } => "password",
            Self::Provider(_) => "oidc",
        }
    }
}

impl From<&StoredUser> for SignsIn {
    fn from(user: &StoredUser) -> Self {
        Self::Password { name: user.name.clone(), hash: user.password_hash.clone() }
    }
}

impl From<ProviderUser> for SignsIn {
    fn from(user: ProviderUser) -> Self {
        Self::Provider(user)
    }
}

/// Why no session begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotBegun {
    /// The user is disabled.
    Disabled,
    /// The user is gone, or has another password than the one that was verified.
    Changed,
    /// Another user has the name.
    NameTaken,
}

/// A session to be stored. The id in its cookie is never stored.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewUserSession {
    /// Its id: not secret.
    pub id: String,
    /// SHA-256 of the id in the cookie, hexadecimal.
    pub hash: String,
    /// Whose session it is.
    pub who: SignsIn,
    /// What the browser calls itself, in a few words.
    pub browser: String,
    /// How long it lasts.
    pub lifetime: SessionLifetime,
    /// The owner id of the browser's anonymous session, whose tasks and files become the user's.
    pub take_over: Option<String>,
    /// What is written to the audit log when it begins, with the name of the user.
    pub audit: Option<NewAudit>,
}

impl NewUserSession {
    /// A session in an unknown browser.
    pub fn new(
        id: impl Into<String>,
        hash: impl Into<String>,
        who: impl Into<SignsIn>,
        lifetime: SessionLifetime,
    ) -> Self {
        Self {
            id: id.into(),
            hash: hash.into(),
            who: who.into(),
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
    /// The provider at which the user signed in; `None`: with a password.
    pub issuer: Option<String>,
    /// The groups that the provider named.
    pub groups: Vec<String>,
    /// What the browser calls itself, in a few words.
    pub browser: String,
    /// When it began, in milliseconds since the Unix epoch.
    pub created_at: i64,
    /// About when it was last used.
    pub last_used_at: i64,
    /// When it expires unless it is used.
    pub expires_at: i64,
}

impl StoredUserSession {
    /// What identified the user, in the audit log.
    pub(in crate::engine) const fn how(&self) -> &'static str {
        if self.issuer.is_some() { "oidc" } else { "password" }
    }
}

/// Which sessions of a user end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedSessions<'a> {
    /// The one with this id.
    One(&'a str),
    /// All but the one with this id.
    AllBut(&'a str),
}

/// Rows of users and of their sessions, and what each owner has. Expired sessions are removed some time later.
///
/// # Errors
/// As [`Store`](super::Store).
#[async_trait]
pub trait UserRows: OwnerDataRows {
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

    /// Begins a session, and takes over what its browser owns. Adds a user of a provider who is not
    /// known yet; the groups of one who is become those of all their sessions.
    async fn add_user_session(
        &self,
        new: &NewUserSession,
    ) -> Result<Result<StoredUserSession, NotBegun>, StoreError>;

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
