//! Forms that are about several tasks at once.

use axum::{
    extract::{Path, Request, State},
    http::request::Parts,
    response::Response,
};
use milepost::{
    engine::{Caller, Service},
    task::{Batch, BatchId, FieldError, Problem, StartBatch},
};

use super::{Notice, entered, key, no_such_kind, not_as_it_should_be, page, see};
use crate::{
    schema,
    serve::{Site, render},
};

/// Starts one task a line.
pub(super) async fn start(
    service: &Service,
    caller: &Caller,
    kind: &str,
    entered: &[(String, String)],
    key: Option<&str>,
) -> Result<Batch, Problem> {
    let info = service.kind(kind).ok_or_else(|| no_such_kind(kind))?;
    let fields = schema::fields(&info.input_schema);
    let inputs = schema::several(&fields, entered).map_err(not_as_it_should_be)?;
    let batch = StartBatch { kind: info.kind, inputs, priority: 0 };
    service.start_batch(caller, batch, key).await.map_err(|error| at_the_fields(error.into()))
}

/// `inputs[3].subject` is line 4 of the field `subject`.
fn at_the_fields(mut problem: Problem) -> Problem {
    for error in &mut problem.errors {
        if let Some((line, field)) = place(&error.field) {
            *error = FieldError { field, detail: format!("Line {}: {}", line + 1, error.detail) };
        }
    }
    problem
}

fn place(field: &str) -> Option<(usize, String)> {
    let (line, rest) = field.strip_prefix("inputs[")?.split_once(']')?;
    Some((line.parse().ok()?, rest.trim_start_matches('.').to_owned()))
}

/// `POST /batches/{id}/cancel`: asks all of its tasks to stop and leads back to its page.
pub(crate) async fn post_cancel(
    State(site): State<Site>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    let caller = parts.extensions.get::<Caller>().cloned().unwrap_or_default();
    let cancelled = match id.parse::<BatchId>() {
        Ok(batch) => site.service.cancel_batch(&caller, batch).await.map_err(Problem::from),
        Err(_) => Ok(None),
    };
    match cancelled.and_then(|batch| batch.ok_or_else(Problem::batch_not_found)) {
        Ok(batch) => see(&format!("/batches/{}", batch.id)),
        Err(problem) => {
            render(&site, page(parts, &format!("/batches/{id}")), Notice(problem)).await
        }
    }
}

/// `POST /batches/{id}/again`: starts those that failed once more and leads to the page of those.
pub(crate) async fn post_again(
    State(site): State<Site>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let entered = entered::read(&site, Request::from_parts(parts.clone(), body)).await;
    let entered = entered.unwrap_or_default();
    let caller = parts.extensions.get::<Caller>().cloned().unwrap_or_default();
    let again = match id.parse::<BatchId>() {
        Ok(id) => site.service.again_batch(&caller, id, key(&entered)).await,
        Err(_) => Ok(None),
    };
    let again = again.map_err(Problem::from);
    match again.and_then(|batch| batch.ok_or_else(Problem::batch_not_found)) {
        Ok(batch) => see(&format!("/batches/{}", batch.id)),
        Err(problem) => {
            render(&site, page(parts, &format!("/batches/{id}")), Notice(problem)).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_in_a_batch_is_told_in_its_line() {
        let mut problem = Problem::new(400, "Bad Request", "x");
        let error =
            |field: &str| FieldError { field: field.to_owned(), detail: "is bad".to_owned() };
        problem.errors = vec![error("inputs[3].subject"), error("inputs"), error("inputs[0]")];
        let errors = at_the_fields(problem).errors;
        assert_eq!((&*errors[0].field, &*errors[0].detail), ("subject", "Line 4: is bad"));
        assert_eq!((&*errors[1].field, &*errors[1].detail), ("inputs", "is bad"));
        assert_eq!((&*errors[2].field, &*errors[2].detail), ("", "Line 1: is bad"));
    }
}
