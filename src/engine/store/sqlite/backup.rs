//! Copies of a database that a server may be using.

use std::path::{Path, PathBuf};

use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use super::StoreError;

/// Writes a consistent copy of the database file `database` to `copy`, which must not exist, and returns its size in
/// bytes. A server may be using the database meanwhile. The copy has its name only once it is complete and on the
/// disk.
///
/// # Errors
/// [`StoreError::Open`] with a message for the operator: there is no such database, `copy` exists or cannot be
/// written, or the copy is not sound.
pub async fn backup(database: &Path, copy: &Path) -> Result<u64, StoreError> {
    let cannot = |error: &dyn std::fmt::Display| {
        StoreError::Open(format!(
            "the database {} cannot be copied to {}: {error}",
            database.display(),
            copy.display()
        ))
    };
    if !database.is_file() {
        return Err(cannot(&"there is no such database"));
    }
    if copy.symlink_metadata().is_ok() {
        return Err(cannot(&"the file exists; name one that does not"));
    }
    let part = part_of(copy);
    // What an interrupted backup has left.
    match std::fs::remove_file(&part) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(cannot(&error)),
        _ => {}
    }
    create(&part).map_err(|error| cannot(&error))?;
    let written = write(database, &part).await.map_err(|error| cannot(&error));
    let named = written.and_then(|()| name(&part, copy).map_err(|error| cannot(&error)));
    if named.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    named
}

/// The name of a copy that is not complete yet.
fn part_of(copy: &Path) -> PathBuf {
    let mut name = copy.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// Creates an empty file for its owner alone: a database holds keys.
fn create(part: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(part).map(drop)
}

async fn write(database: &Path, part: &Path) -> Result<(), sqlx::Error> {
    let part =
        part.to_str().ok_or_else(|| sqlx::Error::Protocol("its name is not UTF-8".to_owned()))?;
    let mut source = SqliteConnectOptions::new().filename(database).connect().await?;
    sqlx::query("VACUUM INTO ?").bind(part).execute(&mut source).await?;
    source.close().await?;
    let mut written = SqliteConnectOptions::new().filename(part).connect().await?;
    let sound: String =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut written).await?;
    written.close().await?;
    if sound == "ok" { Ok(()) } else { Err(sqlx::Error::Protocol(sound)) }
}

/// Gives the complete copy its name, on the disk. Never replaces a file.
fn name(part: &Path, copy: &Path) -> std::io::Result<u64> {
    let file = std::fs::File::open(part)?;
    file.sync_all()?;
    std::fs::hard_link(part, copy)?;
    std::fs::remove_file(part)?;
    let folder = copy.parent().filter(|folder| !folder.as_os_str().is_empty());
    std::fs::File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()?;
    Ok(file.metadata()?.len())
}
