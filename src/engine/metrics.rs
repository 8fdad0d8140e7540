//! Metrics of this process, by kind: what starts, waits, runs and ends here.
//!
//! Each label has few values: the kinds of the registry, and fixed names.

#[cfg(feature = "http")]
use prometheus_client::registry::Registry;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
};

use super::store::Row;
use crate::task::Status;

/// The kind of a task.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByKind {
    kind: String,
}

/// The kind of a task and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByEnd {
    kind: String,
    outcome: &'static str,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByOutcome {
    outcome: &'static str,
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// See the module documentation.
pub(super) struct Metrics {
    starts: Family<ByKind, Counter>,
    attempts: Family<ByKind, Counter>,
    ends: Family<ByEnd, Counter>,
    durations: Histograms<ByEnd>,
    waits: Histograms<ByKind>,
    lost_leases: Family<ByKind, Counter>,
    uploads: Family<ByOutcome, Counter>,
    upload_bytes: Counter,
}

/// From 0.1 s to about 29 hours.
fn task_times() -> Histogram {
    Histogram::new(exponential_buckets(0.1, 4.0, 11))
}

fn seconds(ms: i64) -> f64 {
    ms.max(0) as f64 / 1_000.0
}

impl Metrics {
    /// All figures at zero; those of `kinds` are reported from the beginning.
    pub(super) fn new(kinds: impl Iterator<Item = String>) -> Self {
        let metrics = Self {
            starts: Family::default(),
            attempts: Family::default(),
            ends: Family::default(),
            durations: Family::new_with_constructor(task_times as fn() -> Histogram),
            waits: Family::new_with_constructor(task_times as fn() -> Histogram),
            lost_leases: Family::default(),
            uploads: Family::default(),
            upload_bytes: Counter::default(),
        };
        for kind in kinds {
            for outcome in [Status::Completed, Status::Error, Status::Cancelled] {
                let end = ByEnd { kind: kind.clone(), outcome: outcome.as_str() };
                drop(metrics.ends.get_or_create(&end));
            }
            let kind = ByKind { kind };
            drop(metrics.starts.get_or_create(&kind));
            drop(metrics.attempts.get_or_create(&kind));
            drop(metrics.lost_leases.get_or_create(&kind));
        }
        for outcome in [STORED, REFUSED] {
            drop(metrics.uploads.get_or_create(&ByOutcome { outcome }));
        }
        metrics
    }

    /// Tasks of this kind were queued.
    pub(super) fn started(&self, kind: &str, tasks: usize) {
        let kind = ByKind { kind: kind.to_owned() };
        self.starts.get_or_create(&kind).inc_by(tasks as u64);
    }

    /// A run begins here.
    pub(super) fn claimed(&self, row: &Row) {
        let kind = ByKind { kind: row.kind.clone() };
        self.attempts.get_or_create(&kind).inc();
        let waited = row.started_at.unwrap_or(row.read_at).saturating_sub(row.run_at);
        self.waits.get_or_create(&kind).observe(seconds(waited));
    }

    /// A task has ended.
    pub(super) fn ended(&self, row: &Row) {
        if !row.status.is_terminal() {
            return;
        }
        let end = ByEnd { kind: row.kind.clone(), outcome: row.status.as_str() };
        self.ends.get_or_create(&end).inc();
        if let (Some(started_at), Some(finished_at)) = (row.started_at, row.finished_at) {
            let ran = finished_at.saturating_sub(started_at);
            self.durations.get_or_create(&end).observe(seconds(ran));
        }
    }

    /// A run lost its lease here.
    pub(super) fn lost_lease(&self, kind: &str) {
        self.lost_leases.get_or_create(&ByKind { kind: kind.to_owned() }).inc();
    }

    /// An upload was stored with so many bytes, or was not.
    pub(super) fn uploaded(&self, bytes: Option<i64>) {
        let outcome = if bytes.is_some() { STORED } else { REFUSED };
        self.uploads.get_or_create(&ByOutcome { outcome }).inc();
        self.upload_bytes.inc_by(bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0));
    }

    /// Adds all of them to a registry.
    #[cfg(feature = "http")]
    pub(super) fn register(&self, registry: &mut Registry) {
        let add = &mut *registry;
        add.register("task_starts", "Tasks queued by this process", self.starts.clone());
        add.register("task_attempts", "Runs begun by this process", self.attempts.clone());
        add.register("task_ends", "Tasks that ended in this process", self.ends.clone());
        add.register(
            "task_duration_seconds",
            "Time from the begin of the last run of a task to its end",
            self.durations.clone(),
        );
        add.register(
            "task_wait_seconds",
            "Time from when a run might begin until it began",
            self.waits.clone(),
        );
        add.register(
            "lost_leases",
            "Runs given up by this process because their lease was lost",
            self.lost_leases.clone(),
        );
        add.register("uploads", "Uploads to this process", self.uploads.clone());
        add.register("upload_bytes", "Bytes of stored uploads", self.upload_bytes.clone());
    }
}

const STORED: &str = "stored";
const REFUSED: &str = "refused";
