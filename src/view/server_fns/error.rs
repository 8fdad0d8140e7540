//! Error of the server functions: a problem document.

use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

use super::platform;
use crate::{poll::Failure, task::Problem, view::json::JsonEncoding};

/// Problem document as the error of a server function. Errors detected in the browser have a status
/// below 100: [`ApiError::NO_ANSWER`], [`ApiError::UNREADABLE`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApiError(pub Problem);

impl ApiError {
    /// Status of a browser-side error: no response arrived.
    pub const NO_ANSWER: u16 = 0;
    /// Status of a browser-side error: the response could not be read.
    pub const UNREADABLE: u16 = 1;
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let (status, title, detail) = match error {
            ServerFnErrorErr::Request(detail) => (Self::NO_ANSWER, "No answer", detail),
            ServerFnErrorErr::Response(detail) => (Self::UNREADABLE, "Unreadable answer", detail),
            ServerFnErrorErr::Deserialization(detail) => return platform::undecodable(detail),
            // Only forms are read by the framework, and its detail names types.
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => (
                400,
                "Bad Request",
                "The fields of the form are not those of this call.".to_owned(),
            ),
            // Fixed text: the detail must not leave the server.
            _ => (500, "Internal Server Error", "The server could not answer.".to_owned()),
        };
        platform::from_framework(Problem::new(status, title, detail))
    }
}

impl From<ApiError> for Problem {
    fn from(ApiError(problem): ApiError) -> Self {
        problem
    }
}

impl From<ApiError> for Failure {
    fn from(ApiError(problem): ApiError) -> Self {
        match problem.status {
            ApiError::NO_ANSWER => Self::Network,
            ApiError::UNREADABLE => Self::Unreadable,
            status => Self::Status {
                status,
                retry_after_ms: problem.retry_after_ms,
                problem: Some(Box::new(problem)),
            },
        }
    }
}
