//! Spans of runs.

use milepost::{
    engine::{RunOutcome, RunSpan, RunTracer, TracedRun},
    task::TraceParent,
};
use opentelemetry::{
    KeyValue,
    trace::{Link, Span as _, SpanKind, Status, Tracer as _},
};
use opentelemetry_sdk::trace::{SdkTracer, Span};

use super::{below, position, span_context};

/// Records each run as a consumer of what its start has queued.
#[derive(Debug)]
pub(super) struct Runs {
    tracer: SdkTracer,
}

impl Runs {
    pub(super) const fn new(tracer: SdkTracer) -> Self {
        Self { tracer }
    }
}

impl RunTracer for Runs {
    fn begin(&self, run: &TracedRun<'_>) -> Box<dyn RunSpan> {
        let links = run.previous.map(|previous| Link::with_context(span_context(previous)));
        let span = self
            .tracer
            .span_builder(format!("run {}", run.kind))
            .with_kind(SpanKind::Consumer)
            .with_attributes([
                KeyValue::new("messaging.system", "milepost"),
                KeyValue::new("messaging.operation.type", "process"),
                KeyValue::new("milepost.task.id", run.id.to_string()),
                KeyValue::new("milepost.kind", run.kind.to_owned()),
                KeyValue::new("milepost.attempt", i64::from(run.attempt)),
            ])
            .with_links(links.into_iter().collect())
            .start_with_context(&self.tracer, &below(run.parent));
        Box::new(Run(span))
    }
}

/// The span of a run under way.
struct Run(Span);

impl RunSpan for Run {
    fn traceparent(&self) -> Option<TraceParent> {
        position(self.0.span_context())
    }

    fn end(mut self: Box<Self>, outcome: RunOutcome<'_>) {
        self.0.set_attribute(KeyValue::new("milepost.outcome", outcome.as_str()));
        if let Some(error) = outcome.error() {
            self.0.set_status(Status::error(error.to_owned()));
        }
        self.0.end();
    }
}
