//! Files in an object store: a folder, memory, or any other.

use std::{
    error::Error,
    fmt,
    io::SeekFrom,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::{
    GetOptions, GetRange, GetResult, GetResultPayload, MultipartUpload, ObjectStore,
    ObjectStoreExt as _, PutPayload, local::LocalFileSystem, memory::InMemory, path::Path as Key,
};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use super::{
    Artifacts, ArtifactsError, ByteStream, ReadError,
    blobs::{Blobs, Parts},
};
use crate::engine::store::ArtifactId;

/// S3 requires parts of at least 5 MiB, except for the last.
const REMOTE_PART: usize = 8 << 20;
/// For stores where parts are cheap.
const LOCAL_PART: usize = 256 << 10;
/// Bytes read from a disk at once.
const PIECE: usize = 128 << 10;

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
        Ok(Self::with(Objects {
            objects: Arc::new(objects.with_fsync(true)),
            prefix: Key::default(),
            folder: Some(path.into()),
            part: LOCAL_PART,
        }))
    }

    /// Stores files in memory, for tests.
    pub fn in_memory() -> Self {
        let objects = Arc::new(InMemory::new());
        Self::with(Objects { objects, prefix: Key::default(), folder: None, part: LOCAL_PART })
    }

    /// Stores files in any object store, under a prefix that nothing else uses.
    pub fn over(objects: Arc<dyn ObjectStore>, prefix: &str) -> Self {
        Self::with(Objects { objects, prefix: Key::from(prefix), folder: None, part: REMOTE_PART })
    }

    fn with(objects: Objects) -> Self {
        Self { blobs: Arc::new(objects) }
    }
}

impl ArtifactsError {
    fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

struct Objects {
    objects: Arc<dyn ObjectStore>,
    prefix: Key,
    /// The folder, if the objects are files on this machine.
    folder: Option<Arc<Path>>,
    part: usize,
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The store's own output could contain a key.
        f.debug_struct("Objects").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Objects {
    /// Spreads objects over 256 folders, so that none becomes large.
    fn key(&self, id: ArtifactId) -> Key {
        let id = id.to_string();
        self.prefix.clone().join(&id[..2]).join(id)
    }

    async fn get(&self, id: ArtifactId, options: GetOptions) -> Result<GetResult, ReadError> {
        match self.objects.get_opts(&self.key(id), options).await {
            Ok(got) => Ok(got),
            Err(object_store::Error::NotFound { .. }) => Err(ReadError::Missing),
            Err(error) => Err(ArtifactsError::new(error).into()),
        }
    }
}

#[async_trait]
impl Blobs for Objects {
    fn part_bytes(&self) -> usize {
        self.part
    }

    async fn probe(&self) -> Result<(), ArtifactsError> {
        done_or_absent(self.objects.head(&self.prefix.clone().join("probe")).await)
    }

    async fn exists(&self, id: ArtifactId) -> Result<(), ReadError> {
        self.get(id, GetOptions { head: true, ..GetOptions::default() }).await.map(drop)
    }

    async fn read(&self, id: ArtifactId, range: Range<u64>) -> Result<ByteStream, ReadError> {
        let range = Some(GetRange::Bounded(range));
        let got = self.get(id, GetOptions { range, ..GetOptions::default() }).await?;
        let range = got.range.clone();
        Ok(match got.payload {
            GetResultPayload::File(file, _) => {
                let mut file = tokio::fs::File::from_std(file);
                file.seek(SeekFrom::Start(range.start)).await.map_err(ArtifactsError::new)?;
                ReaderStream::with_capacity(file.take(range.end - range.start), PIECE).boxed()
            }
            GetResultPayload::Stream(bytes) => bytes.map_err(std::io::Error::other).boxed(),
        })
    }

    async fn put(&self, id: ArtifactId, bytes: Bytes) -> Result<(), ArtifactsError> {
        let written = self.objects.put(&self.key(id), PutPayload::from_bytes(bytes)).await;
        written.map(drop).map_err(ArtifactsError::new)
    }

    async fn put_in_parts(&self, id: ArtifactId) -> Result<Box<dyn Parts>, ArtifactsError> {
        let parts = self.objects.put_multipart(&self.key(id)).await;
        Ok(Box::new(ObjectParts(parts.map_err(ArtifactsError::new)?)))
    }

    async fn remove(&self, id: ArtifactId) -> Result<(), ArtifactsError> {
        let key = self.key(id);
        if let Some(folder) = &self.folder {
            // Where the object store collects the parts before it renames them.
            let staged = folder.join(format!("{key}#1"));
            remove_file(staged).await.map_err(ArtifactsError::new)?;
        }
        done_or_absent(self.objects.delete(&key).await)
    }
}

struct ObjectParts(Box<dyn MultipartUpload>);

#[async_trait]
impl Parts for ObjectParts {
    async fn put(&mut self, bytes: Bytes) -> Result<(), ArtifactsError> {
        self.0.put_part(PutPayload::from_bytes(bytes)).await.map_err(ArtifactsError::new)
    }

    async fn complete(&mut self) -> Result<(), ArtifactsError> {
        self.0.complete().await.map(drop).map_err(ArtifactsError::new)
    }

    async fn abort(&mut self) -> Result<(), ArtifactsError> {
        self.0.abort().await.map_err(ArtifactsError::new)
    }
}

fn done_or_absent<T>(done: object_store::Result<T>) -> Result<(), ArtifactsError> {
    match done {
        Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(ArtifactsError::new(error)),
    }
}

async fn remove_file(path: PathBuf) -> std::io::Result<()> {
    match tokio::fs::remove_file(path).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
