//! The engine's public API: what pages, the HTTP API and simple clients call.

mod acts;
mod audit;
mod batch;
pub(super) mod batch_pages;
mod budget;
mod caller;
mod data;
mod delete;
mod delete_data;
pub(super) mod expiry;
mod export;
mod files;
mod find;
mod kinds;
pub(super) mod known;
mod labels;
mod log;
mod may;
mod new_lines;
mod operate;
mod poll;
mod preview;
mod rerun;
mod secret;
pub(super) mod shares;
mod start;
mod started_with;
mod stuck;
mod tokens;
mod types;
mod users;

use std::{str::FromStr, sync::Arc, time::Instant};

pub use batch_pages::{BatchFilter, BatchOrder};
pub use caller::{Caller, is_user_name, is_user_or_group};
pub(super) use caller::{shortened, user_of};
pub use data::DataCall;
pub(super) use data::MAX_DATA_CALLS;
pub use delete::Deleted;
pub use expiry::Kept;
pub use export::{Export, ExportedTask};
pub use find::FoundLines;
pub use labels::StartedNow;
pub use may::{Oversight, Role, TaskAction};
pub use poll::WaitFor;
pub use shares::{MadeShare, RevokedShare};
pub use started_with::StartedWith;
pub use tokens::{TokenRequest, make_token};
pub use types::{Cancelled, ListFilter, ResultState, ServiceError, Started};
pub use users::Browser;

use super::{
    Accuracy, ValidationError,
    audit::Action,
    lifecycle::Engine,
    queue_positions,
    running::RunningTask,
    snapshot,
    store::{CancelOutcome, ListQuery, NewAudit, Row, TokenScope, UnfinishedTasks},
};
use crate::task::{Snapshot, Status, TaskId, TaskList};

/// The engine as its callers see it. Each call takes the caller and checks access. Cheap to clone.
///
/// ```
/// use milepost::{engine::{Service, ServiceError}, prelude::*};
///
/// async fn greet(service: &Service, user: &str) -> Result<TaskId, ServiceError> {
///     let caller = Caller::owner(format!("user:{user}"));
///     let start = StartTask::new("greeting", serde_json::json!({ "name": user }));
///     let started = service.start(&caller, start, None).await?;
///     Ok(started.receipt.id)
/// }
/// ```
#[derive(Clone)]
pub struct Service {
    engine: Engine,
}

impl Service {
    pub(super) const fn new(engine: Engine) -> Self {
        Self { engine }
    }

    /// The options of the engine.
    #[cfg(feature = "http")]
    pub(crate) fn options(&self) -> &super::EngineOptions {
        &self.engine.inner().options
    }

    /// Returns the most recent state of a task: from memory if it runs here, else from the row.
    async fn show(&self, row: &Row) -> Snapshot {
        self.show_one_of(row, Instant::now()).await
    }

    /// The same for one of several rows that were all read by the time `read`.
    async fn show_one_of(&self, row: &Row, read: Instant) -> Snapshot {
        let inner = self.engine.inner();
        let running = inner.running.get(row.id);
        if let Some(running) = running.as_ref().filter(|running| row.shows_run(running.run_seq)) {
            return snapshot::of_running(running, inner.clock.now_ms());
        }
        if let Some(running) = running {
            running.pass();
        }
        let mut snapshot = snapshot::of_row(row);
        if let Some(lost) = inner.running.lost(row) {
            snapshot::not_before(&mut snapshot, snapshot::of_running(&lost, inner.clock.now_ms()));
        }
        inner.places.tell(&*inner.store, &inner.options, row, read, &mut snapshot).await;
        inner.paused.explain(&*inner.store, row, &mut snapshot).await;
        let limits = inner.kinds.now().get(&row.kind).map(|kind| kind.options.shared_limits());
        let limits = limits.unwrap_or_default();
        inner.limit_states.explain(&*inner.store, &limits, row, &mut snapshot).await;
        snapshot
    }

    async fn show_some(&self, row: Option<Row>) -> Option<Snapshot> {
        match row {
            Some(row) => Some(self.show(&row).await),
            None => None,
        }
    }

    /// Sets the version of a queued task to `known`, the version that the client has, if nothing
    /// visible has changed. Only [`Snapshot::version`] equal to `known` means no change.
    pub fn settle(snapshot: &mut Snapshot, known: i64) {
        queue_positions::settle(snapshot, known);
    }

