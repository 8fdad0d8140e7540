//! Calls that change something or hand out data. Each is audited here and nowhere else; the sibling
//! modules do the work.

mod data;
mod operate;
mod shares;

use std::{borrow::Cow, io};

use bytes::Bytes;
use futures_util::Stream;

use super::{
    Caller, Cancelled, DataCall, Deleted, Kept, ResultState, Service, ServiceError, Started,
    StartedNow,
};
use crate::{
    engine::{
        StoredFile,
        audit::{Action, Entry},
    },
    task::{Annotate, Batch, BatchId, Snapshot, StartBatch, StartTask, TaskId, Upload},
};

impl Service {
    /// Queues a task. It is in the store when this returns.
    ///
    /// # Errors
    /// See [`ServiceError`].
    pub async fn start(
        &self,
        caller: &Caller,
        start: StartTask,
        idempotency_key: Option<&str>,
    ) -> Result<Started, ServiceError> {
        let mut entry = Entry::new(caller, Action::Start);
        entry.kind = self.known_kind(&start.kind);
        self.audited(entry, self.start_task(caller, start, idempotency_key, None)).await
    }

    /// Queues one task for each input: all of them or none. They are in the store when this
    /// returns.
    ///
    /// # Errors
    /// See [`ServiceError`]; errors of an input name its field as `inputs[3].subject`.
    pub async fn start_batch(
        &self,
        caller: &Caller,
        start: StartBatch,
        idempotency_key: Option<&str>,
    ) -> Result<Batch, ServiceError> {
        let mut entry = Entry::new(caller, Action::StartBatch);
        entry.kind = self.known_kind(&start.kind);
        self.audited(entry, self.start_tasks(caller, start, idempotency_key)).await
    }

    /// Starts a new task with the input of an ended one, secrets included. `None` if there is no
    /// task that this caller may see.
    ///
    /// # Errors
    /// See [`ServiceError`]; [`ServiceError::NotEnded`] if the task has not ended.
    pub async fn rerun(
        &self,
        caller: &Caller,
        id: TaskId,
        idempotency_key: Option<&str>,
    ) -> Result<Option<Started>, ServiceError> {
        let mut entry = Entry::new(caller, Action::Rerun);
        entry.rerun_of = Some(id.to_string());
        self.audited(entry, self.rerun_task(caller, id, idempotency_key)).await
    }

    /// Starts new tasks for the failed tasks of a batch, as a new batch of the caller, with the
    /// same inputs, secrets included: all of them or none. `None` if there is no batch that this
    /// caller may see.
    ///
    /// # Errors
    /// See [`ServiceError`]; [`ServiceError::NothingFailed`] if none has failed yet.
    pub async fn rerun_batch(
        &self,
        caller: &Caller,
        id: BatchId,
        idempotency_key: Option<&str>,
    ) -> Result<Option<Batch>, ServiceError> {
        let mut entry = Entry::new(caller, Action::RerunBatch);
        entry.rerun_of = Some(id.to_string());
        self.audited(entry, self.rerun_tasks(caller, id, idempotency_key)).await
    }

