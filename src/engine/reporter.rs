//! Reports to the store what operators see of this process: that its worker is alive, and what starts and ends here.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::time::MissedTickBehavior;

use super::{
    inner::Inner,
    store::{HourCount, HourEvent, Row, Worker},
};

const HOUR_MS: i64 = 3_600_000;
/// How long the last report may take.
const LAST_REPORT: Duration = Duration::from_secs(2);
/// Counts that are remembered while the store is away; more are dropped.
const MAX_COUNTS: usize = 10_000;

/// Counts that are not in the store yet, by hour, kind and event.
#[derive(Default)]
pub(super) struct Events(Mutex<HashMap<(i64, String, HourEvent), i64>>);

impl Events {
    /// Counts tasks of a kind that were started now.
    pub(super) fn started(&self, kind: &str, tasks: usize, now_ms: i64) {
        self.add(now_ms, kind, HourEvent::Started, i64::try_from(tasks).unwrap_or(i64::MAX));
    }

    /// Counts a task that has ended.
    pub(super) fn ended(&self, row: &Row) {
        if let (Some(event), Some(at)) = (HourEvent::of_end(row.status), row.finished_at) {
            self.add(at, &row.kind, event, 1);
        }
    }

    fn add(&self, at: i64, kind: &str, event: HourEvent, tasks: i64) {
        let mut counts = self.0.lock();
        let key = (at.div_euclid(HOUR_MS), kind.to_owned(), event);
        if counts.len() < MAX_COUNTS || counts.contains_key(&key) {
            let count = counts.entry(key).or_default();
            *count = count.saturating_add(tasks);
        }
    }

    fn take(&self) -> Vec<HourCount> {
        let counts = std::mem::take(&mut *self.0.lock()).into_iter();
        counts
            .map(|((hour, kind, event), tasks)| HourCount::new(hour, kind, event, tasks))
            .collect()
    }

    fn give_back(&self, counts: Vec<HourCount>) {
        for count in counts {
            self.add(count.hour.saturating_mul(HOUR_MS), &count.kind, count.event, count.tasks);
        }
    }
}

/// Reports every heartbeat, and a last time when the engine has closed.
pub(super) async fn run_report_loop(inner: Arc<Inner>) {
    let started_at = inner.clock.now_ms();
    let mut ticks = tokio::time::interval(inner.options.heartbeat);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while inner.closed.run_until_cancelled(ticks.tick()).await.is_some() {
        report_counts(&inner).await;
        if inner.options.worker {
            report_worker(&inner, started_at).await;
        }
    }
    if tokio::time::timeout(LAST_REPORT, sign_off(&inner)).await.is_err() {
        tracing::debug!("the last report hangs");
    }
}

async fn sign_off(inner: &Inner) {
    report_counts(inner).await;
    if inner.options.worker
        && let Err(error) = inner.store.forget_worker(&inner.lease_owner).await
    {
        tracing::debug!(%error, "the worker was not signed off");
    }
}

async fn report_counts(inner: &Inner) {
    let counts = inner.events.take();
    if let Err(error) = inner.store.add_hour_counts(&counts).await {
        tracing::warn!(%error, "what started and ended was not reported");
        inner.events.give_back(counts);
    }
}

async fn report_worker(inner: &Inner, started_at: i64) {
    let worker = Worker::default().with(|worker| {
        worker.id.clone_from(&inner.lease_owner);
        worker.name.clone_from(&inner.worker_name);
        worker.version = env!("CARGO_PKG_VERSION").to_owned();
        worker.started_at = started_at;
        worker.concurrency = inner.options.concurrency;
    });
    if let Err(error) = inner.store.report_worker(&worker).await {
        tracing::warn!(%error, "the worker was not reported");
    }
}

/// The name of this machine, for workers without a name of their own.
pub(super) fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "worker".to_owned() } else { name.to_owned() }
}
