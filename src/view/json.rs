//! JSON between the pages and the server. In the browser it is the engine's own parser and `serde-wasm-bindgen`, so that
//! no page loads a second one; on the server it is `serde_json`.

use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType, codec::Post};
use serde::{Serialize, de::DeserializeOwned};

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(not(feature = "hydrate"))]
mod server;

#[cfg(feature = "hydrate")]
use self::browser as platform;
#[cfg(not(feature = "hydrate"))]
use self::server as platform;

pub use self::platform::Error;

/// Arguments and answers of a server function as JSON in the body of a `POST`: Leptos's codec of that, over
/// [`JsonEncoding`].
pub type Json = Post<JsonEncoding>;

/// JSON, read and written by what the platform has for it.
pub struct JsonEncoding;

/// Reads a value.
///
/// # Errors
/// When the text is not JSON, or not that of a `T`.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    platform::from_str(text)
}

/// Writes a value.
///
/// # Errors
/// When JSON has no such value: a map with keys that are not texts. In the browser also an integer beyond 2^53, which
/// the engine's numbers cannot hold.
pub fn to_string<T: Serialize>(value: &T) -> Result<String, Error> {
    platform::to_string(value)
}

impl ContentType for JsonEncoding {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for JsonEncoding {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for JsonEncoding {
    type Error = Error;

    fn encode(value: &T) -> Result<Bytes, Error> {
        to_string(value).map(Bytes::from)
    }
}

impl<T: DeserializeOwned + 'static> Decodes<T> for JsonEncoding {
    type Error = Error;

    fn decode(bytes: Bytes) -> Result<T, Error> {
        platform::decode(&bytes)
    }
}

/// The text of the answer to a poll that was read last; empty where another codec has read it.
#[cfg(feature = "hydrate")]
pub(super) fn take_answer() -> String {
    platform::take_answer()
}
