//! JSON on the server, with `serde_json`; what clients send is read strictly.

use serde::{Serialize, de::DeserializeOwned};

use crate::read_json;

pub use crate::read_json::JsonError as Error;

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    read_json::from_slice(bytes)
}

pub(super) fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    read_json::from_slice(text.as_bytes())
}

pub(super) fn to_string<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::whole(format!("is not JSON: {error}")))
}
