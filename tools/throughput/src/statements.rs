//! Counts the statements and commits that sqlx reports.

use std::{
    collections::HashMap,
    fmt::Debug,
    sync::atomic::{AtomicBool, Ordering},
};

use parking_lot::Mutex;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::Interest,
};

static COUNTING: AtomicBool = AtomicBool::new(false);
static COUNTED: Mutex<Option<HashMap<String, Cost>>> = Mutex::new(None);

/// How often a statement was made and how long it took in all.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) calls: u64,
    pub(crate) seconds: f64,
}

/// The statements, each by its first words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted(HashMap<String, Cost>);

impl Counted {
    /// Number of statements, those that begin and end transactions included.
    pub(crate) fn statements(&self) -> u64 {
        self.0.values().map(|cost| cost.calls).sum()
    }

    /// Number of transactions committed.
    pub(crate) fn commits(&self) -> u64 {
        self.0.get("COMMIT").map_or(0, |cost| cost.calls)
    }

    /// The statements, those that took longest first.
    pub(crate) fn by_time(&self) -> Vec<(&str, Cost)> {
        let mut all: Vec<_> = self.0.iter().map(|(name, cost)| (name.as_str(), *cost)).collect();
        all.sort_by(|(_, one), (_, other)| other.seconds.total_cmp(&one.seconds));
        all
    }
}

/// Begins to count; only while it counts do reports cost anything.
pub(crate) fn begin() {
    *COUNTED.lock() = Some(HashMap::new());
    COUNTING.store(true, Ordering::Relaxed);
}

/// Ends counting and returns the figures.
pub(crate) fn end() -> Counted {
    COUNTING.store(false, Ordering::Relaxed);
    let counted = COUNTED.lock().take();
    Counted(counted.unwrap_or_default())
}

/// See the module.
pub(crate) struct Counter;

impl Subscriber for Counter {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_query(metadata) { Interest::sometimes() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        COUNTING.load(Ordering::Relaxed) && is_query(metadata)
    }

    fn event(&self, event: &Event<'_>) {
        let mut report = Report::default();
        event.record(&mut report);
        let mut counted = COUNTED.lock();
        if let Some(counted) = &mut *counted {
            let cost = counted.entry(report.summary).or_default();
            (cost.calls, cost.seconds) = (cost.calls + 1, cost.seconds + report.seconds);
        }
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

fn is_query(metadata: &Metadata<'_>) -> bool {
    metadata.target() == "sqlx::query"
}

/// The fields of one report.
#[derive(Default)]
struct Report {
    summary: String,
    seconds: f64,
}

impl Visit for Report {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "summary" {
            value.trim_end_matches(" …").clone_into(&mut self.summary);
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "elapsed_secs" {
            self.seconds = value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}
