//! The database that the settings name.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use milepost::engine::{
    clock::{Clock, SystemClock},
    store::{
        Inspection, Migrated, Store,
        postgres::{PostgresOptions, PostgresStore},
        sqlite::SqliteStore,
    },
};

use super::{ServeError, modes};
use crate::config::{DatabaseUrl, Settings, StorageSettings};

pub(super) async fn open(
    settings: &Settings,
) -> Result<(Arc<dyn Store>, Arc<dyn Clock>), ServeError> {
    let storage = &settings.storage;
    if let Some(url) = storage.database.as_ref().filter(|url| url.is_postgres()) {
        let store = PostgresStore::open(url.expose(), postgres_options(storage)).await?;
        let clock = store.clock();
        return Ok((Arc::new(store), clock));
    }
    let path = database_in_folder(settings)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = SqliteStore::open(&path, Arc::clone(&clock)).await?;
    Ok((Arc::new(store), clock))
}

/// Opens the database beside the servers that use it, for single calls.
///
/// # Errors
/// If it cannot be opened.
pub async fn open_beside(settings: &Settings) -> Result<Arc<dyn Store>, ServeError> {
    let storage = &settings.storage;
    if let Some(url) = storage.database.as_ref().filter(|url| url.is_postgres()) {
        return Ok(Arc::new(PostgresStore::open(url.expose(), postgres_options(storage)).await?));
    }
    let path = database_in_folder(settings)?;
    Ok(Arc::new(SqliteStore::open_beside(&path, Arc::new(SystemClock)).await?))
}

/// Migrates the database and does nothing else.
///
/// # Errors
/// If it cannot be opened or migrated.
pub async fn migrate(settings: &Settings) -> Result<Migrated, ServeError> {
    let storage = &settings.storage;
    if let Some(url) = storage.database.as_ref().filter(|url| url.is_postgres()) {
        return Ok(PostgresStore::migrate(url.expose(), postgres_options(storage)).await?);
    }
    let path = database_in_folder(settings)?;
    modes::tighten(settings);
    Ok(SqliteStore::migrate(&path).await?)
}

/// Finds out what the database is like, without changing it; also returns its name, without a
/// password.
///
/// # Errors
/// If it cannot be opened, or is one of another version.
pub async fn inspect(settings: &Settings) -> Result<(String, Inspection), ServeError> {
    let storage = &settings.storage;
    if let Some(url) = storage.database.as_ref().filter(|url| url.is_postgres()) {
        let inspection = PostgresStore::inspect(url.expose(), postgres_options(storage)).await?;
        return Ok((url.to_string(), inspection));
    }
    let path = database(settings)?;
    Ok((format!("SQLite {}", path.display()), SqliteStore::inspect(&path).await?))
}

fn postgres_options(storage: &StorageSettings) -> PostgresOptions {
    PostgresOptions::default().with(|o| {
        o.connections = storage.connections;
        o.pool_mode = storage.pool_mode;
        o.direct_url = storage.direct_database.as_ref().map(|url| url.expose().to_owned());
    })
}

/// [`database`], in a folder that exists.
fn database_in_folder(settings: &Settings) -> Result<PathBuf, ServeError> {
    let path = database(settings)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)
            .map_err(|error| ServeError::Folder { path: folder.to_owned(), error })?;
    }
    Ok(path)
}

/// The file behind `sqlite:///path`; by default in the data folder.
pub(crate) fn database(settings: &Settings) -> Result<PathBuf, ServeError> {
    let storage = &settings.storage;
    let Some(url) = storage.database.as_ref().map(DatabaseUrl::expose) else {
        return Ok(storage.data_dir.join("milepost.db"));
    };
    let file = url.strip_prefix("sqlite:").map(|rest| rest.strip_prefix("//").unwrap_or(rest));
    match file {
        Some(file) if !file.is_empty() && !file.contains(['?', '#']) && file != ":memory:" => {
            Ok(Path::new(file).to_owned())
        }
        _ => Err(ServeError::Database { url: url.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_is_a_file() {
        let path = |url: Option<&str>| {
            let mut settings = Settings::default();
            settings.storage.database = url.map(DatabaseUrl::from);
            database(&settings).ok()
        };
        assert_eq!(path(None), Some(PathBuf::from("data/milepost.db")));
        assert_eq!(path(Some("sqlite:///a/b.db")), Some(PathBuf::from("/a/b.db")));
        assert_eq!(path(Some("sqlite://b.db")), Some(PathBuf::from("b.db")));
        assert_eq!(path(Some("sqlite:b.db")), Some(PathBuf::from("b.db")));
        for wrong in ["sqlite:", "sqlite://:memory:", "sqlite::memory:", "sqlite://a?mode=ro", "x"]
        {
            assert_eq!(path(Some(wrong)), None, "{wrong}");
        }
    }
}