    /// Requests cancellation of a task. Idempotent. `None` if there is no task that this caller may
    /// see.
    ///
    /// # Errors
    /// When the task has expired, and when the store fails.
    pub async fn cancel(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<Cancelled>, ServiceError> {
        self.audited(about(caller, Action::Cancel, id), self.cancel_task(caller, id)).await
    }

    /// Requests cancellation of all tasks of a batch. Idempotent. `None` if there is no batch that
    /// this caller may see.
    ///
    /// # Errors
    /// When the store fails; cancellation of some tasks may have been requested then.
    pub async fn cancel_batch(
        &self,
        caller: &Caller,
        id: BatchId,
    ) -> Result<Option<Batch>, ServiceError> {
        self.audited(about(caller, Action::CancelBatch, id), self.cancel_tasks(caller, id)).await
    }

    /// Extends the retention of an ended task to
    /// [`RetentionOptions::extend`](crate::engine::RetentionOptions::extend) from now; a longer
    /// retention is left unchanged. `None` if there is no task that this caller may see.
    ///
    /// # Errors
    /// When the task has expired, and when the store fails.
    pub async fn keep(&self, caller: &Caller, id: TaskId) -> Result<Option<Kept>, ServiceError> {
        self.audited(about(caller, Action::Keep, id), self.keep_task(caller, id)).await
    }

    /// Sets the tags and the note of a task; what is absent stays as it is. `None` if there is no task that this caller
    /// may see.
    ///
    /// # Errors
    /// When they are invalid, when the task has expired, and when the store fails.
    pub async fn annotate(
        &self,
        caller: &Caller,
        id: TaskId,
        annotate: &Annotate,
    ) -> Result<Option<Snapshot>, ServiceError> {
        self.audited(about(caller, Action::Annotate, id), self.annotate_task(caller, id, annotate))
            .await
    }

    /// Lets a task start now that waits for its start time or for its next attempt. Idempotent. `None` if there is no
    /// task that this caller may see.
    ///
    /// # Errors
    /// When the task has expired, and when the store fails.
    pub async fn start_now(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<StartedNow>, ServiceError> {
        self.audited(about(caller, Action::StartNow, id), self.start_task_now(caller, id)).await
    }

    /// Deletes a task with its input, log, result, files, checkpoints and the uploads that no other task uses; one that has
    /// not ended is stopped. `None` if there is no task that this caller may see.
    ///
    /// # Errors
    /// When the caller may not delete it, when it is gone already, and when the store fails.
    pub async fn delete(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<Deleted>, ServiceError> {
        self.audited(about(caller, Action::Delete, id), self.delete_task(caller, id)).await
    }

    /// Stores an uploaded file, piece by piece, for the input of a task. It is stored when this
    /// returns `Ok`; an upload that is interrupted leaves nothing behind.
    ///
    /// `length` is the announced size in bytes, if known: a file that is too large is refused
    /// before it is sent.
    ///
    /// # Errors
    /// See [`ServiceError`].
    pub async fn upload(
        &self,
        caller: &Caller,
        name: &str,
        media: Option<&str>,
        length: Option<u64>,
        bytes: impl Stream<Item = io::Result<Bytes>> + Send,
    ) -> Result<Upload, ServiceError> {
        let entry = Entry::new(caller, Action::Upload);
        let upload =
            self.audited(entry, self.take_upload(caller, name, media, length, bytes)).await;
        let stored = upload.as_ref().ok().map(|upload| upload.size_bytes);
        self.engine.inner().metrics.uploaded(stored);
        upload
    }

    /// [`Service::result`], audited as a download.
    ///
    /// # Errors
    /// As there.
    pub async fn download_result(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<ResultState>, ServiceError> {
        self.audited(about(caller, Action::Download, id), self.result(caller, id)).await
    }

    /// [`Service::file`], audited as a download.
    ///
    /// # Errors
    /// As there.
    pub async fn download_file(
        &self,
        caller: &Caller,
        id: TaskId,
        name: &str,
    ) -> Result<Option<StoredFile>, ServiceError> {
        self.audited(about(caller, Action::Download, id), self.file(caller, id, name)).await
    }

    /// Returns all files of a task, by name; audited as one download. `None` if there is no task that this
    /// caller may see.
    ///
    /// # Errors
    /// As [`Service::file`].
    pub async fn download_files(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<Vec<StoredFile>>, ServiceError> {
        self.audited(about(caller, Action::Download, id), self.all_files(caller, id)).await
    }

    /// Makes a call. What changes something writes a row of the audit log in its transaction, and what
    /// does not, one of its own here.
    async fn audited<T: Act>(
        &self,
        mut entry: Entry<'_>,
        call: impl Future<Output = Result<T, ServiceError>>,
    ) -> Result<T, ServiceError> {
        let result = call.await;
        entry.outcome = Cow::Borrowed(match &result {
            Ok(act) => act.tell(&mut entry),
            Err(error) => refusal(error),
        });
        self.store_entry(&entry).await;
        result
    }

    /// Only known kinds are audited; any other text is caller-supplied.
    fn known_kind(&self, kind: &str) -> Option<String> {
        self.engine.inner().kinds.now().get(kind).map(|kind| kind.info.kind.clone())
    }
}

fn about(caller: &Caller, action: Action, id: impl ToString) -> Entry<'_> {
    let mut entry = Entry::new(caller, action);
    entry.id = Some(id.to_string());
    entry
}

/// What a completed call contributes to its audit entry.
trait Act {
    /// Adds the details known now and returns the outcome.
    fn tell(&self, entry: &mut Entry<'_>) -> &'static str;
}

impl<T: Act> Act for Option<T> {
    fn tell(&self, entry: &mut Entry<'_>) -> &'static str {
        self.as_ref().map_or("not_found", |act| act.tell(entry))
    }
}

impl Act for Started {
    fn tell(&self, entry: &mut Entry<'_>) -> &'static str {
        entry.kind = Some(self.snapshot.kind.clone());
        entry.id = Some(self.receipt.id.to_string());
        if self.receipt.existing { "existing" } else { "ok" }
    }
}

impl Act for Batch {
    fn tell(&self, entry: &mut Entry<'_>) -> &'static str {
        entry.kind = Some(self.kind.clone());
        entry.id = Some(self.id.to_string());
        "ok"
    }
}

impl Act for Cancelled {
    fn tell(&self, entry: &mut Entry<'_>) -> &'static str {
        entry.kind = Some(self.snapshot.kind.clone());
        if self.accepted { "ok" } else { "already_ended" }
    }
}

impl Act for Kept {
    fn tell(&self, entry: &mut Entry<'_>) -> &'static str {
        entry.kind = Some(self.snapshot.kind.clone());
        "ok"
    }
}

impl Act for Snapshot {
    fn tell(&self, entry: &mut Entry<'_>) -> &'static str {
        entry.kind = Some(self.kind.clone());
        "ok"
    }
}

impl Act for Deleted {
    fn tell(&self, _: &mut Entry<'_>) -> &'static str {
        "ok"
    }
}

impl Act for StartedNow {
    fn tell(&self, entry: &mut Entry<'_>) -> &'static str {
        entry.kind = Some(self.snapshot.kind.clone());
        if self.accepted { "ok" } else { "already_ended" }
    }
}

impl Act for Upload {
    fn tell(&self, entry: &mut Entry<'_>) -> &'static str {
        entry.id = Some(self.id.to_string());
        "ok"
    }
}

impl Act for ResultState {
    fn tell(&self, _: &mut Entry<'_>) -> &'static str {
        match self {
            Self::Ready(_) => "ok",
            Self::None(_) => "no_result",
        }
    }
}

impl Act for Vec<StoredFile> {
    fn tell(&self, _: &mut Entry<'_>) -> &'static str {
        if self.is_empty() { "no_result" } else { "ok" }
    }
}

impl Act for StoredFile {
    fn tell(&self, _: &mut Entry<'_>) -> &'static str {
        "ok"
    }
}

const fn refusal(error: &ServiceError) -> &'static str {
    match error {
        ServiceError::Refused(_) => "refused",
        ServiceError::SecretsNeeded { .. } => "secrets_needed",
        ServiceError::UnknownKind(_) => "unknown_kind",
        ServiceError::SessionNeeded => "session_needed",
        ServiceError::Forbidden(_) => "forbidden",
        ServiceError::KeyReused => "key_reused",
        ServiceError::NotEnded(_) => "not_ended",
        ServiceError::NothingFailed => "nothing_failed",
        ServiceError::Expired(_) => "expired",
        ServiceError::Deleted(_) => "deleted",
        ServiceError::QueueFull { .. } => "queue_full",
        ServiceError::ClientQueueFull { .. } => "client_queue_full",
        ServiceError::ServerQueueFull { .. } => "server_queue_full",
        ServiceError::ScheduleFull { .. } => "schedule_full",
        ServiceError::StorageFull(_) => "storage_full",
        ServiceError::DiskFull(_) => "disk_full",
        ServiceError::TooLarge { .. } => "too_large",
        ServiceError::TooManyUploads => "too_many_uploads",
        ServiceError::TooManyShares(_) => "too_many_shares",
        ServiceError::TooOften(_) => "too_often",
        ServiceError::Full { .. } => "full",
        ServiceError::UploadsFull(_) => "uploads_full",
        ServiceError::DataUnderWay(DataCall::Export) => "export_under_way",
        ServiceError::DataUnderWay(DataCall::Delete) => "deletion_under_way",
        ServiceError::DataCallsFull(DataCall::Export, _) => "exports_full",
        ServiceError::DataCallsFull(DataCall::Delete, _) => "deletions_full",
        ServiceError::Busy { .. } => "busy",
        ServiceError::Cut(_) => "cut",
        _ => "failed",
    }
}
