//! The files that a task makes and is given.

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

/// Bytes that are taken from a reader at once.
const PIECE: usize = 64 << 10;

impl Context {
    /// Keeps a file as part of the task's result, read to its end in pieces. It is there for good
    /// when this returns, and not at all otherwise. Without a media type, the name's ending decides.
    ///
    /// A name is used once in a run; a later attempt that keeps the name again replaces the file.
    ///
    /// # Errors
    /// [`TaskError::Fail`] when the name cannot be one (`file_name`), is used (`file_exists`), or a
    /// limit of [`FileOptions`](crate::engine::FileOptions) is reached (`file_too_large`,
    /// `too_many_files`, `files_full`), when the reader fails (`file_unreadable`), and where no
    /// place for files is configured (`no_artifacts`); [`TaskError::Retry`] when a store does not
    /// answer; [`TaskError::Cancelled`] when the task was told to stop or this run was lost.
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
        };
        let bytes = ReaderStream::with_capacity(reader, PIECE);
        let client = self.running.client.as_deref();
        let bytes = self.quota.meter(&*self.store, &self.options, client, bytes);
        let written = write(artifacts, &self.store, &new, files.max_file_bytes, bytes);
        match self.until_cancelled(written).await? {
            Ok(artifact) => Ok(file_info(&artifact)),
            Err(error) => Err(not_saved(name, &error)),
        }
    }

    /// Opens an upload that the task named in [`Task::uploads`](crate::engine::Task::uploads).
    ///
    /// # Errors
    /// [`TaskError::Fail`] where there is none (`upload`), [`TaskError::Retry`] when a store does
    /// not answer.
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