    /// Returns one task; `None` if there is none that this caller may see.
    ///
    /// # Errors
    /// When the task has expired, and when the store fails.
    pub async fn get(&self, caller: &Caller, id: TaskId) -> Result<Option<Snapshot>, ServiceError> {
        let inner = self.engine.inner();
        caller.needs(TokenScope::Read)?;
        if let Some(running) = self.seen_running(caller, id) {
            let told = snapshot::of_running(&running, inner.clock.now_ms());
            return Ok(Some(caller.shown(&*running, told)));
        }
        let Some(row) = self.row(caller, id).await? else { return Ok(None) };
        Ok(Some(caller.shown(&row, self.show(&row).await)))
    }

    /// The task, if it runs here and the caller may see it. Otherwise the store knows better: a task that runs may have
    /// become another owner's.
    fn seen_running(&self, caller: &Caller, id: TaskId) -> Option<Arc<RunningTask>> {
        self.engine.inner().running.get(id).filter(|running| caller.sees(&**running))
    }

    /// Returns when to poll again for a task that runs here and still has this version, in
    /// milliseconds. `None`: not known, use [`Service::get`]. The fast path of the most frequent
    /// call.
    pub fn unchanged(&self, caller: &Caller, id: TaskId, version: i64) -> Option<i64> {
        if !caller.grants(TokenScope::Read) {
            return None;
        }
        let running = self.seen_running(caller, id)?;
        snapshot::unchanged_running(&running, version, self.engine.inner().clock.now_ms())
    }

