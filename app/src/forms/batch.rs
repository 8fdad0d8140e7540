//! Forms that concern batches.

use axum::{
    extract::{Path, Request, State},
    http::request::Parts,
    response::Response,
};
use milepost::{
    engine::{Caller, Service, ServiceError},
    schema,
    task::{Batch, BatchId, FieldError, Problem, StartBatch, batch_input},
};

use super::later::{self, Later};
use super::respond::{caller, key, not_as_it_should_be, redirect_to, sent};
use crate::{outcome::no_such_kind, site::SiteState};

/// Starts one task per line.
pub(super) async fn start(
    service: &Service,
    caller: &Caller,
    kind: &str,
    entered: &[(String, String)],
    key: Option<&str>,
) -> Result<Batch, Problem> {
    let info = service.kind_for(caller, kind).ok_or_else(|| no_such_kind(kind))?;
    let fields = schema::fields(&info.input_schema);
    let inputs = schema::several(&fields, entered).map_err(not_as_it_should_be)?;
    let Later { tags, run_at, delay_s } = Later::read(entered).map_err(not_as_it_should_be)?;
    let batch = StartBatch::new(info.kind, inputs).with(|batch| {
        batch.tags = tags;
        batch.run_at = run_at;
        batch.delay_s = delay_s;
    });
    service
        .start_batch(caller, batch, key)
        .await
        .map_err(|error| later::at_the_fields(at_the_fields(error.into())))
}

/// Assigns errors to form fields: `inputs[3].subject` is line 4 of the field `subject`.
fn at_the_fields(mut problem: Problem) -> Problem {
    for error in &mut problem.errors {
        if let Some((place, field)) = batch_input(&error.field) {
            let detail = format!("Line {}: {}", place + 1, error.detail);
            *error = FieldError::new(field, detail);
        }
    }
    problem
}

/// `POST /batches/{id}/cancel`: cancels all tasks of the batch and redirects to its page.
pub(crate) async fn post_cancel(
    State(state): State<SiteState>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    let cancelled = match id.parse::<BatchId>() {
        Ok(batch) => state.site.service.cancel_batch(&caller(&parts), batch).await,
        Err(_) => Ok(None),
    };
    lead_to(&state, parts, &id, cancelled).await
}

/// `POST /batches/{id}/rerun`: reruns the failed tasks and redirects to the page of the new batch.
pub(crate) async fn post_rerun(
    State(state): State<SiteState>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let (parts, entered) = sent(&state.site, request).await;
    let entered = match entered {
        Ok(entered) => entered,
        Err(problem) => {
            return redirect_to(&state, parts, &format!("/batches/{id}"), Err(problem)).await;
        }
    };
    let again = match id.parse::<BatchId>() {
        Ok(batch) => state.site.service.rerun_batch(&caller(&parts), batch, key(&entered)).await,
        Err(_) => Ok(None),
    };
    lead_to(&state, parts, &id, again).await
}

/// Redirects to the page of a batch, or shows the page of batch `id` with the problem.
async fn lead_to(
    state: &SiteState,
    parts: Parts,
    id: &str,
    batch: Result<Option<Batch>, ServiceError>,
) -> Response {
    let batch = batch.map_err(Problem::from);
    let there = batch.and_then(|batch| batch.ok_or_else(Problem::batch_not_found));
    let there = there.map(|batch| format!("batches/{}", batch.id));
    redirect_to(state, parts, &format!("/batches/{id}"), there).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_in_a_batch_is_told_in_its_line() {
        let mut problem = Problem::new(400, "Bad Request", "x");
        let error = |field: &str| FieldError::new(field, "is bad");
        problem.errors = vec![error("inputs[3].subject"), error("inputs"), error("inputs[0]")];
        let errors = at_the_fields(problem).errors;
        assert_eq!((&*errors[0].field, &*errors[0].detail), ("subject", "Line 4: is bad"));
        assert_eq!((&*errors[1].field, &*errors[1].detail), ("inputs", "is bad"));
        assert_eq!((&*errors[2].field, &*errors[2].detail), ("", "Line 1: is bad"));
    }
}
