//! What operators see and steer.

use std::{collections::BTreeMap, time::Instant};

use super::{Caller, Oversight, Service, ServiceError, check_search, read_cursor};
use crate::{
    engine::{
        ValidationError,
        audit::{Action, AuditedTasks},
        clock::rfc3339,
        store::{AllTasksQuery, HourCount, HourEvent, Pause, PauseScope, Row},
    },
    task::{
        AccountLoad, HourLoad, KindLoad, ManyDone, OPERATION, OperatorFilter, OperatorTask,
        OperatorTasks, Overview, PauseTarget, Paused, Snapshot, Status, TaskId, WorkerLoad,
    },
};

const HOUR_MS: i64 = 3_600_000;
/// Hours of an overview.
const HOURS: i64 = 24;
/// Accounts of an overview.
const ACCOUNTS: u32 = 20;
/// Tasks in each list of an overview.
pub(super) const TASKS: usize = 10;
/// When a page asks for the next overview, in milliseconds.
const OVERVIEW_EVERY_MS: i64 = 5_000;
/// Running tasks among which those without news are searched.
const LOOKED_AT: u32 = 1_000;

/// What is done for each task of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Many {
    Cancel,
    Rerun,
}

impl Service {
    /// Returns what the caller may do with the tasks of all owners together: a viewer may see them, an operator also
    /// steer them.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`] if the caller may not even see them.
    pub fn oversight(&self, caller: &Caller) -> Result<Oversight, ServiceError> {
        caller.oversight()
    }

