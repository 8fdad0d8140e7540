//! Files that a task saves, and uploads that it reads.

use tokio::io::AsyncRead;
use tokio_util::io::ReaderStream;

use super::Context;
use crate::{
    engine::{
        TaskError,
        artifacts::{
            Artifacts, OpenFile, ReadError, StoredFile, WriteError, file_info, media_type,
            upload_info, valid_name, write,
        },
        millis,
        store::{ArtifactId, NewArtifact, Source, StoreError, WriteRejected},
    },
    task::{FileInfo, UploadId},
};

/// Bytes read from a reader at once.
const PIECE: usize = 64 << 10;

impl Context {
    /// Saves a file as part of the task's result, reading it in pieces to its end. The file is
    /// stored when this returns `Ok`, and discarded otherwise. Without a media type, the file name
    /// extension decides.
    ///
    /// A name can be used once per run; a later attempt that saves the same name replaces the file.
    ///
    /// # Errors
    /// [`TaskError::Fail`] when the name is invalid (`file_name`) or in use (`file_exists`), a
    /// limit of [`FileOptions`](crate::engine::FileOptions) is reached (`file_too_large`,
    /// `too_many_files`, `files_full`), the reader fails (`file_unreadable`), or no storage for
    /// files is configured (`no_artifacts`); [`TaskError::Retry`] when the database or the object
    /// store is unavailable; [`TaskError::Cancelled`] when the run is cancelled or lost.
    pub async fn save_file(
        &self,
        name: &str,
        media: Option<&str>,
        reader: impl AsyncRead + Send,
    ) -> Result<FileInfo, TaskError> {
        let artifacts = self.artifacts()?;
        let name =
            valid_name(name).map_err(|error| TaskError::fail("file_name", error.to_string()))?;
        let files = &self.options.files;
        let new = NewArtifact {
            id: ArtifactId::random(),
            source: Source::Run { task_id: self.running.id, run_seq: self.running.run_seq },
            name: name.to_owned(),
            media_type: media_type(media, name),
            silence_ms: millis(files.writer_idle_timeout),
            max_files: files.max_files_per_task,
            max_owner_bytes: i64::try_from(files.max_bytes_per_owner).unwrap_or(i64::MAX),
            audit: None,
        };
        let bytes = ReaderStream::with_capacity(reader, PIECE);
        let client = self.running.client.as_deref();
        let bytes = self.quota.meter(&*self.store, &self.options, client, bytes);
        let written = write(artifacts, &self.store, &new, files.max_file_bytes, bytes);
        match self.until_cancelled(written).await? {
            Ok(artifact) => {
                let info = file_info(&artifact);
                self.observer.file(&info);
                Ok(info)
            }
            Err(error) => Err(not_saved(name, &error)),
        }
    }

    /// Opens an upload that the task named in [`Task::uploads`](crate::engine::Task::uploads).
    ///
    /// # Errors
    /// [`TaskError::Fail`] when there is no such upload (`upload`) or no storage for files is
    /// configured (`no_artifacts`), [`TaskError::Retry`] when the database or the object store is
    /// unavailable.
    pub async fn open_file(&self, id: UploadId) -> Result<OpenFile, TaskError> {
        let artifacts = self.artifacts()?.clone();
        let artifact = self.store.upload_of(self.running.id, id).await.map_err(away)?;
        let Some(artifact) = artifact else {
            let detail = format!("The task was started with no upload {id}, or it is gone.");
            return Err(TaskError::fail("upload", detail));
        };
        let info = upload_info(&artifact);
        let file = StoredFile { artifact, artifacts };
        match file.read(0..file.size()).await {
            Ok(bytes) => Ok(OpenFile::new(info, bytes)),
            Err(ReadError::Artifacts(error)) => {
                Err(TaskError::retry("artifacts", error.to_string()))
            }
            Err(error) => Err(TaskError::fail("upload", error.to_string())),
        }
    }

    fn artifacts(&self) -> Result<&Artifacts, TaskError> {
        let missing = || TaskError::fail("no_artifacts", "There is no place for files here.");
        self.options.artifacts.as_ref().ok_or_else(missing)
    }
}

fn away(error: StoreError) -> TaskError {
    TaskError::retry("store", error.to_string())
}

fn not_saved(name: &str, error: &WriteError) -> TaskError {
    let code = match error {
        WriteError::Refused(WriteRejected::Lost) => return TaskError::Cancelled,
        WriteError::Store(error) => return TaskError::retry("store", error.to_string()),
        WriteError::Artifacts(error) => return TaskError::retry("artifacts", error.to_string()),
        WriteError::Refused(WriteRejected::Duplicate) => "file_exists",
        WriteError::Refused(WriteRejected::TooMany) => "too_many_files",
        WriteError::Refused(WriteRejected::Full) | WriteError::Quota(_) => "files_full",
        WriteError::TooLarge { .. } => "file_too_large",
        WriteError::Cut(_) => "file_unreadable",
    };
    TaskError::fail(code, format!("The file “{name}” was not kept: {error}."))
}
