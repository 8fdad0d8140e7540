//! Errors in the browser, where no response is to be prepared.

use super::ApiError;
use crate::task::Problem;

/// Error of a call that could not be made.
pub(super) fn from_framework(problem: Problem) -> ApiError {
    ApiError(problem)
}

/// Error of a response that could not be decoded.
pub(super) fn undecodable(detail: String) -> ApiError {
    ApiError(Problem::new(ApiError::UNREADABLE, "Unreadable answer", detail))
}
