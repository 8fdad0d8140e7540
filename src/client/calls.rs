//! The calls of the HTTP API.

use super::{
    Client, Download, Error, ListTasks,
    send::{Body, Method},
};
use crate::{
    percent::percent_encoded,
    task::{
        Annotate, Batch, BatchId, BatchList, FileList, KindInfo, LogPage, Overview, PauseTarget,
        Paused, Snapshot, StartBatch, StartTask, StartedTask, TaskId, TaskList, Upload,
    },
};

/// # Errors of the calls
///
/// [`Error::Refused`] with the server's problem document, [`Error::Unreachable`] or
/// [`Error::Timeout`] when there is no answer, [`Error::Unexpected`] or [`Error::TooLarge`] when it
/// cannot be read.
impl Client {
    /// Lists the kinds of tasks that can be started.
    ///
    /// # Errors
    /// See [the calls](Client#errors-of-the-calls).
    pub async fn kinds(&self) -> Result<Vec<KindInfo>, Error> {
        self.get("/api/v1/kinds").await
    }

    /// Describes a kind, with the JSON Schema of its input.
    ///
    /// # Errors
    /// [`Error::Refused`] with 404 when there is none; see [the
    /// calls](Client#errors-of-the-calls).
    pub async fn kind(&self, kind: &str) -> Result<KindInfo, Error> {
        self.get(&format!("/api/v1/kinds/{}", percent_encoded(kind))).await
    }

    /// Starts a task. If the answer is lost, it is unknown whether the task was started; use
    /// [`Client::start_once`] where that matters.
    ///
    /// # Errors
    /// [`Error::Refused`] when the input is invalid ([`Error::field_errors`]) or a limit is
    /// reached; see [the calls](Client#errors-of-the-calls).
    pub async fn start(&self, start: &StartTask) -> Result<StartedTask, Error> {
        self.post("/api/v1/tasks", start).await
    }

    /// Starts a task at most once, however often it is called with this idempotency key (visible
    /// ASCII, at most 255 bytes by default): later calls return the first one's task. Safe to
    /// repeat after any error.
    ///
    /// # Errors
    /// [`Error::IdempotencyKey`] when the key cannot be sent, [`Error::Refused`] when it belongs to
    /// another start; otherwise as [`Client::start`].
    pub async fn start_once(&self, start: &StartTask, key: &str) -> Result<StartedTask, Error> {
        self.once("/api/v1/tasks", start, key).await
    }

