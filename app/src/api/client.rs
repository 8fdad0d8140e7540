//! The browser's client of the server functions: `fetch`, and two things more.
//!
//! It counts the bytes of the answers, because the page tells what its polling costs. And it makes
//! a problem document of an error page that a proxy wrote, so that its status is not lost.

use std::{
    future::Future,
    sync::atomic::{AtomicU32, Ordering},
};

use futures_util::{Sink, Stream};
use leptos::server_fn::{
    Bytes,
    client::{Client, browser::BrowserClient},
    error::{FromServerFnError, IntoAppError, ServerFnErrorErr},
    request::browser::BrowserRequest,
    response::{ClientRes, browser::BrowserResponse},
};
use milepost::task::Problem;

use super::ApiError;

static RECEIVED: AtomicU32 = AtomicU32::new(0);

/// How many bytes of answers this page has received, before compression; wraps.
pub fn bytes_received() -> u32 {
    RECEIVED.load(Ordering::Relaxed)
}

/// The client of this application's server functions.
pub struct CountingClient;

impl Client<ApiError> for CountingClient {
    type Request = BrowserRequest;
    type Response = CountedResponse;

    async fn send(request: BrowserRequest) -> Result<CountedResponse, ApiError> {
        <BrowserClient as Client<ApiError>>::send(request).await.map(CountedResponse)
    }

    async fn open_websocket(
        _path: &str,
    ) -> Result<
        (
            impl Stream<Item = Result<Bytes, Bytes>> + Send + 'static,
            impl Sink<Bytes> + Send + 'static,
        ),
        ApiError,
    > {
        // Milepost polls; it never opens one.
        let error = ServerFnErrorErr::Request("there are no web sockets here".to_owned());
        Err::<(futures_util::stream::Empty<_>, futures_util::sink::Drain<_>), _>(error.into_app_error())
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        <BrowserClient as Client<ApiError>>::spawn(future);
    }
}

/// An answer whose bytes are counted.
pub struct CountedResponse(BrowserResponse);

impl ClientRes<ApiError> for CountedResponse {
    async fn try_into_string(self) -> Result<String, ApiError> {
        let text = <BrowserResponse as ClientRes<ApiError>>::try_into_string(self.0).await?;
        RECEIVED.fetch_add(text.len() as u32, Ordering::Relaxed);
        Ok(text)
    }

    async fn try_into_bytes(self) -> Result<Bytes, ApiError> {
        let status = self.status();
        let bytes = <BrowserResponse as ClientRes<ApiError>>::try_into_bytes(self.0).await?;
        RECEIVED.fetch_add(bytes.len() as u32, Ordering::Relaxed);
        if status < 400 || bytes.first() == Some(&b'{') {
            return Ok(bytes);
        }
        let problem = Problem::new(status, "Error", "The server, or a proxy before it, failed.");
        Ok(ApiError(problem).ser())
    }

    fn try_into_stream(
        self,
    ) -> Result<impl Stream<Item = Result<Bytes, Bytes>> + Send + Sync + 'static, ApiError> {
        let error = ServerFnErrorErr::Request("no answer is a stream here".to_owned());
        Err::<futures_util::stream::Empty<_>, _>(error.into_app_error())
    }

    fn status(&self) -> u16 {
        <BrowserResponse as ClientRes<ApiError>>::status(&self.0)
    }

    fn status_text(&self) -> String {
        <BrowserResponse as ClientRes<ApiError>>::status_text(&self.0)
    }

    fn location(&self) -> String {
        <BrowserResponse as ClientRes<ApiError>>::location(&self.0)
    }

    fn has_redirect(&self) -> bool {
        <BrowserResponse as ClientRes<ApiError>>::has_redirect(&self.0)
    }
}
