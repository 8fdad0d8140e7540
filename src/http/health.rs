//! Health checks and metrics.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::{sync::Mutex, time::Instant};

use super::{
    ApiError, HttpOptions,
    metrics::{self, Counts},
    origin,
};
use crate::{
    engine::{Service, ServiceError},
    task::Problem,
};

/// How long counts are cached: the store is queried at most once in this time, however many
/// requests arrive.
const KEEP: Duration = Duration::from_secs(2);

/// `/healthz`, `/readyz` and `/metrics`, for requests that name this server.
pub(super) fn router(service: Service, options: &HttpOptions) -> Router {
    let options = Arc::new(options.clone());
    let check = from_fn(move |request: Request, next: Next| {
        let checked = origin::check_monitor(&request, &options);
        async move {
            match checked {
                Ok(()) => next.run(request).await,
                Err(refusal) => refusal.into_response(),
            }
        }
    });
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .layer(check)
        .with_state(Arc::new(Monitor {
            service,
            counted: Mutex::new(None),
            writable: Mutex::new(None),
        }))
}

struct Monitor {
    service: Service,
    /// Locked during the query, so that concurrent requests share its result.
    counted: Mutex<Option<(Instant, Result<Counts, Problem>)>>,
    /// Whether the store takes writes; likewise.
    writable: Mutex<Option<(Instant, Result<(), Problem>)>>,
}

impl Monitor {
    async fn counts(&self) -> Result<Counts, ApiError> {
        cached(&self.counted, self.count()).await
    }

    async fn check_writable(&self) -> Result<(), ApiError> {
        cached(&self.writable, self.service.check_writable()).await
    }

    async fn count(&self) -> Result<Counts, ServiceError> {
        let unfinished = self.service.unfinished().await?;
        Ok(Counts { unfinished, budgets: self.service.budgets().await? })
    }
}

/// The cached result of a query, or its new one.
async fn cached<T: Clone>(
    cache: &Mutex<Option<(Instant, Result<T, Problem>)>>,
    query: impl Future<Output = Result<T, ServiceError>>,
) -> Result<T, ApiError> {
    let mut cache = cache.lock().await;
    let result = match &*cache {
        Some((at, result)) if at.elapsed() < KEEP => result.clone(),
        _ => {
            let result = query.await.map_err(Problem::from);
            cache.insert((Instant::now(), result)).1.clone()
        }
    };
    result.map_err(ApiError)
}

/// Readiness: the store answers and takes writes, and the server is not shutting down.
async fn ready(State(monitor): State<Arc<Monitor>>) -> Response {
    if !monitor.service.is_open() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    match monitor.check_writable().await {
        Ok(()) => "ready\n".into_response(),
        Err(error) => error.into_response(),
    }
}

/// Metrics in the Prometheus text format.
async fn metrics(State(monitor): State<Arc<Monitor>>) -> Result<Response, ApiError> {
    let counts = monitor.counts().await?;
    let text = metrics::text(&monitor.service, &counts);
    Ok(([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response())
}
