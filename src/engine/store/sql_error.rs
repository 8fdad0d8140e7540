//! Errors of the databases as errors of the store.

use std::fmt::{self, Display};

use sqlx::{error::ErrorKind, migrate::MigrateError};

use super::StoreError;

const SQLITE_FULL: &str = "13";
const POSTGRES_DISK_FULL: &str = "53100";
const POSTGRES_READ_ONLY: &str = "25006";
/// The server shuts down, has crashed, or starts; the connection is broken.
const POSTGRES_ENDED: [&str; 5] = ["57P01", "57P02", "57P03", "57P05", "08"];
/// PostgreSQL: data, limits of a row, deadlocks. SQLite: too big, wrong type.
const ROW_ERRORS: [&str; 5] = ["22", "54", "40", "18", "20"];
/// Length of an SQLSTATE, which only PostgreSQL has: SQLite's codes are shorter.
const SQLSTATE: usize = 5;

/// An error in the database's words: without the line of the database's own source code that
/// PostgreSQL sends along, and with the SQLSTATE by which it can be looked up.
#[derive(Debug)]
pub(super) struct Described(sqlx::Error);

impl Display for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(&self.0, f)
    }
}

impl std::error::Error for Described {}

/// An error in the database's words; see [`Described`].
pub(super) fn described(error: &sqlx::Error) -> impl Display {
    fmt::from_fn(|f| describe(error, f))
}

fn describe(error: &sqlx::Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        sqlx::Error::Database(error) => match error.code() {
            Some(code) if code.len() == SQLSTATE => {
                write!(f, "{} (SQLSTATE {code})", error.message())
            }
            _ => Display::fmt(error, f),
        },
        other => Display::fmt(other, f),
    }
}

fn code(error: &sqlx::Error) -> String {
    let code = error.as_database_error().and_then(|error| error.code());
    code.unwrap_or_default().into_owned()
}

/// Whether the database takes no writes.
pub(super) fn is_read_only(error: &sqlx::Error) -> bool {
    code(error) == POSTGRES_READ_ONLY
}

/// Whether the connection is of no use after this error.
pub(super) fn ends_connection(error: &sqlx::Error) -> bool {
    let code = code(error);
    code.len() == SQLSTATE && POSTGRES_ENDED.iter().any(|class| code.starts_with(class))
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match code(&error).as_str() {
            SQLITE_FULL | POSTGRES_DISK_FULL => Self::Full(Described(error).into()),
            POSTGRES_READ_ONLY => Self::ReadOnly(Described(error).into()),
            _ => Self::Unavailable(Described(error).into()),
        }
    }
}

impl StoreError {
    /// Whether the data of one call caused it, so that other calls of the same set may succeed.
    pub(super) fn is_of_one_row(&self) -> bool {
        let Self::Unavailable(error) = self else { return matches!(self, Self::Corrupt { .. }) };
        match error.downcast_ref().map(|Described(error)| error) {
            Some(sqlx::Error::Database(error)) => {
                let code = error.code().unwrap_or_default();
                let is_kind = ROW_ERRORS.iter().any(|class| code.starts_with(class));
                is_kind || !matches!(error.kind(), ErrorKind::Other)
            }
            Some(sqlx::Error::Encode(_) | sqlx::Error::RowNotFound) => true,
            _ => false,
        }
    }

    /// The same for each of several callers.
    pub(super) fn copy(&self) -> Self {
        match self {
            Self::Unavailable(error) => Self::Unavailable(error.to_string().into()),
            Self::ReadOnly(error) => Self::ReadOnly(error.to_string().into()),
            Self::Full(error) => Self::Full(error.to_string().into()),
            Self::Corrupt { what, detail } => Self::Corrupt { what, detail: detail.clone() },
            Self::Open(detail) => Self::Open(detail.clone()),
        }
    }
}

/// Explains to the operator why a database's schema cannot be migrated to this version, whose newest
/// migration is `newest`.
pub(super) fn migration_failure(error: &MigrateError, newest: i64) -> String {
    match error {
        MigrateError::VersionMissing(version) if *version > newest => format!(
            "a newer version of Milepost has migrated it (its schema is version {version}, this program knows \
             {newest}); start that version, or restore the backup from before the upgrade"
        ),
        MigrateError::VersionMissing(version) | MigrateError::VersionMismatch(version) => format!(
            "another version of Milepost made its schema (version {version} of it is unknown or different here); \
             start that version, or use a new database"
        ),
        MigrateError::Dirty(version) => format!(
            "a migration to version {version} was interrupted; restore the backup from before it"
        ),
        MigrateError::Execute(error) => described(error).to_string(),
        MigrateError::ExecuteMigration(error, version) => {
            format!("migration {version} failed: {}", described(error))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, error::Error, fmt};

    use sqlx::error::{DatabaseError, ErrorKind};

    use super::ends_connection;

    #[derive(Debug)]
    struct Coded(&'static str);

    impl fmt::Display for Coded {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Coded {}

    impl DatabaseError for Coded {
        fn message(&self) -> &str {
            self.0
        }
        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.into())
        }
        fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
            self
        }
        fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
            self
        }
        fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
            self
        }
        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    #[test]
    fn only_the_end_of_a_connection_ends_it() {
        let of = |code| ends_connection(&sqlx::Error::Database(Box::new(Coded(code))));
        for code in ["57P01", "57P02", "57P03", "57P05", "08000", "08003", "08006", "08P01"] {
            assert!(of(code), "{code}");
        }
        // A cancelled statement, a failed constraint, a full disk, a deadlock; codes of SQLite.
        for code in ["57014", "57P04", "23505", "53100", "40P01", "8", "08", "08x", ""] {
            assert!(!of(code), "{code}");
        }
    }
}
