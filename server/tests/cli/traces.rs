//! Traces of the real program, received by a collector.

mod collector;

use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::{
    common::v1::any_value::Value as Attribute,
    trace::v1::{Span, span::SpanKind, status::StatusCode as SpanStatus},
};
use serde_json::{Value, json};

use self::collector::Received;
use crate::fixture::{Place, Said, Server};

/// Far longer than anything here takes; a test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const ENDPOINT: &str = "MILEPOST_TELEMETRY_OTLP_ENDPOINT";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
pub(crate) const SPAN: &str = "00f067aa0ba902b7";

/// A collector of traces.
pub(crate) struct Collector {
    pub(crate) url: String,
    received: Received,
    pub(crate) spans: Vec<Span>,
    services: Vec<String>,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let (addr, received) = collector::start().await;
        let url = format!("http://{addr}");
        Self { url, received, spans: Vec::new(), services: Vec::new() }
    }

    /// The span with this name, once it has arrived.
    async fn span(&mut self, name: &str) -> Span {
        self.find(name, |_| true).await
    }

    /// The span of this trace with this name.
    pub(crate) async fn span_of(&mut self, trace: &str, name: &str) -> Span {
        self.find(name, |span| hex(&span.trace_id) == trace).await
    }

    async fn find(&mut self, name: &str, is_it: impl Fn(&Span) -> bool) -> Span {
        loop {
            if let Some(span) = self.spans.iter().find(|span| span.name == name && is_it(span)) {
                return span.clone();
            }
            let request = tokio::time::timeout(PATIENCE, self.received.recv()).await;
            let request = request.unwrap_or_else(|_| panic!("{name} is not in {:?}", self.spans));
            for resource in request.unwrap().resource_spans {
                let attributes = resource.resource.unwrap().attributes;
                let name = attributes.into_iter().find(|it| it.key == "service.name").unwrap();
                self.services.push(text(name.value.unwrap().value));
                let scopes = resource.scope_spans.into_iter();
                self.spans.extend(scopes.flat_map(|scope| scope.spans));
            }
        }
    }
}

