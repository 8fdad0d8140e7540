//! What a migration did, and what a database is like before it.

use sqlx::migrate::Migrator;

/// What a migration of the schema did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migrated {
    /// Version of the schema afterwards.
    pub version: i64,
    /// Number of migrations that were applied; 0: there was nothing to migrate.
    pub applied: usize,
}

impl Migrated {
    pub(super) fn new(migrations: &Migrator, applied: usize) -> Self {
        Self { version: newest(migrations), applied }
    }
}

/// Version of the newest migration that this program knows.
pub(super) fn newest(migrations: &Migrator) -> i64 {
    migrations.iter().map(|migration| migration.version).max().unwrap_or_default()
}

/// What a database is like, found out without changing it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// Version of the schema; 0: the database is empty or missing.
    pub version: i64,
    /// Whether it is a file that exists and has no content, as is left when a database was lost; never with PostgreSQL.
    pub is_empty_file: bool,
    /// Number of migrations that it lacks.
    pub pending: usize,
    /// Whether it takes writes.
    pub writable: bool,
    /// Whether the role may migrate it; always with SQLite.
    pub may_migrate: bool,
    /// Role that is connected; `None` with SQLite.
    pub role: Option<String>,
    /// Time by the clock of the database, in milliseconds since the Unix epoch; `None` with SQLite,
    /// which has none of its own.
    pub now_ms: Option<i64>,
    /// Whether a pooler gives a connection to one transaction each.
    pub by_transaction: bool,
}
