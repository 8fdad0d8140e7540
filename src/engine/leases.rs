//! The heartbeat: renews this process's leases, learns of cancels and lost runs, and takes back what
//! other workers left behind.
//!
//! It runs on a thread and a runtime of its own, so that CPU work in a task cannot keep it from
//! beating. Without a confirmed beat for 60 % of the lease a run is given up here before anybody else
//! may take it; nothing is written for it any more.
//!
//! Leases that have ended are looked for more often than the heart renewals, so that a dead worker's
//! tasks go on within one lease. Only those are taken that had ended by a clock which was watched for
//! a while and ran evenly: once it is set, each worker has time to renew what it has.

mod clock_monitor;

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use self::clock_monitor::{ClockMonitor, ClockSample};
use super::{
    EngineOptions,
    inner::Inner,
    running::{RunningTask, Stop},
    store::{Renewal, StoreError},
};

/// Share of the lease after which an unconfirmed run is given up.
const GIVE_UP: f64 = 0.6;

/// How often in one lease the time since the last confirmation is looked at, and how often at most.
const LOOKS: u32 = 100;
const MIN_LOOK: Duration = Duration::from_millis(1);

/// How often in one lease those that have ended are searched for, at least.
const SEARCHES: u32 = 30;
/// So many heartbeats the store's clock must have run evenly before a lease counts as ended by it: by
/// then every worker that lives has renewed its own.
const EVEN_BEATS: u32 = 2;

/// Share of the lease that one call of the heart may take.
const CALL: u32 = 5;

/// How often between two heartbeats it is searched.
fn searches_in_a_beat(options: &EngineOptions) -> u32 {
    let longest = (options.lease / SEARCHES).as_nanos().max(1);
    let searches = options.heartbeat.as_nanos().div_ceil(longest);
    u32::try_from(searches).unwrap_or(SEARCHES).clamp(1, SEARCHES)
}

/// How often leases that have ended are searched for.
fn search_every(options: &EngineOptions) -> Duration {
    options.heartbeat / searches_in_a_beat(options)
}

/// How long a lease is as it is written: it ends three searches earlier than promised, so that it is
/// found, and its task is at work again, within the promised time.
pub(super) fn written_lease(options: &EngineOptions) -> Duration {
    options.lease.saturating_sub(search_every(options) * 3).max(options.lease / 2)
}

/// How long a run that was given up may take to stop: it is gone before the lease is.
pub(super) fn last_grace(options: &EngineOptions) -> Duration {
    // Two looks may pass until it is noticed.
    let noticed = options.lease.mul_f64(GIVE_UP) + options.lease / LOOKS * 2;
    written_lease(options).saturating_sub(noticed)
}

/// The running heartbeat; stopped by [`LeaseKeeper::stop`].
#[derive(Default)]
pub(super) struct LeaseKeeper {
    thread: Mutex<Option<JoinHandle<()>>>,
    token: CancellationToken,
}

impl LeaseKeeper {
    /// Starts to beat.
    ///
    /// # Errors
    /// When the machine has no thread or runtime to give.
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
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }

    /// Stops to beat and waits for the thread.
    pub(super) async fn stop(&self) {
        self.token.cancel();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // Joining blocks, though only for the query under way.
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
        // By the time that has passed: searches that take long do not make it late.
        if renewed.is_none_or(|at| at.elapsed() + every / 2 >= options.heartbeat) {
            renewed = Some(Instant::now());
            well = renew_leases(inner).await;
        }
        // Whoever does not get through judges nobody else by it.
        if well {
            search.go(inner).await;
        }
    }
}

/// One beat. Whether it reached the store.
async fn renew_leases(inner: &Inner) -> bool {
    let limit = inner.options.lease / CALL;
    let asked = Instant::now();
    // A claim that is made from here on is not judged by this heartbeat.
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

/// The search for leases that have ended.
struct Search {
    clock: ClockMonitor,
    /// The clock was set back, or may have been before it was watched, and what is dated later than
    /// now has not been brought to now yet.
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
        if self.clock.lasted(asked) < inner.options.heartbeat * EVEN_BEATS {
            return Ok(());
        }
        let taken = inner.store.rescue_expired(now).await?;
        if !taken.is_empty() {
            tracing::warn!(tasks = taken.len(), "took back tasks of a lost worker");
            inner.wake_claimer();
            taken.iter().for_each(|id| inner.subscriptions.ask(*id));
        }
        // Every lease that was not renewed for so long is taken by now.
        inner.running.drop_lost(inner.options.lease * 2);
        Ok(())
    }
}

/// Compares what the store says with what runs here.
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

/// Looks at the time since the last confirmation, whatever the query under way is doing.
async fn run_lease_timeout_loop(inner: &Inner) {
    let mut ticks = tokio::time::interval((inner.options.lease / LOOKS).max(MIN_LOOK));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        give_up_unconfirmed(inner);
    }
}

fn give_up_unconfirmed(inner: &Inner) {
    let longest = inner.options.lease.mul_f64(GIVE_UP);
    for task in inner.running.all() {
        if task.last_beat().elapsed() > longest {
            lose(inner, &task);
        }
    }
}

/// Nothing may be written for this run any more; it is nobody's cancel.
fn lose(inner: &Inner, task: &RunningTask) {
    tracing::warn!(task.id = %task.id, "the lease is lost; the run is dropped");
    task.stop(Stop::LeaseLost);
    inner.running.lose(task.id, task.run_seq);
    inner.subscriptions.ask(task.id);
}

/// How long until an exponential retry, with full jitter between a half and the whole.
pub(super) fn backoff(base: Duration, max: Duration, attempt: u32, random: f64) -> Duration {
    let doubled = base.saturating_mul(2u32.saturating_pow(attempt.saturating_sub(1).min(20)));
    doubled.min(max).mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_that_has_ended_is_found_within_its_promised_length_and_its_run_is_gone_by_then() {
        let seconds = Duration::from_secs_f64;
        for (lease, heartbeat) in [(30.0, 6.0), (3.0, 1.0), (2.0, 1.0), (3_600.0, 6.0), (0.5, 0.05)]
        {
            let (lease, heartbeat) = (seconds(lease), seconds(heartbeat));
            let options = EngineOptions { lease, heartbeat, ..EngineOptions::default() };
            let (written, every) = (written_lease(&options), search_every(&options));
            assert!(written + every * 2 < lease, "{options:?}");
            assert!(written >= lease.mul_f64(0.89), "{options:?}");
            assert_eq!(every * searches_in_a_beat(&options), heartbeat, "{options:?}");
            let noticed = lease.mul_f64(GIVE_UP) + lease / LOOKS * 2;
            let last = last_grace(&options);
            assert!(noticed + last <= written && last > lease / 4, "{options:?}");
        }
    }

    #[test]
    fn retries_double_up_to_the_longest_and_are_spread() {
        let (base, max) = (Duration::from_secs(2), Duration::from_secs(300));
        assert_eq!(backoff(base, max, 1, 1.0), Duration::from_secs(2));
        assert_eq!(backoff(base, max, 1, 0.0), Duration::from_secs(1));
        assert_eq!(backoff(base, max, 4, 1.0), Duration::from_secs(16));
        assert_eq!(backoff(base, max, 1_000_000, 1.0), max);
    }
}
