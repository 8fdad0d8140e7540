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

use super::{ApiError, HttpOptions, origin};
use crate::{
    engine::{Accuracy, BudgetFigures, LongPollFigures, Service, ServiceError},
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
        .with_state(Arc::new(Monitor { service, counted: Mutex::new(None) }))
}

/// Counts read from the store.
#[derive(Clone)]
struct Counts {
    queued: i64,
    running: i64,
    budgets: Vec<BudgetFigures>,
}

struct Monitor {
    service: Service,
    /// Locked during the query, so that concurrent requests share its result.
    counted: Mutex<Option<(Instant, Result<Counts, Problem>)>>,
}

impl Monitor {
    async fn counts(&self) -> Result<Counts, ApiError> {
        let mut counted = self.counted.lock().await;
        let counts = match &*counted {
            Some((at, counts)) if at.elapsed() < KEEP => counts.clone(),
            _ => {
                let counts = self.count().await.map_err(Problem::from);
                counted.insert((Instant::now(), counts)).1.clone()
            }
        };
        counts.map_err(ApiError)
    }

    async fn count(&self) -> Result<Counts, ServiceError> {
        let (queued, running) = self.service.counts().await?;
        Ok(Counts { queued, running, budgets: self.service.budgets().await? })
    }
}

/// Readiness: the store answers and the server is not shutting down.
async fn ready(State(monitor): State<Arc<Monitor>>) -> Response {
    if !monitor.service.is_open() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    match monitor.counts().await {
        Ok(_) => "ready\n".into_response(),
        Err(error) => error.into_response(),
    }
}

/// Metrics in the Prometheus text format.
async fn metrics(State(monitor): State<Arc<Monitor>>) -> Result<Response, ApiError> {
    let Counts { queued, running, budgets } = monitor.counts().await?;
    let service = &monitor.service;
    let mut text = format!(
        "# HELP milepost_tasks Unfinished tasks by status.\n\
         # TYPE milepost_tasks gauge\n\
         milepost_tasks{{status=\"queued\"}} {queued}\n\
         milepost_tasks{{status=\"running\"}} {running}\n"
    );
    estimates(&mut text, &service.accuracy());
    spent(&mut text, &budgets);
    held(&mut text, &service.held());
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}

/// Metrics of the estimates of the time left.
fn estimates(text: &mut String, accuracy: &[(String, Accuracy)]) {
    text.push_str(
        "# HELP milepost_eta_ranges_total Reported ranges of a task's end, by where the end fell.\n\
         # TYPE milepost_eta_ranges_total counter\n",
    );
    for (kind, Accuracy { inside, sooner, later, .. }) in accuracy {
        for (end, count) in [("inside", inside), ("sooner", sooner), ("later", later)] {
            text.push_str(&format!(
                "milepost_eta_ranges_total{{kind=\"{kind}\",end=\"{end}\"}} {count}\n"
            ));
        }
    }
    text.push_str(
        "# HELP milepost_eta_error_seconds_total Distance of the middle of the ranges from the end.\n\
         # TYPE milepost_eta_error_seconds_total counter\n",
    );
    for (kind, Accuracy { error_s, .. }) in accuracy {
        text.push_str(&format!(
            "milepost_eta_error_seconds_total{{kind=\"{kind}\"}} {error_s:.3}\n"
        ));
    }
}

/// Metrics of the daily budgets.
fn spent(text: &mut String, budgets: &[BudgetFigures]) {
    if budgets.is_empty() {
        return;
    }
    text.push_str(
        "# HELP milepost_budget_spent Spent or reserved of a daily budget since 00:00 UTC.\n\
         # TYPE milepost_budget_spent gauge\n",
    );
    for BudgetFigures { name, spent, .. } in budgets {
        text.push_str(&format!("milepost_budget_spent{{budget=\"{name}\"}} {spent}\n"));
    }
    text.push_str(
        "# HELP milepost_budget_limit The budget of a day; 0 is no limit.\n\
         # TYPE milepost_budget_limit gauge\n",
    );
    for BudgetFigures { name, limit, .. } in budgets {
        text.push_str(&format!("milepost_budget_limit{{budget=\"{name}\"}} {limit}\n"));
    }
}

/// Metrics of long polling.
fn held(text: &mut String, figures: &LongPollFigures) {
    text.push_str(&format!(
        "# HELP milepost_long_polls Requests waiting for news now.\n\
         # TYPE milepost_long_polls gauge\n\
         milepost_long_polls {}\n\
         # HELP milepost_long_poll_responses_total Responses to long polls, by reason.\n\
         # TYPE milepost_long_poll_responses_total counter\n",
        figures.now
    ));
    for (reason, count) in &figures.answers {
        text.push_str(&format!(
            "milepost_long_poll_responses_total{{reason=\"{reason}\"}} {count}\n"
        ));
    }
    text.push_str(
        "# HELP milepost_long_poll_limit_hits_total Long polls answered immediately because of a limit.\n\
         # TYPE milepost_long_poll_limit_hits_total counter\n",
    );
    for (scope, count) in &figures.refused {
        let scope = scope.as_str();
        text.push_str(&format!(
            "milepost_long_poll_limit_hits_total{{limit=\"{scope}\"}} {count}\n"
        ));
    }
}
