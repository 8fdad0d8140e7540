//! Deletes a task.

use axum::{extract::State, http::StatusCode};

use super::{ApiError, extract::Id};
use crate::{
    engine::{Caller, Service},
    task::{Problem, TaskId},
};

/// Deletes a task with its input, log, result, files, checkpoints and the uploads that no other task uses; one that has
/// not ended is stopped. Afterwards its owner gets 410 with the code `deleted`, others get 404.
#[utoipa::path(delete, path = "/api/v1/tasks/{id}", tag = "tasks", operation_id = "deleteTask",
    params(("id" = TaskId, Path, description = "The task")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 410, body = Problem, content_type = "application/problem+json",
            description = "The task was deleted already, or has expired"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn delete(
    State(service): State<Service>,
    caller: Caller,
    Id(id): Id,
) -> Result<StatusCode, ApiError> {
    service.delete(&caller, id).await?.ok_or_else(ApiError::task_not_found)?;
    Ok(StatusCode::NO_CONTENT)
}
