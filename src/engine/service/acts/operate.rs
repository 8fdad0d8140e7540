//! Calls of operators.

use super::{
    super::{Caller, Service, ServiceError, operate::Many},
    Act,
};
use crate::{
    engine::audit::{Action, Entry},
    task::{ManyDone, OperatorFilter, PauseTarget, Paused},
};

impl Service {
    /// Lets a kind, or the workers of a name, take no more tasks: in all processes, until it is resumed. Idempotent.
    ///
    /// # Errors
    /// When the caller may not do it, when there is no such kind or worker, and when the store fails.
    pub async fn pause(
        &self,
        caller: &Caller,
        target: &PauseTarget,
    ) -> Result<Paused, ServiceError> {
        let entry = self.about_pause(caller, Action::Pause, target);
        self.audited(entry, self.set_paused(caller, target, true)).await
    }

    /// Ends a pause. Idempotent.
    ///
    /// # Errors
    /// When the caller may not do it, and when the store fails.
    pub async fn resume(
        &self,
        caller: &Caller,
        target: &PauseTarget,
    ) -> Result<Paused, ServiceError> {
        let entry = self.about_pause(caller, Action::Resume, target);
        self.audited(entry, self.set_paused(caller, target, false)).await
    }

    fn about_pause<'c>(
        &self,
        caller: &'c Caller,
        action: Action,
        target: &PauseTarget,
    ) -> Entry<'c> {
        let mut entry = Entry::new(caller, action);
        entry.kind = target.kind.as_deref().and_then(|kind| self.known_kind(kind));
        entry
    }

    /// Cancels the newest unfinished tasks that match, of all owners, at most
    /// [`EngineOptions::max_list_rows`](crate::engine::EngineOptions::max_list_rows); with the cursor of an earlier call the
    /// next older ones.
    ///
    /// # Errors
    /// When the caller may not do it, when the filter or the cursor is invalid, and when the store fails: then some of the
    /// tasks may have been cancelled.
    pub async fn cancel_all(
        &self,
        caller: &Caller,
        filter: &OperatorFilter,
        cursor: Option<&str>,
    ) -> Result<ManyDone, ServiceError> {
        let mut entry = Entry::new(caller, Action::CancelAll);
        let tasks = entry.for_many();
        self.audited(entry, self.do_for_all(caller, filter, cursor, Many::Cancel, &tasks)).await
    }

    /// Reruns the newest failed and cancelled tasks that match, each for its owner; as many as
    /// [`Service::cancel_all`], and with a cursor the next older ones: none is rerun twice.
    ///
    /// # Errors
    /// As there.
    pub async fn rerun_all(
        &self,
        caller: &Caller,
        filter: &OperatorFilter,
        cursor: Option<&str>,
    ) -> Result<ManyDone, ServiceError> {
        let mut entry = Entry::new(caller, Action::RerunAll);
        let tasks = entry.for_many();
        self.audited(entry, self.do_for_all(caller, filter, cursor, Many::Rerun, &tasks)).await
    }
}

impl Act for Paused {
    fn tell(&self, _: &mut Entry<'_>) -> &'static str {
        "ok"
    }
}

impl Act for ManyDone {
    fn tell(&self, _: &mut Entry<'_>) -> &'static str {
        "ok"
    }
}
