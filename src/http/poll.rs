//! One request for all tasks that a page watches.

use axum::{Json, extract::State};

use super::{ApiError, Links, extract::Body};
use crate::{
    engine::{Caller, Service},
    task::{PollRequest, PollResponse, Problem},
};

/// Returns changes of the watched tasks. With `wait_ms` the request waits until one of them has
/// something that this client must learn.
#[utoipa::path(post, path = "/api/v1/tasks/poll", tag = "tasks", operation_id = "pollTasks",
    request_body = PollRequest,
    responses(
        (status = 200, body = PollResponse),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn poll(
    State(service): State<Service>,
    caller: Caller,
    links: Links,
    Body(request): Body<PollRequest>,
) -> Result<Json<PollResponse>, ApiError> {
    let mut changes = service.poll(&caller, &request).await?;
    links.fill_in(&mut changes.tasks);
    Ok(Json(changes))
}
