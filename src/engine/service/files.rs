//! Files of tasks, and uploads.

use std::{io, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};

use super::{Caller, Service, ServiceError};
use crate::{
    engine::{
        ValidationError,
        artifacts::{
            Artifacts, StoredFile, WriteError, clean_name, file_info, media_type, upload_info,
            write,
        },
        audit::Action,
        millis,
        store::{Artifact, ArtifactId, NewArtifact, Source, TokenScope, WriteRejected},
    },
    task::{FileInfo, TaskId, Upload, UploadId},
};

/// When to retry an upload refused during shutdown, in milliseconds.
const BUSY_MS: i64 = 5_000;

impl Service {
    /// Returns a task's files, by name. `None` if there is no task that this caller may see.
    ///
    /// # Errors
    /// When the task has expired, and when the store fails.
    pub async fn files(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<Vec<FileInfo>>, ServiceError> {
        if !self.sees(caller, id).await? {
            return Ok(None);
        }
        let artifacts = self.engine.inner().store.artifacts_of(id).await?;
        Ok(Some(artifacts.iter().map(file_info).collect()))
    }

    /// Returns one of a task's files. `None` if there is no task that this caller may see, or no
    /// such file.
    ///
    /// # Errors
    /// When the task has expired, when no storage for files is configured, and when the store
    /// fails.
    pub async fn file(
        &self,
        caller: &Caller,
        id: TaskId,
        name: &str,
    ) -> Result<Option<StoredFile>, ServiceError> {
        if !self.sees(caller, id).await? {
            return Ok(None);
        }
        let Some(artifact) = self.engine.inner().store.artifact_of(id, name).await? else {
            return Ok(None);
        };
        Ok(Some(StoredFile { artifact, artifacts: self.artifacts()?.clone() }))
    }

    /// See [`Service::download_files`].
    pub(super) async fn all_files(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<Vec<StoredFile>>, ServiceError> {
        if !self.sees(caller, id).await? {
            return Ok(None);
        }
        let mut files = Vec::new();
        for artifact in self.engine.inner().store.artifacts_of(id).await? {
            files.push(StoredFile { artifact, artifacts: self.artifacts()?.clone() });
        }
        Ok(Some(files))
    }

    /// Returns an upload that this caller may use; `None` if there is none, or it has expired.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn uploaded(
        &self,
        caller: &Caller,
        id: UploadId,
    ) -> Result<Option<Upload>, ServiceError> {
        caller.needs(TokenScope::Read)?;
        self.find_upload(caller, id).await
    }

    /// [`Service::uploaded`] for a start.
    pub(super) async fn find_upload(
        &self,
        caller: &Caller,
        id: UploadId,
    ) -> Result<Option<Upload>, ServiceError> {
        let artifact = self.engine.inner().store.upload(id).await?;
        Ok(artifact.filter(|artifact| usable(caller, artifact)).map(|it| upload_info(&it)))
    }

    /// See [`Service::upload`].
    pub(super) async fn take_upload(
        &self,
        caller: &Caller,
        name: &str,
        media: Option<&str>,
        length: Option<u64>,
        bytes: impl Stream<Item = io::Result<Bytes>> + Send,
    ) -> Result<Upload, ServiceError> {
        let inner = self.engine.inner();
        let (artifacts, files) = (self.artifacts()?, &inner.options.files);
        caller.needs(TokenScope::Start)?;
        if caller.owner.is_none() && !inner.options.allow_anonymous {
            return Err(ServiceError::SessionNeeded);
        }
        self.has_space().await?;
        let max = files.max_upload_bytes;
        if length.is_some_and(|length| length > max) {
            return Err(ServiceError::TooLarge { max });
        }
        inner.rates.uploads.take(caller.client(), 1)?;
        let busy = || ServiceError::Busy { retry_after_ms: BUSY_MS };
        let mut bytes = Box::pin(impatient(bytes, files.upload_idle_timeout).fuse());
        // An upload takes a slot only once its first bytes arrive. A shutdown does not wait for
        // slow senders; the bytes received are removed.
        let first = inner.closing.run_until_cancelled(bytes.next()).await.ok_or_else(busy)?;
        let _place = inner.uploads.enter(caller.client()).map_err(ServiceError::UploadsFull)?;
        let bytes = stream::iter(first).chain(bytes);
        let name = clean_name(name);
        let id = ArtifactId::random();
        let new = NewArtifact {
            id,
            source: Source::Upload {
                owner: caller.as_owner().map(str::to_owned),
                client: self.client(caller),
                keep_ms: millis(files.keep_uploads),
            },
            media_type: media_type(media, &name),
            name,
            silence_ms: millis(files.writer_idle_timeout),
            max_files: files.max_uploads_per_owner,
            max_owner_bytes: i64::try_from(files.max_bytes_per_owner).unwrap_or(i64::MAX),
            audit: Some(caller.audits_about(Action::Upload, id)),
        };
        let client = self.client(caller);
        let bytes = inner.quota.meter(&*inner.store, &inner.options, client.as_deref(), bytes);
        let written = write(artifacts, &inner.store, &new, max, bytes);
        let written = inner.closing.run_until_cancelled(written).await.ok_or_else(busy)?;
        let artifact = written.map_err(|error| not_taken(error, files.max_bytes_per_owner))?;
        tracing::info!(artifact.id = %artifact.id, size_bytes = artifact.size, "took in a file");
        Ok(upload_info(&artifact))
    }

    fn artifacts(&self) -> Result<&Artifacts, ServiceError> {
        self.engine.inner().options.artifacts.as_ref().ok_or(ServiceError::NoFiles)
    }
}

/// The error of a start whose upload does not exist, at the field that names it.
pub(super) fn no_upload(input: &str, id: UploadId) -> ValidationError {
    let input = serde_json::from_str(input).unwrap_or_default();
    let field = field_of(&input, &id.to_string()).unwrap_or_default();
    ValidationError::field(
        field,
        "there is no such upload of yours, or its time is over; upload it again",
    )
}

/// Returns the field with this value, or with a list that contains it, at any depth.
fn field_of<'i>(input: &'i serde_json::Value, named: &str) -> Option<&'i str> {
    let names = |value: &serde_json::Value| match value {
        serde_json::Value::Array(values) => values.iter().any(|value| *value == named),
        value => *value == named,
    };
    let fields = || input.as_object().into_iter().flatten();
    let here = fields().find(|(_, value)| names(value)).map(|(field, _)| field.as_str());
    here.or_else(|| fields().find_map(|(_, value)| field_of(value, named)))
}

