//! The bytes of files: those that tasks make, and uploads.
//!
//! They are stored in an object store, a folder by default, under random keys: no user-supplied
//! name is ever a path. The [rows](super::store::ArtifactRows) determine which files exist. Bytes
//! are read and written in pieces; a whole file is never in memory.

mod cleaning;
mod file;
mod name;
mod options;
mod reading;
mod writing;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use object_store::{
    ObjectStore, ObjectStoreExt as _, local::LocalFileSystem, memory::InMemory, path::Path as Key,
};

pub(super) use self::{
    cleaning::clean,
    file::{file_info, upload_info},
    name::media_type,
    writing::write,
};
pub use self::{
    file::{OpenFile, StoredFile},
    name::{InvalidName, clean_name, valid_name},
    options::FileOptions,
    reading::{ByteStream, ReadError},
    writing::WriteError,
};

use super::store::ArtifactId;

/// S3 requires parts of at least 5 MiB, except for the last.
const REMOTE_PART: usize = 8 << 20;
/// For stores where parts are cheap.
const LOCAL_PART: usize = 256 << 10;

/// The object store for the bytes of files. Cheap to clone.
#[derive(Clone)]
pub struct Artifacts {
    objects: Arc<dyn ObjectStore>,
    prefix: Key,
    /// The folder, if the objects are files on this machine.
    folder: Option<Arc<Path>>,
    part: usize,
}

impl fmt::Debug for Artifacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The store's own output could contain a key.
        f.debug_struct("Artifacts").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// The object store failed. A retry may help.
#[derive(Debug, thiserror::Error)]
#[error("the store of files does not answer: {0}")]
pub struct ArtifactsError(#[from] object_store::Error);

impl Artifacts {
    /// Stores files in a folder, which is created if missing. A completed write is on the disk.
    ///
    /// # Errors
    /// When the folder cannot be created or written.
    pub fn in_folder(path: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(path)?;
        let path = std::fs::canonicalize(path)?;
        // Fail now rather than at the first file if it is not writable.
        let probe = path.join(format!(".probe-{}", std::process::id()));
        std::fs::write(&probe, b"")?;
        std::fs::remove_file(&probe)?;
        let objects = LocalFileSystem::new_with_prefix(&path).map_err(std::io::Error::other)?;
        Ok(Self {
            objects: Arc::new(objects.with_fsync(true)),
            prefix: Key::default(),
            folder: Some(path.into()),
            part: LOCAL_PART,
        })
    }

    /// Stores files in memory, for tests.
    pub fn in_memory() -> Self {
        let objects = Arc::new(InMemory::new());
        Self { objects, prefix: Key::default(), folder: None, part: LOCAL_PART }
    }

    /// Stores files in any object store, under a prefix that nothing else uses.
    pub fn over(objects: Arc<dyn ObjectStore>, prefix: &str) -> Self {
        Self { objects, prefix: Key::from(prefix), folder: None, part: REMOTE_PART }
    }

    /// Sends a request to the object store, so that a wrong address or key is reported at the
    /// start.
    ///
    /// # Errors
    /// When the object store fails.
    pub async fn probe(&self) -> Result<(), ArtifactsError> {
        match self.objects.head(&self.prefix.clone().join("probe")).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Spreads objects over 256 folders, so that none becomes large.
    fn key(&self, id: ArtifactId) -> Key {
        let id = id.to_string();
        self.prefix.clone().join(&id[..2]).join(id)
    }

    /// Removes the bytes of a file, and what a failed writer left of them.
    async fn remove(&self, id: ArtifactId) -> Result<(), ArtifactsError> {
        let key = self.key(id);
        if let Some(folder) = &self.folder {
            // Where the object store collects the parts before it renames them.
            let staged = folder.join(format!("{key}#1"));
            remove_file(staged).await.map_err(|source| object_store::Error::Generic {
                store: "folder",
                source: source.into(),
            })?;
        }
        match self.objects.delete(&key).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

async fn remove_file(path: PathBuf) -> std::io::Result<()> {
    match tokio::fs::remove_file(path).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
