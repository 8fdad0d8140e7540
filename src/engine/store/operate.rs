//! What operators see and steer: pauses, workers, counts by the hour, and the tasks of all owners.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{NewAudit, Row, StoreError};
use crate::task::{Status, TaskId};

/// What is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PauseScope {
    /// A kind: no worker takes its tasks.
    Kind,
    /// Workers of one name: they take no tasks.
    Worker,
}

impl PauseScope {
    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Worker => "worker",
        }
    }
}

/// A kind or a worker that takes no more tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pause {
    /// What is paused.
    pub scope: PauseScope,
    /// The name of the kind or of the worker.
    pub name: String,
    /// Since when.
    pub paused_at: i64,
}

impl Pause {
    /// Creates a pause.
    pub const fn new(scope: PauseScope, name: String, paused_at: i64) -> Self {
        Self { scope, name, paused_at }
    }
}

/// A process that runs tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Worker {
    /// The random id of the process, by which it holds leases.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The version of the program.
    pub version: String,
    /// When it started.
    pub started_at: i64,
    /// When it last reported.
    pub seen_at: i64,
    /// Maximum number of tasks that it runs at once.
    pub concurrency: u32,
    /// Number of tasks that it runs, by kind; set by the store.
    pub running: BTreeMap<String, u32>,
}

crate::with::with!(Worker);

/// What happened to tasks within an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HourEvent {
    /// They were queued.
    Started,
    /// They were completed.
    Completed,
    /// They failed.
    Error,
    /// They were cancelled.
    Cancelled,
}

impl HourEvent {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Started, Self::Completed, Self::Error, Self::Cancelled];

    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Completed => "completed",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
        }
    }

    /// The event that a task ended with this status; `None` if it has not ended.
    pub const fn of_end(status: Status) -> Option<Self> {
        match status {
            Status::Completed => Some(Self::Completed),
            Status::Error => Some(Self::Error),
            Status::Cancelled => Some(Self::Cancelled),
            _ => None,
        }
    }
}

/// How often something happened to tasks of a kind within an hour.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct HourCount {
    /// The hour, counted from 1970.
    pub hour: i64,
    /// The kind.
    pub kind: String,
    /// What happened.
    pub event: HourEvent,
    /// Number of tasks.
    pub tasks: i64,
}

impl HourCount {
    /// Creates a count.
    pub const fn new(hour: i64, kind: String, event: HourEvent, tasks: i64) -> Self {
        Self { hour, kind, event, tasks }
    }
}

/// The unfinished tasks of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountTasks {
    /// The owner, else the client; see [`NewTask::account`](super::NewTask::account).
    pub account: String,
    /// Number of queued tasks.
    pub queued: i64,
    /// Number of running tasks.
    pub running: i64,
}

/// Which tasks of all owners to list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AllTasksQuery {
    /// Only with one of these statuses; empty: any.
    pub statuses: Vec<Status>,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only of this owner, if it begins with `user:`; otherwise only of owners whose id begins so.
    pub owner: Option<String>,
    /// Only with this tag.
    pub tag: Option<String>,
    /// Only whose title or error contains this, ignoring case; with `search_inputs` also whose input does.
    pub q: Option<String>,
    /// Whether `q` is also searched in the first 10,000 characters of the inputs.
    pub search_inputs: bool,
    /// Only queued since then.
    pub since: Option<i64>,
    /// Only tasks older than this one: `created_at` and id.
    pub before: Option<(i64, TaskId)>,
    /// Maximum number of rows.
    pub limit: u32,
    /// Maximum number of rows to examine.
    pub examine: u32,
}

crate::with::with!(AllTasksQuery);

/// A page of the tasks of all owners.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct AllTasks {
    /// The tasks, newest first.
    pub rows: Vec<Row>,
    /// Time and id of the last row that was examined, if there may be more behind it.
    pub examined_to: Option<(i64, TaskId)>,
}

/// The calls of [`Store`](super::Store) for operators.
#[async_trait]
pub trait OperatorRows: Send + Sync {
    /// Lets a kind, or the workers of a name, take no more tasks, in all processes and until it is resumed. What runs
    /// goes on. Idempotent.
    async fn pause(
        &self,
        scope: PauseScope,
        name: &str,
        audit: Option<&NewAudit>,
    ) -> Result<(), StoreError>;

    /// Ends a pause; returns false if there was none.
    async fn resume(
        &self,
        scope: PauseScope,
        name: &str,
        audit: Option<&NewAudit>,
    ) -> Result<bool, StoreError>;

    /// Returns all pauses.
    async fn pauses(&self) -> Result<Vec<Pause>, StoreError>;

    /// Stores that a worker is alive, with the store's time, and forgets those that were not for a day.
    async fn report_worker(&self, worker: &Worker) -> Result<(), StoreError>;

    /// Forgets a worker that stops.
    async fn forget_worker(&self, id: &str) -> Result<(), StoreError>;

    /// Returns the workers, by name.
    async fn workers(&self) -> Result<Vec<Worker>, StoreError>;

    /// Adds to the counts of hours, and forgets those of more than eight days ago.
    async fn add_hour_counts(&self, counts: &[HourCount]) -> Result<(), StoreError>;

    /// Returns the counts since an hour, and the current hour.
    async fn hour_counts(&self, since: i64) -> Result<Vec<HourCount>, StoreError>;

    /// Returns the accounts with the most unfinished tasks, at most `limit`.
    async fn busiest_accounts(&self, limit: u32) -> Result<Vec<AccountTasks>, StoreError>;

    /// Returns running tasks, the one that has run longest first, at most `limit`.
    async fn longest_running(&self, limit: u32) -> Result<Vec<Row>, StoreError>;

    /// Reads tasks of all owners, newest first.
    async fn list_all(&self, query: &AllTasksQuery) -> Result<AllTasks, StoreError>;
}
