//! Files that a test uploads before its task starts.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;

use super::TestError;
use crate::{
    engine::{
        Artifacts, EngineOptions,
        artifacts::{media_type, write},
        store::{ArtifactId, NewArtifact, Source, Store},
    },
    task::UploadId,
};

/// A file of a test.
pub(super) struct TestUpload {
    pub(super) id: UploadId,
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// Where the files of a test are stored if it does not say.
pub(super) fn in_memory() -> Option<Artifacts> {
    #[cfg(feature = "files")]
    let artifacts = Some(Artifacts::in_memory());
    #[cfg(not(feature = "files"))]
    let artifacts = None;
    artifacts
}

/// Stores the files as if an anonymous caller had uploaded them.
pub(super) async fn store(
    store: &Arc<dyn Store>,
    options: &EngineOptions,
    uploads: Vec<TestUpload>,
) -> Result<(), TestError> {
    for TestUpload { id, name, bytes } in uploads {
        let not = |why: &dyn std::fmt::Display| TestError::NotQueued(format!("{name}: {why}"));
        let artifacts = options.artifacts.as_ref();
        let artifacts = artifacts.ok_or_else(|| not(&"there is no storage for files"))?;
        let source = Source::Upload { owner: None, client: None, keep_ms: i64::from(i32::MAX) };
        let new = NewArtifact::new(source, &name, media_type(None, &name))
            .with(|new| new.id = ArtifactId::from(id));
        let bytes = stream::iter([Ok(Bytes::from(bytes))]);
        let written = write(artifacts, store, &new, options.files.max_file_bytes, bytes).await;
        written.map_err(|error| not(&error))?;
    }
    Ok(())
}
