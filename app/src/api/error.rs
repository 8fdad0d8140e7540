//! The error of the server functions: a problem document.

use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use milepost::task::Problem;
use serde::{Deserialize, Serialize};

use super::WireJson;

/// A problem document as the error of a server function. Its status is 0 where no server answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApiError(pub Problem);

impl ApiError {
    /// The status of an error that the browser found: no answer came.
    pub const NO_ANSWER: u16 = 0;
    /// The status of an error that the browser found: the answer could not be read.
    pub const UNREADABLE: u16 = 1;
}

impl FromServerFnError for ApiError {
    type Encoder = WireJson;

    #[inline(never)]
    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let (status, title, detail) = match error {
            ServerFnErrorErr::Request(detail) => (Self::NO_ANSWER, "No answer", detail),
            ServerFnErrorErr::Deserialization(detail) => {
                (Self::UNREADABLE, "Unreadable answer", detail)
            }
            ServerFnErrorErr::Args(detail) | ServerFnErrorErr::MissingArg(detail) => {
                (400, "Bad Request", detail)
            }
            // Said in fixed words: the detail is the server's own business.
            _ => (500, "Internal Server Error", "The server could not answer.".to_owned()),
        };
        Self(Problem::new(status, title, detail))
    }
}
