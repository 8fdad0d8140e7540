//! Arguments and results of a store.

use super::{FIRST_VERSION, Labels};
use crate::task::{self, BatchId, LogStream, ResumeReason, StageInfo, Status, TaskId};

/// One task in the store, without its input, which may be large. Times are milliseconds since the
/// Unix epoch, by the store's clock.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
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
    /// Its tags and its note.
    pub labels: Labels,
    /// The store's time when the row was read.
    pub read_at: i64,
}

impl Row {
    /// Creates the row of a queued task without an owner, at the beginning of the epoch and without stages, that may run
    /// once.
    pub fn new(id: TaskId, kind: impl Into<String>, title: impl Into<String>) -> Self {
        Self {
            id,
            owner: None,
            client: None,
            kind: kind.into(),
            title: title.into(),
            stages: Vec::new(),
            status: Status::Queued,
            attempt: 0,
            max_attempts: 1,
            run_seq: 0,
            version: FIRST_VERSION,
            output_version: 0,
            progress: None,
            pace: StoredPace::default(),
            step: 0,
            message: None,
            error: None,
            cancel: None,
            stopping: Stopping::default(),
            cancel_outcome: None,
            resumed: None,
            result: None,
            heartbeat_at: None,
            run_at: 0,
            created_at: 0,
            started_at: None,
            updated_at: 0,
            finished_at: None,
            expires_at: None,
            batch: None,
            labels: Labels::default(),
            read_at: 0,
        }
    }

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
            deleted_at: None,
        })
    }
}

crate::with::with!(Row);

/// How far a cancellation has come within the run, and what the task leaves behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
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
#[non_exhaustive]
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

/// Which tasks to list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListQuery {
    /// The owner.
    pub owner: String,
    /// Only with this status.
    pub status: Option<Status>,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only whose title contains this, ignoring case.
    pub q: Option<String>,
    /// Only with this tag.
    pub tag: Option<String>,
    /// Only tasks older than this one: `created_at` and id.
    pub before: Option<(i64, TaskId)>,
    /// Maximum number of rows.
    pub limit: u32,
    /// Maximum number of rows to examine for [`Self::q`], or for status and kind together; `None`: all.
    pub examine: Option<u32>,
}

crate::with::with!(ListQuery);

/// A report of a running task.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
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
    /// A new piece of its preview.
    pub preview: Option<PreviewPiece>,
    /// How far a cancellation has come. A time once written is not changed.
    pub stopping: Stopping,
}

impl ProgressWrite {
    /// Creates a report of the run that `row` shows: its state as it is, with the next version.
    pub fn new(row: &Row) -> Self {
        Self {
            id: row.id,
            run_seq: row.run_seq,
            version: row.version + 1,
            output_version: row.output_version,
            progress: row.progress,
            pace: row.pace,
            step: row.step,
            message: row.message.clone(),
            updated_at: row.updated_at,
            log: Vec::new(),
            log_gap: None,
            preview: None,
            stopping: row.stopping.clone(),
        }
    }
}

crate::with::with!(ProgressWrite);

/// The pace of a running task, for servers that do not run it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
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
#[non_exhaustive]
pub struct LogGap {
    /// The last line before the gap.
    pub after: i64,
    /// The first line after the gap.
    pub before: i64,
}

/// A piece of a preview, which replaces those that begin at it or behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PreviewPiece {
    /// Where it begins, in bytes.
    pub start: usize,
    /// The version with which it was reported.
    pub version: i64,
    /// Media type of the whole.
    pub media_type: String,
    /// The text.
    pub text: String,
}

impl PreviewPiece {
    /// Creates a piece of a preview in plain text.
    pub fn new(start: usize, version: i64, text: impl Into<String>) -> Self {
        Self { start, version, media_type: "text/plain".to_owned(), text: text.into() }
    }
}

/// One log line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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

impl LogEntry {
    /// Creates the line `seq`, logged by the task itself.
    pub fn new(seq: i64, at: i64, text: impl Into<String>) -> Self {
        Self { seq, at, stream: LogStream::Task, text: text.into() }
    }
}

/// What one run of the pruner removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pruned {
    /// Tasks that were replaced by tombstones.
    pub removed: Vec<TaskId>,
    /// Number of tombstones deleted.
    pub forgotten: u64,
}

/// What is retained of an expired task.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
    /// When its owner or an admin deleted it; `None`: it expired.
    pub deleted_at: Option<i64>,
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
    /// The labels of this task were changed.
    Labels(TaskId),
    /// Running tasks saved their progress.
    Progress,
    /// Unknown: the store was unreachable for a while.
    Anything,
}

/// Changes as they arrive. Ends when the store is closed.
pub type Changes = tokio::sync::mpsc::Receiver<Change>;