    /// Fails unless the caller may see and steer the tasks of all owners: an admin, or whoever connects
    /// from the machine of an open server itself.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub fn may_operate(&self, caller: &Caller) -> Result<(), ServiceError> {
        caller.may_operate()
    }

    /// Returns the state of [`OPERATION`], for whoever may see the tasks of all owners.
    ///
    /// # Errors
    /// When the caller may not see it, and when the store fails.
    pub async fn operation(&self, caller: &Caller) -> Result<Snapshot, ServiceError> {
        self.oversight(caller)?;
        let now = self.engine.inner().store.now_ms().await?;
        let mut state = Snapshot::new(OPERATION, "operation".to_owned(), "Operation".to_owned());
        state.status = Status::Running;
        state.version = now;
        state.poll_after_ms = OVERVIEW_EVERY_MS;
        (state.created_at, state.updated_at) = (rfc3339(now), rfc3339(now));
        Ok(state)
    }

    /// Returns what runs, waits and fails, over all owners.
    ///
    /// # Errors
    /// When the caller may not see it, and when the store fails.
    pub async fn overview(&self, caller: &Caller) -> Result<Overview, ServiceError> {
        let oversight = self.oversight(caller)?;
        let store = &self.engine.inner().store;
        let now = store.now_ms().await?;
        let mut overview = Overview::new(rfc3339(now));
        let pauses = store.pauses().await?;
        overview.kinds = self.kind_loads(caller, oversight, &pauses).await?;
        let accounts = store.busiest_accounts(ACCOUNTS).await?.into_iter();
        overview.accounts = accounts
            .map(|it| AccountLoad::new(oversight.owner_shown(&it.account), it.queued, it.running))
            .collect();
        let first = now.div_euclid(HOUR_MS) - HOURS + 1;
        overview.hours = hours(first, store.hour_counts(first).await?);
        overview.workers = self.worker_loads(&pauses, now).await?;
        let running = store.longest_running(LOOKED_AT).await?;
        overview.slowest = self.shown(oversight, running.iter().take(TASKS)).await;
        overview.stuck = self.stuck(oversight, &running, now).await?;
        let examined = self.examined();
        let failed = AllTasksQuery::default().with(|query| {
            query.statuses = vec![Status::Error];
            query.limit = TASKS as u32;
            query.examine = examined;
        });
        let failed = store.list_all(&failed).await?.rows;
        overview.failed = self.shown(oversight, failed.iter()).await;
        Ok(overview)
    }

    /// How many rows a page examines: they are read, not only the index.
    fn examined(&self) -> u32 {
        (self.engine.inner().options.max_searched_tasks / 2).max(1)
    }

    /// The kinds that have unfinished tasks, and those without: for an operator all, for others those that they may
    /// start, because nobody else learns of a kind.
    async fn kind_loads(
        &self,
        caller: &Caller,
        oversight: Oversight,
        pauses: &[Pause],
    ) -> Result<Vec<KindLoad>, ServiceError> {
        let mut loads = BTreeMap::new();
        let paused = pauses.iter().filter(|pause| pause.scope == PauseScope::Kind);
        let (known, paused): (_, Vec<_>) = match oversight {
            Oversight::Operate => (self.kinds(), paused.map(|it| it.name.clone()).collect()),
            Oversight::See => (self.kinds_for(caller), Vec::new()),
        };
        for kind in known.into_iter().map(|info| info.kind).chain(paused) {
            loads.insert(kind.clone(), KindLoad::default().with(|load| load.kind = kind));
        }
        for counts in self.unfinished().await? {
            let load = loads.entry(counts.kind.clone()).or_default();
            load.kind = counts.kind;
            (load.waiting, load.scheduled) = (counts.waiting, counts.scheduled);
            (load.running, load.oldest_ms) = (counts.running, counts.oldest_ms);
        }
        for load in loads.values_mut() {
            load.paused_at = paused_at(pauses, PauseScope::Kind, &load.kind);
        }
        Ok(loads.into_values().collect())
    }

    async fn worker_loads(
        &self,
        pauses: &[Pause],
        now: i64,
    ) -> Result<Vec<WorkerLoad>, ServiceError> {
        let workers = self.engine.inner().store.workers().await?.into_iter();
        let load = workers.map(|worker| {
            WorkerLoad::default().with(|load| {
                load.paused_at = paused_at(pauses, PauseScope::Worker, &worker.name);
                load.name = worker.name;
                load.version = worker.version;
                load.started_at = rfc3339(worker.started_at);
                load.seen_age_ms = now.saturating_sub(worker.seen_at).max(0);
                load.running = worker.running.values().sum();
                load.concurrency = worker.concurrency;
                load.kinds = worker.running;
            })
        });
        Ok(load.collect())
    }

    pub(super) async fn shown(
        &self,
        oversight: Oversight,
        rows: impl Iterator<Item = &Row>,
    ) -> Vec<OperatorTask> {
        let (read, mut tasks) = (Instant::now(), Vec::new());
        for row in rows {
            let owner = row.owner.as_deref().map(|owner| oversight.owner_shown(owner));
            tasks.push(OperatorTask::new(owner, self.show_one_of(row, read).await));
        }
        tasks
    }

    /// Lists the tasks of all owners, newest first. A viewer searches their titles and errors, an operator also their
    /// inputs.
    ///
    /// # Errors
    /// When the caller may not see them, when the filter is invalid, and when the store fails.
    pub async fn list_all(
        &self,
        caller: &Caller,
        filter: &OperatorFilter,
        cursor: Option<&str>,
        limit: Option<u32>,
    ) -> Result<OperatorTasks, ServiceError> {
        let oversight = self.oversight(caller)?;
        let options = &self.engine.inner().options;
        let limit = limit.unwrap_or(options.list_rows).clamp(1, options.max_list_rows);
        let query = self.query(oversight, filter, cursor, limit)?;
        let (rows, next) = self.page(&query).await?;
        let rows = rows.iter().filter(|row| row.expired().is_none());
        let tasks = self.shown(oversight, rows).await;
        Ok(OperatorTasks::new(tasks, next.map(|(at, id)| format!("{at}.{id}"))))
    }

    /// Rows of a page, and where the next one begins.
    async fn page(
        &self,
        query: &AllTasksQuery,
    ) -> Result<(Vec<Row>, Option<(i64, TaskId)>), ServiceError> {
        let mut all = self.engine.inner().store.list_all(query).await?;
        let limit = query.limit as usize - 1;
        let is_full = all.rows.len() > limit;
        all.rows.truncate(limit);
        let last = all.rows.last().filter(|_| is_full).map(|row| (row.created_at, row.id));
        Ok((all.rows, last.or(all.examined_to)))
    }

    fn query(
        &self,
        oversight: Oversight,
        filter: &OperatorFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<AllTasksQuery, ValidationError> {
        let options = &self.engine.inner().options;
        let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let texts = [("q", &filter.q), ("owner", &filter.owner), ("tag", &filter.tag)];
        for (field, text) in texts {
            check_search(field, text.as_deref(), options.max_search_chars)?;
        }
        let until = time("until", given(&filter.until))?
            .map(|at| (at, TaskId::from_uuid(uuid::Uuid::nil())));
        let cursor = cursor.map(read_cursor).transpose()?;
        Ok(AllTasksQuery {
            statuses: statuses(filter.status.as_deref().unwrap_or_default())?,
            kind: given(&filter.kind),
            // Nobody finds out by searching what they are not shown.
            owner: given(&filter.owner).map(|owner| oversight.owner_shown(&owner)),
            tag: given(&filter.tag),
            q: given(&filter.q),
            search_inputs: oversight == Oversight::Operate,
            since: time("since", given(&filter.since))?,
            before: [until, cursor].into_iter().flatten().min(),
            limit: limit.saturating_add(1),
            examine: self.examined(),
        })
    }

    /// See [`Service::pause`].
    pub(super) async fn set_paused(
        &self,
        caller: &Caller,
        target: &PauseTarget,
        is_paused: bool,
    ) -> Result<Paused, ServiceError> {
        self.may_operate(caller)?;
        let store = &self.engine.inner().store;
        let (scope, name) = match (&target.kind, &target.worker) {
            (Some(kind), None) => (PauseScope::Kind, kind),
            (None, Some(worker)) => (PauseScope::Worker, worker),
            _ => return Err(ValidationError::new("name a kind or a worker, one of them").into()),
        };
        if is_paused {
            let is_known = match scope {
                PauseScope::Kind => self.kind(name).is_some(),
                PauseScope::Worker => {
                    store.workers().await?.iter().any(|known| known.name == *name)
                }
            };
            match scope {
                _ if is_known => {
                    let audit = caller.audits_about(Action::Pause, name);
                    store.pause(scope, name, Some(&audit)).await?;
                }
                PauseScope::Kind => return Err(self.unknown(caller, name)),
                PauseScope::Worker => {
                    let detail = "there is no worker of this name";
                    return Err(ValidationError::field("worker", detail).into());
                }
            }
        } else {
            let audit = caller.audits_about(Action::Resume, name);
            store.resume(scope, name, Some(&audit)).await?;
            self.engine.inner().wake_claimer();
        }
        self.engine.inner().paused.forget();
        let mut paused = Paused::default();
        for pause in store.pauses().await? {
            match pause.scope {
                PauseScope::Kind => paused.kinds.push(pause.name),
                PauseScope::Worker => paused.workers.push(pause.name),
            }
        }
        Ok(paused)
    }

    /// See [`Service::cancel_all`] and [`Service::rerun_all`].
    pub(super) async fn do_for_all(
        &self,
        caller: &Caller,
        filter: &OperatorFilter,
        cursor: Option<&str>,
        many: Many,
        tasks: &AuditedTasks,
    ) -> Result<ManyDone, ServiceError> {
        self.may_operate(caller)?;
        if filter.is_empty() {
            let detail = "name what it is done for: status, kind, owner, tag, q, since or until";
            return Err(ValidationError::new(detail).into());
        }
        let limit = self.engine.inner().options.max_list_rows;
        let mut query = self.query(Oversight::Operate, filter, cursor, limit)?;
        let fits = |status: &Status| match many {
            Many::Cancel => matches!(status, Status::Queued | Status::Running),
            Many::Rerun => matches!(status, Status::Error | Status::Cancelled),
        };
        if query.statuses.is_empty() {
            query.statuses = STATUSES.into_iter().filter(fits).collect();
        } else if !query.statuses.iter().all(fits) {
            let detail = match many {
                Many::Cancel => "is queued or running",
                Many::Rerun => "is error or cancelled",
            };
            return Err(ValidationError::field("status", detail).into());
        }
        let (rows, next) = self.page(&query).await?;
        let mut done = ManyDone { more: next.is_some(), ..ManyDone::default() };
        done.next_cursor = next.map(|(at, id)| format!("{at}.{id}"));
        for row in rows {
            let is_done = match many {
                Many::Cancel => {
                    let audit = caller.audits_about(Action::CancelAll, row.id);
                    let cancelled = self.cancel_seen(caller.cancels_as(&row), row.id, &audit);
                    cancelled.await?.is_some_and(|it| it.accepted)
                }
                Many::Rerun => {
                    let owner = caller.for_owner(row.owner.as_deref());
                    matches!(self.rerun_task(&owner, row.id, None).await, Ok(Some(_)))
                }
            };
            if is_done {
                tasks.add(row.id);
            }
            *(if is_done { &mut done.done } else { &mut done.refused }) += 1;
        }
        Ok(done)
    }
}

