//! How the server functions travel: JSON in a `POST`, and problem documents.
//!
//! On the server that is what Leptos does by itself. In the browser the text is parsed by the browser
//! and the values are taken from what it made, and the machinery of a request exists once, whatever
//! the function: a second JSON parser alone would be a fifth of the page's weight.

use std::convert::Infallible;

use leptos::server_fn::{
    Bytes, ContentType, Decodes, Encodes, Format, FormatType, Http, Protocol, ServerFn,
    client::Client,
    codec::{Encoding, Post},
    error::{FromServerFnError, ServerFnErrorErr},
    server::Server,
};
use serde::{Serialize, de::DeserializeOwned};

use super::{ApiError, platform};

type Json = Post<WireJson>;

/// JSON in a `POST`, in both directions.
pub struct JsonPost;

impl<Input, Output, C, S> Protocol<Input, Output, C, S, ApiError> for JsonPost
where
    Input: Serialize + DeserializeOwned + Send,
    Output: Serialize + DeserializeOwned + Send,
    C: Client<ApiError>,
    S: Server<ApiError>,
    Http<Json, Json>: Protocol<Input, Output, C, S, ApiError>,
{
    const METHOD: http::Method = <Json as Encoding>::METHOD;

    fn run_server<F, Fut>(
        request: S::Request,
        server_fn: F,
    ) -> impl Future<Output = Result<S::Response, ApiError>> + Send
    where
        F: Fn(Input) -> Fut + Send,
        Fut: Future<Output = Result<Output, ApiError>> + Send,
    {
        <Http<Json, Json> as Protocol<Input, Output, C, S, ApiError>>::run_server(
            request, server_fn,
        )
    }

    async fn run_client(path: &str, input: Input) -> Result<Output, ApiError> {
        let answer = platform::post(path, json(&input)).await?;
        platform::decode(&answer).ok_or_else(unreadable)
    }
}

/// Calls a server function from the browser and gives its answer as the text that came.
pub(crate) async fn call<F: ServerFn + Serialize>(function: &F) -> Result<String, ApiError> {
    platform::post(F::PATH, json(function)).await
}

/// JSON as a text. The wire types have no map with keys that are not texts, the only thing that could
/// fail.
pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The answer is not what was asked for.
#[inline(never)]
pub(super) fn unreadable() -> ApiError {
    ApiError::from_server_fn_error(ServerFnErrorErr::Deserialization(NOT_JSON.to_owned()))
}

const NOT_JSON: &str = "this is not the JSON that was expected";

/// JSON as the server's side of Leptos knows it.
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
        Ok(json(value).into())
    }
}

impl<T: DeserializeOwned> Decodes<T> for WireJson {
    type Error = &'static str;

    fn decode(bytes: Bytes) -> Result<T, &'static str> {
        std::str::from_utf8(&bytes).ok().and_then(platform::decode).ok_or(NOT_JSON)
    }
}
