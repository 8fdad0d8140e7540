//! Visible, expired and extended tasks.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::{Caller, Service, ServiceError, TaskAction, may::Subject};
use crate::{
    engine::{
        audit::Action,
        clock::rfc3339,
        millis,
        store::{Row, StoreError, TokenScope, Tombstone},
    },
    task::{BatchId, ExpiredTask, GoneReason, Snapshot, TaskId},
};

/// The result of [`Service::keep`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Kept {
    /// False if the task has not ended yet: its retention starts with its end.
    pub ended: bool,
    /// The task.
    pub snapshot: Snapshot,
}

impl Service {
    /// Whether tasks of this kind that are started now are removed some time after their end.
    pub fn expires(&self, kind: &str) -> bool {
        let inner = self.engine.inner();
        let retention = &inner.options.retention;
        match inner.kinds.now().get(kind) {
            Some(kind) => retention.keep_of(&kind.options).is_some(),
            None => !retention.keep.is_zero(),
        }
    }

    /// See [`Service::keep`].
    pub(super) async fn keep_task(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<Kept>, ServiceError> {
        let Some(row) = self.row_for(caller, id, TaskAction::Keep).await? else { return Ok(None) };
        if !row.status.is_terminal() {
            return Ok(Some(Kept { ended: false, snapshot: self.show(&row).await }));
        }
        let inner = self.engine.inner();
        let audit = caller.audits_about(Action::Keep, id);
        let extend = millis(inner.options.retention.extend);
        let kept = inner.store.keep(id, extend, Some(&audit)).await;
        // Also if the answer was lost: it may have been extended.
        inner.ended.forget(id);
        kept?;
        // It may have expired just before.
        let row = self.row_for(caller, id, TaskAction::Keep).await?;
        Ok(self.show_some(row).await.map(|snapshot| Kept { ended: true, snapshot }))
    }

    /// Returns the row of a task that this caller may see.
    ///
    /// # Errors
    /// As [`Service::row_for`].
    pub(super) async fn row(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<Row>, ServiceError> {
        self.row_for(caller, id, TaskAction::See).await
    }

    /// Returns the row of a task with which this caller may do this; `None` if the caller may not see
    /// it.
    ///
    /// # Errors
    /// [`ServiceError::Expired`] when the task has expired, as long as its tombstone is retained;
    /// [`ServiceError::Forbidden`] if the caller may see the task, but not do this.
    pub(super) async fn row_for(
        &self,
        caller: &Caller,
        id: TaskId,
        action: TaskAction,
    ) -> Result<Option<Row>, ServiceError> {
        caller.needs(action.scope())?;
        let inner = self.engine.inner();
        let store = &inner.store;
        let row = match inner.ended.get(id, inner.clock.now_ms()) {
            Some(row) => Some(row),
            None => {
                let reading = inner.ended.reading();
                let row = store.get(id).await?;
                match &row {
                    Some(row) if row.expired().is_none() => {
                        inner.seen.insert(id, (Instant::now(), Seen::of(row)));
                    }
                    _ => drop(inner.seen.remove(&id)),
                }
                if let Some(row) = &row {
                    inner.ended.put(row, reading);
                }
                row
            }
        };
        let over = match &row {
            Some(row) => row.expired(),
            None => store.tombstone(id).await?,
        };
        match over {
            Some(over) if caller.sees(&over) => Err(gone_error(over)),
            Some(_) => Ok(None),
            None => {
                let row = row.filter(|row| caller.sees(row));
                if let Some(row) = &row {
                    caller.check(action, row)?;
                }
                Ok(row)
            }
        }
    }

    /// Whether the caller may see a task; see [`Service::seen`].
    pub(super) async fn sees(&self, caller: &Caller, id: TaskId) -> Result<bool, ServiceError> {
        caller.needs(TokenScope::Read)?;
        if self.seen_running(caller, id).is_some() {
            return Ok(true);
        }
        Ok(self.seen(caller, id).await?.is_some())
    }

    /// Returns what never changes of a task that this caller may see. Calls of one page that come
    /// within a second read the row once.
    ///
    /// # Errors
    /// As [`Service::row`].
    pub(super) async fn seen(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<Seen>, ServiceError> {
        caller.needs(TokenScope::Read)?;
        let inner = self.engine.inner();
        let now = inner.clock.now_ms();
        let known = inner.seen.get(&id).filter(|(read, _)| read.elapsed() < SEEN_FOR);
        if let Some((_, seen)) = known.filter(|(_, seen)| seen.is_recent(now)) {
            return Ok(Some(seen).filter(|seen| caller.sees(seen.subject(id))));
        }
        Ok(self.row(caller, id).await?.as_ref().map(Seen::of))
    }

    /// Returns each task's row, or why it is not visible, with at most two statements. `just_read`
    /// rows are not read again.
    pub(super) async fn rows(
        &self,
        caller: &Caller,
        ids: &[TaskId],
        just_read: Reading,
    ) -> Result<HashMap<TaskId, Result<Row, GoneReason>>, StoreError> {
        let Reading { asked, rows } = just_read;
        let mut rows: HashMap<_, _> = rows.into_iter().map(|row| (row.id, row)).collect();
        let mut unread: Vec<_> = ids.iter().copied().filter(|id| !asked.contains(id)).collect();
        rows.extend(self.read_rows(&mut unread).await?.into_iter().map(|row| (row.id, row)));
        let missing: Vec<_> = ids.iter().copied().filter(|id| !rows.contains_key(id)).collect();
        let over = match missing.as_slice() {
            [] => Vec::new(),
            missing => self.engine.inner().store.tombstones(missing).await?,
        };
        let over = over.into_iter().map(|over| {
            let expired = over.deleted_at.is_none();
            (over.id, gone(caller, Subject::from(&over), expired))
        });
        let mut found: HashMap<_, _> = over.map(|(id, reason)| (id, Err(reason))).collect();
        for (id, row) in rows {
            let expired = row.expired().is_some();
            let seen = !expired && caller.sees(&row);
            let told = if seen { Ok(row) } else { Err(gone(caller, Subject::from(&row), expired)) };
            found.insert(id, told);
        }
        Ok(found)
    }

    /// Reads the existing rows among these tasks with one statement; with none if `ids` is empty.
    pub(super) async fn read_rows(&self, ids: &mut Vec<TaskId>) -> Result<Vec<Row>, StoreError> {
        ids.sort_unstable();
        ids.dedup();
        let store = &self.engine.inner().store;
        match ids.as_slice() {
            [] => Ok(Vec::new()),
            [one] => Ok(store.get(*one).await?.into_iter().collect()),
            many => store.get_all(many).await,
        }
    }
}

/// What never changes of a task.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Seen {
    owner: Option<String>,
    kind: String,
    pub(super) batch: Option<BatchId>,
    /// By the store's clock.
    read_at: i64,
    expires_at: Option<i64>,
}

impl Seen {
    fn of(row: &Row) -> Self {
        let Row { batch, read_at, expires_at, .. } = *row;
        Self { owner: row.owner.clone(), kind: row.kind.clone(), batch, read_at, expires_at }
    }

    /// The task with this id as what is decided about.
    pub(super) fn subject(&self, id: TaskId) -> Subject<'_> {
        let (owner, kind) = (self.owner.as_deref(), self.kind.as_str());
        Subject { owner, kind, task: Some(id), batch: self.batch }
    }

    fn is_recent(&self, now: i64) -> bool {
        let age = now.saturating_sub(self.read_at).unsigned_abs();
        u128::from(age) < SEEN_FOR.as_millis() && self.expires_at.is_none_or(|at| at > now)
    }
}

/// How long a task counts as seen before its row is read again.
const SEEN_FOR: Duration = Duration::from_secs(1);
/// Number of tasks that are remembered as seen.
const MAX_SEEN: usize = 1_000;

/// Tasks that were just seen.
pub(in crate::engine) type JustSeen = quick_cache::sync::Cache<TaskId, (Instant, Seen)>;

/// No task was seen yet.
pub(in crate::engine) fn none_seen() -> JustSeen {
    JustSeen::new(MAX_SEEN)
}

/// Rows read a moment ago.
#[derive(Default)]
pub(super) struct Reading {
    /// The ids that were looked up.
    pub(super) asked: Vec<TaskId>,
    /// The rows that exist.
    pub(super) rows: Vec<Row>,
}

impl Reading {
    /// Whether this id was looked up and is no task's.
    pub(super) fn lacks(&self, id: TaskId) -> bool {
        self.asked.contains(&id) && self.rows.iter().all(|row| row.id != id)
    }
}

/// Why a task is not visible; only callers who could have seen it learn that it expired.
fn gone(caller: &Caller, subject: Subject<'_>, expired: bool) -> GoneReason {
    if expired && caller.sees(subject) { GoneReason::Expired } else { GoneReason::NotFound }
}

/// Why there is no row any more.
fn gone_error(over: Tombstone) -> ServiceError {
    match over.deleted_at {
        Some(at) => ServiceError::Deleted(rfc3339(at)),
        None => ServiceError::Expired(Box::new(expired(over))),
    }
}

fn expired(over: Tombstone) -> ExpiredTask {
    ExpiredTask {
        kind: over.kind,
        title: over.title,
        status: over.status,
        finished_at: rfc3339(over.finished_at),
        expired_at: rfc3339(over.expired_at),
    }
}
