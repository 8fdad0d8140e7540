//! Spans of requests that start tasks.

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, Method},
    middleware::{self, Next},
    response::Response,
};
use milepost::{http::trace_of, task::TraceParent};
use opentelemetry::{
    KeyValue,
    trace::{Span as _, SpanKind, Status, Tracer as _},
};
use opentelemetry_sdk::trace::SdkTracer;

use super::{below, position};

/// The calls and forms that start tasks, all by POST; `{…}` stands for any one segment.
const STARTS: [&str; 15] = [
    "/api/v1/tasks",
    "/api/v1/tasks/{id}/rerun",
    "/api/v1/batches",
    "/api/v1/batches/{id}/rerun",
    "/api/v1/admin/rerun",
    "/api/task/start",
    "/api/story/create",
    "/api/fn/start_task",
    "/start/{kind}",
    "/start-several/{kind}",
    "/tasks/{id}/rerun",
    "/batches/{id}/rerun",
    "/admin/rerun",
    "/api/fn/run_task",
    "/api/fn/run_task_form",
];

/// Records a span of each request that starts tasks. The request goes on as a part of it: its header `traceparent`
/// becomes that of the span, which the tasks keep.
pub(super) fn around(router: Router, tracer: SdkTracer) -> Router {
    router.layer(middleware::from_fn_with_state(tracer, record))
}

async fn record(State(tracer): State<SdkTracer>, mut request: Request, next: Next) -> Response {
    let is_post = *request.method() == Method::POST;
    let Some(route) = is_post.then(|| start(request.uri().path())).flatten() else {
        return next.run(request).await;
    };
    let mut span = tracer
        .span_builder(format!("POST {route}"))
        .with_kind(SpanKind::Server)
        .with_attributes([
            KeyValue::new("http.request.method", "POST"),
            KeyValue::new("http.route", route),
        ])
        .start_with_context(&tracer, &below(trace_of(request.headers())));
    let own = position(span.span_context());
    if let Some(value) = own.and_then(|own| HeaderValue::try_from(own.to_string()).ok()) {
        request.headers_mut().insert(TraceParent::HEADER, value);
    }
    // If the client goes away, the span ends with this future.
    let response = next.run(request).await;
    let status = response.status();
    span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
    if status.is_server_error() {
        span.set_status(Status::error(""));
    }
    span.end();
    response
}

/// The route of a start with this path.
fn start(path: &str) -> Option<&'static str> {
    let fits = |route: &&'static str| {
        let (mut wanted, mut given) = (route.split('/'), path.split('/'));
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return true,
                (Some(wanted), Some(given)) if wanted.starts_with('{') && !given.is_empty() => {}
                (Some(wanted), Some(given)) if wanted == given => {}
                _ => return false,
            }
        }
    };
    STARTS.into_iter().find(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_known_by_its_route() {
        for (path, route) in [
            ("/api/v1/tasks", Some("/api/v1/tasks")),
            ("/api/v1/tasks/4bf9/rerun", Some("/api/v1/tasks/{id}/rerun")),
            ("/start/story", Some("/start/{kind}")),
            ("/api/fn/start_task", Some("/api/fn/start_task")),
            ("/api/v1/tasks/", None),
            ("/api/v1/tasks/poll", None),
            ("/api/v1/tasks//rerun", None),
            ("/api/v1/tasks/4bf9/cancel", None),
            ("/start", None),
            ("/start/", None),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(start(path), route, "{path}");
        }
    }
}
