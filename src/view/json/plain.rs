//! JSON where neither the server's nor the browser's side is built: with `serde_json`.

use serde::{Serialize, de::DeserializeOwned};

pub use serde_json::Error;

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes)
}

pub(super) fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text)
}

pub(super) fn to_string<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value)
}
