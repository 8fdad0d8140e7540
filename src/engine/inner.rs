//! State shared by the parts of one engine.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Admission, EngineOptions,
    audit_writes::AuditWrites,
    client::ClientKey,
    clock::Clock,
    commit_group::Writes,
    ended::EndedRows,
    keyed_hash::HashKey,
    leases::timing,
    metrics::Metrics,
    millis,
    pauses::PausedKinds,
    queue_positions::Places,
    quota::Quota,
    rates::Rates,
    registry::Kinds,
    reporter::Events,
    running::RunningTasks,
    service::{batch_pages::RememberedCounts, expiry::JustSeen, known::Known, shares::KnownShares},
    shared_limits::LimitStates,
    slots::Reserved,
    store::{Inserted, NewTask, Row, Store, StoreError, StoredToken, StoredUserSession},
    subscriptions::Subscriptions,
};

/// A random number, uniform in 0..=1.
pub(super) fn random() -> f64 {
    f64::from(uuid::Uuid::new_v4().as_fields().0) / f64::from(u32::MAX)
}

/// See the module documentation.
pub(super) struct Inner {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) kinds: Kinds,
    /// Hashes client addresses for storage.
    pub(super) client_key: ClientKey,
    /// Hashes requests, which may contain secrets, to recognise a repeated start.
    pub(super) request_key: HashKey,
    pub(super) options: Arc<EngineOptions>,
    pub(super) running: RunningTasks,
    /// Slots that claims under way may fill.
    pub(super) reserved: Reserved,
    pub(super) ended: EndedRows,
    pub(super) places: Places,
    /// Tasks that were just seen.
    pub(super) seen: JustSeen,
    /// Counts of the batches that pages follow.
    pub(super) batch_counts: RememberedCounts,
    /// Tokens that were looked up lately.
    pub(super) known_tokens: Known<StoredToken>,
    /// Sessions of users that were looked up lately.
    pub(super) known_user_sessions: Known<StoredUserSession>,
    /// Share links that were looked up lately.
    pub(super) known_shares: KnownShares,
    /// Why queued tasks wait.
    pub(super) limit_states: LimitStates,
    /// Storage usage and limits.
    pub(super) quota: Arc<Quota>,
    /// Slots for exports of the data of an owner.
    pub(super) exports: Arc<Admission<String>>,
    /// Slots for deletions of all data of an owner.
    pub(super) deletions: Arc<Admission<String>>,
    /// Slots for uploads in progress.
    pub(super) uploads: Arc<Admission>,
    /// Rate limits of starts and uploads.
    pub(super) rates: Rates,
    /// What starts and ends here, for operators.
    pub(super) events: Events,
    /// The name of this worker.
    pub(super) worker_name: String,
    /// The kinds that are paused.
    pub(super) paused: PausedKinds,
    /// Figures for operators.
    pub(super) metrics: Metrics,
    /// Starts and ends that come together.
    pub(super) writes: Writes,
    /// Rows of the audit log that come together.
    pub(super) audit: AuditWrites,
    /// The long polls.
    pub(super) subscriptions: Arc<Subscriptions>,
    /// A random id, new for each start of the process.
    pub(super) lease_owner: String,
    /// Wakes the claimer when there may be something to claim.
    pub(super) claim_wakeup: Notify,
    /// Cancelled when no more tasks are to be claimed.
    pub(super) closing: CancellationToken,
    /// Cancelled when the background loops are to stop, after the last run.
    pub(super) closed: CancellationToken,
    /// The supervisors of the runs.
    pub(super) runs: TaskTracker,
    /// The claim loop.
    pub(super) claimer: TaskTracker,
    /// The other loops: flusher, pruner, changes of other processes, long polls.
    pub(super) flusher: TaskTracker,
}

impl Inner {
    /// Forgets what is remembered with its owner: tasks may have become another owner's.
    pub(super) fn forget_owners(&self) {
        self.ended.forget_all();
        self.seen.clear();
        self.batch_counts.clear();
    }

    /// Tasks of a kind were queued here.
    pub(super) fn note_started(&self, kind: &str, tasks: usize) {
        self.metrics.started(kind, tasks);
        self.events.started(kind, tasks, self.clock.now_ms());
    }

    /// A task has ended here; does nothing for one that has not.
    pub(super) fn note_ended(&self, row: &Row) {
        self.metrics.ended(row);
        self.events.ended(row);
    }

    /// Inserts a task together with others, or by itself if it cannot be. Whoever can run it now is
    /// woken.
    pub(super) async fn insert(&self, new: NewTask) -> Result<Inserted, StoreError> {
        let new = Arc::new(new);
        if let Some(inserted) = self.writes.start(&new).await {
            return inserted;
        }
        let inserted = self.store.insert(&new).await;
        self.wake_claimer();
        inserted
    }

    /// The duration of a lease as it is written to the store, in milliseconds.
    pub(super) fn lease_ms(&self) -> i64 {
        millis(timing::written_lease(&self.options))
    }

    /// Whether no other process shares the store.
    pub(super) fn is_alone(&self) -> bool {
        self.store.changes().is_none()
    }

    /// Wakes the claimer: there may be something to claim.
    pub(super) fn wake_claimer(&self) {
        self.claim_wakeup.notify_one();
    }
}
