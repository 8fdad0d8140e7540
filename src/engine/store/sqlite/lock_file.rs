//! The lock file beside the database, held by the process that works with it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
};

use crate::engine::store::StoreError;

/// Locks the lock file beside the database.
pub(super) fn lock(path: &Path) -> Result<File, StoreError> {
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
