//! The encoding of the server functions: JSON.
//!
//! On the server that is `serde_json`. In the browser the text is parsed by the browser itself and
//! the values are taken from what it made: a second JSON parser would be a fifth of the page's weight.

use std::convert::Infallible;

use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType};
use serde::{Serialize, de::DeserializeOwned};

use super::platform;

/// JSON, in both directions.
pub struct WireJson;

impl ContentType for WireJson {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for WireJson {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for WireJson {
    type Error = Infallible;

    fn encode(value: &T) -> Result<Bytes, Infallible> {
        // The wire types have no map with keys that are not texts, the only thing that could fail.
        Ok(serde_json::to_vec(value).unwrap_or_default().into())
    }
}

impl<T: DeserializeOwned> Decodes<T> for WireJson {
    type Error = &'static str;

    fn decode(bytes: Bytes) -> Result<T, &'static str> {
        platform::decode(&bytes).ok_or("this is not the JSON that was expected")
    }
}
