//! The server functions: each gets the service, calls it and maps the error.

#![expect(missing_docs, reason = "the macro's structs repeat the parameters of the functions")]

mod error;
mod log_piece;
mod result_view;
mod wire;

#[cfg(not(feature = "ssr"))]
pub(crate) mod browser;
#[cfg(feature = "ssr")]
pub(crate) mod server;

#[cfg(not(feature = "ssr"))]
use self::browser as platform;
#[cfg(feature = "ssr")]
use self::server as platform;

use leptos::prelude::*;
use milepost::task::{PollRequest, PollResponse, Snapshot, StartReceipt, TaskId};

#[cfg(feature = "ssr")]
pub(crate) use self::wire::json;
pub use self::{
    error::ApiError,
    log_piece::LogPiece,
    result_view::ResultView,
    wire::{JsonPost, WireJson},
};
pub(crate) use self::{platform::decode, wire::call};

/// The name of the hidden field of a start form that makes two submits one task.
pub(crate) const KEY_FIELD: &str = "_key";

/// Starts a task from the values of its form, which are read by the kind's schema.
///
/// # Errors
/// When the kind is unknown, the values do not fit its schema, or its prerequisites are missing.
#[server(prefix = "/api/fn", endpoint = "start_task", protocol = JsonPost)]
pub async fn start_task(
    kind: String,
    fields: Vec<(String, String)>,
    idempotency_key: Option<String>,
) -> Result<StartReceipt, ApiError> {
    let (service, caller) = crate::context::service()?;
    let key = idempotency_key.as_deref();
    crate::forms::start(&service, &caller, &kind, &fields, key).await.map_err(ApiError::answer)
}

/// Tells what changed of the watched tasks; may hold the request until something does.
///
/// # Errors
/// When the request asks for too much, or the store does not answer.
#[server(prefix = "/api/fn", endpoint = "task_status", protocol = JsonPost)]
pub async fn task_status(request: PollRequest) -> Result<PollResponse, ApiError> {
    let (service, caller) = crate::context::service()?;
    service.poll(&caller, &request).await.map_err(ApiError::answer)
}

/// Asks for a task to be cancelled. Asking twice is asking once.
///
/// # Errors
/// When there is no such task for this caller.
#[server(prefix = "/api/fn", endpoint = "cancel_task", protocol = JsonPost)]
pub async fn cancel_task(id: TaskId) -> Result<Snapshot, ApiError> {
    let (service, caller) = crate::context::service()?;
    let cancelled = service.cancel(&caller, id).await.map_err(ApiError::answer)?;
    Ok(cancelled.ok_or_else(ApiError::not_found)?.snapshot)
}

/// The result of a task, rendered where its media type has a viewer.
///
/// # Errors
/// When there is no such task for this caller, or no result yet.
#[server(prefix = "/api/fn", endpoint = "task_result", protocol = JsonPost)]
pub async fn task_result(id: TaskId) -> Result<ResultView, ApiError> {
    let (service, caller) = crate::context::service()?;
    let viewers = crate::context::viewers();
    crate::context::result(&service, &caller, &viewers, id).await.map_err(ApiError::answer)
}

/// The lines that a task has logged after line `after`; of many, the latest. Where `find` is not empty,
/// only those that contain it.
///
/// # Errors
/// When there is no such task for this caller, or what is looked for is too long.
#[server(prefix = "/api/fn", endpoint = "task_log", protocol = JsonPost)]
pub async fn task_log(id: TaskId, after: i64, find: String) -> Result<LogPiece, ApiError> {
    let (service, caller) = crate::context::service()?;
    let piece = crate::log_view::read_on(&service, &caller, id, after, &find).await;
    piece.map_err(ApiError::answer)?.ok_or_else(ApiError::not_found)
}