    /// Lists the caller's tasks, newest first. A caller without a session has none.
    ///
    /// # Errors
    /// When the filter is invalid, and when the store fails.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: &ListFilter,
    ) -> Result<TaskList, ServiceError> {
        caller.needs(TokenScope::Read)?;
        let options = &self.engine.inner().options;
        let limit = filter.limit.unwrap_or(options.list_rows).clamp(1, options.max_list_rows);
        check_search("q", filter.q.as_deref(), options.max_search_chars)?;
        if filter.tag.as_ref().is_some_and(|tag| tag.chars().count() > options.max_tag_chars) {
            let detail = format!("a tag has at most {} characters", options.max_tag_chars);
            return Err(ValidationError::field("tag", detail).into());
        }
        let before = filter.cursor.as_deref().map(read_cursor).transpose()?;
        // Validate first: an invalid filter is an error for every caller.
        let Some(owner) = caller.as_owner().map(str::to_owned) else {
            return Ok(TaskList { tasks: Vec::new(), next_cursor: None, searched: None });
        };
        // With a filter the rows are read, not only the index.
        let is_filtered = filter.status.is_some() || filter.kind.is_some() || filter.tag.is_some();
        let examine = options.max_searched_tasks / if is_filtered { 2 } else { 1 };
        let examine = examine.max(1);
        let query = ListQuery {
            owner,
            status: filter.status,
            kind: filter.kind.clone().filter(|kind| !kind.is_empty()),
            q: filter.q.clone().filter(|q| !q.is_empty()),
            tag: filter
                .tag
                .as_deref()
                .map(str::trim)
                .filter(|tag| !tag.is_empty())
                .map(str::to_owned),
            before,
            limit: limit + 1,
            examine: Some(examine),
        };
        let mut rows = self.engine.inner().store.list(&query).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let last = rows.last().filter(|_| more).map(|row| (row.created_at, row.id));
        let searched_to = match last {
            Some(_) => None,
            None => self.engine.inner().store.last_examined(&query).await?,
        };
        let next_cursor = last.or(searched_to).map(|(at, id)| format!("{at}.{id}"));
        let searched = searched_to.and(query.examine);
        let (mut tasks, read) = (Vec::with_capacity(rows.len()), Instant::now());
        let shown = |row: &&Row| row.expired().is_none() && caller.covers(&row.kind);
        for row in rows.iter().filter(shown) {
            tasks.push(self.show_one_of(row, read).await);
        }
        Ok(TaskList { tasks, next_cursor, searched })
    }

    /// Returns the caller's newest task of a kind with this lookup key: with a session among the
    /// owner's tasks, without one among the anonymous tasks started from the same client address.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn newest(
        &self,
        caller: &Caller,
        kind: &str,
        lookup_key: &str,
    ) -> Result<Option<Snapshot>, ServiceError> {
        caller.needs(TokenScope::Read)?;
        let account = self.account(caller);
        // A guest has no tasks; a caller with neither session nor address has no tasks of its own.
        if account.is_empty() || caller.is_guest() {
            return Ok(None);
        }
        let row = self.engine.inner().store.newest(&account, kind, lookup_key).await?;
        Ok(self.show_some(row.filter(|row| row.expired().is_none() && caller.covers(kind))).await)
    }

    /// See [`Service::cancel`].
    async fn cancel_task(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<Cancelled>, ServiceError> {
        let Some(row) = self.row_for(caller, id, TaskAction::Cancel).await? else {
            return Ok(None);
        };
        let audit = caller.audits_cancel(Action::Cancel, &row, id);
        let cancelled = self.cancel_seen(caller.cancels_as(&row), id, &audit).await?;
        Ok(cancelled.map(|it| Cancelled { snapshot: caller.shown(&row, it.snapshot), ..it }))
    }

    /// Cancels a task whose visibility has been checked, in the name of `by`.
    async fn cancel_seen(
        &self,
        by: &str,
        id: TaskId,
        audit: &NewAudit,
    ) -> Result<Option<Cancelled>, ServiceError> {
        let inner = self.engine.inner();
        let Some(outcome) = inner.store.request_cancel(id, by, Some(audit)).await? else {
            return Ok(None);
        };
        let (accepted, row) = match outcome {
            CancelOutcome::Accepted(row) => (true, row),
            CancelOutcome::AlreadyOver(row) => (false, row),
        };
        if let (Some(running), Some(cancel)) = (inner.running.get(id), row.cancel.clone())
            && row.status == Status::Cancelling
        {
            running.cancel(cancel, row.version, inner.clock.now_ms());
        }
        if accepted {
            inner.note_ended(&row);
        }
        inner.subscriptions.tell(&row);
        Ok(Some(Cancelled { accepted, snapshot: self.show(&row).await }))
    }

    /// Returns a task's result. `None` if there is no task that this caller may see.
    ///
    /// # Errors
    /// When the task has expired, and when the store fails.
    pub async fn result(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<ResultState>, ServiceError> {
        let Some(row) = self.row(caller, id).await? else { return Ok(None) };
        Ok(Some(match self.engine.inner().store.result(id).await? {
            Some(result) => ResultState::Ready(result),
            None => ResultState::None(row.status),
        }))
    }

    /// Returns the numbers of queued and of running tasks, for operators; also a health check of
    /// the store.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn counts(&self) -> Result<(i64, i64), ServiceError> {
        Ok(self.engine.inner().store.counts().await?)
    }

    /// Counts the unfinished tasks of each kind, for operators.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unfinished(&self) -> Result<Vec<UnfinishedTasks>, ServiceError> {
        Ok(self.engine.inner().store.unfinished().await?)
    }

    /// Adds the metrics of this process to a registry.
    #[cfg(feature = "http")]
    pub(crate) fn register_metrics(&self, registry: &mut prometheus_client::registry::Registry) {
        let inner = self.engine.inner();
        inner.metrics.register(registry);
        let uploads = prometheus_client::metrics::gauge::Gauge::<i64>::default();
        uploads.set(i64::try_from(inner.uploads.in_use()).unwrap_or(i64::MAX));
        registry.register("uploads_in_progress", "Uploads that are being received", uploads);
        #[cfg(any(feature = "sqlite", feature = "postgres"))]
        if let Some(times) = inner.store.call_times() {
            times.register(registry);
        }
    }

    /// Whether the store takes writes now; it does not while another database server takes over.
    ///
    /// # Errors
    /// If it does not, or does not answer.
    pub async fn check_writable(&self) -> Result<(), ServiceError> {
        Ok(self.engine.inner().store.check_writable().await?)
    }

    /// Returns the accuracy of this process's estimates, by kind.
    pub fn accuracy(&self) -> Vec<(String, Accuracy)> {
        let kinds = self.engine.inner().kinds.now();
        kinds.all().map(|kind| (kind.info.kind.clone(), kind.durations.accuracy())).collect()
    }

    /// Whether the engine accepts work, that is, is not shutting down.
    pub fn is_open(&self) -> bool {
        !self.engine.inner().closing.is_cancelled()
    }
}

impl ListFilter {
    /// Whether the filter has no cursor, or one that a list may have returned.
    pub fn has_valid_cursor(&self) -> bool {
        self.cursor.as_deref().is_none_or(|cursor| read_cursor::<TaskId>(cursor).is_ok())
    }
}

/// Checks the length of a text that is searched for.
fn check_search(field: &str, text: Option<&str>, max: usize) -> Result<(), ValidationError> {
    if text.is_some_and(|text| text.chars().count() > max) {
        let detail = format!("at most {max} characters are searched for");
        return Err(ValidationError::field(field, detail));
    }
    Ok(())
}

/// Parses a cursor of a list: time and id of the last row.
fn read_cursor<Id: FromStr>(cursor: &str) -> Result<(i64, Id), ValidationError> {
    cursor
        .split_once('.')
        .and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)))
        .ok_or_else(|| {
            let detail =
                "the cursor is not one of these lists; take it from `next_cursor` of a page";
            ValidationError::field("cursor", detail)
        })
}
