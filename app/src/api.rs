//! The server functions: each gets the service, calls it and maps the error.

mod client;
mod error;
mod result_view;

use leptos::{prelude::*, server_fn::codec::Json};
use milepost::task::{LogLine, PollRequest, PollResponse, Snapshot, StartReceipt, TaskId};

pub use self::{
    client::{CountingClient, bytes_received},
    error::ApiError,
    result_view::ResultView,
};

/// Starts a task from the values of its form, which are read by the kind's schema.
///
/// # Errors
/// When the kind is unknown, the values do not fit its schema, or its prerequisites are missing.
#[server(prefix = "/api/fn", endpoint = "start_task", input = Json, client = CountingClient)]
pub async fn start_task(
    kind: String,
    fields: Vec<(String, String)>,
    idempotency_key: Option<String>,
) -> Result<StartReceipt, ApiError> {
    let (service, caller) = crate::context::service()?;
    let started = crate::forms::start(&service, &caller, &kind, &fields, idempotency_key.as_deref());
    Ok(started.await.map_err(ApiError::answer)?)
}

/// Tells what changed of the watched tasks; may hold the request until something does.
///
/// # Errors
/// When the request asks for too much, or the store does not answer.
#[server(prefix = "/api/fn", endpoint = "task_status", input = Json, client = CountingClient)]
pub async fn task_status(request: PollRequest) -> Result<PollResponse, ApiError> {
    let (service, caller) = crate::context::service()?;
    service.poll(&caller, &request).await.map_err(ApiError::answer)
}

/// Asks for a task to be cancelled. Asking twice is asking once.
///
/// # Errors
/// When there is no such task for this caller.
#[server(prefix = "/api/fn", endpoint = "cancel_task", input = Json, client = CountingClient)]
pub async fn cancel_task(id: TaskId) -> Result<Snapshot, ApiError> {
    let (service, caller) = crate::context::service()?;
    let snapshot = service.cancel(&caller, id).await.map_err(ApiError::answer)?;
    snapshot.ok_or_else(ApiError::not_found)
}

/// The result of a task, rendered where its media type has a viewer.
///
/// # Errors
/// When there is no such task for this caller, or no result yet.
#[server(prefix = "/api/fn", endpoint = "task_result", input = Json, client = CountingClient)]
pub async fn task_result(id: TaskId) -> Result<ResultView, ApiError> {
    let (service, caller) = crate::context::service()?;
    let result = service.result(&caller, id).await.map_err(ApiError::answer)?;
    Ok(crate::viewers::view(id, &result.ok_or_else(ApiError::not_found)?))
}

/// The lines that a task has logged after line `after`.
///
/// # Errors
/// When there is no such task for this caller.
#[server(prefix = "/api/fn", endpoint = "task_log", input = Json, client = CountingClient)]
pub async fn task_log(id: TaskId, after: i64) -> Result<Vec<LogLine>, ApiError> {
    let (service, caller) = crate::context::service()?;
    let lines = service.log(&caller, id, after).await.map_err(ApiError::answer)?;
    lines.ok_or_else(ApiError::not_found)
}
