//! Reading a file as a stream of bytes.

use std::{io::SeekFrom, ops::Range};

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use object_store::{GetOptions, GetRange, GetResultPayload};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use super::{Artifacts, ArtifactsError};
use crate::engine::store::ArtifactId;

/// Bytes in pieces.
pub type ByteStream = BoxStream<'static, std::io::Result<Bytes>>;

/// Bytes read from a disk at once.
const PIECE: usize = 128 << 10;

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
            self.get(id, None).await?;
            return Ok(futures_util::stream::empty().boxed());
        }
        let got = self.get(id, Some(GetRange::Bounded(range))).await?;
        let range = got.range.clone();
        Ok(match got.payload {
            GetResultPayload::File(file, _) => {
                let mut file = tokio::fs::File::from_std(file);
                file.seek(SeekFrom::Start(range.start)).await.map_err(failed)?;
                ReaderStream::with_capacity(file.take(range.end - range.start), PIECE).boxed()
            }
            GetResultPayload::Stream(bytes) => bytes.map_err(std::io::Error::other).boxed(),
        })
    }

    async fn get(
        &self,
        id: ArtifactId,
        range: Option<GetRange>,
    ) -> Result<object_store::GetResult, ReadError> {
        let options = GetOptions { head: range.is_none(), range, ..GetOptions::default() };
        match self.objects.get_opts(&self.key(id), options).await {
            Ok(got) => Ok(got),
            Err(object_store::Error::NotFound { .. }) => Err(ReadError::Missing),
            Err(error) => Err(ArtifactsError(error).into()),
        }
    }
}

fn failed(error: std::io::Error) -> ArtifactsError {
    ArtifactsError(object_store::Error::Generic { store: "folder", source: error.into() })
}
