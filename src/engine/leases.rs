//! The lease keeper: renews this process's leases, detects cancel requests and lost runs, and
//! reclaims the tasks of other workers whose leases expired.
//!
//! It has its own thread and runtime, so that CPU-bound tasks cannot delay renewals. A run without
//! a confirmed renewal for 60 % of the lease is dropped here before any other worker may claim it.
//! Of a dropped run only a completed result or a final failure is still offered to the store, where
//! the fence decides.
//!
//! Expired leases are searched for more often than leases are renewed, so that a dead worker's
//! tasks continue within one lease. A lease is reclaimed only if it expired by a clock that was
//! observed to run evenly for a while: after the clock is set, every worker has time to renew its
//! leases.

mod clock_monitor;
pub(super) mod timing;

use std::{sync::Arc, thread::JoinHandle, time::Instant};

use parking_lot::Mutex;

use tokio_util::sync::CancellationToken;

use self::{
    clock_monitor::{ClockMonitor, ClockSample},
    timing::{LEASE_TIMEOUT_SHARE, LOOKS, MIN_LOOK, search_every},
};
use super::{
    EngineOptions,
    inner::Inner,
    running::{RunningTask, Stop},
    store::{Renewal, StoreError},
};
use crate::task::TaskId;

/// Number of heartbeats for which the store's clock must have run evenly before leases expire by
/// it: by then every living worker has renewed its own.
const EVEN_RENEWALS: u32 = 2;

/// A call of the lease keeper may take the lease divided by this.
const CALL: u32 = 5;

/// The running lease keeper; stopped by [`LeaseKeeper::stop`].
#[derive(Default)]
pub(super) struct LeaseKeeper {
    thread: Mutex<Option<JoinHandle<()>>>,
    token: CancellationToken,
}

impl LeaseKeeper {
    /// Starts to renew leases.
    ///
    /// # Errors
    /// When no thread or runtime can be started.
    pub(super) fn start(&self, inner: Arc<Inner>) -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let token = self.token.clone();
        let thread =
            std::thread::Builder::new().name("milepost-heartbeat".to_owned()).spawn(move || {
                let beating = async {
                    tokio::join!(run_renewal_loop(&inner), run_lease_timeout_loop(&inner));
                };
                runtime.block_on(token.run_until_cancelled(beating));
            })?;
        *self.thread.lock() = Some(thread);
        Ok(())
    }

    /// Stops the renewals and waits for the thread.
    pub(super) async fn stop(&self) {
        self.token.cancel();
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            // Joining blocks, but only for the query in progress.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

impl Drop for LeaseKeeper {
    fn drop(&mut self) {
        self.token.cancel();
    }
}

async fn run_renewal_loop(inner: &Inner) {
    let options = &inner.options;
    let every = search_every(options);
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut search = Search::new(options);
    let (mut renewed, mut well) = (None::<Instant>, false);
    loop {
        ticks.tick().await;
        // By elapsed time, so that slow searches do not delay a renewal.
        if renewed.is_none_or(|at| at.elapsed() + every / 2 >= options.heartbeat) {
            renewed = Some(Instant::now());
            well = renew_leases(inner).await;
        }
        // A process that cannot reach the store does not judge other workers' leases.
        if well {
            search.go(inner).await;
        }
    }
}

/// Renews all leases once. Returns whether the store was reached.
async fn renew_leases(inner: &Inner) -> bool {
    let limit = inner.options.lease / CALL;
    let asked = Instant::now();
    // Tasks claimed after this point are not judged by this renewal.
    let tasks = inner.running.all();
    let runs: Vec<_> = tasks.iter().map(|task| task.id).collect();
    let renewal = inner.store.renew_leases(&inner.lease_owner, inner.lease_ms(), &runs);
    match tokio::time::timeout(limit, renewal).await {
        Ok(Ok(renewals)) => {
            confirm(inner, &tasks, &renewals, asked);
            return true;
        }
        Ok(Err(error)) => tracing::warn!(%error, "the heartbeat did not reach the store"),
        Err(_) => tracing::warn!(limit_ms = limit.as_millis() as u64, "the heartbeat hangs"),
    }
    false
}

/// The search for expired leases.
struct Search {
    clock: ClockMonitor,
    /// The clock was set back, or may have been before it was observed, and future times have not
    /// been clamped yet.
    behind: bool,
}

impl Search {
    fn new(options: &EngineOptions) -> Self {
        Self { clock: ClockMonitor::new(options.lease / CALL, Instant::now()), behind: true }
    }

    async fn go(&mut self, inner: &Inner) {
        let limit = inner.options.lease / CALL;
        match tokio::time::timeout(limit, self.look(inner)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "expired leases were not looked at"),
            Err(_) => tracing::warn!("looking for expired leases hangs"),
        }
    }

    async fn look(&mut self, inner: &Inner) -> Result<(), StoreError> {
        let asked = Instant::now();
        let now = inner.store.now_ms().await?;
        match self.clock.read(now, asked) {
            ClockSample::Even => {}
            ClockSample::Forward => tracing::warn!("the store's clock was set forward"),
            ClockSample::Back => {
                tracing::warn!("the store's clock was set back");
                self.behind = true;
            }
        }
        if self.behind {
            inner.store.clamp_future_times().await?;
            self.behind = false;
            inner.wake_claimer();
        }
        if self.clock.lasted(asked) < inner.options.heartbeat * EVEN_RENEWALS {
            return Ok(());
        }
        let taken = inner.store.rescue_expired(now).await?;
        if !taken.is_empty() {
            tracing::warn!(tasks = taken.len(), "took back tasks of a lost worker");
            inner.wake_claimer();
            count_ends(inner, &taken).await;
            taken.iter().for_each(|id| inner.subscriptions.ask(*id));
        }
        // By now every lease that was not renewed for this long has been reclaimed.
        inner.running.drop_lost(inner.options.lease * 2);
        Ok(())
    }
}

