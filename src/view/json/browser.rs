//! JSON in the browser, with its built-in parser.

use std::{any::TypeId, cell::RefCell};

use js_sys::JSON;
use serde::{Serialize, de::DeserializeOwned};
use serde_wasm_bindgen::Serializer;

use crate::task::PollResponse;

pub use serde_wasm_bindgen::Error;

thread_local! {
    static ANSWER: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Parses a response body. Stores the text of a poll response, so that it can be forwarded to other
/// tabs unchanged.
pub(super) fn decode<T: DeserializeOwned + 'static>(bytes: &[u8]) -> Result<T, Error> {
    // JSON is UTF-8; for other bytes the parser reports the error.
    let text = String::from_utf8_lossy(bytes);
    let value = from_str(&text)?;
    if TypeId::of::<T>() == TypeId::of::<PollResponse>() {
        ANSWER.set(text.into_owned());
    }
    Ok(value)
}

/// The text of the poll response that was read last; empty where another codec read it.
pub(in crate::view) fn take_answer() -> String {
    ANSWER.take()
}

pub(super) fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_wasm_bindgen::from_value(JSON::parse(text)?)
}

pub(super) fn to_string<T: Serialize>(value: &T) -> Result<String, Error> {
    let value = value.serialize(&Serializer::json_compatible())?;
    Ok(JSON::stringify(&value)?.into())
}
