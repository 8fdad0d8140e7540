//! The way to the server: this application's own server functions.

use milepost::{
    poll::Failure,
    task::{PollRequest, Problem, Snapshot, TaskId},
    view::{Answer, Transport},
};

use crate::api::{self, ApiError, TaskStatus};

/// Polls and cancels through the server functions; one tab polls for all.
pub(super) fn transport() -> Transport {
    Transport::new(poll, cancel).shared(api::decode)
}

async fn poll(request: PollRequest) -> Result<Answer, Failure> {
    let text = api::call(&TaskStatus { request }).await.map_err(failure)?;
    let response = api::decode(&text).ok_or(Failure::Unreadable)?;
    Ok(Answer { response, text })
}

async fn cancel(id: TaskId) -> Result<Snapshot, Problem> {
    api::cancel_task(id).await.map_err(|ApiError(problem)| problem)
}

fn failure(ApiError(problem): ApiError) -> Failure {
    match problem.status {
        ApiError::NO_ANSWER => Failure::Network,
        ApiError::UNREADABLE => Failure::Unreadable,
        status => Failure::Status {
            status,
            retry_after_ms: problem.retry_after_ms,
            problem: Some(Box::new(problem)),
        },
    }
}
