//! What a store knows of files. Their bytes are elsewhere, in the object store.
//!
//! A file's row is there before its first byte (pending) and is ready only once the last one is
//! safe; what is to go is deleted first, then its bytes go, then its row. So whatever process dies
//! when: no row says more than the truth, and no bytes are without a row.

use std::{fmt, str::FromStr};

use async_trait::async_trait;
use uuid::Uuid;

use super::StoreError;
use crate::task::{TaskId, UploadId};

/// Names one file, and its bytes in the object store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ArtifactId(Uuid);

impl ArtifactId {
    /// A new one, of 122 random bits.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The same as an upload's id.
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
    /// A run of a task, which is its owner's.
    Run {
        /// The task.
        task_id: TaskId,
        /// The fence.
        run_seq: i64,
    },
    /// Somebody who may name it in the input of a task.
    Upload {
        /// Whose it is; `None` = nobody's.
        owner: Option<String>,
        /// From where it is sent: a keyed hash of the client address, where that is known.
        client: Option<String>,
        /// Retention unless a task uses it, in milliseconds.
        keep_ms: i64,
    },
}

/// A file whose bytes are about to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewArtifact {
    /// Its id.
    pub id: ArtifactId,
    /// Where it comes from.
    pub source: Source,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// A writer that is silent for so many milliseconds is lost.
    pub silence_ms: i64,
    /// Files of the task, or uploads of the owner, at most.
    pub max_files: u32,
    /// Bytes of all files of the owner at most.
    pub max_owner_bytes: i64,
}

/// Why a file is not written, or not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteRejected {
    /// The run was lost, or the writer was silent for too long.
    Lost,
    /// This run has a file of that name.
    Duplicate,
    /// There are as many files as there may be.
    TooMany,
    /// The owner's files have as many bytes as they may.
    Full,
}

/// A file whose bytes are whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Its id.
    pub id: ArtifactId,
    /// The task that made it; `None`: an upload.
    pub task_id: Option<TaskId>,
    /// Whose it is; `None` = nobody's.
    pub owner: Option<String>,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size: i64,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// When its row was made.
    pub created_at: i64,
    /// When an upload is removed, unless a task that has not ended uses it.
    pub expires_at: Option<i64>,
    /// The store's time at the reading.
    pub read_at: i64,
}

impl Artifact {
    /// Whether its time is over; it may not have been removed yet.
    pub fn is_expired(&self) -> bool {
        self.expires_at.is_some_and(|at| at <= self.read_at)
    }
}

/// The files' side of a [`Store`](super::Store).
///
/// # Errors
/// As those of [`Store`](super::Store).
#[async_trait]
pub trait ArtifactRows: Send + Sync + 'static {
    /// Makes the row of a file that is about to be written.
    async fn begin_artifact(
        &self,
        new: &NewArtifact,
    ) -> Result<Result<(), WriteRejected>, StoreError>;

    /// The writer is alive and has written `size` bytes.
    async fn renew_artifact(
        &self,
        new: &NewArtifact,
        size: i64,
    ) -> Result<Result<(), WriteRejected>, StoreError>;

    /// The bytes are whole and safe. From now on the file is seen, and one of the same name from an
    /// earlier run of the task is deleted.
    async fn finish_artifact(
        &self,
        new: &NewArtifact,
        size: i64,
        sha256: &str,
    ) -> Result<Result<Artifact, WriteRejected>, StoreError>;

    /// A task's files, by name.
    async fn artifacts_of(&self, task_id: TaskId) -> Result<Vec<Artifact>, StoreError>;

    /// A task's file of this name.
    async fn artifact_of(
        &self,
        task_id: TaskId,
        name: &str,
    ) -> Result<Option<Artifact>, StoreError>;

    /// An upload.
    async fn upload(&self, id: UploadId) -> Result<Option<Artifact>, StoreError>;

    /// An upload that this task was started with.
    async fn upload_of(
        &self,
        task_id: TaskId,
        id: UploadId,
    ) -> Result<Option<Artifact>, StoreError>;

    /// Dooms at most `most` files that are due: of removed tasks, of lost writers, uploads that
    /// nobody uses, and those deleted `retry_ms` ago whose bytes could not be removed. Several
    /// processes may do it at once; each file is told to one.
    async fn mark_artifacts_deleted(
        &self,
        most: u32,
        retry_ms: i64,
    ) -> Result<Vec<ArtifactId>, StoreError>;

    /// Removes the row of a file whose bytes are gone, or were never there.
    async fn delete_artifact(&self, id: ArtifactId) -> Result<(), StoreError>;
}
