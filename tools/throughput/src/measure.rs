//! One measurement: a queue is filled, tasks are started, and all are run.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use milepost::{
    engine::{
        Caller, Engine, EngineOptions, KindOptions, LongPollOptions, RateOptions, Registry,
        Service, StorageOptions, WaitFor,
    },
    task::{StartBatch, StartTask},
};
use tokio::task::JoinSet;

use crate::{
    database::{Database, cpu_s},
    noop::{Begun, Noop},
    statements::{self, Counted},
};

/// Number of callers that start tasks at the same time.
const STARTERS: u64 = 8;
/// Tasks per request when a queue is filled.
const BATCH: u64 = 10_000;
/// Tasks whose statements are counted.
pub(crate) const COUNTED: u64 = 200;

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    /// Tasks running at once.
    pub(crate) at_once: u32,
    pub(crate) owners: u64,
    /// Length of the queue before tasks are started.
    pub(crate) queue: u64,
    /// Tasks per phase.
    pub(crate) tasks: u64,
}

/// What was measured.
pub(crate) struct Figures {
    /// In batches of up to 10,000 of one owner.
    pub(crate) filled_per_s: f64,
    /// With a full queue and no worker.
    pub(crate) starts_per_s: f64,
    /// From a full queue.
    pub(crate) drained_per_s: f64,
    /// Started and run at the same time, from an empty queue.
    pub(crate) through_per_s: f64,
    /// Processor time of one of these, the database's included.
    pub(crate) cpu_us: f64,
    pub(crate) counted: Counted,
    /// One at a time, on an empty queue.
    pub(crate) alone: Latencies,
    /// Of `through_per_s`: with [`STARTERS`] callers, each of whom waits for its task.
    pub(crate) together: Latencies,
}

/// From the call of the start.
pub(crate) struct Latencies {
    pub(crate) to_begin: Quantiles,
    pub(crate) to_end: Quantiles,
}

/// In milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quantiles {
    pub(crate) median: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
}

impl Quantiles {
    pub(crate) fn of(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        let at = |share: f64| {
            let index = (share * all.len() as f64) as usize;
            all.get(index.min(all.len().saturating_sub(1))).map_or(0.0, Duration::as_secs_f64) * 1e3
        };
        Self { median: at(0.5), p95: at(0.95), p99: at(0.99) }
    }
}

/// The callers, and the numbers of their tasks.
struct Callers {
    service: Service,
    begun: Begun,
    owners: u64,
    next: Arc<AtomicU64>,
}

/// Measures one scene in a new database.
pub(crate) async fn measure(database: &Database, scene: Scene) -> anyhow::Result<Figures> {
    let (begun, next) = (Begun::new(), Arc::new(AtomicU64::new(0)));
    let start = async |worker| {
        let kind = KindOptions::default().with(|o| o.concurrency = scene.at_once);
        let registry = Registry::new().with::<Noop>(begun.clone(), kind);
        let (store, clock) = (Arc::clone(&database.store), Arc::clone(&database.clock));
        let options = options(scene, worker);
        let engine = Engine::start(store, clock, registry, options).await?;
        let (service, begun, next) = (engine.service(), begun.clone(), Arc::clone(&next));
        anyhow::Ok((engine, Arc::new(Callers { service, begun, owners: scene.owners, next })))
    };
    let (idle, callers) = start(false).await?;
    let from = Instant::now();
    callers.fill(scene.queue).await?;
    let filled_per_s = scene.queue as f64 / from.elapsed().as_secs_f64();
    let from = Instant::now();
    callers.start(scene.tasks).await?;
    let starts_per_s = scene.tasks as f64 / from.elapsed().as_secs_f64();
    idle.drain().await;

    let (engine, callers) = start(true).await?;
    let (waiting, from) = (scene.queue + scene.tasks, Instant::now());
    // What began is ended, but for what runs.
    let drained = waiting.min(scene.tasks.max(1_000) * 4);
    begun.reach(usize::try_from(drained)?).await;
    let drained_per_s = drained as f64 / from.elapsed().as_secs_f64();
    begun.reach(usize::try_from(waiting)?).await;

    let (cpu, from) = (cpu_s(), Instant::now());
    let together = callers.run(STARTERS * u64::from(scene.at_once).div_ceil(8), scene.tasks);
    let together = together.await?;
    let through_per_s = scene.tasks as f64 / from.elapsed().as_secs_f64();
    let cpu_us = (cpu_s() - cpu) / scene.tasks as f64 * 1e6;
    let alone = callers.run(1, (scene.tasks / 10).max(10)).await?;
    statements::begin();
    callers.run(STARTERS, COUNTED).await?;
    let counted = statements::end();
    engine.drain().await;
    Ok(Figures {
        filled_per_s,
        starts_per_s,
        drained_per_s,
        through_per_s,
        cpu_us,
        counted,
        alone,
        together,
    })
}

