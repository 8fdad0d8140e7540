//! The server's side of what the server functions need.

use serde::de::DeserializeOwned;

use super::{ApiError, wire::unreadable};

/// Never called: on the server a server function is a function.
pub(super) async fn post(_path: &str, _body: String) -> Result<String, ApiError> {
    Err(unreadable())
}

/// Reads JSON; `None` where it is something else than expected.
pub(crate) fn decode<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}
