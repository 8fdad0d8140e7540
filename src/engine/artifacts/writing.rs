//! Writes a stream of bytes as a file: completely, or not at all.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use sha2::{Digest, Sha256};

use super::{Artifacts, ArtifactsError, blobs::Parts};
use crate::engine::{
    QuotaReached,
    store::{Artifact, ArtifactId, NewArtifact, Store, StoreError, WriteRejected},
};

/// Number of bytes after which a writer renews its row.
const NEWS_BYTES: u64 = 16 << 20;

/// Why a file was not written. Nothing of it remains.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The bytes could not be read to their end.
    #[error("the file ended before it was whole: {0}")]
    Cut(#[source] std::io::Error),
    /// The file is larger than the limit.
    #[error("the file has more than {max} bytes, the most that is taken")]
    TooLarge {
        /// The limit, in bytes.
        max: u64,
    },
    /// A storage limit is reached.
    #[error(transparent)]
    Quota(QuotaReached),
    /// The store rejected the file.
    #[error("{}", said(.0))]
    Refused(WriteRejected),
    /// The object store failed.
    #[error(transparent)]
    Artifacts(#[from] ArtifactsError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

const fn said(why: &WriteRejected) -> &'static str {
    match why {
        WriteRejected::Lost => "the file is no longer wanted: who writes it was thought dead",
        WriteRejected::Duplicate => "there is a file of that name",
        WriteRejected::TooMany => "there are as many files as there may be",
        WriteRejected::Full => "the files of this owner have as many bytes as they may have",
    }
}

/// Writes a file of at most `max` bytes. If dropped before its end, it leaves nothing behind.
pub(in crate::engine) async fn write(
    artifacts: &Artifacts,
    store: &Arc<dyn Store>,
    new: &NewArtifact,
    max: u64,
    bytes: impl Stream<Item = std::io::Result<Bytes>> + Send,
) -> Result<Artifact, WriteError> {
    store.begin_artifact(new).await?.map_err(WriteError::Refused)?;
    let mut writer = Writer {
        artifacts: artifacts.clone(),
        store: Arc::clone(store),
        id: new.id,
        parts: None,
        whole: false,
    };
    let written = writer.fill(new, max, bytes).await;
    if written.is_err() {
        writer.whole = true;
        let parts = writer.parts.take();
        tidy(&writer.artifacts, &*writer.store, writer.id, parts).await;
    }
    written
}

/// Converts a read error: from the sender, or from the quota.
fn unread(error: std::io::Error) -> WriteError {
    let inner = error.get_ref();
    if let Some(reached) = inner.and_then(|inner| inner.downcast_ref::<QuotaReached>()) {
        return WriteError::Quota(*reached);
    }
    if !inner.is_some_and(|inner| inner.is::<StoreError>()) {
        return WriteError::Cut(error);
    }
    let store = error.into_inner().and_then(|inner| inner.downcast::<StoreError>().ok());
    store.map_or(WriteError::Cut(std::io::ErrorKind::Other.into()), |error| (*error).into())
}

/// Removes the incomplete file on drop.
struct Writer {
    artifacts: Artifacts,
    store: Arc<dyn Store>,
    id: ArtifactId,
    parts: Option<Box<dyn Parts>>,
    whole: bool,
}

impl Writer {
    async fn fill(
        &mut self,
        new: &NewArtifact,
        max: u64,
        bytes: impl Stream<Item = std::io::Result<Bytes>> + Send,
    ) -> Result<Artifact, WriteError> {
        let part = self.artifacts.blobs.part_bytes();
        let (mut hash, mut size, mut told) = (Sha256::new(), 0_u64, 0_u64);
        let mut buffer = BytesMut::new();
        let mut bytes = std::pin::pin!(bytes);
        while let Some(piece) = bytes.next().await {
            let mut piece = piece.map_err(unread)?;
            size = size.saturating_add(piece.len() as u64);
            if size > max {
                return Err(WriteError::TooLarge { max });
            }
            hash.update(&piece);
            while buffer.len() + piece.len() >= part {
                buffer.extend_from_slice(&piece.split_to(part - buffer.len()));
                self.put_part(buffer.split().freeze()).await?;
            }
            buffer.extend_from_slice(&piece);
            if size - told >= NEWS_BYTES {
                self.renew(new, size).await?;
                told = size;
            }
        }
        // A renewal now gives the full timeout for the last part.
        self.renew(new, size).await?;
        self.put_last(buffer.freeze()).await?;
        let sha256 = format!("{:x}", hash.finalize());
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        let finished = self.store.finish_artifact(new, size, &sha256).await?;
        let artifact = finished.map_err(WriteError::Refused)?;
        self.whole = true;
        Ok(artifact)
    }

    // Takes `&mut self`, because the parts being written are not `Sync`.
    async fn renew(&mut self, new: &NewArtifact, size: u64) -> Result<(), WriteError> {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        self.store.renew_artifact(new, size).await?.map_err(WriteError::Refused)
    }

    async fn put_part(&mut self, bytes: Bytes) -> Result<(), ArtifactsError> {
        let parts = match &mut self.parts {
            Some(parts) => parts,
            None => self.parts.insert(self.artifacts.blobs.put_in_parts(self.id).await?),
        };
        parts.put(bytes).await
    }

    /// Writes the remaining bytes; afterwards all are safe.
    async fn put_last(&mut self, bytes: Bytes) -> Result<(), ArtifactsError> {
        if self.parts.is_none() {
            return self.artifacts.blobs.put(self.id, bytes).await;
        }
        if !bytes.is_empty() {
            self.put_part(bytes).await?;
        }
        if let Some(parts) = &mut self.parts {
            parts.complete().await?;
        }
        self.parts = None;
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.whole {
            return;
        }
        let (artifacts, store) = (self.artifacts.clone(), Arc::clone(&self.store));
        let (id, parts) = (self.id, self.parts.take());
        // Without a runtime the process ends, and a later pruner finds the row.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { tidy(&artifacts, &*store, id, parts).await });
        }
    }
}

/// Removes the bytes and then the row. Failures are left to the pruner.
async fn tidy(
    artifacts: &Artifacts,
    store: &dyn Store,
    id: ArtifactId,
    parts: Option<Box<dyn Parts>>,
) {
    let tidied = async {
        if let Some(mut parts) = parts {
            parts.abort().await?;
        }
        artifacts.blobs.remove(id).await?;
        store.delete_artifact(id).await?;
        Ok::<_, WriteError>(())
    };
    if let Err(error) = tidied.await {
        tracing::warn!(artifact.id = %id, %error, "an unfinished file waits for the pruner");
    }
}
