//! What goes into a store and comes out of it.

use std::borrow::Cow;

use crate::task::{self, BatchId, LogStream, ResumeReason, StageInfo, Status, TaskId};

/// One task as the store knows it, but for its input, which may be large. Times are milliseconds since the Unix epoch, by the store's
/// clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The task.
    pub id: TaskId,
    /// Whose it is; `None` = nobody's.
    pub owner: Option<String>,
    /// From where it was started; see [`NewTask::client`](super::NewTask::client).
    pub client: Option<String>,
    /// Its kind.
    pub kind: String,
    /// What people call it.
    pub title: String,
    /// Its stages.
    pub stages: Vec<StageInfo>,
    /// Where it is in its life.
    pub status: Status,
    /// Runs so far.
    pub attempt: u32,
    /// Runs in all.
    pub max_attempts: u32,
    /// The fence: grows with each claim.
    pub run_seq: i64,
    /// See [`crate::task::Snapshot::version`].
    pub version: i64,
    /// The version with which it last said something, a message or a line of its log.
    pub output_version: i64,
    /// 0..=1; `None` = the task cannot tell.
    pub progress: Option<f64>,
    /// How fast it moves; nothing while nobody runs it.
    pub pace: StoredPace,
    /// The present stage, from 1; 0 = none yet.
    pub step: u32,
    /// What the task says of itself.
    pub message: Option<String>,
    /// Code, sentence, whether trying again may help.
    pub error: Option<(String, String, bool)>,
    /// When and by whom a cancel was asked for.
    pub cancel: Option<(i64, String)>,
    /// How far that wish has come.
    pub stopping: Stopping,
    /// How it was over, once it was.
    pub cancel_outcome: Option<task::CancelOutcome>,
    /// What the present or last run took up of the one before, if it did.
    pub resumed: Option<Resumption>,
    /// Media type and size of the result.
    pub result: Option<(String, i64)>,
    /// When its worker was last heard of.
    pub heartbeat_at: Option<i64>,
    /// Not to be run before.
    pub run_at: i64,
    /// When it was queued.
    pub created_at: i64,
    /// When its present or last run started.
    pub started_at: Option<i64>,
    /// When it last changed.
    pub updated_at: i64,
    /// When it ended.
    pub finished_at: Option<i64>,
    /// When it is removed, once it has ended; `None` = never.
    pub expires_at: Option<i64>,
    /// With which others it was started.
    pub batch: Option<BatchId>,
    /// The store's time at the reading.
    pub read_at: i64,
}

impl Row {
    /// Whether it shows this run at work, or was read before the run began.
    pub(crate) fn shows_run(&self, run_seq: i64) -> bool {
        let at_work = matches!(self.status, Status::Running | Status::Cancelling);
        self.run_seq < run_seq || self.run_seq == run_seq && at_work
    }

    /// What is left of it where its time is over; it may not have been removed yet.
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

/// How far a wish to cancel has come with the run, and what the task leaves behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stopping {
    /// When the run was told.
    pub delivered_at: Option<i64>,
    /// When the task itself had seen it.
    pub acknowledged_at: Option<i64>,
    /// What of its work stays if it is stopped, in the task's own words; whether or not anybody
    /// asked it to stop.
    pub preserved: Option<String>,
}

/// How a run took up what the one before it had done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resumption {
    /// When the run began.
    pub at: i64,
    /// Why it was needed.
    pub reason: ResumeReason,
    /// The stage in which the run before stopped, from 1; 0 = none yet.
    pub step: u32,
    /// When the run before had begun.
    pub began_at: i64,
    /// When the last checkpoint was kept.
    pub checkpoint_at: Option<i64>,
    /// The last sign of life of the run before.
    pub seen_at: i64,
}

impl Resumption {
    /// How much work is done again, in milliseconds: what came after the last checkpoint, or after
    /// the beginning where the run before kept none of its own.
    pub fn redone_ms(&self) -> i64 {
        let safe = self.checkpoint_at.map_or(self.began_at, |saved| saved.max(self.began_at));
        (self.seen_at - safe).max(0)
    }
}

/// Which tasks to list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// Whose.
    pub owner: String,
    /// Only with this status.
    pub status: Option<Status>,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only whose title contains this, whatever the case.
    pub q: Option<String>,
    /// Only older than this one: `created_at` and id.
    pub before: Option<(i64, TaskId)>,
    /// At most so many.
    pub limit: u32,
}

