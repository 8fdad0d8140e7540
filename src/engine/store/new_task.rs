//! A task to be queued, and the results of an insert.

use super::{NewAudit, Row};
use crate::task::{BatchId, StageInfo, TaskId, TraceParent, UploadId};

/// A task to be queued.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewTask {
    /// The task's id.
    pub id: TaskId,
    /// The owner; `None`: anonymous.
    pub owner: Option<String>,
    /// Its kind.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// Its input as JSON.
    pub input: String,
    /// See [`super::StoredInput::sealed`].
    pub sealed: Option<String>,
    /// Its stages.
    pub stages: Vec<StageInfo>,
    /// The client that starts it: a keyed hash of the address, if that is known.
    pub client: Option<String>,
    /// See [`crate::engine::Task::unique_key`].
    pub unique_key: Option<String>,
    /// See [`crate::engine::Task::lookup_key`].
    pub lookup_key: Option<String>,
    /// The idempotency key and the request hash of this start.
    pub idempotency: Option<(String, String)>,
    /// Priority among the owner's queued tasks; higher runs first.
    pub priority: i32,
    /// Maximum number of runs.
    pub max_attempts: u32,
    /// Retention after its end, in milliseconds; `None`: no limit.
    pub keep_ms: Option<i64>,
    /// Maximum number of queued tasks of this account, without scheduled ones.
    pub max_queued: u32,
    /// Maximum number of queued tasks of this client, without scheduled ones.
    pub max_queued_per_client: u32,
    /// Maximum number of queued tasks in total, without scheduled ones.
    pub max_queued_in_all: u32,
    /// Maximum number of scheduled tasks of this account: queued ones whose first run waits for its time.
    pub max_scheduled: u32,
    /// Maximum number of scheduled tasks of this client.
    pub max_scheduled_per_client: u32,
    /// Maximum number of scheduled tasks in total.
    pub max_scheduled_in_all: u32,
    /// The uploads that its input names.
    pub uploads: Vec<UploadId>,
    /// The batch that it belongs to, and its index there, from 0.
    pub batch: Option<(BatchId, u32)>,
    /// The task that it runs again; its retained checkpoints are copied.
    pub rerun_of: Option<TaskId>,
    /// Its tags, each once.
    pub tags: Vec<String>,
    /// Earliest time of its first run, in milliseconds since the Unix epoch; `None` or a time in the past: at once.
    pub run_at: Option<i64>,
    /// What is written to the audit log when it is queued.
    pub audit: Option<NewAudit>,
    /// The trace that its start belongs to.
    pub traceparent: Option<TraceParent>,
}

crate::with::with!(NewTask);

impl NewTask {
    /// Creates a task with this title and input (as JSON), and otherwise the defaults: anonymous,
    /// without stages, keys and uploads, priority 0, one run, retained without limit, and
    /// unlimited queues.
    pub fn new(
        id: TaskId,
        kind: impl Into<String>,
        title: impl Into<String>,
        input: impl Into<String>,
    ) -> Self {
        Self {
            id,
            owner: None,
            kind: kind.into(),
            title: title.into(),
            input: input.into(),
            sealed: None,
            stages: Vec::new(),
            client: None,
            unique_key: None,
            lookup_key: None,
            idempotency: None,
            priority: 0,
            max_attempts: 1,
            keep_ms: None,
            max_queued: u32::MAX,
            max_queued_per_client: u32::MAX,
            max_queued_in_all: u32::MAX,
            max_scheduled: u32::MAX,
            max_scheduled_per_client: u32::MAX,
            max_scheduled_in_all: u32::MAX,
            uploads: Vec::new(),
            batch: None,
            rerun_of: None,
            tags: Vec::new(),
            run_at: None,
            audit: None,
            traceparent: None,
        }
    }

    /// Size of its input in bytes, secrets included.
    pub fn input_bytes(&self) -> usize {
        self.input.len() + self.sealed.as_ref().map_or(0, String::len)
    }

    /// Its labels as they are stored.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(super) fn labels(&self) -> super::Labels {
        super::Labels { tags: self.tags.clone(), note: None }
    }

    /// The row of this task, queued at `now`, with the title as it is stored.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(super) fn queued(&self, title: String, now: i64) -> Row {
        Row::new(self.id, self.kind.clone(), title).with(|row| {
            row.owner.clone_from(&self.owner);
            row.client.clone_from(&self.client);
            row.stages.clone_from(&self.stages);
            row.max_attempts = self.max_attempts;
            row.batch = self.batch.map(|(id, _)| id);
            row.run_at = self.run_at.map_or(now, |run_at| run_at.max(now));
            row.labels = self.labels();
            (row.created_at, row.updated_at, row.read_at) = (now, now, now);
        })
    }

    /// The account that limits, turns and keys are counted by: the owner, else the client, else
    /// `""` for all callers with neither.
    pub fn account(&self) -> &str {
        self.owner.as_deref().or(self.client.as_deref()).unwrap_or_default()
    }
}

/// Whose scheduled tasks are as many as may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduledBy {
    /// Those of the account.
    Account,
    /// Those of the client address.
    Client,
    /// Those of all.
    All,
}

/// The result of an insert.
#[derive(Clone, Debug)]
pub enum Inserted {
    /// It is queued.
    Queued(Row),
    /// The idempotency key was used for the same request; this is its task.
    SameKey(Row),
    /// The idempotency key was used for another request.
    KeyReused,
    /// A task with the same unique key is queued or running; this is it.
    UnderWay(Row),
    /// The account has this many queued tasks already.
    Full(u32),
    /// The client address has this many queued tasks already.
    ClientFull(u32),
    /// This many tasks are queued already, over all accounts.
    AllFull(u32),
    /// This many tasks are scheduled already.
    ScheduleFull(ScheduledBy, u32),
    /// There is no such upload, or no longer, that the owner may use.
    NoUpload(UploadId),
}

/// The result of an insert of several tasks: all of them or none.
#[derive(Clone, Debug)]
pub enum AllInserted {
    /// All are queued.
    Queued(Vec<Row>),
    /// The task with this index could not be queued, so none is.
    Not(usize, Box<Inserted>),
}
