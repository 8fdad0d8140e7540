//! Calls about share links.

use super::{
    super::{Caller, MadeShare, RevokedShare, Service, ServiceError},
    Act, about,
};
use crate::{
    engine::{
        audit::{self, Action, Entry},
        store::ShareSubject,
    },
    task::ShareRequest,
};

impl Service {
    /// Makes a link by which anyone who has it may follow a task or a batch, and cancel it if the
    /// request says so. The token in the link is returned only here. `None` if there is no such task or
    /// batch that this caller may see.
    ///
    /// # Errors
    /// When the caller may not share it, when the request is invalid, when there are
    /// [`EngineOptions::max_shares`](crate::engine::EngineOptions::max_shares) links, when the task has
    /// expired, and when the store fails.
    pub async fn share(
        &self,
        caller: &Caller,
        subject: ShareSubject,
        request: &ShareRequest,
    ) -> Result<Option<MadeShare>, ServiceError> {
        let entry = about(caller, Action::Share, subject);
        self.audited(entry, self.make_share(caller, subject, request)).await
    }

    /// Revokes a share link: at once here, and within 30 s on other servers. `None` if there is no such
    /// link, or no such task or batch that this caller may see.
    ///
    /// # Errors
    /// When the caller may not share it, when the task has expired, and when the store fails.
    pub async fn revoke_share(
        &self,
        caller: &Caller,
        subject: ShareSubject,
        id: &str,
    ) -> Result<Option<RevokedShare>, ServiceError> {
        let entry = about(caller, Action::RevokeShare, subject);
        self.audited(entry, self.remove_share(caller, subject, id)).await
    }

    /// Opens a share link: returns what it leads to, and when it expires, in milliseconds since the
    /// Unix epoch. `None`: it is wrong, has expired or was revoked.
    ///
    /// # Errors
    /// As [`Service::shared`].
    pub async fn open_share(
        &self,
        caller: &Caller,
        token: &str,
    ) -> Result<Option<(ShareSubject, i64)>, ServiceError> {
        let opened = self.shared(caller, token).await;
        match &opened {
            Ok(Some((subject, _))) => {
                let mut entry = about(caller, Action::OpenShare, subject);
                entry.outcome = "ok".into();
                self.store_entry(&entry).await;
            }
            Ok(None) => audit::record(caller, Action::OpenShare, "not_found"),
            Err(_) => audit::record(caller, Action::OpenShare, "failed"),
        }
        opened
    }
}

impl Act for MadeShare {
    fn tell(&self, _: &mut Entry<'_>) -> &'static str {
        "ok"
    }
}

impl Act for RevokedShare {
    fn tell(&self, _: &mut Entry<'_>) -> &'static str {
        "ok"
    }
}