/// What a worker can take.
#[derive(Clone, Debug)]
pub struct Claim {
    /// A random id of this process.
    pub lease_owner: String,
    /// How long the lease lasts, in milliseconds.
    pub lease_ms: i64,
    /// Free places by kind.
    pub slots: Vec<(String, u32)>,
    /// Free places in all.
    pub total: u32,
}

/// One run that a worker still has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// The task.
    pub id: TaskId,
    /// Its run.
    pub run_seq: i64,
    /// The row's version.
    pub version: i64,
    /// When and by whom a cancel was asked for.
    pub cancel: Option<(i64, String)>,
}

/// What a running task reports.
#[derive(Clone, Debug, PartialEq)]
pub struct ProgressWrite {
    /// The task.
    pub id: TaskId,
    /// Its run.
    pub run_seq: i64,
    /// The version that watchers have seen.
    pub version: i64,
    /// See [`Row::output_version`]: the lines up to it are in the store, or among these.
    pub output_version: i64,
    /// 0..=1.
    pub progress: Option<f64>,
    /// How fast it moves.
    pub pace: StoredPace,
    /// The present stage, from 1; 0 = none yet.
    pub step: u32,
    /// What the task says of itself.
    pub message: Option<String>,
    /// When it last changed.
    pub updated_at: i64,
    /// New log lines.
    pub log: Vec<LogEntry>,
    /// Lines that are not kept any more.
    pub log_gap: Option<LogGap>,
    /// How far a cancel has come. A time that was written once stays.
    pub stopping: Stopping,
}

/// How fast a running task moves, for servers that do not run it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StoredPace {
    /// Progress (0..=1) per second; 0 = not to be extrapolated.
    pub rate: f64,
    /// When it will probably end.
    pub ends_at: Option<i64>,
    /// Between when and when it will end.
    pub ends_between: Option<(i64, i64)>,
}

/// Lines of a run's log that are left out: those between these two, which stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogGap {
    /// The last line before it.
    pub after: i64,
    /// The first line after it.
    pub before: i64,
}

/// One log line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Grows along the log.
    pub seq: i64,
    /// When.
    pub at: i64,
    /// Where it came from.
    pub stream: LogStream,
    /// The line.
    pub text: String,
}

/// How a run ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// Well, perhaps with a result.
    Completed(StoredResult),
    /// For good, with code, sentence and whether starting anew may help.
    Failed {
        /// A stable word for programs.
        code: Cow<'static, str>,
        /// A sentence for people.
        message: String,
        /// Whether starting anew may help.
        retryable: bool,
    },
    /// By itself, because somebody asked for it.
    Cancelled,
    /// Somebody asked for it; the grace ran out and it was dropped.
    Forced,
    /// With another attempt to come after so many milliseconds.
    Again {
        /// Milliseconds from now.
        after_ms: i64,
        /// Why.
        message: String,
    },
    /// Given back unfinished, without costing an attempt.
    Released,
}

/// What a task was started with, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredInput {
    /// JSON; it is there as long as the task is.
    pub text: String,
    /// Secrets of it that nobody can read without a key. They are gone with the task's last attempt.
    pub sealed: Option<String>,
}

/// A result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredResult {
    /// Its media type.
    pub media_type: String,
    /// Name under which browsers save it.
    pub file_name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// What was removed because its time was over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Tasks that are tombstones now.
    pub removed: Vec<TaskId>,
    /// How many tombstones are gone, too.
    pub forgotten: u64,
}

/// What is left of a task whose time is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// The task.
    pub id: TaskId,
    /// Whose it was; `None` = nobody's.
    pub owner: Option<String>,
    /// Its kind.
    pub kind: String,
    /// What people called it.
    pub title: String,
    /// How it ended.
    pub status: Status,
    /// When it ended.
    pub finished_at: i64,
    /// When its time was over.
    pub expired_at: i64,
}

/// 256 random bits.
pub type Secret = [u8; 32];

/// What became of a wish to cancel.
#[derive(Clone, Debug, PartialEq)]
pub enum CancelOutcome {
    /// It was under way; the row as it is now.
    Accepted(Row),
    /// It had ended already.
    AlreadyOver(Row),
}

/// What another process may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// There may be something to claim.
    Queued,
    /// Somebody asked this task to stop.
    Cancel(TaskId),
    /// This task started, ended, or waits again.
    Task(TaskId),
    /// Running tasks have saved their progress.
    Progress,
    /// Nobody knows: the store was out of reach for a while.
    Anything,
}

/// Changes as they come. Ends when the store is closed.
pub type Changes = tokio::sync::mpsc::Receiver<Change>;
