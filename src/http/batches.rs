//! `/api/v1/batches`: several tasks at once.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};

use super::{
    ApiError, Links,
    error::NotStarted,
    extract::{Body, InBatch},
    tasks::{idempotency_key, started_at},
};
use crate::{
    engine::{Caller, Service},
    task::{Batch, BatchId, Problem, StartBatch},
};

/// Queues one task per input: all of them, or none if one is rejected. Repeating the request with
/// the same `Idempotency-Key` returns the same batch.
#[utoipa::path(post, path = "/api/v1/batches", tag = "batches",
    params(("Idempotency-Key" = Option<String>, Header,
        description = "1 to 255 bytes; makes a repeated start safe")),
    request_body = StartBatch,
    responses(NotStarted,
        (status = 202, body = Batch, description = "All are queued"),
        (status = 400, body = Problem, content_type = "application/problem+json",
            description = "`errors` name the input, as in `inputs[3].subject`"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn start(
    State(service): State<Service>,
    caller: Caller,
    links: Links,
    headers: HeaderMap,
    Body(start): Body<StartBatch>,
) -> Result<Response, ApiError> {
    let batch = service.start_batch(&caller, start, idempotency_key(&headers)?).await?;
    Ok(queued(batch, &links))
}

/// Returns a batch with its tasks. To follow it, poll its tasks.
#[utoipa::path(get, path = "/api/v1/batches/{id}", tag = "batches",
    params(("id" = BatchId, Path, description = "The batch")),
    responses(
        (status = 200, body = Batch),
        (status = 404, body = Problem, content_type = "application/problem+json",
            description = "No such batch, or all of it has expired"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(
    State(service): State<Service>,
    caller: Caller,
    InBatch(id): InBatch,
    links: Links,
) -> Result<Json<Batch>, ApiError> {
    let mut batch = service.batch(&caller, id).await?.ok_or_else(not_found)?;
    links.fill_in(&mut batch.tasks);
    Ok(Json(batch))
}

/// Cancels all tasks of a batch. Idempotent.
#[utoipa::path(post, path = "/api/v1/batches/{id}/cancel", tag = "batches",
    params(("id" = BatchId, Path, description = "The batch")),
    responses(
        (status = 202, body = Batch, description = "Cancellation requested, or cancelled"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn cancel(
    State(service): State<Service>,
    caller: Caller,
    InBatch(id): InBatch,
    links: Links,
) -> Result<Response, ApiError> {
    let mut batch = service.cancel_batch(&caller, id).await?.ok_or_else(not_found)?;
    links.fill_in(&mut batch.tasks);
    Ok((StatusCode::ACCEPTED, Json(batch)).into_response())
}

/// Reruns the failed tasks of a batch with the same inputs, secrets included, as a new batch: all
/// of them or none. The new batch belongs to the caller.
#[utoipa::path(post, path = "/api/v1/batches/{id}/rerun", tag = "batches",
    params(
        ("id" = BatchId, Path, description = "The batch"),
        ("Idempotency-Key" = Option<String>, Header,
            description = "1 to 255 bytes; makes a repeated start safe")),
    responses(NotStarted,
        (status = 202, body = Batch, description = "All failed tasks are queued again as a new batch"),
        (status = 400, body = Problem, content_type = "application/problem+json",
            description = "One task cannot be started now; `errors` names it"),
        (status = 404, body = Problem, content_type = "application/problem+json",
            description = "No such batch, or all of it has expired"),
        (status = 409, body = Problem, content_type = "application/problem+json",
            description = "No task of the batch failed")))]
pub(super) async fn rerun(
    State(service): State<Service>,
    caller: Caller,
    InBatch(id): InBatch,
    links: Links,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let batch = service.rerun_batch(&caller, id, idempotency_key(&headers)?).await?;
    Ok(queued(batch.ok_or_else(not_found)?, &links))
}

/// Response for a queued batch, with its location.
fn queued(mut batch: Batch, links: &Links) -> Response {
    links.fill_in(&mut batch.tasks);
    let path = links.batch(batch.id);
    started_at((StatusCode::ACCEPTED, Json(batch)).into_response(), &path)
}

fn not_found() -> ApiError {
    ApiError(Problem::batch_not_found())
}