fn usable(caller: &Caller, upload: &Artifact) -> bool {
    caller.owns(upload.owner.as_deref()) && !upload.is_expired()
}

/// Ends the stream with an error when no bytes arrive for `silence`.
fn impatient(
    bytes: impl Stream<Item = io::Result<Bytes>> + Send,
    silence: Duration,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    futures_util::stream::unfold(Some(Box::pin(bytes)), move |bytes| async move {
        let mut bytes = bytes?;
        match tokio::time::timeout(silence, bytes.next()).await {
            Ok(piece) => Some((piece?, Some(bytes))),
            Err(_) => {
                let seconds = silence.as_secs();
                let error = format!("nothing came for {seconds} s (files.upload_idle_timeout_s)");
                Some((Err(io::Error::new(io::ErrorKind::TimedOut, error)), None))
            }
        }
    })
}

fn not_taken(error: WriteError, max_bytes: u64) -> ServiceError {
    match error {
        WriteError::TooLarge { max } => ServiceError::TooLarge { max },
        WriteError::Cut(error) if error.kind() == io::ErrorKind::InvalidData => {
            ValidationError::new(error.to_string()).into()
        }
        WriteError::Cut(error) => ServiceError::Cut(error),
        WriteError::Quota(reached) => ServiceError::StorageFull(reached),
        WriteError::Store(error) => error.into(),
        WriteError::Artifacts(error) => error.into(),
        WriteError::Refused(WriteRejected::Full) => ServiceError::Full { max: max_bytes },
        WriteError::Refused(WriteRejected::TooMany) => ServiceError::TooManyUploads,
        WriteError::Refused(WriteRejected::Lost | WriteRejected::Duplicate) => {
            ServiceError::Cut(io::Error::new(io::ErrorKind::TimedOut, "it took too long"))
        }
    }
}
