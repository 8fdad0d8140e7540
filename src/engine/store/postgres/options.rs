//! Options of the PostgreSQL store.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How a pooler such as PgBouncer shares the database's connections (its `pool_mode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum PoolMode {
    /// Found out when the store is opened, by two connections that compare the processes of the
    /// database that serve them.
    #[default]
    Auto,
    /// A connection stays the database's until it is closed: no pooler, or one in session mode.
    Session,
    /// A connection is the database's for one transaction. Settings are then sent with each
    /// transaction, statements are not prepared in advance, and notifications need
    /// [`PostgresOptions::direct_url`].
    Transaction,
}

/// Options of the PostgreSQL store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PostgresOptions {
    /// Number of connections, without those for lease renewals and notifications, which have one
    /// each. Half of them read and half write; half of the writing ones serve callers' requests
    /// such as starts and cancels. At least 3. Default: 8.
    pub connections: u32,
    /// Maximum wait for a free connection before a call fails. Default: 3 s.
    pub acquire_timeout: Duration,
    /// Time limit of one statement. Default: 10 s.
    pub statement_timeout: Duration,
    /// Time limit of a whole call, however many statements it has; without it, a hanging connection
    /// would block until the network reports the failure. Default: 20 s.
    pub call_timeout: Duration,
    /// After this time without a notification, the listening connection is checked. Until a dead
    /// one is replaced, changes are found by polling, once a second. Default: 10 s.
    pub silence: Duration,
    /// Whether connections lead through a pooler, and how it shares the database's. Default:
    /// [`PoolMode::Auto`].
    pub pool_mode: PoolMode,
    /// URL of the same database around the pooler, for notifications and migrations. Default: none.
    pub direct_url: Option<String>,
}

crate::with::with!(PostgresOptions);

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            connections: 8,
            acquire_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(10),
            call_timeout: Duration::from_secs(20),
            silence: Duration::from_secs(10),
            pool_mode: PoolMode::Auto,
            direct_url: None,
        }
    }
}
