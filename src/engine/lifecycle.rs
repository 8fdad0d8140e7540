//! Starting and stopping an engine.

use std::{sync::Arc, time::Duration};

use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use super::{
    Admission, DynamicKind, EngineOptions, Registry, Service,
    audit_writes::AuditWrites,
    changes,
    client::ClientKey,
    clock::Clock,
    commit_group::Writes,
    ended::EndedRows,
    inner::Inner,
    keyed_hash::HashKey,
    leases::{LeaseKeeper, count_ends},
    metrics::Metrics,
    pauses::PausedKinds,
    pruner,
    queue_positions::Places,
    rates::Rates,
    registry::Kinds,
    reporter::{self, Events, host_name},
    runner,
    running::{RunningTasks, Stop},
    service::{
        MAX_DATA_CALLS, batch_pages::no_counts, expiry::none_seen, known::Known, shares::no_shares,
    },
    shared_limits::LimitStates,
    slots::Reserved,
    store::{Store, StoreError},
    subscriptions::{self, Subscriptions},
};

/// How long stopped runs may take to write their ending, beyond the longest grace period of a kind.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Name of the secret, in the store, with which requests are hashed.
const REQUEST_KEY: &str = "request";

/// A running engine. Cheap to clone; [`Engine::shutdown`] stops it for all clones.
#[derive(Clone)]
pub struct Engine(Arc<Running>);

struct Running {
    inner: Arc<Inner>,
    lease_keeper: LeaseKeeper,
}

/// An engine whose last clone is dropped stops like a process that dies: its leases expire and its
/// tasks are reclaimed.
impl Drop for Running {
    fn drop(&mut self) {
        self.inner.closing.cancel();
        self.inner.closed.cancel();
        for task in self.inner.running.all() {
            task.stop(Stop::LeaseLost);
        }
    }
}

impl Engine {
    /// Reclaims the tasks of an earlier process, then starts to work.
    ///
    /// # Errors
    /// [`StoreError::Open`] when the options cannot work, such as a period of zero or a duration
    /// beyond 100 years, or no thread can be started; otherwise when the store fails.
    pub async fn start(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        registry: Registry,
        options: EngineOptions,
    ) -> Result<Self, StoreError> {
        if let Some((key, right)) = options.unusable().into_iter().next() {
            return Err(StoreError::Open(format!("the engine's option {key} must be {right}")));
        }
        let client_key = ClientKey::new(&store.secret(ClientKey::NAME).await?);
        let request_key = HashKey::new(&store.secret(REQUEST_KEY).await?);
        let inner = Arc::new_cyclic(|inner| Inner {
            client_key,
            request_key,
            places: Places::default(),
            seen: none_seen(),
            batch_counts: no_counts(),
            known_tokens: Known::none(),
            known_user_sessions: Known::none(),
            known_shares: no_shares(),
            limit_states: LimitStates::default(),
            quota: Arc::default(),
            ended: EndedRows::new(options.ended_cache_bytes, store.is_shared()),
            writes: Writes::new(inner, !store.is_shared()),
            audit: AuditWrites::new(inner),
            store,
            clock,
            events: Events::default(),
            paused: PausedKinds::default(),
            worker_name: match options.worker_name.trim() {
                "" => host_name(),
                name => name.to_owned(),
            },
            metrics: Metrics::new(registry.words().into_iter()),
            kinds: Kinds::new(registry),
            exports: Admission::new(MAX_DATA_CALLS),
            deletions: Admission::new(MAX_DATA_CALLS),
            uploads: Admission::new(options.files.max_places()),
            rates: Rates::new(&options.rates),
            subscriptions: Arc::new(Subscriptions::new(&options)),
            options: Arc::new(options),
            running: RunningTasks::default(),
            reserved: Reserved::default(),
            lease_owner: Uuid::new_v4().to_string(),
            claim_wakeup: Notify::new(),
            closing: CancellationToken::new(),
            closed: CancellationToken::new(),
            runs: TaskTracker::new(),
            claimer: TaskTracker::new(),
            flusher: TaskTracker::new(),
        });
        let taken = inner.store.reclaim_after_restart(&inner.lease_owner).await?;
        if !taken.is_empty() {
            tracing::info!(tasks = taken.len(), "took back tasks of an earlier process");
            count_ends(&inner, &taken).await;
        }
        find_gone(&inner).await?;
        let lease_keeper = LeaseKeeper::default();
        if inner.options.worker {
            lease_keeper.start(Arc::clone(&inner)).map_err(|error| {
                StoreError::Open(format!("the heartbeat cannot be started: {error}"))
            })?;
            inner.claimer.spawn(runner::run_claim_loop(Arc::clone(&inner)));
            inner.flusher.spawn(pruner::run_prune_loop(Arc::clone(&inner)));
            inner.flusher.spawn(runner::run_flush_loop(Arc::clone(&inner)));
        }
        if let Some(changes) = inner.store.changes() {
            inner.flusher.spawn(changes::run_changes_loop(Arc::clone(&inner), changes));
        }
        inner.flusher.spawn(reporter::run_report_loop(Arc::clone(&inner)));
        inner.flusher.spawn(subscriptions::run_tick_loop(Arc::clone(&inner)));
        inner.flusher.spawn(subscriptions::run_read_loop(Arc::clone(&inner)));
        inner.claimer.close();
        inner.flusher.close();
        Ok(Self(Arc::new(Running { inner, lease_keeper })))
    }

