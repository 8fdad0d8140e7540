//! Metrics in the Prometheus text format.

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    encoding::{EncodeLabelSet, prometheus_text},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::engine::{BudgetFigures, Service, store::UnfinishedTasks};

pub(super) use prometheus_text::CONTENT_TYPE;

/// Counts read from the store.
#[derive(Clone)]
pub(super) struct Counts {
    pub(super) unfinished: Vec<UnfinishedTasks>,
    pub(super) budgets: Vec<BudgetFigures>,
}

/// Defines label sets.
macro_rules! labels {
    ($($name:ident { $($label:ident: $type:ty),* })*) => {
        $(#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
        struct $name {
            $($label: $type,)*
        })*
    };
}

labels! {
    ByStatus { status: &'static str }
    ByKind { kind: String }
    ByKindAndEnd { kind: String, end: &'static str }
    ByBudget { budget: String }
    ByReason { reason: &'static str }
    ByLimit { limit: &'static str }
}

type Gauges<L> = Family<L, Gauge>;
type Ages<L> = Family<L, Gauge<f64, AtomicU64>>;
type Amounts<L> = Family<L, Gauge<u64, AtomicU64>>;

/// The name of a kind that is not registered (any more).
const OTHER: &str = "other";

/// All metrics of this process and of its store.
pub(super) fn text(service: &Service, counts: &Counts) -> String {
    let mut registry = Registry::with_prefix("milepost");
    unfinished(&mut registry, service, &counts.unfinished);
    service.register_metrics(&mut registry);
    long_polls(&mut registry, service);
    estimates(&mut registry, service);
    budgets(&mut registry, &counts.budgets);
    let mut text = String::new();
    if let Err(error) = prometheus_text::encode(&mut text, &registry) {
        tracing::error!(%error, "the metrics could not be written");
    }
    text
}

fn unfinished(registry: &mut Registry, service: &Service, kinds: &[UnfinishedTasks]) {
    let (all, queued, scheduled, running) =
        (Gauges::default(), Gauges::default(), Gauges::default(), Gauges::default());
    let oldest = Ages::default();
    for kind in service.kinds() {
        let kind = ByKind { kind: kind.kind };
        for gauges in [&queued, &scheduled, &running] {
            drop(gauges.get_or_create(&kind));
        }
        drop(oldest.get_or_create(&kind));
    }
    let (in_queue, at_work) = (ByStatus { status: "queued" }, ByStatus { status: "running" });
    for status in [&in_queue, &at_work] {
        drop(all.get_or_create(status));
    }
    for counts in kinds {
        let is_known = service.kind(&counts.kind).is_some();
        let kind = ByKind { kind: if is_known { counts.kind.clone() } else { OTHER.to_owned() } };
        all.get_or_create(&in_queue).inc_by(counts.waiting.saturating_add(counts.scheduled));
        all.get_or_create(&at_work).inc_by(counts.running);
        queued.get_or_create(&kind).inc_by(counts.waiting);
        scheduled.get_or_create(&kind).inc_by(counts.scheduled);
        running.get_or_create(&kind).inc_by(counts.running);
        let age = oldest.get_or_create(&kind);
        age.set(age.get().max(counts.oldest_ms as f64 / 1_000.0));
    }
    registry.register("tasks", "Unfinished tasks by status", all);
    registry.register("queued_tasks", "Queued tasks that may start now", queued);
    registry.register("scheduled_tasks", "Queued tasks whose start time has not come", scheduled);
    registry.register("running_tasks", "Running tasks, in all processes", running);
    let help = "How long the oldest of the tasks that may start has been waiting";
    registry.register("queue_oldest_age_seconds", help, oldest);
}

/// The estimates of the time left.
fn estimates(registry: &mut Registry, service: &Service) {
    let ranges = Family::<ByKindAndEnd, Counter>::default();
    let errors = Family::<ByKind, Counter<f64, AtomicU64>>::default();
    for (kind, accuracy) in service.accuracy() {
        let ends =
            [("inside", accuracy.inside), ("sooner", accuracy.sooner), ("later", accuracy.later)];
        for (end, count) in ends {
            ranges.get_or_create(&ByKindAndEnd { kind: kind.clone(), end }).inc_by(count);
        }
        errors.get_or_create(&ByKind { kind }).inc_by(accuracy.error_s);
    }
    let help = "Reported ranges of a task's end, by where the end fell";
    registry.register("eta_ranges", help, ranges);
    let help = "Distance of the middle of the ranges from the end";
    registry.register("eta_error_seconds", help, errors);
}

/// The daily budgets.
fn budgets(registry: &mut Registry, figures: &[BudgetFigures]) {
    if figures.is_empty() {
        return;
    }
    let (spent, limits) = (Amounts::default(), Amounts::default());
    for figures in figures {
        let budget = ByBudget { budget: figures.name.to_string() };
        spent.get_or_create(&budget).set(figures.spent);
        limits.get_or_create(&budget).set(figures.limit);
    }
    let help = "Spent or reserved of a daily budget since 00:00 UTC";
    registry.register("budget_spent", help, spent);
    registry.register("budget_limit", "The budget of a day; 0 is no limit", limits);
}

fn long_polls(registry: &mut Registry, service: &Service) {
    let figures = service.held();
    let (now, answers) = (Gauge::<i64>::default(), Family::<ByReason, Counter>::default());
    now.set(i64::try_from(figures.now).unwrap_or(i64::MAX));
    for (reason, count) in figures.answers {
        answers.get_or_create(&ByReason { reason }).inc_by(count);
    }
    let refused = Family::<ByLimit, Counter>::default();
    for (limit, count) in figures.refused {
        refused.get_or_create(&ByLimit { limit: limit.as_str() }).inc_by(count);
    }
    registry.register("long_polls", "Requests waiting for news now", now);
    registry.register("long_poll_responses", "Responses to long polls, by reason", answers);
    let help = "Long polls answered immediately because of a limit";
    registry.register("long_poll_limit_hits", help, refused);
}
