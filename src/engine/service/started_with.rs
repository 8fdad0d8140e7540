//! What a task was started with, for people.

use serde_json::Value;

use super::{Caller, Service, ServiceError, TaskAction};
use crate::{
    engine::registry::secrets,
    task::{BatchId, StartTask, TaskId},
};

/// Shown instead of a secret.
const SECRET: &str = "••••";

/// What a task was started with.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StartedWith {
    /// Its kind and its input, with each secret that it has as `••••`.
    pub start: StartTask,
    /// Whether it has an owner.
    pub is_owned: bool,
    /// Whether the caller is its owner.
    pub is_own: bool,
    /// The name of the user who owns it, if its owner is one.
    pub user: Option<String>,
    /// The batch that it belongs to.
    pub batch: Option<BatchId>,
}

impl Service {
    /// Returns what a task was started with. `None` if there is no task that this caller may see.
    ///
    /// # Errors
    /// When its kind is no longer registered, when the task has expired, and when the store fails.
    pub async fn started_with(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<StartedWith>, ServiceError> {
        let Some(row) = self.row_for(caller, id, TaskAction::SeeInput).await? else {
            return Ok(None);
        };
        let (owner, batch) = (row.owner.clone(), row.batch);
        let is_own = owner.is_some() && owner.as_deref() == caller.as_owner();
        let user = owner.as_deref().and_then(super::caller::user_of).map(str::to_owned);
        let Some((kind, stored)) = self.stored_input(row).await? else { return Ok(None) };
        let known = self.engine.inner().kinds.now().get(&kind).cloned();
        let known = known.ok_or_else(|| self.unknown(caller, &kind))?;
        let mut input = self.asked_for(caller, &kind, &stored)?;
        if let Value::Object(input) = &mut input {
            let is_secret = |name: &str| secrets::is_secret(&known.info.input_schema, name);
            let given =
                input.iter_mut().filter(|(name, value)| is_secret(name) && !value.is_null());
            given.for_each(|(_, value)| *value = SECRET.into());
            // Secrets are dropped at the end of a task.
            let dropped = known.missing_secrets(&stored).into_iter();
            input.extend(dropped.map(|name| (name, SECRET.into())));
        }
        let (start, is_owned) = (StartTask::new(kind, input), owner.is_some());
        Ok(Some(StartedWith { start, is_owned, is_own, user, batch }))
    }
}