    /// Returns the service that callers use.
    pub fn service(&self) -> Service {
        Service::new(self.clone())
    }

    /// [`Engine::drain`] and [`Engine::close`]; for programs that serve no requests meanwhile.
    pub async fn shutdown(&self) {
        self.drain().await;
        self.close().await;
    }

    /// Stops the work of this process: answers waiting requests and lets no request wait, claims no
    /// more tasks, lets running tasks continue for [`EngineOptions::drain`], then stops the rest
    /// and returns them to the queue without costing an attempt. Leases are renewed until the last
    /// ending is written. The service remains available; tasks that are started wait for another
    /// process.
    pub async fn drain(&self) {
        let Running { inner, lease_keeper } = &*self.0;
        inner.closing.cancel();
        inner.subscriptions.drain();
        // After the last claim, also those of group commits, the set of runs is final.
        inner.claimer.wait().await;
        inner.runs.close();
        if tokio::time::timeout(inner.options.drain, inner.runs.wait()).await.is_err() {
            for task in inner.running.all() {
                task.stop(Stop::Shutdown);
            }
            let kinds = inner.kinds.now();
            let grace = kinds.all().map(|kind| kind.options.cancel_grace).max();
            let longest = grace.unwrap_or_default().saturating_add(LAST_WORDS);
            if tokio::time::timeout(longest, inner.runs.wait()).await.is_err() {
                tracing::warn!("some runs did not stop; the next process takes them back");
            }
        }
        inner.closed.cancel();
        inner.flusher.wait().await;
        lease_keeper.stop().await;
    }

    /// Closes the store; afterwards no call succeeds. Call it after [`Engine::drain`].
    pub async fn close(&self) {
        self.inner().store.close().await;
    }

    /// Replaces the dynamic kinds; typed kinds are unchanged. Running tasks are not affected; a
    /// queued task runs with the definition of its kind at its start. If this is the store's only
    /// process, queued tasks of a removed kind fail with `kind_removed`; otherwise they wait for a
    /// worker that has the kind.
    ///
    /// # Errors
    /// When the store fails; the kinds are replaced nevertheless.
    pub async fn replace_dynamic_kinds(&self, kinds: Vec<DynamicKind>) -> Result<(), StoreError> {
        let inner = self.inner();
        let before = inner.kinds.now().words();
        let alone = inner.is_alone();
        inner.kinds.change(|old| {
            let new = old.with_others(kinds);
            // Running tasks of removed kinds may return to the queue.
            if alone { new.with_gone(before) } else { new }
        });
        let found = find_gone(inner).await;
        inner.wake_claimer();
        found
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.0.inner
    }
}

/// Registers the kinds of queued tasks that no process can run.
async fn find_gone(inner: &Inner) -> Result<(), StoreError> {
    if inner.options.worker && inner.is_alone() {
        let waiting = inner.store.waiting_kinds().await?;
        inner.kinds.change(|kinds| kinds.with_gone(waiting));
    }
    Ok(())
}
