//! Arguments and results of a store.

use std::borrow::Cow;

use crate::task::{self, BatchId, LogStream, ResumeReason, StageInfo, Status, TaskId};

/// One task in the store, without its input, which may be large. Times are milliseconds since the
/// Unix epoch, by the store's clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The task's id.
    pub id: TaskId,
    /// The owner; `None`: anonymous.
    pub owner: Option<String>,
    /// The client that started it; see [`NewTask::client`](super::NewTask::client).
    pub client: Option<String>,
    /// Its kind.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// Its stages.
    pub stages: Vec<StageInfo>,
    /// Its status.
    pub status: Status,
    /// Number of runs so far.
    pub attempt: u32,
    /// Maximum number of runs.
    pub max_attempts: u32,
    /// The run's number, the fence of its writes: grows with each claim.
    pub run_seq: i64,
    /// See [`crate::task::Snapshot::version`].
    pub version: i64,
    /// The version of its latest output: a message or a log line.
    pub output_version: i64,
    /// 0..=1; `None`: not known.
    pub progress: Option<f64>,
    /// The pace of its progress; zero while it does not run.
    pub pace: StoredPace,
    /// The current stage, from 1; 0: none yet.
    pub step: u32,
    /// The task's message.
    pub message: Option<String>,
    /// Code, message, and whether a retry may help.
    pub error: Option<(String, String, bool)>,
    /// When and by whom cancellation was requested.
    pub cancel: Option<(i64, String)>,
    /// How far the cancellation has come.
    pub stopping: Stopping,
    /// How the cancellation ended, once it has.
    pub cancel_outcome: Option<task::CancelOutcome>,
    /// How the current or last run resumed the one before, if it did.
    pub resumed: Option<Resumption>,
    /// Media type and size of the result.
    pub result: Option<(String, i64)>,
    /// When its worker last renewed the lease.
    pub heartbeat_at: Option<i64>,
    /// Earliest time of the next run.
    pub run_at: i64,
    /// When it was queued.
    pub created_at: i64,
    /// When its current or last run started.
    pub started_at: Option<i64>,
    /// When it last changed.
    pub updated_at: i64,
    /// When it ended.
    pub finished_at: Option<i64>,
    /// When it expires; `None`: not yet known, or never.
    pub expires_at: Option<i64>,
    /// The batch that it belongs to.
    pub batch: Option<BatchId>,
    /// The store's time when the row was read.
    pub read_at: i64,
}

impl Row {
    /// Whether the row shows this run at work, or was read before the run began.
    pub(crate) fn shows_run(&self, run_seq: i64) -> bool {
        let at_work = matches!(self.status, Status::Running | Status::Cancelling);
        self.run_seq < run_seq || self.run_seq == run_seq && at_work
    }

    /// Returns the tombstone of an expired task; the row may not have been removed yet.
    pub fn expired(&self) -> Option<Tombstone> {
        let expired_at = self.expires_at.filter(|&at| at <= self.read_at)?;
        Some(Tombstone {
            id: self.id,
            owner: self.owner.clone(),
            kind: self.kind.clone(),
            title: self.title.clone(),
            status: self.status,
            finished_at: self.finished_at.unwrap_or(expired_at),
            expired_at,
        })
    }
}

/// How far a cancellation has come within the run, and what the task leaves behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stopping {
    /// When the request reached the run.
    pub delivered_at: Option<i64>,
    /// When the task observed it.
    pub acknowledged_at: Option<i64>,
    /// The work that is preserved if the task is cancelled, in the task's own words; set with or
    /// without a cancel request.
    pub preserved: Option<String>,
}

/// How a run resumed the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resumption {
    /// When the run began.
    pub at: i64,
    /// Why it was needed.
    pub reason: ResumeReason,
    /// The stage in which the run before stopped, from 1; 0: none yet.
    pub step: u32,
    /// When the run before had begun.
    pub began_at: i64,
    /// When the latest checkpoint was saved.
    pub checkpoint_at: Option<i64>,
    /// When the run before was last known to be alive.
    pub seen_at: i64,
}

impl Resumption {
    /// How much work is repeated, in milliseconds: the time since the latest checkpoint, or since
    /// the beginning of the run before if that saved none.
    pub fn redone_ms(&self) -> i64 {
        let safe = self.checkpoint_at.map_or(self.began_at, |saved| saved.max(self.began_at));
        (self.seen_at - safe).max(0)
    }
}

/// A batch in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRow {
    /// Its id.
    pub id: BatchId,
    /// The kind of its tasks.
    pub kind: String,
    /// When it was queued, in milliseconds since the Unix epoch.
    pub created_at: i64,
    /// Number of its tasks that have not expired.
    pub tasks: u32,
    /// Number of those that have not ended.
    pub unfinished: u32,
    /// Number of those that failed.
    pub failed: u32,
}

