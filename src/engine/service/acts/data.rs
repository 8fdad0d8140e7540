//! Calls about all data of an owner.

use super::{
    super::{Caller, DataCall, Export, Service, ServiceError, data::shown},
    Act,
};
use crate::{
    engine::audit::{Action, Entry},
    task::DataDeleted,
};

impl Service {
    /// Begins an export of all data of an owner: the caller's own, or for an admin that of the owner who
    /// is named, by a user's name or an owner id.
    ///
    /// # Errors
    /// When the caller may not have it, when one of this owner or too many in all are under way, and
    /// when the store fails.
    pub async fn export(
        &self,
        caller: &Caller,
        owner: Option<&str>,
    ) -> Result<Export, ServiceError> {
        self.audited(Entry::new(caller, Action::Export), self.begin_export(caller, owner)).await
    }

    /// Deletes all data of an owner: the caller's own, or for an admin that of the owner who is named, by a
    /// user's name or an owner id. Tasks that have not ended are stopped; sessions end, except the one that
    /// asks, and tokens are removed. The user stays.
    ///
    /// One call deletes at most 1,000 tasks: [`DataDeleted::complete`] says whether the same call has to be made
    /// again. Idempotent.
    ///
    /// # Errors
    /// When the caller may not do it, when one of this owner or too many in all are under way, and when the
    /// store fails: then a part may have been deleted, and the same call goes on.
    pub async fn delete_data(
        &self,
        caller: &Caller,
        owner: Option<&str>,
    ) -> Result<DataDeleted, ServiceError> {
        let owner = caller.owner_of_data(DataCall::Delete, owner);
        let mut entry = Entry::new(caller, Action::DeleteData);
        entry.id = owner.as_deref().ok().map(shown);
        self.audited(entry, async { self.delete_data_of(caller, &owner?).await }).await
    }
}

impl Act for Export {
    fn tell(&self, entry: &mut Entry<'_>) -> &'static str {
        entry.id = Some(self.owner_shown());
        "ok"
    }
}

impl Act for DataDeleted {
    fn tell(&self, entry: &mut Entry<'_>) -> &'static str {
        let Self { tasks, uploads, tokens, sessions, complete } = self;
        entry.detail =
            Some(format!("tasks {tasks}, uploads {uploads}, tokens {tokens}, sessions {sessions}"));
        if *complete { "ok" } else { "partial" }
    }
}
