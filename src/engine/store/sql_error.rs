//! Errors of the databases as errors of the store.

use sqlx::migrate::MigrateError;

use super::StoreError;

const SQLITE_FULL: &str = "13";
const POSTGRES_DISK_FULL: &str = "53100";

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        match code.as_deref() {
            Some(SQLITE_FULL | POSTGRES_DISK_FULL) => Self::Full(error.into()),
            _ => Self::Unavailable(error.into()),
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
