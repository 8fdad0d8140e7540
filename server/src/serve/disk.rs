//! Free disk space where data is stored.

use std::{io, path::PathBuf, sync::Arc};

use milepost::engine::{Disk, DiskSpace, StorageOptions};

use crate::config::StorageSettings;

/// Folders in which data is stored.
#[derive(Debug)]
struct Folders(Vec<PathBuf>);

impl Disk for Folders {
    fn space(&self) -> io::Result<DiskSpace> {
        let spaces = self.0.iter().map(|folder| {
            let disk = rustix::fs::statvfs(folder)?;
            let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
            Ok(DiskSpace::new(bytes(disk.f_bavail), bytes(disk.f_blocks)))
        });
        let spaces: Vec<_> = spaces.collect::<io::Result<_>>()?;
        spaces.into_iter().min_by_key(|space| space.free).ok_or(io::ErrorKind::NotFound.into())
    }
}

/// Storage limits. `database` is the database file, if it is a file.
pub(super) fn storage(settings: &StorageSettings, database: Option<PathBuf>) -> StorageOptions {
    let files = match &settings.artifacts {
        None => Some(settings.data_dir.join("artifacts")),
        Some(source) => (!source.contains("://")).then(|| PathBuf::from(source)),
    };
    let folders: Vec<_> = database.into_iter().chain(files).collect();
    let disk = (!folders.is_empty()).then(|| Arc::new(Folders(folders)) as Arc<dyn Disk>);
    StorageOptions::default().with(|o| {
        o.max_bytes_per_owner = settings.max_bytes_per_owner;
        o.max_bytes_per_client = settings.max_bytes_per_client;
        o.max_bytes = settings.max_bytes;
        o.min_free_bytes = settings.min_free_bytes;
        o.disk = disk;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_engines_and_there_is_a_disk() {
        let folder = std::env::temp_dir();
        let settings = StorageSettings {
            artifacts: folder.to_str().map(str::to_owned),
            ..StorageSettings::default()
        };
        let options = storage(&settings, Some(folder));
        let engines = StorageOptions::default();
        assert_eq!(options.max_bytes_per_owner, engines.max_bytes_per_owner);
        assert_eq!(options.max_bytes_per_client, engines.max_bytes_per_client);
        assert_eq!(options.max_bytes, engines.max_bytes);
        assert_eq!(options.min_free_bytes, engines.min_free_bytes);
        let space = options.disk.unwrap().space().unwrap();
        assert!(space.free <= space.total && space.total > 0, "{space:?}");
        let bucket = StorageSettings { artifacts: Some("s3://bucket".to_owned()), ..settings };
        assert!(storage(&bucket, None).disk.is_none());
    }
}
