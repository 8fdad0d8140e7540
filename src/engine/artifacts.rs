//! The bytes of files: those that tasks make, and uploads.
//!
//! They are stored in an object store, a folder by default, under random keys: no user-supplied
//! name is ever a path. The [rows](super::store::ArtifactRows) determine which files exist. Bytes
//! are read and written in pieces; a whole file is never in memory.

mod blobs;
mod cleaning;
mod file;
mod name;
#[cfg(feature = "files")]
mod objects;
mod options;
mod reading;
mod writing;

use std::{fmt, sync::Arc};

pub use self::{
    blobs::ArtifactsError,
    file::{OpenFile, StoredFile},
    name::{InvalidName, clean_name, valid_name},
    options::FileOptions,
    reading::{ByteStream, ReadError},
    writing::WriteError,
};
pub(super) use self::{
    cleaning::clean,
    file::{file_info, upload_info},
    name::media_type,
    writing::write,
};

use self::blobs::Blobs;

/// The object store for the bytes of files. Cheap to clone. Its constructors need the feature
/// `files`.
#[derive(Clone)]
pub struct Artifacts {
    blobs: Arc<dyn Blobs>,
}

impl fmt::Debug for Artifacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.blobs.fmt(f)
    }
}

impl Artifacts {
    /// Sends a request to the object store, so that a wrong address or key is reported at the
    /// start.
    ///
    /// # Errors
    /// When the object store fails.
    pub async fn probe(&self) -> Result<(), ArtifactsError> {
        self.blobs.probe().await
    }
}
