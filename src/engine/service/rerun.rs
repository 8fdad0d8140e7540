//! What a task was started with, and starting it again.

use serde_json::Value;

use super::{Caller, Service, ServiceError, Started};
use crate::{
    engine::{registry::secrets, store::StoreError},
    task::{StartTask, TaskId},
};

impl Service {
    /// What a task was started with, but for the fields that its kind's schema calls `writeOnly`:
    /// secrets go in and never come out. `None` where there is no task that this caller may see.
    ///
    /// # Errors
    /// When its kind is not here any more, its time is over, or the store fails.
    pub async fn input(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<StartTask>, ServiceError> {
        let Some(mut start) = self.stored_start(caller, id).await? else { return Ok(None) };
        let kind = self.kind(&start.kind).ok_or_else(|| self.unknown(&start.kind))?;
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
        match self.stored_start(caller, id).await? {
            Some(start) => self.start_task(caller, start, idempotency_key).await.map(Some),
            None => Ok(None),
        }
    }

    /// What a task was started with, secrets included.
    async fn stored_start(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<StartTask>, ServiceError> {
        let Some(row) = self.row(caller, id).await? else { return Ok(None) };
        let Some(stored) = self.engine.inner().store.input(id).await? else { return Ok(None) };
        let input = self.asked_for(&row.kind, &stored)?;
        Ok(Some(StartTask::new(row.kind, input)))
    }

    /// What was asked for, from what was stored.
    pub(super) fn asked_for(&self, kind: &str, stored: &str) -> Result<Value, ServiceError> {
        let known = self.engine.inner().kinds.now().get(kind).cloned();
        let input = known.ok_or_else(|| self.unknown(kind))?.asked_for(stored);
        Ok(input
            .map_err(|error| StoreError::Corrupt { what: "input", detail: error.to_string() })?)
    }
}
