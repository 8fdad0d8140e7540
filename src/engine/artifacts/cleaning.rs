//! Removes the bytes of files that are due, in small batches.

use super::Artifacts;
use crate::engine::{inner::Inner, millis, store::StoreError};

/// Removes one batch; returns whether there may be more.
pub(in crate::engine) async fn clean(inner: &Inner) -> bool {
    let Some(artifacts) = &inner.options.artifacts else { return false };
    match clean_some(inner, artifacts).await {
        Ok(more) => more,
        Err(error) => {
            tracing::warn!(%error, "files that are due were not removed");
            false
        }
    }
}

async fn clean_some(inner: &Inner, artifacts: &Artifacts) -> Result<bool, StoreError> {
    let most = inner.options.retention.prune_batch;
    // Bytes that cannot be removed now are retried in a later run.
    let retry_ms = millis(inner.options.retention.prune_interval).max(60_000);
    let due = inner.store.mark_artifacts_deleted(most, retry_ms).await?;
    for id in &due {
        if let Err(error) = artifacts.blobs.remove(*id).await {
            tracing::warn!(artifact.id = %id, %error, "a file that is due was not removed");
            continue;
        }
        inner.store.delete_artifact(*id).await?;
    }
    if !due.is_empty() {
        tracing::info!(files = due.len(), "removed files that were due");
    }
    Ok(due.len() >= usize::try_from(most).unwrap_or(usize::MAX))
}
