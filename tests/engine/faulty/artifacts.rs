//! The files' side of it.

use async_trait::async_trait;
use milepost::{
    engine::store::{Artifact, ArtifactId, ArtifactRows, NewArtifact, StoreError, WriteRejected},
    task::{TaskId, UploadId},
};

use super::Faulty;

#[async_trait]
impl ArtifactRows for Faulty {
    async fn begin_artifact(
        &self,
        new: &NewArtifact,
    ) -> Result<Result<(), WriteRejected>, StoreError> {
        self.fault("begin_artifact").await?;
        self.inner.begin_artifact(new).await
    }

    async fn renew_artifact(
        &self,
        new: &NewArtifact,
        size: i64,
    ) -> Result<Result<(), WriteRejected>, StoreError> {
        self.fault("renew_artifact").await?;
        self.inner.renew_artifact(new, size).await
    }

    async fn finish_artifact(
        &self,
        new: &NewArtifact,
        size: i64,
        sha256: &str,
    ) -> Result<Result<Artifact, WriteRejected>, StoreError> {
        self.fault("finish_artifact").await?;
        self.inner.finish_artifact(new, size, sha256).await
    }

    async fn artifacts_of(&self, task_id: TaskId) -> Result<Vec<Artifact>, StoreError> {
        self.fault("artifacts_of").await?;
        self.inner.artifacts_of(task_id).await
    }

    async fn artifact_of(
        &self,
        task_id: TaskId,
        name: &str,
    ) -> Result<Option<Artifact>, StoreError> {
        self.fault("artifact_of").await?;
        self.inner.artifact_of(task_id, name).await
    }

    async fn upload(&self, id: UploadId) -> Result<Option<Artifact>, StoreError> {
        self.fault("upload").await?;
        self.inner.upload(id).await
    }

    async fn uploads_of(
        &self,
        owner: &str,
        after: Option<ArtifactId>,
        limit: u32,
    ) -> Result<Vec<Artifact>, StoreError> {
        self.fault("uploads_of").await?;
        self.inner.uploads_of(owner, after, limit).await
    }

    async fn upload_of(
        &self,
        task_id: TaskId,
        id: UploadId,
    ) -> Result<Option<Artifact>, StoreError> {
        self.fault("upload_of").await?;
        self.inner.upload_of(task_id, id).await
    }

    async fn mark_artifacts_deleted(
        &self,
        most: u32,
        retry_ms: i64,
    ) -> Result<Vec<ArtifactId>, StoreError> {
        self.fault("mark_artifacts_deleted").await?;
        self.inner.mark_artifacts_deleted(most, retry_ms).await
    }

    async fn delete_artifact(&self, id: ArtifactId) -> Result<(), StoreError> {
        self.fault("delete_artifact").await?;
        self.inner.delete_artifact(id).await
    }
}
