//! The lock file beside the database, held by the process that works with it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::Read as _,
    path::{Path, PathBuf},
};

use super::cannot_open;
use crate::engine::store::StoreError;

/// How each SQLite database begins that is not empty.
const HEADER: &[u8] = b"SQLite format 3\0";

/// Refuses a file that is no database. Files that cannot be read are left to SQLite.
fn check_header(path: &Path) -> Result<(), StoreError> {
    let mut begins = Vec::new();
    let Ok(file) = File::open(path) else { return Ok(()) };
    match file.take(HEADER.len() as u64).read_to_end(&mut begins) {
        Ok(1..) if begins != HEADER => Err(cannot_open(path, &"the file is not a database")),
        _ => Ok(()),
    }
}

/// Locks the lock file beside the database. Beside a file that is no database none is made.
pub(super) fn lock(path: &Path) -> Result<File, StoreError> {
    check_header(path)?;
    // One lock per file, whatever the spelling of its path or the links to it.
    let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let lock_path = PathBuf::from(format!("{}.lock", path.display()));
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path)
        .map_err(|error| {
            StoreError::Open(format!("the file {} cannot be written: {error}", lock_path.display()))
        })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Open(format!(
            "the database {} is in use by another milepost; stop it, or use another --data folder",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(StoreError::Open(format!(
            "the file {} cannot be locked: {error}",
            lock_path.display()
        ))),
    }
}
