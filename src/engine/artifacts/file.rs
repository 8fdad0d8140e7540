//! Files as callers and tasks see them.

use std::{
    ops::Range,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::io::StreamReader;

use super::{Artifacts, ByteStream, ReadError};
use crate::{
    engine::{clock::rfc3339, store::Artifact},
    task::{FileInfo, Upload},
};

/// A stored file, not yet read.
#[derive(Clone, Debug)]
pub struct StoredFile {
    pub(in crate::engine) artifact: Artifact,
    pub(in crate::engine) artifacts: Artifacts,
}

impl StoredFile {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.artifact.name
    }

    /// Its media type.
    pub fn media_type(&self) -> &str {
        &self.artifact.media_type
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        u64::try_from(self.artifact.size).unwrap_or(0)
    }

    /// The SHA-256 of its bytes, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.artifact.sha256
    }

    /// Reads the bytes from `range.start` up to, not including, `range.end`, in pieces.
    ///
    /// # Errors
    /// When the bytes are missing, or the object store fails.
    pub async fn read(&self, range: Range<u64>) -> Result<ByteStream, ReadError> {
        let end = range.end.min(self.size());
        self.artifacts.read(self.artifact.id, range.start.min(end)..end).await
    }
}

/// An upload that a task reads. Reading fails if the bytes end early.
pub struct OpenFile {
    info: Upload,
    reader: StreamReader<ByteStream, Bytes>,
}

impl OpenFile {
    pub(in crate::engine) fn new(info: Upload, bytes: ByteStream) -> Self {
        Self { info, reader: StreamReader::new(bytes) }
    }

    /// The metadata of the file.
    pub const fn info(&self) -> &Upload {
        &self.info
    }
}

impl AsyncRead for OpenFile {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.reader).poll_read(cx, buffer)
    }
}

/// The metadata of a task's file for clients.
pub(in crate::engine) fn file_info(artifact: &Artifact) -> FileInfo {
    FileInfo {
        name: artifact.name.clone(),
        media_type: artifact.media_type.clone(),
        size_bytes: artifact.size,
        sha256: artifact.sha256.clone(),
        created_at: rfc3339(artifact.created_at),
        href: None,
    }
}

/// The metadata of an upload for clients.
pub(in crate::engine) fn upload_info(artifact: &Artifact) -> Upload {
    Upload {
        id: artifact.id.as_upload(),
        name: artifact.name.clone(),
        media_type: artifact.media_type.clone(),
        size_bytes: artifact.size,
        sha256: artifact.sha256.clone(),
        expires_at: rfc3339(artifact.expires_at.unwrap_or(artifact.created_at)),
    }
}
