//! The server's side of what the server functions need.

pub use leptos::server_fn::client::browser::BrowserClient as Fetch;
use serde::de::DeserializeOwned;

/// Reads JSON; `None` where it is something else than expected.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}

/// How many bytes of answers were received; always 0 on the server.
pub fn bytes_received() -> u32 {
    0
}