/// Which tasks to list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// The owner.
    pub owner: String,
    /// Only with this status.
    pub status: Option<Status>,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only whose title contains this, ignoring case.
    pub q: Option<String>,
    /// Only tasks older than this one: `created_at` and id.
    pub before: Option<(i64, TaskId)>,
    /// Maximum number of rows.
    pub limit: u32,
}

/// What a worker can claim.
#[derive(Clone, Debug)]
pub struct Claim {
    /// A random id of this process.
    pub lease_owner: String,
    /// Duration of the lease, in milliseconds.
    pub lease_ms: i64,
    /// Free slots by kind.
    pub slots: Vec<(String, u32)>,
    /// Free slots in total.
    pub total: u32,
}

/// A run that a worker still holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// The task's id.
    pub id: TaskId,
    /// The run's number.
    pub run_seq: i64,
    /// The row's version.
    pub version: i64,
    /// When and by whom cancellation was requested.
    pub cancel: Option<(i64, String)>,
}

/// A report of a running task.
#[derive(Clone, Debug, PartialEq)]
pub struct ProgressWrite {
    /// The task's id.
    pub id: TaskId,
    /// The run's number.
    pub run_seq: i64,
    /// The version reported to watchers.
    pub version: i64,
    /// See [`Row::output_version`]: the lines up to it are in the store, or in this report.
    pub output_version: i64,
    /// 0..=1.
    pub progress: Option<f64>,
    /// The pace of its progress.
    pub pace: StoredPace,
    /// The current stage, from 1; 0: none yet.
    pub step: u32,
    /// The task's message.
    pub message: Option<String>,
    /// When it last changed.
    pub updated_at: i64,
    /// New log lines.
    pub log: Vec<LogEntry>,
    /// Log lines no longer retained.
    pub log_gap: Option<LogGap>,
    /// How far a cancellation has come. A time once written is not changed.
    pub stopping: Stopping,
}

/// The pace of a running task, for servers that do not run it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StoredPace {
    /// Progress (0..=1) per second; 0: do not extrapolate.
    pub rate: f64,
    /// Estimated time of its end.
    pub ends_at: Option<i64>,
    /// Lower and upper bound of that estimate.
    pub ends_between: Option<(i64, i64)>,
}

/// Log lines of a run that were left out: those between these two, which are retained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogGap {
    /// The last line before the gap.
    pub after: i64,
    /// The first line after the gap.
    pub before: i64,
}

/// One log line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Number of the line; grows along the log.
    pub seq: i64,
    /// When it was logged.
    pub at: i64,
    /// The stream it came from.
    pub stream: LogStream,
    /// The text.
    pub text: String,
}

/// How a run ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// Completed with a result.
    Completed(StoredResult),
    /// Failed, without another attempt.
    Failed {
        /// A stable code for programs.
        code: Cow<'static, str>,
        /// A sentence for people.
        message: String,
        /// Whether a new start may help.
        retryable: bool,
    },
    /// Stopped by the task after cancellation was requested.
    Cancelled,
    /// Cancelled, but still running at the end of the grace period; its future was dropped.
    Forced,
    /// The task waits and then goes on; the attempt does not count.
    Waiting {
        /// The delay, in milliseconds from now.
        after_ms: i64,
        /// What it waits for.
        message: String,
    },
    /// Another attempt follows after a delay.
    Again {
        /// The delay, in milliseconds from now.
        after_ms: i64,
        /// Why the attempt failed.
        message: String,
    },
    /// Returned to the queue unfinished, without costing an attempt.
    Released,
}

/// The stored input of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredInput {
    /// The input as JSON; stored as long as the task.
    pub text: String,
    /// Sealed secrets of the input, unreadable without a key. Dropped by the write that ends the
    /// task.
    pub sealed: Option<String>,
}

/// A result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredResult {
    /// Its media type.
    pub media_type: String,
    /// File name for downloads.
    pub file_name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// What one run of the pruner removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Tasks that were replaced by tombstones.
    pub removed: Vec<TaskId>,
    /// Number of tombstones deleted.
    pub forgotten: u64,
}

/// What is retained of an expired task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// The task's id.
    pub id: TaskId,
    /// The owner; `None`: anonymous.
    pub owner: Option<String>,
    /// Its kind.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// Its final status.
    pub status: Status,
    /// When it ended.
    pub finished_at: i64,
    /// When it expired.
    pub expired_at: i64,
}

/// 256 random bits.
pub type Secret = [u8; 32];

/// The result of a cancel request.
#[derive(Clone, Debug, PartialEq)]
pub enum CancelOutcome {
    /// The task was queued or running; the row after the request.
    Accepted(Row),
    /// The task had ended already.
    AlreadyOver(Row),
}

/// A change that another process may have made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// There may be something to claim.
    Queued,
    /// Cancellation of this task was requested.
    Cancel(TaskId),
    /// This task started, ended, or was requeued.
    Task(TaskId),
    /// Running tasks saved their progress.
    Progress,
    /// Unknown: the store was unreachable for a while.
    Anything,
}

/// Changes as they arrive. Ends when the store is closed.
pub type Changes = tokio::sync::mpsc::Receiver<Change>;
