//! Extends how long a task is retained.

use axum::{extract::State, http::StatusCode, response::Response};

use super::{ApiError, Links, extract::Id, tasks::snapshot_response};
use crate::{
    engine::{Caller, Service},
    task::{Problem, ProblemCode, Snapshot, TaskId},
};

/// Extends the retention of a finished task and its result: at least for the configured time from
/// now, 90 days by default. Idempotent; `expires_at` of the response is the new expiry.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/keep", tag = "tasks", operation_id = "keepTask",
    params(("id" = TaskId, Path, description = "The task")),
    responses(
        (status = 200, body = Snapshot),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json",
            description = "Not finished: retention begins at the end"),
        (status = 410, body = Problem, content_type = "application/problem+json",
            description = "The task has expired"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn keep(
    State(service): State<Service>,
    caller: Caller,
    Id(id): Id,
    links: Links,
) -> Result<Response, ApiError> {
    let kept = service.keep(&caller, id).await?.ok_or_else(ApiError::task_not_found)?;
    if !kept.ended {
        let status = kept.snapshot.status;
        let detail = format!("the task is `{status}`; it is kept from its end on");
        let problem = Problem::new(409, "Conflict", detail);
        return Err(ApiError(problem.with_code(ProblemCode::NotEnded)));
    }
    Ok(snapshot_response(StatusCode::OK, kept.snapshot, &links))
}
