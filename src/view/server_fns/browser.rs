//! In the browser an error is only told.

use super::ApiError;
use crate::task::Problem;

/// The error of a call that could not be made.
pub(super) fn from_framework(problem: Problem) -> ApiError {
    ApiError(problem)
}

/// The error of an answer that is not what was asked for.
pub(super) fn undecodable(detail: String) -> ApiError {
    ApiError(Problem::new(ApiError::UNREADABLE, "Unreadable answer", detail))
}
