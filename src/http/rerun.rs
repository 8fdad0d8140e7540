//! Input of a task, and rerunning it.

use axum::{Json, extract::State, http::HeaderMap, response::Response};

use super::{
    ApiError, Links,
    error::NotStarted,
    extract::Id,
    prefer::Prefer,
    tasks::{answer_start, idempotency_key},
};
use crate::{
    engine::{Caller, Service},
    task::{Problem, StartTask, StartedTask, TaskId},
};

/// Returns the input that the task was started with, ready to be changed and sent to `POST
/// /api/v1/tasks`. Omits fields that the kind's schema marks `writeOnly`.
#[utoipa::path(get, path = "/api/v1/tasks/{id}/input", tag = "tasks", operation_id = "getTaskInput",
    params(("id" = TaskId, Path, description = "The task")),
    responses(
        (status = 200, body = StartTask),
        (status = 400, body = Problem, content_type = "application/problem+json",
            description = "Its kind no longer exists"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 410, body = Problem, content_type = "application/problem+json",
            description = "The task has expired; `task` describes what it was"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn input(
    State(service): State<Service>,
    caller: Caller,
    Id(id): Id,
) -> Result<Json<StartTask>, ApiError> {
    let start = service.input(&caller, id).await?;
    start.map(Json).ok_or_else(ApiError::task_not_found)
}

/// Starts a new task with the input of an ended one; it belongs to the caller. Secrets of commands
/// are deleted when a task ends: the response is then 400, and `errors` names the fields to enter
/// anew.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/rerun", tag = "tasks", operation_id = "rerunTask",
    params(
        ("id" = TaskId, Path, description = "The task"),
        ("Idempotency-Key" = Option<String>, Header,
            description = "1 to 255 bytes; makes a repeated start safe"),
        ("Prefer" = Option<String>, Header,
            description = "`wait=20`: answer once the task has ended, or after so many seconds")),
    responses(NotStarted,
        (status = 202, body = StartedTask, description = "Queued, or already queued or running"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json",
            description = "The task has not ended"),
        (status = 410, body = Problem, content_type = "application/problem+json",
            description = "The task has expired; `task` describes what it was")))]
pub(super) async fn rerun(
    State(service): State<Service>,
    caller: Caller,
    Id(id): Id,
    prefer: Prefer,
    links: Links,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let started = service.rerun(&caller, id, idempotency_key(&headers)?).await?;
    let started = started.ok_or_else(ApiError::task_not_found)?;
    Ok(answer_start(&service, &caller, started, prefer, &links).await?)
}
