//! In the browser JSON is the engine's.

use std::{any::TypeId, cell::RefCell};

use js_sys::JSON;
use serde::{Serialize, de::DeserializeOwned};
use serde_wasm_bindgen::Serializer;

use crate::task::PollResponse;

pub use serde_wasm_bindgen::Error;

thread_local! {
    static ANSWER: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Reads the body of an answer. The text of a poll's is kept: other tabs are told it as it is.
pub(super) fn decode<T: DeserializeOwned + 'static>(bytes: &[u8]) -> Result<T, Error> {
    // JSON is UTF-8; of anything else the parser says what is wrong.
    let text = String::from_utf8_lossy(bytes);
    let value = from_str(&text)?;
    if TypeId::of::<T>() == TypeId::of::<PollResponse>() {
        ANSWER.set(text.into_owned());
    }
    Ok(value)
}

pub(super) fn take_answer() -> String {
    ANSWER.take()
}

pub(super) fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_wasm_bindgen::from_value(JSON::parse(text)?)
}

pub(super) fn to_string<T: Serialize>(value: &T) -> Result<String, Error> {
    let value = value.serialize(&Serializer::json_compatible())?;
    Ok(JSON::stringify(&value)?.into())
}
