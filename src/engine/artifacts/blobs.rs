//! Storage of bytes under ids, as reading and writing see it. The feature `files` implements it over
//! an object store; without the feature there is no implementation, and files are refused.

use std::{error::Error, fmt, ops::Range};

use async_trait::async_trait;
use bytes::Bytes;

use super::{ByteStream, ReadError};
use crate::engine::store::ArtifactId;

/// The object store failed. A retry may help.
#[derive(Debug, thiserror::Error)]
#[error("the store of files does not answer: {0}")]
pub struct ArtifactsError(#[source] pub(super) Box<dyn Error + Send + Sync>);

/// Stores bytes under ids.
#[async_trait]
pub(super) trait Blobs: fmt::Debug + Send + Sync {
    /// Size in bytes of the parts of a large file, except for the last.
    fn part_bytes(&self) -> usize;

    /// Checks that the storage answers.
    async fn probe(&self) -> Result<(), ArtifactsError>;

    /// Checks that the bytes of a file exist.
    async fn exists(&self, id: ArtifactId) -> Result<(), ReadError>;

    /// Reads a range that is not empty.
    async fn read(&self, id: ArtifactId, range: Range<u64>) -> Result<ByteStream, ReadError>;

    /// Writes a file at once.
    async fn put(&self, id: ArtifactId, bytes: Bytes) -> Result<(), ArtifactsError>;

    /// Begins to write a file in parts.
    async fn put_in_parts(&self, id: ArtifactId) -> Result<Box<dyn Parts>, ArtifactsError>;

    /// Removes the bytes of a file, and what a failed writer left of them.
    async fn remove(&self, id: ArtifactId) -> Result<(), ArtifactsError>;
}

/// A file that is written in parts. It exists once it is completed.
#[async_trait]
pub(super) trait Parts: Send {
    /// Writes the next part.
    async fn put(&mut self, bytes: Bytes) -> Result<(), ArtifactsError>;

    /// Completes the file.
    async fn complete(&mut self) -> Result<(), ArtifactsError>;

    /// Removes all parts.
    async fn abort(&mut self) -> Result<(), ArtifactsError>;
}
