//! The browser's side of what the server functions need: `fetch` and `JSON.parse`.

mod fetch;
mod values;

use serde::de::DeserializeOwned;

pub use self::fetch::{Fetch, bytes_received};

/// Reads JSON; `None` where it is something else than expected.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    decode_text(std::str::from_utf8(bytes).ok()?)
}

/// Reads JSON; `None` where it is something else than expected.
pub(crate) fn decode_text<T: DeserializeOwned>(text: &str) -> Option<T> {
    T::deserialize(values::Value(js_sys::JSON::parse(text).ok()?)).ok()
}
