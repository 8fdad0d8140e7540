//! The browser's side of what the server functions need: `fetch` and `JSON.parse`.

mod fetch;
mod values;

use serde::de::DeserializeOwned;

pub(super) use self::fetch::post;

/// Reads JSON; `None` where it is something else than expected.
pub(crate) fn decode<T: DeserializeOwned>(text: &str) -> Option<T> {
    T::deserialize(values::parse(text)?).ok()
}
