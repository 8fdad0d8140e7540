//! What operators see and steer, and viewers see.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Snapshot, TaskId};

/// What an operator's page watches in place of a task: its version changes with the time, so that each poll shows the
/// [`Overview`] anew. For callers that are neither operators nor viewers there is no such task.
pub const OPERATION: TaskId = TaskId::from_uuid(Uuid::nil());

/// Answer to `GET /api/v1/admin/overview`. Times are RFC 3339.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Overview {
    /// When it was made, by the clock of the database.
    pub at: String,
    /// The registered kinds, and others that have unfinished tasks.
    pub kinds: Vec<KindLoad>,
    /// The accounts with the most unfinished tasks, at most 20.
    pub accounts: Vec<AccountLoad>,
    /// The last 24 hours, oldest first.
    pub hours: Vec<HourLoad>,
    /// The processes that run tasks.
    pub workers: Vec<WorkerLoad>,
    /// The running tasks that have run longest, at most 10.
    pub slowest: Vec<OperatorTask>,
    /// Running tasks without news for longer than is usual for their kind, at most 10.
    pub stuck: Vec<OperatorTask>,
    /// The tasks that failed last, at most 10.
    pub failed: Vec<OperatorTask>,
}

impl Overview {
    /// Creates an overview of nothing.
    pub const fn new(at: String) -> Self {
        Self {
            at,
            kinds: Vec::new(),
            accounts: Vec::new(),
            hours: Vec::new(),
            workers: Vec::new(),
            slowest: Vec::new(),
            stuck: Vec::new(),
            failed: Vec::new(),
        }
    }
}

/// The unfinished tasks of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct KindLoad {
    /// The kind.
    pub kind: String,
    /// Queued tasks that may start now.
    pub waiting: i64,
    /// Queued tasks whose start time has not come.
    pub scheduled: i64,
    /// Running tasks.
    pub running: i64,
    /// How long the oldest of those that may start has been waiting, in milliseconds.
    pub oldest_ms: i64,
    /// Since when no worker takes its tasks; absent: it is not paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_at: Option<String>,
}

crate::with::with!(KindLoad);

/// The unfinished tasks of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct AccountLoad {
    /// The owner, else a hash of the client address; empty: neither is known.
    pub account: String,
    /// Queued tasks.
    pub queued: i64,
    /// Running tasks.
    pub running: i64,
}

impl AccountLoad {
    /// Creates the load of an account.
    pub const fn new(account: String, queued: i64, running: i64) -> Self {
        Self { account, queued, running }
    }
}

/// What happened to tasks within an hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct HourLoad {
    /// When the hour began.
    pub hour: String,
    /// Tasks that were queued.
    pub started: i64,
    /// Tasks that were completed.
    pub completed: i64,
    /// Tasks that failed.
    pub failed: i64,
    /// Tasks that were cancelled.
    pub cancelled: i64,
}

crate::with::with!(HourLoad);

/// A process that runs tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct WorkerLoad {
    /// Its name (`engine.worker_name`).
    pub name: String,
    /// The version of the program.
    pub version: String,
    /// When it started.
    pub started_at: String,
    /// How long ago it last reported, in milliseconds.
    pub seen_age_ms: i64,
    /// Number of tasks that it runs.
    pub running: u32,
    /// The same by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<String, u32>,
    /// Maximum number of tasks that it runs at once.
    pub concurrency: u32,
    /// Since when it takes no tasks; absent: it is not paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_at: Option<String>,
}

crate::with::with!(WorkerLoad);

/// A task, and whose it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct OperatorTask {
    /// The owner; absent: anonymous. For viewers one who is no user is shortened to 16 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Among the stuck tasks: after what time without news it counts as stuck, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck_after_ms: Option<i64>,
    /// The task.
    #[serde(flatten)]
    pub snapshot: Snapshot,
}

impl OperatorTask {
    /// Creates a task of this owner.
    pub const fn new(owner: Option<String>, snapshot: Snapshot) -> Self {
        Self { owner, stuck_after_ms: None, snapshot }
    }
}

/// One page of the tasks of all owners, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct OperatorTasks {
    /// The tasks.
    pub tasks: Vec<OperatorTask>,
    /// Pass as `cursor` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl OperatorTasks {
    /// Creates a page.
    pub const fn new(tasks: Vec<OperatorTask>, next_cursor: Option<String>) -> Self {
        Self { tasks, next_cursor }
    }
}

/// Which tasks of all owners.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct OperatorFilter {
    /// Only tasks with one of these statuses, with commas between them: `queued,running`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Only tasks of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Only tasks of this owner: `user:` and the whole name; otherwise of owners whose id begins so, as the ids of sessions
    /// are shown shortened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Only tasks with this tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Only tasks whose title, error or, for operators, input (the first 10,000 characters of its JSON) contains this
    /// text, ignoring case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Only tasks that were queued at this time (RFC 3339) or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Only tasks that were queued before this time (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

crate::with::with!(OperatorFilter);

impl OperatorFilter {
    /// Whether it leaves nothing out: every field is absent or blank.
    pub fn is_empty(&self) -> bool {
        let Self { status, kind, owner, tag, q, since, until } = self;
        let texts = [status, kind, owner, tag, q, since, until];
        texts.into_iter().flatten().all(|text| text.trim().is_empty())
    }
}

/// Body of `POST /api/v1/admin/pause` and `/resume`: a kind or a worker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PauseTarget {
    /// A kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The name of a worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
}

crate::with::with!(PauseTarget);

/// What is paused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Paused {
    /// The kinds of which no worker takes tasks.
    pub kinds: Vec<String>,
    /// The workers that take no tasks.
    pub workers: Vec<String>,
}

/// What a cancel or a rerun over a filter did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct ManyDone {
    /// Tasks for which it was done.
    pub done: u32,
    /// Tasks for which it could not be done.
    pub refused: u32,
    /// Whether older tasks may match, too.
    pub more: bool,
    /// Pass as `cursor`, with the same filter, to go on with older tasks; absent if no more match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
