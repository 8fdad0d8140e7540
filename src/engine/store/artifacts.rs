//! Metadata of files. Their bytes are in the object store.
//!
//! A file's row is created before its first byte (pending) and becomes ready only once the last
//! byte is safe. To delete a file, its row is marked first, then the bytes are removed, then the
//! row. Whatever process fails at whatever point, no row claims more than is stored, and no bytes
//! are without a row.

use std::{fmt, str::FromStr};

use async_trait::async_trait;
use uuid::Uuid;

use super::{NewAudit, StoreError};
use crate::task::{TaskId, UploadId};

/// Identifies one file, and its bytes in the object store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ArtifactId(Uuid);

impl ArtifactId {
    /// Creates a new id with 122 random bits.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The same id as an upload id.
    pub const fn as_upload(self) -> UploadId {
        UploadId::from_uuid(self.0)
    }
}

impl From<UploadId> for ArtifactId {
    fn from(id: UploadId) -> Self {
        Self(*id.as_uuid())
    }
}

impl fmt::Display for ArtifactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl FromStr for ArtifactId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        Uuid::try_parse(text).map(Self)
    }
}

/// Where a file comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A run of a task; the file belongs to the task's owner.
    Run {
        /// The task's id.
        task_id: TaskId,
        /// The run's number, the fence of its writes.
        run_seq: i64,
    },
    /// An upload, to be named in the input of a task.
    Upload {
        /// The owner; `None`: anonymous.
        owner: Option<String>,
        /// The client that sends it: a keyed hash of the address, if that is known.
        client: Option<String>,
        /// Retention while no task uses it, in milliseconds.
        keep_ms: i64,
    },
}

/// A file whose bytes are about to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewArtifact {
    /// Its id.
    pub id: ArtifactId,
    /// Where it comes from.
    pub source: Source,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// A writer that sends nothing for this long is considered lost, in milliseconds.
    pub silence_ms: i64,
    /// Maximum number of files of the task, or of uploads of the owner.
    pub max_files: u32,
    /// Maximum size of all files of the owner together, in bytes.
    pub max_owner_bytes: i64,
    /// What is written to the audit log when it is complete.
    pub audit: Option<NewAudit>,
}

impl NewArtifact {
    /// Creates a file with this name and media type, whose writer may be silent for a minute, without limits of
    /// number and size.
    pub fn new(source: Source, name: impl Into<String>, media_type: impl Into<String>) -> Self {
        Self {
            id: ArtifactId::random(),
            source,
            name: name.into(),
            media_type: media_type.into(),
            silence_ms: 60_000,
            max_files: u32::MAX,
            max_owner_bytes: i64::MAX,
            audit: None,
        }
    }
}

crate::with::with!(NewArtifact);

/// Why a file is not written, or no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteRejected {
    /// The run was lost, or the writer was idle for too long.
    Lost,
    /// This run already has a file of that name.
    Duplicate,
    /// The maximum number of files is reached.
    TooMany,
    /// The size limit of the owner's files is reached.
    Full,
}

/// A completely stored file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Artifact {
    /// Its id.
    pub id: ArtifactId,
    /// The task that made it; `None`: an upload.
    pub task_id: Option<TaskId>,
    /// The owner; `None`: anonymous.
    pub owner: Option<String>,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size: i64,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// When its row was created.
    pub created_at: i64,
    /// When an upload expires, unless a task that has not ended uses it.
    pub expires_at: Option<i64>,
    /// The store's time when the row was read.
    pub read_at: i64,
}

impl Artifact {
    /// Whether it has expired; it may not have been removed yet.
    pub fn is_expired(&self) -> bool {
        self.expires_at.is_some_and(|at| at <= self.read_at)
    }
}

/// The part of a [`Store`](super::Store) that concerns files.
///
/// # Errors
/// As those of [`Store`](super::Store).
#[async_trait]
pub trait ArtifactRows: Send + Sync + 'static {
    /// Creates the row of a file that is about to be written.
    async fn begin_artifact(
        &self,
        new: &NewArtifact,
    ) -> Result<Result<(), WriteRejected>, StoreError>;

    /// Records that the writer is alive and has written `size` bytes.
    async fn renew_artifact(
        &self,
        new: &NewArtifact,
        size: i64,
    ) -> Result<Result<(), WriteRejected>, StoreError>;

    /// Completes a file whose bytes are safe. It becomes visible, and a file of the same name from
    /// an earlier run of the task is deleted.
    async fn finish_artifact(
        &self,
        new: &NewArtifact,
        size: i64,
        sha256: &str,
    ) -> Result<Result<Artifact, WriteRejected>, StoreError>;

    /// Returns a task's files, by name.
    async fn artifacts_of(&self, task_id: TaskId) -> Result<Vec<Artifact>, StoreError>;

    /// Returns a task's file of this name.
    async fn artifact_of(
        &self,
        task_id: TaskId,
        name: &str,
    ) -> Result<Option<Artifact>, StoreError>;

    /// Returns an upload.
    async fn upload(&self, id: UploadId) -> Result<Option<Artifact>, StoreError>;

    /// Returns at most `limit` uploads of an owner with an id after `after`, by id: expired ones that
    /// are not removed yet, too.
    async fn uploads_of(
        &self,
        owner: &str,
        after: Option<ArtifactId>,
        limit: u32,
    ) -> Result<Vec<Artifact>, StoreError>;

    /// Returns an upload that this task was started with.
    async fn upload_of(
        &self,
        task_id: TaskId,
        id: UploadId,
    ) -> Result<Option<Artifact>, StoreError>;

    /// Marks at most `most` files as deleted that are due: those of removed tasks, those of lost
    /// writers, uploads that no task uses, and those marked `retry_ms` ago whose bytes could not be
    /// removed. Several processes may call it at once; each file is returned to one of them.
    async fn mark_artifacts_deleted(
        &self,
        most: u32,
        retry_ms: i64,
    ) -> Result<Vec<ArtifactId>, StoreError>;

    /// Removes the row of a file whose bytes are removed, or were never written.
    async fn delete_artifact(&self, id: ArtifactId) -> Result<(), StoreError>;
}
