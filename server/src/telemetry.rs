//! Traces for an OpenTelemetry collector: a span of each request that starts tasks, and one of each run. Off without
//! `telemetry.otlp_endpoint`.
//!
//! Spans wait in a queue of limited length for a thread of their own, which sends them: a collector that is slow or
//! away costs the spans that do not fit.

mod collector;
mod requests;
mod runs;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use axum::Router;
use milepost::{engine::RunTracer, task::TraceParent};
use opentelemetry::{
    Context, KeyValue,
    trace::{SpanContext, TraceContextExt as _, TraceFlags, TraceState, TracerProvider as _},
};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{SdkTracer, SdkTracerProvider},
};

use crate::config::TelemetrySettings;

use self::{collector::Collector, runs::Runs};

/// Maximum time to send what is left when the process ends.
const LAST_SPANS: Duration = Duration::from_secs(3);

const NAME: &str = "milepost";
const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const SAMPLERS: [&str; 6] = [
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
];

/// Why no traces can be recorded as configured.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The variable of the sampler has an unknown value.
    #[error("{SAMPLER} is {0:?}; it is one of {samplers}", samplers = SAMPLERS.join(", "))]
    Sampler(String),
    /// The HTTP library, or the exporter by its variables, cannot be set up.
    #[error(
        "traces cannot be sent: {0}; see telemetry.otlp_endpoint and the variables OTEL_EXPORTER_OTLP_*"
    )]
    Exporter(String),
}

/// Records spans and sends them, if that is on.
pub(crate) struct Telemetry(Option<Recorder>);

struct Recorder {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Telemetry {
    /// Starts to record, inside of a runtime, if the settings say where to send it.
    pub(crate) fn start(settings: &TelemetrySettings) -> Result<Self, TelemetryError> {
        let Some(url) = settings.traces_url() else { return Ok(Self(None)) };
        if let Ok(sampler) = std::env::var(SAMPLER)
            && !SAMPLERS.contains(&sampler.as_str())
        {
            return Err(TelemetryError::Sampler(sampler));
        }
        let failed = |error: &dyn std::error::Error| TelemetryError::Exporter(error.to_string());
        let collector = Collector::new(&url).map_err(|error| failed(&error))?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(collector)
            .with_endpoint(url)
            .with_protocol(Protocol::HttpBinary)
            .build()
            .map_err(|error| failed(&error))?;
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource())
            .build();
        let tracer = provider.tracer(NAME);
        Ok(Self(Some(Recorder { provider, tracer })))
    }

    /// Records runs.
    pub(crate) fn run_tracer(&self) -> Option<Arc<dyn RunTracer>> {
        let Recorder { tracer, .. } = self.0.as_ref()?;
        Some(Arc::new(Runs::new(tracer.clone())))
    }

    /// Records the requests to this router that start tasks.
    pub(crate) fn around(&self, router: Router) -> Router {
        match &self.0 {
            Some(recorder) => requests::around(router, recorder.tracer.clone()),
            None => router,
        }
    }

    /// Sends what is left, within [`LAST_SPANS`].
    pub(crate) async fn stop(self) {
        let Some(Recorder { provider, .. }) = self.0 else { return };
        // It waits for the thread that sends.
        let sent = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(LAST_SPANS));
        if !matches!(sent.await, Ok(Ok(()))) {
            tracing::warn!("the last traces were not sent in time");
        }
    }
}

/// What all spans say of this process; OpenTelemetry's own variables count more than our name.
fn resource() -> Resource {
    let variable = |name| std::env::var(name).unwrap_or_default();
    let is_named = !variable("OTEL_SERVICE_NAME").is_empty()
        || variable("OTEL_RESOURCE_ATTRIBUTES")
            .split(',')
            .any(|it| it.trim().starts_with("service.name="));
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = Resource::builder().with_attribute(version);
    if is_named { resource.build() } else { resource.with_service_name(NAME).build() }
}

/// The span that another process, or an earlier one, began.
fn span_context(parent: TraceParent) -> SpanContext {
    let (trace_id, span_id) = (parent.trace_id().into(), parent.span_id().into());
    let flags = TraceFlags::new(parent.flags());
    SpanContext::new(trace_id, span_id, flags, true, TraceState::default())
}

/// A context with this parent; without one, that of a new trace.
fn below(parent: Option<TraceParent>) -> Context {
    match parent {
        Some(parent) => Context::new().with_remote_span_context(span_context(parent)),
        None => Context::new(),
    }
}

fn position(span: &SpanContext) -> Option<TraceParent> {
    let trace_id = u128::from_be_bytes(span.trace_id().to_bytes());
    let span_id = u64::from_be_bytes(span.span_id().to_bytes());
    TraceParent::new(trace_id, span_id, span.trace_flags().to_u8())
}
