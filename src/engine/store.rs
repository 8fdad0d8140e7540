//! Durable storage. The engine uses it through the [`Store`] trait. Each store owns its clock, so
//! that all processes that share one agree on the time.
//!
//! Every write of a run carries its `run_seq` and takes effect only while the row still has it: a
//! worker that lost its lease can no longer change the row.

mod artifacts;
mod audit;
mod batches;
mod budget;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod call_times;
mod commit_group;
mod error;
mod labels;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod migration;
mod new_task;
mod operate;
mod owner_data;
#[cfg(feature = "postgres")]
pub mod postgres;
mod row;
mod run;
pub(in crate::engine) mod sealed;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod search_text;
mod shared_limits;
mod shares;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql_error;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod tokens;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod turns;
mod unfinished;
mod usage;
mod users;
mod version;

use async_trait::async_trait;

pub use artifacts::{Artifact, ArtifactId, ArtifactRows, NewArtifact, Source, WriteRejected};
pub use audit::{Audit, AuditQuery, AuditRows, NewAudit};
pub use batches::{BatchCounts, BatchRow};
pub(in crate::engine) use budget::DAY_MS;
pub use budget::{Scope, Spend, Spending, Spent, day};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use call_times::CallTimes;
pub use commit_group::{CommitGroup, CommittedGroup};
pub use error::StoreError;
pub use labels::{LabelChange, Labels};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use migration::{Inspection, Migrated};
pub use new_task::{AllInserted, Inserted, NewTask, ScheduledBy};
pub use operate::{
    AccountTasks, AllTasks, AllTasksQuery, HourCount, HourEvent, OperatorRows, Pause, PauseScope,
    Worker,
};
pub use owner_data::OwnerDataRows;
pub use row::{
    CancelOutcome, Change, Changes, ListQuery, LogEntry, LogGap, PreviewPiece, ProgressWrite,
    Pruned, Resumption, Row, Secret, Stopping, StoredPace, Tombstone,
};
pub use run::{
    Claim, ClaimedTask, Ending, Renewal, RunEnd, StoredInput, StoredResult, StoredTrace,
};
pub use shared_limits::{LimitState, SharedLimits};
pub use shares::{AddedShare, NewShare, ShareRows, ShareSubject, StoredShare};
pub use tokens::{NewToken, StoredToken, TokenRows, TokenScope, UnknownScope};
pub use unfinished::UnfinishedTasks;
pub use usage::{Usage, UsageOf};
pub use users::{
    EndedSessions, NewUserSession, NotBegun, ProviderUser, SessionLifetime, SignsIn, StoredUser,
    StoredUserSession, UserRows,
};
pub(in crate::engine) use users::{USER_PREFIX, owner_of_user};
pub use version::GENERATION_SHIFT;
pub(in crate::engine) use version::{FIRST_VERSION, generation, last_of_generation};

use crate::task::{BatchId, Status, TaskId};

