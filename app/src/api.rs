//! Server functions of the pages, in addition to the library's ([`milepost::view::server_fns`]).
//! Each gets the service, calls it and maps the error.

#![expect(missing_docs, reason = "the macro's structs repeat the parameters of the functions")]

use leptos::prelude::*;
use milepost::{task::StartReceipt, view::json::Json};

pub use milepost::view::server_fns::{ApiClient, ApiError};

/// Starts a task from form values, which are parsed by the kind's schema.
///
/// # Errors
/// If the kind is unknown, the values do not match its schema, or a prerequisite is missing.
#[server(prefix = "/api/fn", endpoint = "start_task", input = Json, output = Json, client = ApiClient)]
pub async fn start_task(
    kind: String,
    fields: Vec<(String, String)>,
    idempotency_key: Option<String>,
) -> Result<StartReceipt, ApiError> {
    let (service, caller) = crate::context::service()?;
    let key = idempotency_key.as_deref();
    crate::forms::start(&service, &caller, &kind, &fields, key).await.map_err(ApiError::answer)
}
