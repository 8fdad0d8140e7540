//! JSON between pages and server. Browsers use their built-in parser and `serde-wasm-bindgen`, so
//! that no page loads a second one; the server uses `serde_json`.

use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType, codec::Post};
use serde::{Serialize, de::DeserializeOwned};

#[cfg(feature = "hydrate")]
pub(super) mod browser;
#[cfg(not(any(feature = "hydrate", feature = "ssr")))]
mod plain;
#[cfg(all(feature = "ssr", not(feature = "hydrate")))]
mod server;

#[cfg(feature = "hydrate")]
use self::browser as platform;
#[cfg(not(any(feature = "hydrate", feature = "ssr")))]
use self::plain as platform;
#[cfg(all(feature = "ssr", not(feature = "hydrate")))]
use self::server as platform;

pub use self::platform::Error;

/// Codec for arguments and results of a server function: JSON in the body of a `POST`, over
/// [`JsonEncoding`].
pub type Json = Post<JsonEncoding>;

/// JSON encoding with the platform's implementation.
pub struct JsonEncoding;

/// Parses a value; on the server, a structure: an object.
///
/// # Errors
/// If the text is not valid JSON or does not match `T`.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    platform::from_str(text)
}

/// Serialises a value.
///
/// # Errors
/// If JSON cannot represent the value: a map with keys that are not texts. In the browser also an
/// integer beyond 2^53, which JavaScript numbers cannot hold.
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
