//! Context of pages and server functions.

use axum::http::request::Parts;
use leptos::prelude::*;
use milepost::{
    engine::{Caller, ResultState, Service},
    http::{ProviderSignIn, SignIn},
    task::{Problem, TaskId},
};

use milepost::view::server_fns::ApiError;
pub(crate) use milepost::view::server_fns::{set_retry_after, set_status};

use crate::{links, viewers::Viewers, wire::ResultView};

/// Returns the service and the caller, which is anonymous if no middleware inserted a [`Caller`]
/// into the request.
pub(crate) fn service() -> Result<(Service, Caller), ApiError> {
    let service = use_context::<Service>();
    let caller = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Caller>().cloned());
    let service = service.ok_or_else(|| {
        ApiError::answer(Problem::new(500, "Internal Server Error", "There is no service here."))
    })?;
    Ok((service, caller.unwrap_or_default()))
}

/// Whether users sign in.
pub(crate) fn signs_in() -> bool {
    use_context::<SignIn>().is_some_and(|sign_in| sign_in.is_on())
}

/// Where users sign in, if that is not here.
pub(crate) fn provider() -> Option<ProviderSignIn> {
    use_context::<Option<ProviderSignIn>>().flatten()
}

/// Viewers of results.
pub(crate) fn viewers() -> Viewers {
    use_context().unwrap_or_default()
}

/// A task's result, rendered for a page.
pub(crate) async fn result(
    service: &Service,
    caller: &Caller,
    viewers: &Viewers,
    id: TaskId,
) -> Result<ResultView, Problem> {
    match service.result(caller, id).await? {
        None => Err(Problem::task_not_found()),
        Some(ResultState::Ready(result)) => Ok(viewers.view(links::api().result(id), result).await),
        Some(ResultState::None(status)) if status.is_terminal() => {
            Err(Problem::new(404, "Not Found", "This task ended without a result."))
        }
        Some(ResultState::None(_)) => {
            Err(Problem::new(409, "Conflict", "This task is not finished yet."))
        }
    }
}
