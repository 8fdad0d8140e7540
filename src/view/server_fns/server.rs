//! What the server functions find in their context, and how they answer.

use axum::http::{HeaderValue, StatusCode, header, request::Parts};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

use super::ApiError;
use crate::{
    engine::{Caller, Service},
    task::Problem,
};

/// The service, and who asks: nobody where no layer has put a [`Caller`] into the request.
pub(super) fn service() -> Result<(Service, Caller), ApiError> {
    let caller = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Caller>().cloned());
    let service = use_context::<Service>().ok_or_else(|| {
        let detail = "The server's pages were given no service.";
        ApiError::answer(Problem::new(500, "Internal Server Error", detail))
    })?;
    Ok((service, caller.unwrap_or_default()))
}

/// The error of a call that could not be read: its status is the answer's.
pub(super) fn from_framework(problem: Problem) -> ApiError {
    ApiError::answer(problem)
}

/// The error of a body that is not what the call takes.
pub(super) fn undecodable(detail: String) -> ApiError {
    // axum's words for a body that is longer than its layers let it be.
    if detail.contains("length limit exceeded") {
        let detail = "The body is longer than this server takes.";
        return ApiError::answer(Problem::new(413, "Content Too Large", detail));
    }
    let detail = format!("The body is not the JSON that this call takes: {detail}");
    ApiError::answer(Problem::new(400, "Bad Request", detail))
}

/// Sets the status of the answer.
pub fn set_status(status: u16) {
    let options = use_context::<ResponseOptions>();
    if let (Some(options), Ok(status)) = (options, StatusCode::from_u16(status)) {
        options.set_status(status);
    }
}

/// Says when to come back, in milliseconds; the header has whole seconds.
pub fn set_retry_after(ms: i64) {
    if let Some(options) = use_context::<ResponseOptions>() {
        let seconds = ms.max(0).saturating_add(999) / 1000;
        options.insert_header(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

impl ApiError {
    /// The problem as the answer of a server function, with its status and its `Retry-After`.
    pub fn answer(problem: impl Into<Problem>) -> Self {
        let problem = problem.into();
        set_status(problem.status);
        if let Some(ms) = problem.retry_after_ms {
            set_retry_after(ms);
        }
        Self(problem)
    }

    /// The answer for a task that is not there and for one that is not the caller's.
    pub fn not_found() -> Self {
        Self::answer(Problem::task_not_found())
    }
}
