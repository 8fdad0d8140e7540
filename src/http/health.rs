//! For those who watch over the server.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use super::ApiError;
use crate::engine::{Accuracy, BudgetFigures, HeldFigures, Service};

pub(super) fn router() -> Router<Service> {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

/// Whether work is taken: the store answers, and the server is not about to stop.
async fn ready(State(service): State<Service>) -> Response {
    match service.counts().await {
        Ok(_) if service.is_open() => "ready\n".into_response(),
        Ok(_) => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response(),
        Err(error) => ApiError::from(error).into_response(),
    }
}

/// Figures in the text format of Prometheus.
async fn metrics(State(service): State<Service>) -> Result<Response, ApiError> {
    let (queued, running) = service.counts().await?;
    let mut text = format!(
        "# HELP milepost_tasks Unfinished tasks by status.\n\
         # TYPE milepost_tasks gauge\n\
         milepost_tasks{{status=\"queued\"}} {queued}\n\
         milepost_tasks{{status=\"running\"}} {running}\n"
    );
    text.push_str(
        "# HELP milepost_eta_ranges_total Told ranges of a task's end, by where the end fell.\n\
         # TYPE milepost_eta_ranges_total counter\n\
         # HELP milepost_eta_error_seconds_total Distance of the ranges' middles from the end.\n\
         # TYPE milepost_eta_error_seconds_total counter\n",
    );
    for (kind, accuracy) in service.accuracy() {
        let Accuracy { inside, sooner, later, error_s, .. } = accuracy;
        for (end, count) in [("inside", inside), ("sooner", sooner), ("later", later)] {
            text.push_str(&format!(
                "milepost_eta_ranges_total{{kind=\"{kind}\",end=\"{end}\"}} {count}\n"
            ));
        }
        text.push_str(&format!(
            "milepost_eta_error_seconds_total{{kind=\"{kind}\"}} {error_s:.3}\n"
        ));
    }
    budgets(&mut text, &service.budgets().await?);
    held(&mut text, &service.held());
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}

/// The daily budgets.
fn budgets(text: &mut String, budgets: &[BudgetFigures]) {
    if budgets.is_empty() {
        return;
    }
    text.push_str(
        "# HELP milepost_budget_spent Spent or reserved of a daily budget since 00:00 UTC.\n\
         # TYPE milepost_budget_spent gauge\n\
         # HELP milepost_budget_limit The budget of a day; 0 is no limit.\n\
         # TYPE milepost_budget_limit gauge\n",
    );
    for BudgetFigures { name, spent, limit, .. } in budgets {
        text.push_str(&format!(
            "milepost_budget_spent{{budget=\"{name}\"}} {spent}\n\
             milepost_budget_limit{{budget=\"{name}\"}} {limit}\n"
        ));
    }
}

/// The held requests.
fn held(text: &mut String, figures: &HeldFigures) {
    text.push_str(&format!(
        "# HELP milepost_held_requests Requests that are held now.\n\
         # TYPE milepost_held_requests gauge\n\
         milepost_held_requests {}\n\
         # HELP milepost_held_answers_total Answers to requests that could be held, by reason.\n\
         # TYPE milepost_held_answers_total counter\n",
        figures.now
    ));
    for (reason, count) in &figures.answers {
        text.push_str(&format!("milepost_held_answers_total{{reason=\"{reason}\"}} {count}\n"));
    }
    text.push_str(
        "# HELP milepost_held_limit_hits_total Requests not held because of a limit.\n\
         # TYPE milepost_held_limit_hits_total counter\n",
    );
    for (scope, count) in &figures.refused {
        let scope = scope.as_str();
        text.push_str(&format!("milepost_held_limit_hits_total{{limit=\"{scope}\"}} {count}\n"));
    }
}