    async fn once<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        start: &impl serde::Serialize,
        key: &str,
    ) -> Result<T, Error> {
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::IdempotencyKey);
        }
        let body = self.to_json(start)?;
        let mut request = self.request(Method::Post, path, body);
        request.idempotency_key = Some(key.to_owned());
        self.json(request).await
    }

    /// Reads the state of a task.
    ///
    /// # Errors
    /// [`Error::Refused`] with 404 when there is no such task, or 410 when it has expired; see
    /// [the calls](Client#errors-of-the-calls).
    pub async fn status(&self, id: TaskId) -> Result<Snapshot, Error> {
        self.get(&format!("/api/v1/tasks/{id}")).await
    }

    /// Lists the caller's tasks, newest first.
    ///
    /// # Errors
    /// See [the calls](Client#errors-of-the-calls).
    pub async fn list(&self, list: &ListTasks) -> Result<TaskList, Error> {
        self.get(&format!("/api/v1/tasks{}", list.query())).await
    }

    /// Requests cancellation of a task. The returned snapshot may still be `cancelling`; the task
    /// has stopped once its status is terminal. Has no effect on an ended task.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn cancel(&self, id: TaskId) -> Result<Snapshot, Error> {
        self.act(&format!("/api/v1/tasks/{id}/cancel")).await
    }

    /// Starts a new task with the input of an ended one.
    ///
    /// # Errors
    /// [`Error::Refused`] with 409 when the task has not ended; otherwise as [`Client::start`].
    pub async fn rerun(&self, id: TaskId) -> Result<Snapshot, Error> {
        self.act(&format!("/api/v1/tasks/{id}/rerun")).await
    }

    /// Extends the retention of an ended task.
    ///
    /// # Errors
    /// [`Error::Refused`] with 409 when the task has not ended; otherwise as [`Client::status`].
    pub async fn keep(&self, id: TaskId) -> Result<Snapshot, Error> {
        self.act(&format!("/api/v1/tasks/{id}/keep")).await
    }

    /// Sets the tags and the note of a task; what is absent stays as it is.
    ///
    /// # Errors
    /// As [`Client::status`], and [`Error::Refused`] with 400 when they are invalid.
    pub async fn annotate(&self, id: TaskId, annotate: &Annotate) -> Result<Snapshot, Error> {
        self.post(&format!("/api/v1/tasks/{id}/annotate"), annotate).await
    }

    /// Lets a task start now that waits for its start time or for its next attempt.
    ///
    /// # Errors
    /// [`Error::Refused`] with 409 when the task has ended; otherwise as [`Client::status`].
    pub async fn start_now(&self, id: TaskId) -> Result<Snapshot, Error> {
        self.act(&format!("/api/v1/tasks/{id}/start-now")).await
    }

    /// Reads how a task was started, without its secrets.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn input(&self, id: TaskId) -> Result<StartTask, Error> {
        self.get(&format!("/api/v1/tasks/{id}/input")).await
    }

    /// Reads log lines after number `after` (0: from the beginning), oldest first; at most as many
    /// as the server sends in one response, 1,000 by default. Pass [`LogPage::next`] to read what
    /// follows, now or later.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn log(&self, id: TaskId, after: i64) -> Result<LogPage, Error> {
        self.get(&format!("/api/v1/tasks/{id}/log?after={after}")).await
    }

    /// Fetches the result of a completed task into memory, at most
    /// [`max_result_bytes`](super::ClientBuilder::max_result_bytes).
    ///
    /// # Errors
    /// [`Error::Refused`] with 409 when the task has no result (yet); otherwise as
    /// [`Client::status`].
    pub async fn result(&self, id: TaskId) -> Result<Vec<u8>, Error> {
        self.download_result(id).await?.bytes(self.0.limits.max_result_bytes).await
    }

    /// Fetches the result of a completed task piece by piece.
    ///
    /// # Errors
    /// As [`Client::result`].
    pub async fn download_result(&self, id: TaskId) -> Result<Download, Error> {
        self.download(&format!("/api/v1/tasks/{id}/result")).await
    }

    /// Lists the files that a task made, by name.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn files(&self, id: TaskId) -> Result<FileList, Error> {
        self.get(&format!("/api/v1/tasks/{id}/files")).await
    }

    /// Fetches one of a task's files piece by piece.
    ///
    /// # Errors
    /// [`Error::Refused`] with 404 when there is no such file; otherwise as [`Client::status`].
    pub async fn file(&self, id: TaskId, name: &str) -> Result<Download, Error> {
        self.download(&format!("/api/v1/tasks/{id}/files/{}", percent_encoded(name))).await
    }

    /// Uploads a file from memory; its id can be named in the input of a task.
    ///
    /// # Errors
    /// [`Error::Refused`] when it is too large or a limit is reached; see [the
    /// calls](Client#errors-of-the-calls).
    pub async fn upload(&self, name: &str, bytes: Vec<u8>) -> Result<Upload, Error> {
        self.send_upload(name, Body::Bytes(bytes)).await
    }

    /// Uploads a file that may be larger than memory. `length` is its exact size in bytes.
    ///
    /// # Errors
    /// As [`Client::upload`].
    #[cfg(not(target_arch = "wasm32"))]
    pub async fn upload_stream(
        &self,
        name: &str,
        length: u64,
        body: reqwest::Body,
    ) -> Result<Upload, Error> {
        self.send_upload(name, Body::Stream(body, length)).await
    }

    async fn send_upload(&self, name: &str, body: Body) -> Result<Upload, Error> {
        let path = format!("/api/v1/uploads?name={}", percent_encoded(name));
        let request = self.request(Method::Post, &path, body);
        self.json_within(self.0.limits.upload_timeout, request).await
    }

    /// Starts a task for each input, all of them or none.
    ///
    /// # Errors
    /// As [`Client::start`]; the fields of [`Error::field_errors`] begin with `inputs[3]`, see
    /// [`batch_input`](crate::task::batch_input).
    pub async fn start_batch(&self, start: &StartBatch) -> Result<Batch, Error> {
        self.post("/api/v1/batches", start).await
    }

    /// [`Client::start_batch`] at most once, as [`Client::start_once`].
    ///
    /// # Errors
    /// As [`Client::start_once`].
    pub async fn start_batch_once(&self, start: &StartBatch, key: &str) -> Result<Batch, Error> {
        self.once("/api/v1/batches", start, key).await
    }

    /// Lists the caller's batches, newest first; `cursor` is the
    /// [`next_cursor`](BatchList::next_cursor) of the previous page.
    ///
    /// # Errors
    /// See [the calls](Client#errors-of-the-calls).
    pub async fn batches(&self, cursor: Option<&str>) -> Result<BatchList, Error> {
        let cursor = cursor.map(|cursor| format!("?cursor={}", percent_encoded(cursor)));
        self.get(&format!("/api/v1/batches{}", cursor.unwrap_or_default())).await
    }

    /// Reads the state of a batch, with the first of its tasks: at most as many as the server sends
    /// in one response, 100 by default.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn batch(&self, id: BatchId) -> Result<Batch, Error> {
        self.get(&format!("/api/v1/batches/{id}")).await
    }

    /// [`Client::batch`] with the next of its tasks; `cursor` is the
    /// [`next_cursor`](Batch::next_cursor) of the previous page.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn batch_page(&self, id: BatchId, cursor: &str) -> Result<Batch, Error> {
        self.get(&format!("/api/v1/batches/{id}?cursor={}", percent_encoded(cursor))).await
    }

    /// Requests cancellation of all tasks of a batch.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn cancel_batch(&self, id: BatchId) -> Result<Batch, Error> {
        self.act(&format!("/api/v1/batches/{id}/cancel")).await
    }

    /// Starts a new batch from the failed tasks of an ended one.
    ///
    /// # Errors
    /// [`Error::Refused`] with 409 when there is nothing to rerun; otherwise as [`Client::start`].
    pub async fn rerun_batch(&self, id: BatchId) -> Result<Batch, Error> {
        self.act(&format!("/api/v1/batches/{id}/rerun")).await
    }

    /// Lets a kind or a worker take no more tasks. For operators.
    ///
    /// # Errors
    /// [`Error::Refused`] with 403 when the caller is no operator; see [the
    /// calls](Client#errors-of-the-calls).
    pub async fn pause(&self, target: &PauseTarget) -> Result<Paused, Error> {
        self.post("/api/v1/admin/pause", target).await
    }

    /// Ends a pause. For operators.
    ///
    /// # Errors
    /// As [`Client::pause`].
    pub async fn resume(&self, target: &PauseTarget) -> Result<Paused, Error> {
        self.post("/api/v1/admin/resume", target).await
    }

    /// Reads what runs, waits and fails, over all owners. For operators.
    ///
    /// # Errors
    /// As [`Client::pause`].
    pub async fn overview(&self) -> Result<Overview, Error> {
        self.get("/api/v1/admin/overview").await
    }

    /// A `POST` without a body.
    /// Deletes a task with its input, log, result, files and checkpoints; one that has not ended is
    /// stopped. Afterwards its owner gets 410 with the code `deleted`, others get 404.
    ///
    /// # Errors
    /// [`Error::Refused`] with 403 when the caller may not delete it, with 410 when it is gone already;
    /// otherwise as [`Client::status`].
    pub async fn delete(&self, id: TaskId) -> Result<(), Error> {
        let request = self.request(Method::Delete, &format!("/api/v1/tasks/{id}"), Body::None);
        self.open(request).await.map(drop)
    }

    async fn act<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.json(self.request(Method::Post, path, Body::None)).await
    }

    async fn download(&self, path: &str) -> Result<Download, Error> {
        let response = self.open(self.request(Method::Get, path, Body::None)).await?;
        Ok(Download::new(self.clone(), response))
    }
}
