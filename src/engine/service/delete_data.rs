//! Deleting all data of an owner.
//!
//! First what could start more tasks: sessions and tokens. Then the tasks, newest first, each as if it were deleted
//! by itself, so that tasks which are started meanwhile are not met and the walk ends. Last what belongs to no task.
//! A call that breaks off leaves the rest to the next one.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use super::{Caller, DataCall, Service, ServiceError, caller::user_of, data::shown};
use crate::{
    engine::{
        audit::Action,
        store::{ArtifactId, EndedSessions},
    },
    task::DataDeleted,
};

/// Tasks that one call deletes at most, and tombstones that it clears.
const MAX_TASKS: u32 = 1_000;
/// A call that took as long deletes no further task. Proxies wait a minute for a response.
const MAX_TIME: Duration = Duration::from_secs(20);
/// Uploads that are read at once.
const PAGE: u32 = 200;

/// Whether a call may delete another task.
fn has_room(deleted: u32, elapsed: Duration) -> bool {
    deleted < MAX_TASKS && elapsed < MAX_TIME
}

impl Service {
    /// See [`Service::delete_data`].
    pub(super) async fn delete_data_of(
        &self,
        caller: &Caller,
        owner: &str,
    ) -> Result<DataDeleted, ServiceError> {
        let _place = self.enter(DataCall::Delete, owner)?;
        let sessions = self.end_sessions_of(caller, owner).await?;
        // The token that asks is needed until nothing is left to ask for.
        let asks = caller.token().filter(|token| token.owner == owner);
        let asks = asks.map(|token| token.id.as_str());
        let mut tokens = self.remove_tokens_of(caller, owner, asks).await?;
        let before = self.upload_ids(owner).await?;
        let (tasks, are_all) = self.delete_tasks_of(caller, owner).await?;
        let store = &self.engine.inner().store;
        store.delete_uploads_of(owner).await?;
        // Most go with their tasks.
        let left = self.upload_ids(owner).await?;
        let uploads = before.difference(&left).count();
        let cleared = store.clear_tombstones_of(owner, MAX_TASKS).await?;
        let complete = are_all && cleared < u64::from(MAX_TASKS);
        if complete && asks.is_some() {
            tokens += self.remove_tokens_of(caller, owner, None).await?;
        }
        Ok(DataDeleted { tasks, uploads: count(uploads as u64), tokens, sessions, complete })
    }

    /// Ends the sessions of a user, but not the one that asks.
    async fn end_sessions_of(&self, caller: &Caller, owner: &str) -> Result<u32, ServiceError> {
        let Some(user) = user_of(owner) else { return Ok(0) };
        let asks = caller.user_session().filter(|session| session.user == user);
        // No session has an empty id.
        let but = EndedSessions::AllBut(asks.map_or("", |session| &session.id));
        let inner = self.engine.inner();
        let audit = caller.audits_about(Action::EndUserSessions, user);
        let ended = inner.store.end_user_sessions(user, but, Some(&audit)).await;
        // Also if the answer was lost: they may have ended.
        inner.known_user_sessions.clear();
        Ok(count(ended?))
    }

    async fn remove_tokens_of(
        &self,
        caller: &Caller,
        owner: &str,
        but: Option<&str>,
    ) -> Result<u32, ServiceError> {
        let inner = self.engine.inner();
        let audit = caller.audits_about(Action::RemoveToken, shown(owner));
        let removed = inner.store.remove_tokens_of(owner, but, Some(&audit)).await;
        // Also if the answer was lost: they may have been removed.
        inner.known_tokens.clear();
        Ok(count(removed?))
    }

    /// Deletes tasks; returns how many, and whether none is left that was there before.
    async fn delete_tasks_of(
        &self,
        caller: &Caller,
        owner: &str,
    ) -> Result<(u32, bool), ServiceError> {
        let (began, mut deleted, mut last) = (Instant::now(), 0, None);
        loop {
            let rows = self.next_rows(owner, last).await?;
            let Some(row) = rows.last() else { return Ok((deleted, true)) };
            last = Some((row.created_at, row.id));
            for row in &rows {
                if !has_room(deleted, began.elapsed()) || !self.is_open() {
                    return Ok((deleted, false));
                }
                deleted += u32::from(self.delete_seen(caller, row).await?);
            }
        }
    }

    /// The ids of the uploads of an owner; they are limited in number.
    async fn upload_ids(&self, owner: &str) -> Result<HashSet<ArtifactId>, ServiceError> {
        let (mut ids, mut after) = (HashSet::new(), None);
        loop {
            let page = self.engine.inner().store.uploads_of(owner, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(ids) };
            after = Some(last.id);
            ids.extend(page.iter().map(|upload| upload.id));
        }
    }
}

fn count(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_ends_after_so_many_tasks_or_so_long() {
        assert!(has_room(MAX_TASKS - 1, MAX_TIME - Duration::from_millis(1)));
        assert!(!has_room(MAX_TASKS, Duration::ZERO));
        assert!(!has_room(0, MAX_TIME));
    }
}
