//! Errors of the databases as errors of the store.

use sqlx::{error::ErrorKind, migrate::MigrateError};

use super::StoreError;

const SQLITE_FULL: &str = "13";
const POSTGRES_DISK_FULL: &str = "53100";
/// PostgreSQL: data, limits of a row, deadlocks. SQLite: too big, wrong type.
const ROW_ERRORS: [&str; 5] = ["22", "54", "40", "18", "20"];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        match code.as_deref() {
            Some(SQLITE_FULL | POSTGRES_DISK_FULL) => Self::Full(error.into()),
            _ => Self::Unavailable(error.into()),
        }
    }
}

impl StoreError {
    /// Whether the data of one call caused it, so that other calls of the same set may succeed.
    pub(super) fn is_of_one_row(&self) -> bool {
        let Self::Unavailable(error) = self else { return matches!(self, Self::Corrupt { .. }) };
        match error.downcast_ref() {
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
            Self::Full(error) => Self::Full(error.to_string().into()),
            Self::Corrupt { what, detail } => Self::Corrupt { what, detail: detail.clone() },
            Self::Open(detail) => Self::Open(detail.clone()),
        }
    }
}

/// Explains to the operator why a database's schema cannot be migrated to this version.
pub(super) fn migration_failure(error: &MigrateError) -> String {
    match error {
        MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => format!(
            "its schema was made by another version of Milepost ({error}); use that version, or a new database"
        ),
        other => other.to_string(),
    }
}
