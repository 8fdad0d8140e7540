//! The input of a task, and reruns.

use serde_json::Value;

use super::{Caller, Service, ServiceError, Started, TaskAction, start::RerunOf};
use crate::{
    engine::{
        ValidationError,
        registry::secrets,
        store::{Row, StoreError, StoredInput},
    },
    task::{FieldError, Snapshot, StartTask, Status, TaskId},
};

impl Service {
    /// Returns the input of a task without the fields that its kind's schema marks `writeOnly`:
    /// secrets are never returned. `None` if there is no task that this caller may see.
    ///
    /// # Errors
    /// When its kind is no longer registered, when the task has expired, and when the store fails.
    pub async fn input(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<StartTask>, ServiceError> {
        let Some(mut start) = self.stored_start(caller, id).await? else { return Ok(None) };
        let kind = self.kind(&start.kind).ok_or_else(|| self.unknown(caller, &start.kind))?;
        if let Value::Object(input) = &mut start.input {
            input.retain(|name, _| !secrets::is_secret(&kind.input_schema, name));
        }
        Ok(Some(start))
    }

    /// See [`Service::rerun`].
    pub(super) async fn rerun_task(
        &self,
        caller: &Caller,
        id: TaskId,
        idempotency_key: Option<&str>,
    ) -> Result<Option<Started>, ServiceError> {
        let Some(row) = self.row_for(caller, id, TaskAction::Rerun).await? else {
            return Ok(None);
        };
        if !row.status.is_terminal() {
            return Err(ServiceError::NotEnded(row.status));
        }
        let tags = row.labels.tags.clone();
        let Some((kind, stored)) = self.stored_input(row).await? else { return Ok(None) };
        let input = self.asked_for_again(caller, &kind, &stored)?;
        let original = RerunOf { id, tags };
        let start = StartTask::new(kind, input);
        self.start_task(caller, start, idempotency_key, Some(original)).await.map(Some)
    }

    /// Whether a rerun of this ended task goes on where it stopped: it failed or was cancelled, and has
    /// checkpoints with a key that begins with [`RERUN_KEYS`](crate::engine::RERUN_KEYS).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn continues(&self, task: &Snapshot) -> Result<bool, ServiceError> {
        let may = matches!(task.status, Status::Error | Status::Cancelled);
        Ok(may && self.engine.inner().store.has_rerun_checkpoints(task.id).await?)
    }

    /// Returns a task's kind and its stored input.
    pub(super) async fn stored_input(
        &self,
        row: Row,
    ) -> Result<Option<(String, StoredInput)>, ServiceError> {
        let stored = self.engine.inner().store.input(row.id).await?;
        Ok(stored.map(|stored| (row.kind, stored)))
    }

    /// Returns a task's original input, without secrets that were dropped.
    async fn stored_start(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<StartTask>, ServiceError> {
        let Some(row) = self.row_for(caller, id, TaskAction::SeeInput).await? else {
            return Ok(None);
        };
        let tags = row.labels.tags.clone();
        let Some((kind, stored)) = self.stored_input(row).await? else { return Ok(None) };
        let input = self.asked_for(caller, &kind, &stored)?;
        Ok(Some(StartTask::new(kind, input).with(|start| start.tags = tags)))
    }

    /// Returns the complete original input. A missing secret is an error: without it the rerun
    /// would be another task.
    pub(super) fn asked_for_again(
        &self,
        caller: &Caller,
        kind: &str,
        stored: &StoredInput,
    ) -> Result<Value, ServiceError> {
        let known = self.engine.inner().kinds.now().get(kind).cloned();
        let missing = known.map(|kind| kind.missing_secrets(stored)).unwrap_or_default();
        if missing.is_empty() {
            return self.asked_for(caller, kind, stored);
        }
        let detail = "has to be entered again: secrets are not kept after the end of a task";
        let refusal = ValidationError {
            detail: format!("{}: {detail}", missing.join(", ")),
            errors: missing
                .into_iter()
                .map(|field| FieldError { field, detail: detail.to_owned() })
                .collect(),
        };
        Err(ServiceError::SecretsNeeded { kind: kind.to_owned(), refusal })
    }

    /// Converts a stored input back to the original one.
    pub(super) fn asked_for(
        &self,
        caller: &Caller,
        kind: &str,
        stored: &StoredInput,
    ) -> Result<Value, ServiceError> {
        let known = self.engine.inner().kinds.now().get(kind).cloned();
        let input = known.ok_or_else(|| self.unknown(caller, kind))?.asked_for(stored);
        Ok(input
            .map_err(|error| StoreError::Corrupt { what: "input", detail: error.to_string() })?)
    }
}