fn options(scene: Scene, worker: bool) -> EngineOptions {
    let most = u32::try_from(scene.queue + scene.tasks * 2).unwrap_or(u32::MAX);
    EngineOptions::default().with(|o| {
        o.concurrency = scene.at_once;
        o.max_queued = most;
        o.max_queued_per_owner = most;
        o.max_queued_per_client = most;
        o.long_poll = LongPollOptions::default().with(|o| o.max_waiting_per_owner = 10_000);
        o.max_watched = BATCH as usize;
        o.max_batch = BATCH as usize;
        o.rates = RateOptions::default().with(|o| o.starts_per_minute = u32::MAX);
        o.storage = StorageOptions::default().with(|o| {
            o.max_bytes = 1 << 50;
            o.max_bytes_per_owner = 1 << 50;
        });
        o.worker = worker;
    })
}

impl Callers {
    fn owner(&self, number: u64) -> Caller {
        Caller::owner(format!("owner {}", number % self.owners))
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    async fn fill(self: &Arc<Self>, tasks: u64) -> anyhow::Result<()> {
        let each = BATCH.min(tasks.div_ceil(self.owners)).max(1);
        let mut filled = 0;
        let mut owner = 0;
        while filled < tasks {
            let size = each.min(tasks - filled);
            let inputs =
                (0..size).map(|_| serde_json::json!({ "number": self.number() })).collect();
            let batch = StartBatch::new("noop", inputs);
            self.service.start_batch(&self.owner(owner), batch, None).await?;
            (filled, owner) = (filled + size, owner + 1);
        }
        Ok(())
    }

    async fn start_one(&self) -> anyhow::Result<(u64, milepost::task::TaskId, Caller)> {
        let number = self.number();
        let caller = self.owner(number);
        let start = StartTask::new("noop", serde_json::json!({ "number": number }));
        let started = self.service.start(&caller, start, None).await?;
        Ok((number, started.receipt.id, caller))
    }

    /// Starts tasks; nobody waits for their end.
    async fn start(self: &Arc<Self>, tasks: u64) -> anyhow::Result<()> {
        let (mut starters, left) = (JoinSet::new(), Arc::new(AtomicU64::new(tasks)));
        for _ in 0..STARTERS {
            let (callers, left) = (Arc::clone(self), Arc::clone(&left));
            starters.spawn(async move {
                while take(&left) {
                    callers.start_one().await?;
                }
                anyhow::Ok(())
            });
        }
        starters.join_all().await.into_iter().collect()
    }

    /// Starts tasks and waits for the end of each.
    async fn run(self: &Arc<Self>, starters: u64, tasks: u64) -> anyhow::Result<Latencies> {
        let (mut running, left) = (JoinSet::new(), Arc::new(AtomicU64::new(tasks)));
        for _ in 0..starters {
            let (callers, left) = (Arc::clone(self), Arc::clone(&left));
            running.spawn(async move {
                let mut all = Vec::new();
                while take(&left) {
                    all.push(callers.run_one().await?);
                }
                anyhow::Ok(all)
            });
        }
        let mut all = Vec::new();
        for some in running.join_all().await {
            all.extend(some?);
        }
        let (to_begin, to_end) = all.into_iter().unzip();
        Ok(Latencies { to_begin: Quantiles::of(to_begin), to_end: Quantiles::of(to_end) })
    }

    async fn run_one(&self) -> anyhow::Result<(Duration, Duration)> {
        let from = Instant::now();
        let (number, id, caller) = self.start_one().await?;
        let longest = Duration::from_secs(20);
        loop {
            // Nothing to wait for: it has ended already.
            let waited = self.service.wait(&caller, id, WaitFor::End, longest).await?;
            let snapshot = match waited {
                Some(_) => None,
                None => self.service.get(&caller, id).await?,
            };
            if waited.is_some() || snapshot.is_some_and(|snapshot| snapshot.status.is_terminal()) {
                break;
            }
            // Refused although it runs: let it go on.
            tokio::task::yield_now().await;
        }
        let begun = self.begun.at(number).unwrap_or_else(Instant::now);
        Ok((begun.duration_since(from), from.elapsed()))
    }
}

/// Takes one of those that are left.
fn take(left: &AtomicU64) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}