const STATUSES: [Status; 6] = [
    Status::Queued,
    Status::Running,
    Status::Cancelling,
    Status::Completed,
    Status::Error,
    Status::Cancelled,
];

fn paused_at(pauses: &[Pause], scope: PauseScope, name: &str) -> Option<String> {
    let pause = pauses.iter().find(|pause| pause.scope == scope && pause.name == name);
    pause.map(|pause| rfc3339(pause.paused_at))
}

/// All hours from the first, also those without events.
fn hours(first: i64, counts: Vec<HourCount>) -> Vec<HourLoad> {
    let mut hours: Vec<_> = (first..first + HOURS)
        .map(|hour| {
            HourLoad::default().with(|load| load.hour = rfc3339(hour.saturating_mul(HOUR_MS)))
        })
        .collect();
    for count in counts {
        let index = usize::try_from(count.hour - first).ok();
        let Some(hour) = index.and_then(|index| hours.get_mut(index)) else { continue };
        *match count.event {
            HourEvent::Started => &mut hour.started,
            HourEvent::Completed => &mut hour.completed,
            HourEvent::Error => &mut hour.failed,
            HourEvent::Cancelled => &mut hour.cancelled,
        } += count.tasks;
    }
    hours
}

/// Statuses of a text with commas between them.
fn statuses(text: &str) -> Result<Vec<Status>, ValidationError> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    let status = |word: &str| {
        Status::from_word(word).ok_or_else(|| {
            let detail =
                "is one or several of queued, running, cancelling, completed, error, cancelled";
            ValidationError::field("status", detail)
        })
    };
    words.map(status).collect()
}

pub(super) fn time(field: &str, text: Option<String>) -> Result<Option<i64>, ValidationError> {
    let read = |text: String| {
        let at = text.trim().parse::<jiff::Timestamp>();
        at.map(jiff::Timestamp::as_millisecond).map_err(|_| {
            ValidationError::field(field, "is a time in RFC 3339, such as 2026-12-24T14:02:11Z")
        })
    };
    text.map(read).transpose()
}
