//! State shared by the parts of one engine.

use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Admission, EngineOptions,
    client::ClientKey,
    clock::Clock,
    ended::EndedRows,
    keyed_hash::HashKey,
    leases::timing,
    millis,
    queue_positions::Places,
    quota::Quota,
    rates::Rates,
    registry::Kinds,
    running::RunningTasks,
    sets::Sets,
    store::{Inserted, NewTask, Row, RunEnd, Store, StoreError},
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
    pub(super) ended: EndedRows,
    pub(super) places: Places,
    /// Storage usage and limits.
    pub(super) quota: Arc<Quota>,
    /// Slots for uploads in progress.
    pub(super) uploads: Arc<Admission>,
    /// Rate limits of starts and uploads.
    pub(super) rates: Rates,
    /// Starts that come together.
    pub(super) starts: Sets<Arc<NewTask>, Option<Result<Inserted, StoreError>>>,
    /// Ends of runs that come together.
    pub(super) ends: Sets<Arc<RunEnd>, Option<Result<Option<Row>, StoreError>>>,
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

/// Inserts the starts of a set together.
pub(super) fn starts(
    store: Arc<dyn Store>,
) -> Sets<Arc<NewTask>, Option<Result<Inserted, StoreError>>> {
    Sets::new(move |new: Vec<Arc<NewTask>>| {
        let store = Arc::clone(&store);
        async move { store.insert_each(&new.iter().map(|new| &**new).collect::<Vec<_>>()).await }
            .boxed()
    })
}

/// Writes the ends of a set together.
pub(super) fn ends(
    store: Arc<dyn Store>,
) -> Sets<Arc<RunEnd>, Option<Result<Option<Row>, StoreError>>> {
    Sets::new(move |ends: Vec<Arc<RunEnd>>| {
        let store = Arc::clone(&store);
        async move { store.finish_each(&ends.iter().map(|end| &**end).collect::<Vec<_>>()).await }
            .boxed()
    })
}

impl Inner {
    /// Inserts a task together with others, or by itself if it cannot be.
    pub(super) async fn insert(&self, new: NewTask) -> Result<Inserted, StoreError> {
        let new = Arc::new(new);
        match self.starts.call(new.account(), Arc::clone(&new)).await.flatten() {
            Some(inserted) => inserted,
            None => self.store.insert(&new).await,
        }
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
