//! What pages and server functions find in their context.

use axum::http::request::Parts;
use leptos::prelude::*;
use milepost::{
    engine::{Caller, ResultState, Service},
    task::{Problem, TaskId},
};

pub(crate) use milepost::view::server_fns::{set_retry_after, set_status};

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
        Some(ResultState::Ready(result)) => Ok(viewers.view(id, result).await),
        Some(ResultState::None(status)) if status.is_terminal() => {
            Err(Problem::new(404, "Not Found", "This task ended without a result."))
        }
        Some(ResultState::None(_)) => {
            Err(Problem::new(409, "Conflict", "This task is not finished yet."))
        }
    }
}
