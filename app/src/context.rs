//! What pages and server functions find in their context.

use axum::http::{HeaderValue, StatusCode, header, request::Parts};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use milepost::{
    engine::{Caller, ResultState, Service},
    task::{Problem, TaskId},
};

use crate::{
    api::{ApiError, ResultView},
    viewers::Viewers,
};

/// The service, and who asks. The server's middleware puts the [`Caller`] into the request; where it
/// did not, nobody asks.
pub(crate) fn service() -> Result<(Service, Caller), ApiError> {
    let service = use_context::<Service>();
    let caller = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Caller>().cloned());
    let service = service.ok_or_else(|| {
        ApiError::answer(Problem::new(500, "Internal Server Error", "There is no service here."))
    })?;
    Ok((service, caller.unwrap_or_default()))
}

/// How results are shown.
pub(crate) fn viewers() -> Viewers {
    use_context().unwrap_or_default()
}

/// A task's result as a page shows it.
pub(crate) async fn result(
    service: &Service,
    caller: &Caller,
    viewers: &Viewers,
    id: TaskId,
) -> Result<ResultView, Problem> {
    match service.result(caller, id).await? {
        None => Err(Problem::task_not_found()),
        Some(ResultState::Ready(result)) => Ok(viewers.view(id, &result)),
        Some(ResultState::None(status)) if status.is_terminal() => {
            Err(Problem::new(404, "Not Found", "This task ended without a result."))
        }
        Some(ResultState::None(_)) => {
            Err(Problem::new(409, "Conflict", "This task is not finished yet."))
        }
    }
}

/// Sets the status of the answer.
pub(crate) fn set_status(status: u16) {
    let options = use_context::<ResponseOptions>();
    if let (Some(options), Ok(status)) = (options, StatusCode::from_u16(status)) {
        options.set_status(status);
    }
}

/// Says when to come back.
pub(crate) fn set_retry_after(ms: i64) {
    if let Some(options) = use_context::<ResponseOptions>() {
        let seconds = ms.max(0).saturating_add(999) / 1000;
        options.insert_header(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

impl ApiError {
    /// The problem as the answer of a server function, with its status.
    pub(crate) fn answer(problem: impl Into<Problem>) -> Self {
        let problem = problem.into();
        set_status(problem.status);
        Self(problem)
    }

    /// The answer for a task that is not there and for one that is not the caller's.
    pub(crate) fn not_found() -> Self {
        Self::answer(Problem::task_not_found())
    }
}