fn text(value: Option<Attribute>) -> String {
    match value {
        Some(Attribute::StringValue(text)) => text,
        Some(Attribute::IntValue(number)) => number.to_string(),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn attribute(span: &Span, key: &str) -> String {
    let found = span.attributes.iter().find(|it| it.key == key);
    text(found.unwrap_or_else(|| panic!("no {key} in {span:?}")).clone().value.unwrap().value)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A place with one command, `job`, that prints its trace and ends with this code.
fn place(code: i32) -> Place {
    let place = Place::new();
    place.write("job.sh", &format!("echo \"trace=$TRACEPARENT\"\nexit {code}\n"));
    place.write("milepost.toml", "[commands.job]\nargv = ['sh', '{config_dir}/job.sh']\n");
    place
}

/// Starts `job` within a trace, and waits for its end.
async fn run(server: &Server) -> Value {
    let request = reqwest::Client::new().post(format!("{}/api/v1/tasks", server.url));
    let request = request.header("traceparent", format!("00-{TRACE}-{SPAN}-01"));
    let request = request.header("prefer", "wait=20").json(&json!({ "kind": "job", "input": {} }));
    let task: Value = request.send().await.unwrap().json().await.unwrap();
    assert!(["completed", "error"].contains(&task["status"].as_str().unwrap()), "{task:#}");
    task
}

/// What `job` printed, once its task has completed.
async fn printed(server: &Server, task: &Value) -> String {
    let result = format!("{}/api/v1/tasks/{}/result", server.url, task["id"].as_str().unwrap());
    let report: Value = reqwest::get(result).await.unwrap().json().await.unwrap();
    report["output"].as_str().unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_task_is_one_trace_from_its_start_to_its_end() {
    let mut collector = Collector::start().await;
    let place = place(0);
    let variables = [(ENDPOINT, collector.url.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "50")];
    let server = place.serve(&[], &variables).await;
    let task = run(&server).await;
    let request = collector.span("POST /api/v1/tasks").await;
    assert_eq!((hex(&request.trace_id), hex(&request.parent_span_id)), (TRACE.into(), SPAN.into()));
    assert_eq!(request.kind, SpanKind::Server as i32);
    assert_eq!(attribute(&request, "http.response.status_code"), "202");
    let run = collector.span("run job").await;
    assert_eq!((&run.trace_id, &run.parent_span_id), (&request.trace_id, &request.span_id));
    assert_eq!(run.kind, SpanKind::Consumer as i32);
    for (key, value) in [
        ("milepost.task.id", task["id"].as_str().unwrap()),
        ("milepost.kind", "job"),
        ("milepost.attempt", "1"),
        ("milepost.outcome", "completed"),
        ("messaging.system", "milepost"),
    ] {
        assert_eq!(attribute(&run, key), value, "{key}");
    }
    assert!(run.links.is_empty() && run.start_time_unix_nano <= run.end_time_unix_nano);
    // What the command starts can join.
    let own = format!("trace=00-{TRACE}-{}-01", hex(&run.span_id));
    assert_eq!(printed(&server, &task).await, own);
    assert!(collector.services.iter().all(|name| name == "milepost"), "{:?}", collector.services);
    server.stop().await;
}

#[tokio::test]
async fn a_failed_run_says_why_and_what_is_left_is_sent_at_the_end() {
    let mut collector = Collector::start().await;
    let place = place(3);
    let variables = [
        (ENDPOINT, collector.url.as_str()),
        // Longer than the test: only the end of the program sends.
        ("OTEL_BSP_SCHEDULE_DELAY", "3600000"),
        ("OTEL_SERVICE_NAME", "jobs"),
    ];
    let server = place.serve(&[], &variables).await;
    run(&server).await;
    let (status, _) = server.stop().await;
    assert_eq!(status.code(), Some(0), "{}", place.log());
    let run = collector.span("run job").await;
    let status = run.status.clone().unwrap();
    assert_eq!(
        (status.code, &*status.message),
        (SpanStatus::Error as i32, "sh ended with exit code 3.")
    );
    assert_eq!(attribute(&run, "milepost.outcome"), "error");
    assert!(collector.services.iter().all(|name| name == "jobs"), "{:?}", collector.services);
}

#[tokio::test]
async fn the_command_line_passes_its_trace_on() {
    let mut collector = Collector::start().await;
    let place = place(0);
    let variables = [(ENDPOINT, collector.url.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "50")];
    let server = place.serve(&[], &variables).await;
    let mut command = server.client(&place, &["run", "job", "--follow"]);
    command.env("TRACEPARENT", format!("00-{TRACE}-{SPAN}-01"));
    let printed = Said::of(command).await;
    assert_eq!(printed.code, Some(0), "{printed:?}");
    let request = collector.span("POST /api/v1/tasks").await;
    assert_eq!((hex(&request.trace_id), hex(&request.parent_span_id)), (TRACE.into(), SPAN.into()));
}

#[tokio::test]
async fn without_a_collector_the_trace_of_a_start_is_still_passed_on() {
    let place = place(0);
    // Alone it turns nothing on.
    let nowhere = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")];
    let server = place.serve(&[], &nowhere).await;
    let task = run(&server).await;
    assert_eq!(printed(&server, &task).await, format!("trace=00-{TRACE}-{SPAN}-01"));
    server.stop().await;
    assert!(!place.log().contains("traces"), "{}", place.log());
}

#[tokio::test]
async fn a_collector_that_never_answers_delays_neither_an_end_nor_the_shutdown() {
    let place = place(0);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    // Connections are accepted by the kernel.
    let silent = format!("http://{}", taken.local_addr().unwrap());
    let variables = [(ENDPOINT, silent.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "50")];
    let server = place.serve(&[], &variables).await;
    for _ in 0..3 {
        assert_eq!(run(&server).await["status"], "completed");
    }
    let stopping = Instant::now();
    let (status, _) = server.stop().await;
    assert_eq!(status.code(), Some(0), "{}", place.log());
    assert!(stopping.elapsed() < Duration::from_secs(30), "{:?}", stopping.elapsed());
    assert!(place.log().contains("the last traces were not sent in time"), "{}", place.log());
}

#[tokio::test]
async fn a_collector_that_is_away_is_told_once_with_the_reason() {
    let place = place(0);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let away = format!("http://{free}");
    let variables = [(ENDPOINT, away.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "50")];
    let server = place.serve(&[], &variables).await;
    assert_eq!(run(&server).await["status"], "completed");
    server.stop().await;
    let log = place.log();
    assert_eq!(log.matches("traces were not sent to telemetry.otlp_endpoint").count(), 1, "{log}");
}

#[tokio::test]
async fn a_wrong_address_or_sampler_stops_the_start() {
    let place = Place::new();
    let mut command = place.milepost(&["serve", "--addr", "127.0.0.1:0"]);
    command.env(ENDPOINT, "localhost:4318");
    let printed = Said::of(command).await;
    printed.is_refused_with("MILEPOST_TELEMETRY_OTLP_ENDPOINT: must be the address of a collector");
    let mut command = place.milepost(&["serve", "--addr", "127.0.0.1:0"]);
    command.env(ENDPOINT, "http://127.0.0.1:4318").env("OTEL_TRACES_SAMPLER", "sometimes");
    let printed = Said::of(command).await;
    assert_eq!(printed.code, Some(2), "{printed:?}");
    assert!(printed.stderr.contains("OTEL_TRACES_SAMPLER is \"sometimes\""), "{printed:?}");
}

#[tokio::test]
async fn a_rerun_begins_a_trace_of_its_own() {
    let mut collector = Collector::start().await;
    let place = place(0);
    let variables = [(ENDPOINT, collector.url.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "50")];
    let server = place.serve(&[], &variables).await;
    let task = run(&server).await;
    let rerun = format!("{}/api/v1/tasks/{}/rerun", server.url, task["id"].as_str().unwrap());
    let rerun = reqwest::Client::new().post(rerun).json(&json!({}));
    assert_eq!(rerun.send().await.unwrap().status(), 202);
    let root = |span: &Span| span.parent_span_id.is_empty();
    let request = collector.find("POST /api/v1/tasks/{id}/rerun", root).await;
    assert_ne!(hex(&request.trace_id), TRACE);
    let run = collector.span_of(&hex(&request.trace_id), "run job").await;
    assert_eq!(run.parent_span_id, request.span_id);
}
