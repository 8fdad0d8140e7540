//! What the parts of one engine share.

use std::sync::Arc;

use tokio::sync::{Mutex, Notify};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Admission, EngineOptions, client::ClientKey, clock::Clock, keyed_hash::HashKey, leases, millis,
    queue_positions::Places, quota::Quota, rates::Rates, registry::Kinds, running::RunningTasks,
    store::Store, subscriptions::Subscriptions,
};

/// Uniform in 0..=1.
pub(super) fn random() -> f64 {
    f64::from(uuid::Uuid::new_v4().as_fields().0) / f64::from(u32::MAX)
}

/// See the module.
pub(super) struct Inner {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) kinds: Kinds,
    /// Hides the addresses of clients in the store.
    pub(super) client_key: ClientKey,
    /// Hides inputs, which may hold secrets, in what tells a repeated start from another one.
    pub(super) request_key: HashKey,
    pub(super) options: Arc<EngineOptions>,
    pub(super) running: RunningTasks,
    pub(super) places: Places,
    /// How much is stored.
    pub(super) quota: Arc<Quota>,
    /// Places for uploads that are under way.
    pub(super) uploads: Arc<Admission>,
    /// How often clients may start something.
    pub(super) rates: Rates,
    /// The held requests.
    pub(super) subscriptions: Arc<Subscriptions>,
    /// Held from taking a report out of the hub until it is in the store (or back in the hub), so
    /// that an ending never overtakes a run's last words.
    pub(super) saving: Mutex<()>,
    /// A fresh random id per process start.
    pub(super) lease_owner: String,
    /// Rung when there may be something to claim.
    pub(super) claim_wakeup: Notify,
    /// Cancelled when no more tasks are to be claimed.
    pub(super) closing: CancellationToken,
    /// Cancelled when the flusher is to stop, after the last run.
    pub(super) closed: CancellationToken,
    /// The supervisors of the runs.
    pub(super) runs: TaskTracker,
    /// The claimer.
    pub(super) claimer: TaskTracker,
    /// The flusher, who follows other processes, and who looks after the held requests.
    pub(super) flusher: TaskTracker,
}

impl Inner {
    /// How long a lease is as it is written.
    pub(super) fn lease_ms(&self) -> i64 {
        millis(leases::written_lease(&self.options))
    }

    /// Whether no other process shares the store.
    pub(super) fn is_alone(&self) -> bool {
        self.store.changes().is_none()
    }

    /// Says that there may be something to claim.
    pub(super) fn wake_claimer(&self) {
        self.claim_wakeup.notify_one();
    }
}
