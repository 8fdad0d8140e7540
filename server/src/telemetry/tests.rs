//! Runs of a real engine, as a collector receives them.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use milepost::{
    engine::{
        Caller, Context, Engine, EngineOptions, KindOptions, Output, Stages, Task, TaskError,
        clock::SystemClock, store::sqlite::SqliteStore,
    },
    task::{StartTask, TraceParent},
};
use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode as SpanStatus};
use serde_json::json;

#[path = "../../tests/cli/traces/collector.rs"]
mod fake_collector;

use self::fake_collector::Received;
use super::{Telemetry, TelemetryError};
use crate::config::TelemetrySettings;

/// Far longer than anything here takes; a test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn settings(addr: SocketAddr) -> TelemetrySettings {
    TelemetrySettings { otlp_endpoint: Some(format!("http://{addr}")) }
}

/// All spans that arrived.
fn spans(mut received: Received) -> Vec<Span> {
    let mut spans = Vec::new();
    while let Ok(request) = received.try_recv() {
        let scopes = request.resource_spans.into_iter().flat_map(|it| it.scope_spans);
        spans.extend(scopes.flat_map(|scope| scope.spans));
    }
    spans
}

fn attribute(span: &Span, key: &str) -> String {
    let found = span.attributes.iter().find(|it| it.key == key).and_then(|it| it.value.clone());
    format!("{:?}", found.unwrap_or_else(|| panic!("no {key} in {span:?}")).value.unwrap())
}

/// Fails at its first run, and completes at its second.
#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Flaky {}

impl Task for Flaky {
    const KIND: &'static str = "flaky";
    const TITLE: &'static str = "Flaky";
    const DESCRIPTION: &'static str = "Fails once.";
    type Deps = ();

    fn title(&self) -> String {
        "Flaky".to_owned()
    }

    fn stages(&self) -> Stages {
        Stages::none()
    }

    async fn run(self, ctx: Context, _: Arc<()>) -> Result<Output, TaskError> {
        assert!(ctx.traceparent().is_some(), "a run knows its span");
        match ctx.attempt() {
            1 => Err(TaskError::Retry {
                code: "busy".into(),
                message: "busy\nwith a secret".to_owned(),
                after: Some(Duration::ZERO),
            }),
            _ => Ok(Output::markdown("done".to_owned(), "done.md")),
        }
    }
}

/// Runs a flaky task to its end, with these traces.
async fn run(telemetry: &Telemetry, caller: &Caller) {
    let store = SqliteStore::in_memory(Arc::new(SystemClock)).await.unwrap();
    let options = EngineOptions::default().with(|o| o.run_tracer = telemetry.run_tracer());
    let kind = KindOptions::default().with(|o| o.max_attempts = 2);
    let engine = Engine::builder(store).register_with::<Flaky>((), kind).options(options);
    let engine = engine.start().await.unwrap();
    let service = engine.service();
    let start = StartTask::new(Flaky::KIND, json!({}));
    let started = service.start(caller, start, None).await.unwrap();
    let ended = async {
        loop {
            let task = service.get(caller, started.receipt.id).await.unwrap().unwrap();
            if task.status.is_terminal() {
                return task;
            }
            tokio::task::yield_now().await;
        }
    };
    let task = tokio::time::timeout(PATIENCE, ended).await.unwrap();
    assert_eq!((task.status.as_str(), task.attempt), ("completed", 2));
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_links_to_the_run_before_and_both_belong_to_the_start() {
    let (addr, received) = fake_collector::start().await;
    let telemetry = Telemetry::start(&settings(addr)).unwrap();
    let parent: TraceParent = PARENT.parse().unwrap();
    run(&telemetry, &Caller::nobody().in_trace(Some(parent))).await;
    telemetry.stop().await;
    let spans = spans(received);
    let [first, second] = spans.as_slice() else { panic!("{spans:?}") };
    for (span, attempt, outcome) in [(first, 1, "retry"), (second, 2, "completed")] {
        assert_eq!(span.name, "run flaky");
        assert_eq!(span.trace_id, parent.trace_id().to_be_bytes());
        assert_eq!(span.parent_span_id, parent.span_id().to_be_bytes());
        assert_eq!(attribute(span, "milepost.attempt"), format!("IntValue({attempt})"));
        assert_eq!(attribute(span, "milepost.outcome"), format!("StringValue({outcome:?})"));
    }
    let status = first.status.as_ref().unwrap();
    assert_eq!(status.code, SpanStatus::Error as i32);
    assert_eq!(status.message, "Will try again: busy", "the first line alone");
    assert_eq!((first.links.len(), second.links.len()), (0, 1));
    assert_eq!(second.links[0].span_id, first.span_id);
    assert_eq!(second.links[0].trace_id, first.trace_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_without_a_trace_begins_one_with_each_run() {
    let (addr, received) = fake_collector::start().await;
    let telemetry = Telemetry::start(&settings(addr)).unwrap();
    run(&telemetry, &Caller::nobody()).await;
    telemetry.stop().await;
    let spans = spans(received);
    let [first, second] = spans.as_slice() else { panic!("{spans:?}") };
    assert!(first.parent_span_id.is_empty() && second.parent_span_id.is_empty(), "{spans:?}");
    assert_ne!(first.trace_id, second.trace_id);
    assert_eq!(second.links[0].trace_id, first.trace_id);
}

#[tokio::test]
async fn without_an_address_there_is_nothing_that_records() {
    let telemetry = Telemetry::start(&TelemetrySettings::default()).unwrap();
    assert!(telemetry.0.is_none() && telemetry.run_tracer().is_none());
    telemetry.stop().await;
}

#[test]
fn an_unknown_sampler_is_told_with_what_would_be_right() {
    let error = TelemetryError::Sampler("sometimes".to_owned()).to_string();
    assert!(error.starts_with("OTEL_TRACES_SAMPLER is \"sometimes\"; it is one of always_on,"));
}
