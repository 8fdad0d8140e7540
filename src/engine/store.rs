//! Where the truth is kept. The engine speaks to a [`Store`]; each store owns its clock, so that
//! all processes that share one agree on the time.
//!
//! Every write of a run carries its `run_seq` and counts only while the row still has it: a worker
//! that was thought dead and wakes up can change nothing.

mod artifacts;
mod budget;
mod new_task;
pub mod postgres;
mod row;
pub mod sqlite;
mod turns;
mod usage;

use async_trait::async_trait;
use sqlx::migrate::MigrateError;

pub use artifacts::{Artifact, ArtifactId, ArtifactRows, NewArtifact, Source, WriteRejected};
pub use budget::{Scope, Spend, Spending, Spent};
pub use new_task::{AllInserted, Inserted, NewTask};
pub use row::{
    CancelOutcome, Change, Changes, Claim, Ending, ListQuery, LogEntry, LogGap, ProgressWrite,
    Pruned, Renewal, Resumption, Row, Secret, Stopping, StoredInput, StoredPace, StoredResult,
    Tombstone,
};
pub use usage::{Usage, UsageOf};

use crate::task::{BatchId, TaskId};

/// What can go wrong between the engine and its store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store did not answer, or answered with an error. Trying again may help.
    /// While the database is away callers get 503, and an ending is tried again until it is stored.
    #[error("the store does not answer: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// The disk of the store is full. Trying again may help once there is room.
    #[error("the disk of the database is full: {0}")]
    Full(#[source] sqlx::Error),
    /// What the store holds makes no sense to this version.
    #[error("the store holds an unreadable {what}: {detail}")]
    Corrupt {
        /// Which column or file.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// The store cannot be opened.
    #[error("{0}")]
    Open(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        match code.as_deref() {
            Some(SQLITE_FULL | POSTGRES_DISK_FULL) => Self::Full(error),
            _ => Self::Unavailable(error),
        }
    }
}

/// Why the schema of a database cannot be brought to this version, for the operator.
pub(in crate::engine) fn migration_failure(error: &MigrateError) -> String {
    match error {
        MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => format!(
            "its schema was made by another version of Milepost ({error}); use that version, or a new database"
        ),
        other => other.to_string(),
    }
}

const SQLITE_FULL: &str = "13";
const POSTGRES_DISK_FULL: &str = "53100";

/// The durable side of the engine.
///
/// # Errors
/// Each call fails with [`StoreError::Unavailable`] when the database does, or does not answer in
/// time, and leaves the store as it was; of a commit that is not answered nobody knows. No call goes on
/// for ever.
#[async_trait]
pub trait Store: ArtifactRows {
    /// The store's time, in milliseconds since the Unix epoch.
    async fn now_ms(&self) -> Result<i64, StoreError>;

    /// Queues a task, or says why not. One transaction decides over idempotency key, unique key and
    /// limit.
    async fn insert(&self, new: &NewTask) -> Result<Inserted, StoreError>;

    /// Queues several tasks of one owner, or none, in one transaction.
    async fn insert_all(&self, new: &[NewTask]) -> Result<AllInserted, StoreError>;

    /// Reads the tasks of a batch, in their order.
    async fn batch(&self, id: BatchId) -> Result<Vec<Row>, StoreError>;

    /// The task that a start with this idempotency key and fingerprint led to; see
    /// [`NewTask::account`].
    async fn started(
        &self,
        account: &str,
        key: &str,
        request_hash: &str,
    ) -> Result<Option<Row>, StoreError>;

    /// Reads one task.
    async fn get(&self, id: TaskId) -> Result<Option<Row>, StoreError>;

    /// Reads those of these tasks that there are, in any order, with one statement.
    async fn get_all(&self, ids: &[TaskId]) -> Result<Vec<Row>, StoreError>;

    /// Reads the inputs of those of these tasks that there are, in any order, with one statement.
    async fn inputs(&self, ids: &[TaskId]) -> Result<Vec<(TaskId, StoredInput)>, StoreError>;

    /// Reads a task's input.
    async fn input(&self, id: TaskId) -> Result<Option<StoredInput>, StoreError> {
        Ok(self.inputs(&[id]).await?.pop().map(|(_, input)| input))
    }

    /// Reads tasks, newest first.
    async fn list(&self, query: &ListQuery) -> Result<Vec<Row>, StoreError>;

    /// The first `limit` tasks of a kind that wait and may start now, in the order in which they are
    /// claimed.
    async fn queue(&self, kind: &str, limit: u32) -> Result<Vec<TaskId>, StoreError>;

    /// The account's newest task of a kind with this lookup key; see [`NewTask::account`].
    async fn newest(
        &self,
        account: &str,
        kind: &str,
        lookup_key: &str,
    ) -> Result<Option<Row>, StoreError>;

    /// Takes queued tasks: at most `claim.slots` of each kind and `claim.total` in all. Each gets
    /// the next attempt, the next `run_seq` and a lease.
    async fn claim(&self, claim: &Claim) -> Result<Vec<Row>, StoreError>;

    /// Renews the leases of `lease_owner` on these tasks and tells which runs it still has. A lease
    /// that nobody works under any more is left to expire.
    async fn renew_leases(
        &self,
        lease_owner: &str,
        lease_ms: i64,
        runs: &[TaskId],
    ) -> Result<Vec<Renewal>, StoreError>;

    /// Which of these runs of `lease_owner` somebody has asked to stop.
    async fn cancels(&self, lease_owner: &str, runs: &[TaskId])
    -> Result<Vec<Renewal>, StoreError>;

    /// What other processes change from now on; `None` where there are none. A hint: each is found
    /// by asking, too.
    fn changes(&self) -> Option<Changes>;

    /// Whether other processes may be at work at the same rows.
    fn is_shared(&self) -> bool;

    /// Ends or queues again what runs under a lease that ended before this time of the store's clock.
    /// Tells which tasks.
    async fn rescue_expired(&self, ended_before: i64) -> Result<Vec<TaskId>, StoreError>;

    /// The clock was set back: what is dated later than now is brought to now. A lease of that time
    /// ends no later than one that is made now, and what waits keeps its order and does not wait until
    /// the clock is where it was. Changes nothing where nothing is dated later than now.
    async fn clamp_future_times(&self) -> Result<(), StoreError>;

    /// Called once when a process starts. A store for one process takes back every lease but those
    /// of `lease_owner`, expired or not; a shared store none, as others may be alive.
    async fn reclaim_after_restart(&self, lease_owner: &str) -> Result<Vec<TaskId>, StoreError>;

    /// Writes what running tasks report, in one transaction. Writes of lost runs are ignored.
    async fn save_progress(&self, writes: &[ProgressWrite]) -> Result<(), StoreError>;

    /// Keeps a checkpoint; false where the run was lost.
    async fn save_checkpoint(
        &self,
        id: TaskId,
        run_seq: i64,
        key: &str,
        value: &str,
    ) -> Result<bool, StoreError>;

    /// Reads a checkpoint.
    async fn checkpoint(&self, id: TaskId, key: &str) -> Result<Option<String>, StoreError>;

    /// Ends a run; `None` where the run was lost, else the row as it is now. Every write that ends a task
    /// drops its sealed secrets, too.
    async fn finish(
        &self,
        id: TaskId,
        run_seq: i64,
        ending: &Ending,
    ) -> Result<Option<Row>, StoreError>;

    /// Asks a task to stop. Queued: it is cancelled at once. Running: its worker learns of it with
    /// the next heartbeat, or at once where it runs in the same process.
    async fn request_cancel(
        &self,
        id: TaskId,
        by: &str,
    ) -> Result<Option<CancelOutcome>, StoreError>;

    /// Reads a result.
    async fn result(&self, id: TaskId) -> Result<Option<StoredResult>, StoreError>;

    /// Reads at most `limit` log lines after number `after`.
    async fn log(&self, id: TaskId, after: i64, limit: u32) -> Result<Vec<LogEntry>, StoreError>;

    /// Reads the last `limit` log lines, oldest first.
    async fn log_end(&self, id: TaskId, limit: u32) -> Result<Vec<LogEntry>, StoreError>;

    /// Keeps how long the stages of a whole run took, by name in milliseconds; of each stage the
    /// newest `most` are kept.
    async fn keep_stage_times(
        &self,
        id: TaskId,
        kind: &str,
        times: &[(String, i64)],
        most: u32,
    ) -> Result<(), StoreError>;

    /// How long the stages of a kind took, by name in milliseconds.
    async fn stage_times(&self, kind: &str) -> Result<Vec<(String, i64)>, StoreError>;

    /// Keeps an ended task for at least `for_ms` milliseconds from now; one that is kept longer
    /// already, or for ever, stays as it is, and so does what has not ended or has expired. The row
    /// as it is then; `None` where there is none.
    async fn keep(&self, id: TaskId, for_ms: i64) -> Result<Option<Row>, StoreError>;

    /// Removes at most `most` tasks whose time is over, with all that belongs to them, and leaves
    /// their tombstones, to be known until `known_ms` milliseconds after they expired; forgets at
    /// most `most` tombstones whose time is over too. Several processes may do it at once.
    async fn clean(&self, most: u32, known_ms: i64) -> Result<Pruned, StoreError>;

    /// What is left of those of these tasks that were removed, in any order, with one statement.
    async fn tombstones(&self, ids: &[TaskId]) -> Result<Vec<Tombstone>, StoreError>;

    /// What is left of a task that was removed; `None` where nothing is.
    async fn tombstone(&self, id: TaskId) -> Result<Option<Tombstone>, StoreError> {
        Ok(self.tombstones(&[id]).await?.pop())
    }

    /// A secret of that name: random, made when it is first asked for, the same for all processes.
    async fn secret(&self, name: &str) -> Result<Secret, StoreError>;

    /// Takes from a daily budget for a run: as much as is left, from `least` to `most`, or nothing.
    async fn spend(&self, spend: &Spend) -> Result<Spent, StoreError>;

    /// Adds to what was spent for a task on a day; a negative number gives back.
    async fn correct_spending(
        &self,
        task: TaskId,
        name: &str,
        day: i64,
        by: i64,
    ) -> Result<(), StoreError>;

    /// What was spent today in all, by this owner and from this client, and the store's time.
    async fn spending(
        &self,
        name: &str,
        owner: Option<&str>,
        client: Option<&str>,
    ) -> Result<(Vec<Spending>, i64), StoreError>;

    /// How many bytes are stored.
    async fn usage(&self, of: &UsageOf) -> Result<Usage, StoreError>;

    /// The kinds that tasks wait for.
    async fn waiting_kinds(&self) -> Result<Vec<String>, StoreError>;

    /// How many tasks wait and run, for operators: (queued, running).
    async fn counts(&self) -> Result<(i64, i64), StoreError>;

    /// Writes everything out and lets go of files and connections.
    async fn close(&self);
}
