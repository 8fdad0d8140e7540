//! Tags and note of a task, and starting it before its time.

use axum::{extract::State, http::StatusCode, response::Response};

use super::{
    ApiError, Links,
    extract::{Body, Id},
    tasks::snapshot_response,
};
use crate::{
    engine::{Caller, Service},
    task::{Annotate, Problem, Snapshot, TaskId},
};

/// Sets the tags and the note of a task, which may have ended. What the body does not name stays as it is. Idempotent.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/annotate", tag = "tasks", operation_id = "annotateTask",
    params(("id" = TaskId, Path, description = "The task")),
    request_body = Annotate,
    responses(
        (status = 200, body = Snapshot),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 410, body = Problem, content_type = "application/problem+json",
            description = "The task has expired"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn annotate(
    State(service): State<Service>,
    caller: Caller,
    Id(id): Id,
    links: Links,
    Body(annotate): Body<Annotate>,
) -> Result<Response, ApiError> {
    let snapshot = service.annotate(&caller, id, &annotate).await?;
    let snapshot = snapshot.ok_or_else(ApiError::task_not_found)?;
    Ok(snapshot_response(StatusCode::OK, snapshot, &links))
}

/// Lets a task start now that waits for its start time, or for its next attempt. Idempotent: a task that has started
/// already is returned as it is.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/start-now", tag = "tasks", operation_id = "startTaskNow",
    params(("id" = TaskId, Path, description = "The task")),
    responses(
        (status = 200, body = Snapshot),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json",
            description = "The task has ended"),
        (status = 410, body = Problem, content_type = "application/problem+json",
            description = "The task has expired"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn start_now(
    State(service): State<Service>,
    caller: Caller,
    Id(id): Id,
    links: Links,
) -> Result<Response, ApiError> {
    let started = service.start_now(&caller, id).await?.ok_or_else(ApiError::task_not_found)?;
    if !started.accepted {
        let status = started.snapshot.status;
        let detail = format!("the task is `{status}`; rerun it to start it once more");
        return Err(ApiError(Problem::new(409, "Conflict", detail)));
    }
    Ok(snapshot_response(StatusCode::OK, started.snapshot, &links))
}