/// The durable side of the engine. Implemented by the stores of this crate only: each version may add calls.
///
/// # Errors
/// Each call fails with [`StoreError::Unavailable`] when the database fails or does not answer in time, and leaves
/// the store unchanged; the outcome of a commit that is not answered is unknown. Every call ends within a time limit.
/// A call that takes a [`NewAudit`], by itself or in another argument, writes it in the transaction of the change,
/// and not if it changes nothing.
#[async_trait]
pub trait Store:
    ArtifactRows + AuditRows + OperatorRows + ShareRows + TokenRows + UserRows + sealed::Sealed
{
    /// Returns the store's time, in milliseconds since the Unix epoch.
    async fn now_ms(&self) -> Result<i64, StoreError>;

    /// Queues a task, or returns why it cannot. Idempotency key, unique key and limits are checked
    /// in the same transaction.
    async fn insert(&self, new: &NewTask) -> Result<Inserted, StoreError>;

    /// Queues several tasks of one owner in one transaction: all of them or none.
    async fn insert_all(&self, new: &[NewTask]) -> Result<AllInserted, StoreError>;

    /// Reads at most `limit` unexpired tasks of a batch behind index `after`, in the order of its
    /// inputs, each with its index; with `status` only those.
    async fn batch(
        &self,
        id: BatchId,
        status: Option<Status>,
        after: Option<u32>,
        limit: u32,
    ) -> Result<Vec<(u32, Row)>, StoreError>;

    /// Counts the unexpired tasks of a batch with one statement; `None` if there are none.
    async fn batch_counts(&self, id: BatchId) -> Result<Option<BatchCounts>, StoreError>;

    /// Cancels the queued tasks of a batch in one transaction; returns their rows. For the running
    /// ones see [`Store::request_cancel`].
    async fn cancel_queued_of(
        &self,
        id: BatchId,
        by: &str,
        audit: Option<&NewAudit>,
    ) -> Result<Vec<Row>, StoreError>;

    /// Reads the batches of an owner that have unexpired tasks, newest first; with `before`, those
    /// older than a batch: its `created_at` and id.
    async fn batches(
        &self,
        owner: &str,
        before: Option<(i64, BatchId)>,
        limit: u32,
    ) -> Result<Vec<BatchRow>, StoreError>;

    /// Returns the task started with this idempotency key and request hash; see
    /// [`NewTask::account`].
    async fn started(
        &self,
        account: &str,
        key: &str,
        request_hash: &str,
    ) -> Result<Option<Row>, StoreError>;

    /// Reads one task.
    async fn get(&self, id: TaskId) -> Result<Option<Row>, StoreError>;

    /// Reads the existing rows among these tasks, in any order, with one statement.
    async fn get_all(&self, ids: &[TaskId]) -> Result<Vec<Row>, StoreError>;

    /// Reads the inputs of the existing tasks among these, in any order, with one statement.
    async fn inputs(&self, ids: &[TaskId]) -> Result<Vec<(TaskId, StoredInput)>, StoreError>;

    /// Reads a task's input.
    async fn input(&self, id: TaskId) -> Result<Option<StoredInput>, StoreError> {
        Ok(self.inputs(&[id]).await?.pop().map(|(_, input)| input))
    }

    /// Reads tasks, newest first.
    async fn list(&self, query: &ListQuery) -> Result<Vec<Row>, StoreError>;

    /// Returns time and id of the last row that [`Store::list`] examines for this query; `None`: it
    /// examines all of them.
    async fn last_examined(&self, query: &ListQuery) -> Result<Option<(i64, TaskId)>, StoreError>;

    /// Returns the first `limit` queued tasks of a kind that may start now, in claim order.
    async fn queue(&self, kind: &str, limit: u32) -> Result<Vec<TaskId>, StoreError>;

    /// Whether any queued task of a kind may start now, by this process's idea of the store's clock.
    async fn has_waiting(&self, kind: &str) -> Result<bool, StoreError> {
        Ok(!self.queue(kind, 1).await?.is_empty())
    }

    /// Returns the account's newest task of a kind with this lookup key; see [`NewTask::account`].
    async fn newest(
        &self,
        account: &str,
        kind: &str,
        lookup_key: &str,
    ) -> Result<Option<Row>, StoreError>;

    /// Claims queued tasks: at most `claim.slots` of each kind and `claim.total` in all. Each gets
    /// the next attempt, the next `run_seq` and a lease.
    async fn claim(&self, claim: &Claim) -> Result<Vec<Row>, StoreError>;

    /// Returns what the shared limits of a kind allow an account now; see [`NewTask::account`].
    async fn limit_state(
        &self,
        kind: &str,
        limits: &SharedLimits,
        account: &str,
    ) -> Result<LimitState, StoreError>;

    /// [`Store::claim`] together with the inputs; `None`: the input could not be read.
    async fn claim_with_inputs(&self, claim: &Claim) -> Result<Vec<ClaimedTask>, StoreError> {
        run::claim_with_inputs(self, claim).await
    }

    /// Renews the leases of `lease_owner` on these tasks and returns the runs that it still holds.
    /// Leases of other tasks are left to expire.
    async fn renew_leases(
        &self,
        lease_owner: &str,
        lease_ms: i64,
        runs: &[TaskId],
    ) -> Result<Vec<Renewal>, StoreError>;

    /// Returns those runs of `lease_owner` among these for which cancellation was requested.
    async fn cancels(&self, lease_owner: &str, runs: &[TaskId])
    -> Result<Vec<Renewal>, StoreError>;

    /// Subscribes to changes made by other processes; `None` if the store is not shared. Changes
    /// are hints: polling finds each of them, too.
    fn changes(&self) -> Option<Changes>;

    /// Whether other processes may work on the same rows.
    fn is_shared(&self) -> bool;

    /// Ends or requeues the running tasks whose lease expired before this time of the store's
    /// clock. Returns those tasks.
    async fn rescue_expired(&self, ended_before: i64) -> Result<Vec<TaskId>, StoreError>;

    /// After the clock was set back, brings times in the future to now. A lease of that time
    /// expires no later than one made now; queued tasks retain their order and do not wait until
    /// the clock catches up. Changes nothing if no time is in the future.
    async fn clamp_future_times(&self) -> Result<(), StoreError>;

    /// Called once when a process starts. A store for one process reclaims every lease except those of `lease_owner`,
    /// expired or not; a shared store reclaims none, as other processes may be alive.
    async fn reclaim_after_restart(&self, lease_owner: &str) -> Result<Vec<TaskId>, StoreError>;

    /// Writes the reports of running tasks in one transaction. Writes of lost runs are ignored.
    async fn save_progress(&self, writes: &[ProgressWrite]) -> Result<(), StoreError>;

    /// Stores a checkpoint; returns false if the run was lost.
    async fn save_checkpoint(
        &self,
        id: TaskId,
        run_seq: i64,
        key: &str,
        value: &str,
    ) -> Result<bool, StoreError>;

    /// Reads a checkpoint.
    async fn checkpoint(&self, id: TaskId, key: &str) -> Result<Option<String>, StoreError>;

    /// Whether a rerun of the task takes checkpoints along. See [`RERUN_KEYS`](super::RERUN_KEYS).
    async fn has_rerun_checkpoints(&self, id: TaskId) -> Result<bool, StoreError>;

    /// Ends a run and returns the new row; `None` if the run was lost. Every write that ends a task
    /// also drops its sealed secrets.
    async fn finish(
        &self,
        id: TaskId,
        run_seq: i64,
        ending: &Ending,
    ) -> Result<Option<Row>, StoreError>;

    /// Group commit: [`Store::finish`] with [`Store::keep_stage_times`], [`Store::insert`] and
    /// [`Store::claim_with_inputs`] for several callers, in this order and in one transaction. What
    /// keeps one of them out is no matter of the others.
    async fn commit_group(&self, group: &CommitGroup) -> CommittedGroup {
        CommittedGroup::each_by_itself(group)
    }

    /// Requests cancellation of a task. A queued task is cancelled at once. The worker of a running
    /// task learns of it at the next check for cancels, or at once if it is in the same process.
    async fn request_cancel(
        &self,
        id: TaskId,
        by: &str,
        audit: Option<&NewAudit>,
    ) -> Result<Option<CancelOutcome>, StoreError>;

    /// Changes the tags and the note of a task, and returns its row; `None` if there is none. Leaves an expired task
    /// unchanged.
    async fn set_labels(
        &self,
        id: TaskId,
        change: &LabelChange,
        audit: Option<&NewAudit>,
    ) -> Result<Option<Row>, StoreError>;

    /// Lets a queued task start now that waits for its time, and returns its row; `None` if there is none. Other tasks
    /// are unchanged.
    async fn start_now(
        &self,
        id: TaskId,
        audit: Option<&NewAudit>,
    ) -> Result<Option<Row>, StoreError>;

    /// Reads a result.
    async fn result(&self, id: TaskId) -> Result<Option<StoredResult>, StoreError>;

    /// Reads at most `limit` log lines after number `after`.
    async fn log(&self, id: TaskId, after: i64, limit: u32) -> Result<Vec<LogEntry>, StoreError>;

    /// Reads the last `limit` log lines, oldest first.
    async fn log_end(&self, id: TaskId, limit: u32) -> Result<Vec<LogEntry>, StoreError>;

    /// Reads the pieces of a preview with a version after `after`, in their order. A task that has ended has none.
    async fn preview(&self, id: TaskId, after: i64) -> Result<Vec<PreviewPiece>, StoreError>;

    /// Stores how long the stages of a completed run took, by name in milliseconds; of each stage
    /// the newest `most` are retained.
    async fn keep_stage_times(
        &self,
        id: TaskId,
        kind: &str,
        times: &[(String, i64)],
        most: u32,
    ) -> Result<(), StoreError>;

    /// Returns how long the stages of a kind took, by name in milliseconds.
    async fn stage_times(&self, kind: &str) -> Result<Vec<(String, i64)>, StoreError>;

    /// Extends the retention of an ended task to at least `for_ms` milliseconds from now. Unchanged
    /// are a longer or unlimited retention, and tasks that have not ended or have expired. Returns
    /// the row afterwards; `None` if there is none.
    async fn keep(
        &self,
        id: TaskId,
        for_ms: i64,
        audit: Option<&NewAudit>,
    ) -> Result<Option<Row>, StoreError>;

    /// Removes a task with all its data and the uploads that no other task uses, whatever its status, and leaves a tombstone without a title,
    /// retained for `known_ms` milliseconds; a run loses its lease. Returns whether there was one.
    async fn delete(
        &self,
        id: TaskId,
        known_ms: i64,
        audit: Option<&NewAudit>,
    ) -> Result<bool, StoreError>;

    /// Removes at most `most` expired tasks with all their data and leaves tombstones, retained
    /// until `known_ms` milliseconds after the expiry; deletes at most `most` outdated tombstones.
    /// Several processes may call it at once.
    async fn clean(&self, most: u32, known_ms: i64) -> Result<Pruned, StoreError>;

    /// Returns the tombstones of the removed tasks among these, in any order, with one statement.
    async fn tombstones(&self, ids: &[TaskId]) -> Result<Vec<Tombstone>, StoreError>;

    /// Returns the tombstone of a removed task; `None` if there is none.
    async fn tombstone(&self, id: TaskId) -> Result<Option<Tombstone>, StoreError> {
        Ok(self.tombstones(&[id]).await?.pop())
    }

    /// Returns the secret of this name: random, created on first use, the same for all processes.
    async fn secret(&self, name: &str) -> Result<Secret, StoreError>;

    /// Reserves from a daily budget for a run: as much as is left, from `least` to `most`, or nothing.
    async fn spend(&self, spend: &Spend) -> Result<Spent, StoreError>;

    /// Adds to a task's spending on a day; a negative number subtracts.
    async fn correct_spending(
        &self,
        task: TaskId,
        name: &str,
        day: i64,
        by: i64,
    ) -> Result<(), StoreError>;

    /// Returns today's spending in total, by this owner and by this client, and the store's time.
    async fn spending(
        &self,
        name: &str,
        owner: Option<&str>,
        client: Option<&str>,
    ) -> Result<(Vec<Spending>, i64), StoreError>;

    /// Returns how many bytes are stored.
    async fn usage(&self, of: &UsageOf) -> Result<Usage, StoreError>;

    /// Returns the kinds that have queued tasks.
    async fn waiting_kinds(&self) -> Result<Vec<String>, StoreError>;

    /// Returns the numbers of tasks, for operators: (queued, running).
    async fn counts(&self) -> Result<(i64, i64), StoreError>;

    /// How long its calls take, if it measures them.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    fn call_times(&self) -> Option<CallTimes> {
        None
    }

    /// Counts the unfinished tasks of each kind, for operators.
    async fn unfinished(&self) -> Result<Vec<UnfinishedTasks>, StoreError>;

    /// Whether the store takes writes now.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`] if it does not.
    async fn check_writable(&self) -> Result<(), StoreError>;

    /// Flushes pending writes and closes files and connections.
    async fn close(&self);
}
