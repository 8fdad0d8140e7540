//! Form targets without a script, in Leptos's default form encoding.

use std::collections::HashMap;

use leptos::server;

use super::{ApiClient, ApiError};
use crate::task::TaskId;

/// Starts a task from a form whose fields are named like those of the input, and redirects to the
/// form's page with `?task=ID`.
///
/// # Errors
/// As [`run_task`](super::run_task).
#[server(prefix = "/api/fn", endpoint = "run_task_form", client = ApiClient)]
pub async fn run_task_form(
    kind: String,
    #[server(flatten)] fields: HashMap<String, String>,
) -> Result<(), ApiError> {
    let (service, caller) = super::server::service()?;
    let schema = service.kind_for(&caller, &kind).map(|kind| kind.input_schema).unwrap_or_default();
    let start = crate::task::StartTask::new(kind, super::server::read_form(&schema, fields));
    let started = service.start(&caller, start, None).await.map_err(super::server::refuse)?;
    super::server::lead_back(started.receipt.id);
    Ok(())
}

/// Cancels a task, and redirects to the form's page.
///
/// # Errors
/// As [`cancel_task`](super::cancel_task).
#[server(prefix = "/api/fn", endpoint = "cancel_task_form", client = ApiClient)]
pub async fn cancel_task_form(id: TaskId) -> Result<(), ApiError> {
    let (service, caller) = super::server::service()?;
    let cancelled = service.cancel(&caller, id).await.map_err(super::server::refuse)?;
    cancelled.ok_or_else(|| super::server::refuse(crate::task::Problem::task_not_found()))?;
    super::server::lead_back(id);
    Ok(())
}
