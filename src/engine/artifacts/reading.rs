//! Reading a file as a stream of bytes.

use std::ops::Range;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream::BoxStream};

use super::{Artifacts, ArtifactsError};
use crate::engine::store::ArtifactId;

/// Bytes in pieces.
pub type ByteStream = BoxStream<'static, std::io::Result<Bytes>>;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Its bytes were removed from outside the server.
    #[error("the bytes of the file are missing")]
    Missing,
    /// The object store failed.
    #[error(transparent)]
    Artifacts(#[from] ArtifactsError),
}

impl Artifacts {
    /// Reads a file from `range.start` up to, not including, `range.end`.
    pub(super) async fn read(
        &self,
        id: ArtifactId,
        range: Range<u64>,
    ) -> Result<ByteStream, ReadError> {
        if range.is_empty() {
            // Object stores reject empty ranges. Check that the bytes exist nevertheless.
            self.blobs.exists(id).await?;
            return Ok(futures_util::stream::empty().boxed());
        }
        self.blobs.read(id, range).await
    }
}
