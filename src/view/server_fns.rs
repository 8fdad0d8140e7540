//! Ready-made server functions: start, follow and cancel a task.
//!
//! To use them in an application that renders its pages with Leptos, put the `engine::Service` into
//! the context of the Leptos routes, and add a layer that inserts an `engine::Caller` into each
//! request. If the router of the API is nested, put its `http::Links` there, too. They are ordinary
//! `POST`s with JSON in and out, below [`PREFIX`], for any client.

#![expect(missing_docs, reason = "the macro's structs repeat the parameters of the functions")]

#[cfg_attr(not(target_arch = "wasm32"), path = "server_fns/no_client.rs")]
mod client;
mod error;
pub mod forms;

#[cfg(not(feature = "ssr"))]
mod browser;
#[cfg(feature = "ssr")]
mod server;

#[cfg(not(feature = "ssr"))]
use self::browser as platform;
#[cfg(feature = "ssr")]
use self::server as platform;

use leptos::prelude::*;

pub(super) use self::client::get_text;
#[cfg(feature = "ssr")]
pub use self::server::{
    LogRenderer, PagePart, PartRenderer, ShownTask, set_retry_after, set_status,
};
pub use self::{
    client::{ApiClient, ApiResponse},
    error::ApiError,
    forms::{CancelTaskForm, RunTaskForm, cancel_task_form, run_task_form},
};
use super::json::Json;
use crate::task::{PollRequest, PollResponse, Snapshot, StartReceipt, TaskId};

/// Path prefix of the server functions.
pub const PREFIX: &str = "/api/fn";

/// Starts a task. Repeating the call with the same `idempotency_key` returns the same task.
///
/// # Errors
/// If the kind is unknown, the input does not match its schema, or a prerequisite is missing.
#[server(prefix = "/api/fn", endpoint = "run_task", input = Json, output = Json, client = ApiClient)]
pub async fn run_task(
    kind: String,
    input: serde_json::Value,
    idempotency_key: Option<String>,
) -> Result<StartReceipt, ApiError> {
    let (service, caller) = server::service()?;
    let start = crate::task::StartTask::new(kind, input);
    let started = service.start(&caller, start, idempotency_key.as_deref()).await;
    Ok(started.map_err(ApiError::answer)?.receipt)
}

/// Returns the current state of a task, for the first rendering of a page.
///
/// # Errors
/// If the caller has no such task, or the store does not answer.
#[server(prefix = "/api/fn", endpoint = "find_task", input = Json, output = Json, client = ApiClient)]
pub async fn find_task(id: TaskId) -> Result<Snapshot, ApiError> {
    let (service, caller) = server::service()?;
    let links = server::links();
    let found = service.get(&caller, id).await.map_err(ApiError::answer)?;
    let mut snapshot = found.ok_or_else(ApiError::not_found)?;
    links.fill_in([&mut snapshot]);
    Ok(snapshot)
}

/// Returns changes of the watched tasks; may wait until there are any. With a `LogRenderer` in the
/// context, log lines are HTML; with a `PartRenderer`, previews and results are, too.
///
/// # Errors
/// If the request exceeds a limit, or the store does not answer.
#[server(prefix = "/api/fn", endpoint = "task_status", input = Json, output = Json, client = ApiClient)]
pub async fn task_status(request: PollRequest) -> Result<PollResponse, ApiError> {
    let (service, caller) = server::service()?;
    let links = server::links();
    let mut changes = service.poll(&caller, &request).await.map_err(ApiError::answer)?;
    links.fill_in(&mut changes.tasks);
    server::render_logs(&request, &mut changes);
    server::render_parts(&request, &mut changes).await;
    Ok(changes)
}

/// Cancels a task. Idempotent.
///
/// # Errors
/// If the caller has no such task, or the store does not answer.
#[server(prefix = "/api/fn", endpoint = "cancel_task", input = Json, output = Json, client = ApiClient)]
pub async fn cancel_task(id: TaskId) -> Result<Snapshot, ApiError> {
    let (service, caller) = server::service()?;
    let links = server::links();
    let cancelled = service.cancel(&caller, id).await.map_err(ApiError::answer)?;
    let mut snapshot = cancelled.ok_or_else(ApiError::not_found)?.snapshot;
    links.fill_in([&mut snapshot]);
    Ok(snapshot)
}
