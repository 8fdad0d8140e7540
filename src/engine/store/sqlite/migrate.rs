//! Migration of the schema, and what a file is like before it.

use std::{fs::OpenOptions, io::ErrorKind, path::Path, sync::LazyLock};

use include_dir::{Dir, include_dir};
use sqlx::{
    Pool, Sqlite,
    migrate::{MigrateError, Migrator},
    sqlite::SqliteConnectOptions,
};

use super::{SqliteOptions, SqliteStore, cannot_open, file, lock, pool};
use crate::engine::store::{
    StoreError,
    migration::{Inspection, Migrated, migrator, newest},
    sql_error::migration_failure,
};

static FOLDER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/migrations/sqlite");

static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| migrator(&FOLDER));

impl SqliteStore {
    /// Migrates the schema of the database file, which is created if missing.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub async fn migrate(path: &Path) -> Result<Migrated, StoreError> {
        let (_lock, busy_timeout) = (lock(path)?, SqliteOptions::default().busy_timeout);
        let pool = pool(1, busy_timeout).connect_with(file(path, busy_timeout)).await;
        let pool = pool.map_err(|error| cannot_open(path, &error))?;
        let migrated = migrate(&pool).await.map_err(|error| cannot_open(path, &error));
        pool.close().await;
        migrated
    }

    /// Finds out what the database file is like, without changing it, also while a server uses it.
    ///
    /// # Errors
    /// [`StoreError::Open`] if it is no database, or one of another version.
    pub async fn inspect(path: &Path) -> Result<Inspection, StoreError> {
        let writable = match OpenOptions::new().write(true).open(path) {
            Ok(_) => true,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(inspection(0, false, true));
            }
            Err(_) => false,
        };
        let busy_timeout = SqliteOptions::default().busy_timeout;
        // Not with the options of a store: a backup has another journal mode, which stays.
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        let options = options.busy_timeout(busy_timeout);
        let pool = pool(1, busy_timeout).connect_with(options).await;
        let pool = pool.map_err(|error| cannot_open(path, &error))?;
        let version = version(&pool).await.map_err(|error| cannot_open(path, &error));
        pool.close().await;
        let is_empty = std::fs::metadata(path).is_ok_and(|file| file.len() == 0);
        let version = version?;
        Ok(inspection(version, is_empty && version == 0, writable))
    }
}

fn inspection(version: i64, is_empty_file: bool, writable: bool) -> Inspection {
    Inspection {
        version,
        is_empty_file,
        pending: MIGRATIONS.iter().filter(|migration| migration.version > version).count(),
        writable,
        may_migrate: true,
        role: None,
        now_ms: None,
        by_transaction: false,
    }
}

/// Migrates the schema; an error is a text for the operator.
pub(super) async fn migrate(pool: &Pool<Sqlite>) -> Result<Migrated, String> {
    let before = if has_table(pool).await? { read(pool, COUNT).await? } else { 0 };
    let failed = |error| migration_failure(&error, newest(&MIGRATIONS));
    MIGRATIONS.run(pool).await.map_err(failed)?;
    let applied = read(pool, COUNT).await? - before;
    Ok(Migrated::new(&MIGRATIONS, usize::try_from(applied).unwrap_or_default()))
}

const COUNT: &str = "SELECT count(*) FROM _sqlx_migrations";

async fn has_table(pool: &Pool<Sqlite>) -> Result<bool, String> {
    let table = "SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'";
    Ok(read(pool, table).await? > 0)
}

/// Version of the schema; one that is newer than this program is an error.
async fn version(pool: &Pool<Sqlite>) -> Result<i64, String> {
    if !has_table(pool).await? {
        return Ok(0);
    }
    let version = read(pool, "SELECT coalesce(max(version), 0) FROM _sqlx_migrations").await?;
    let newest = newest(&MIGRATIONS);
    match version > newest {
        true => Err(migration_failure(&MigrateError::VersionMissing(version), newest)),
        false => Ok(version),
    }
}

async fn read(pool: &Pool<Sqlite>, number: &'static str) -> Result<i64, String> {
    sqlx::query_scalar(number).fetch_one(pool).await.map_err(|error| error.to_string())
}