/// Counts those of the reclaimed tasks that have ended with that.
pub(super) async fn count_ends(inner: &Inner, taken: &[TaskId]) {
    match inner.store.get_all(taken).await {
        Ok(rows) => rows.iter().for_each(|row| inner.note_ended(row)),
        Err(error) => tracing::warn!(%error, "reclaimed tasks could not be counted"),
    }
}

/// Compares the renewals with the tasks that run here.
fn confirm(inner: &Inner, tasks: &[Arc<RunningTask>], renewals: &[Renewal], asked: Instant) {
    for task in tasks {
        let held = renewals
            .iter()
            .find(|renewal| renewal.id == task.id && renewal.run_seq == task.run_seq);
        match held {
            Some(renewal) => {
                task.renewed(asked);
                if let Some(cancel) = &renewal.cancel {
                    task.cancel(cancel.clone(), renewal.version, inner.clock.now_ms());
                    inner.subscriptions.wake(task.id);
                }
            }
            None => lose(inner, task),
        }
    }
}

/// Checks the time since the last confirmation, independently of the query in progress.
async fn run_lease_timeout_loop(inner: &Inner) {
    let mut ticks = tokio::time::interval((inner.options.lease / LOOKS).max(MIN_LOOK));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        give_up_unconfirmed(inner);
    }
}

fn give_up_unconfirmed(inner: &Inner) {
    let longest = inner.options.lease.mul_f64(LEASE_TIMEOUT_SHARE);
    for task in inner.running.all() {
        if task.renewed_at().elapsed() > longest {
            lose(inner, &task);
        }
    }
}

/// Stops the run of a task that was deleted.
pub(super) fn drop_deleted(inner: &Inner, task: &RunningTask) {
    task.stop(Stop::LeaseLost);
    inner.running.remove(task.id, task.run_seq);
}

/// Drops a run whose lease is lost. It does not count as cancelled.
fn lose(inner: &Inner, task: &RunningTask) {
    tracing::warn!(task.id = %task.id, "the lease is lost; the run is dropped");
    inner.metrics.lost_lease(&task.kind);
    task.stop(Stop::LeaseLost);
    inner.running.lose(task.id, task.run_seq);
    inner.subscriptions.ask(task.id);
}
