//! Client of the server functions: Leptos's own request, sent by gloo-net, with three properties
//! that polling requires. Nothing is cached. Dropping a call aborts its request, even while the
//! body is being received. An error written by a proxy keeps its status and its `Retry-After`.

use std::future::Future;

use futures_util::{Sink, Stream, stream};
use gloo_net::http::{Request, Response};
use leptos::server_fn::{
    Bytes,
    client::{Client, browser::BrowserClient},
    error::{FromServerFnError, ServerFnErrorErr},
    request::browser::BrowserRequest,
    response::ClientRes,
};
use send_wrapper::SendWrapper;
use web_sys::{AbortController, RequestCache, RequestInit};

use super::ApiError;
use crate::{poll::retry_after_ms, task::Problem, view::json};

/// Sends server functions from the browser. Browsers have one thread, so `Send` is only nominal
/// here.
pub struct ApiClient;

/// Response whose body has not been read.
pub struct ApiResponse(SendWrapper<(Response, AbortOnDrop)>);

/// Aborts its request on drop. Has no effect after the body was read.
struct AbortOnDrop(Option<AbortController>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}

impl Client<ApiError> for ApiClient {
    type Request = BrowserRequest;
    type Response = ApiResponse;

    fn send(request: BrowserRequest) -> impl Future<Output = Result<ApiResponse, ApiError>> + Send {
        SendWrapper::new(async move {
            let abort = AbortOnDrop(AbortController::new().ok());
            let init = RequestInit::new();
            init.set_cache(RequestCache::NoStore);
            // Replaces Leptos's own signal, which fires when the request is taken out of its
            // wrapper.
            init.set_signal(abort.0.as_ref().map(AbortController::signal).as_ref());
            let request = web_sys::Request::from(request);
            let request = web_sys::Request::new_with_request_and_init(&request, &init);
            let request = Request::from(request.map_err(|_| no_answer())?);
            let response = request.send().await.map_err(|_| no_answer())?;
            Ok(ApiResponse(SendWrapper::new((response, abort))))
        })
    }

    fn open_websocket(
        path: &str,
    ) -> impl Future<
        Output = Result<
            (
                impl Stream<Item = Result<Bytes, Bytes>> + Send + 'static,
                impl Sink<Bytes> + Send + 'static,
            ),
            ApiError,
        >,
    > + Send {
        <BrowserClient as Client<ApiError>>::open_websocket(path)
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        <BrowserClient as Client<ApiError>>::spawn(future);
    }
}

impl ClientRes<ApiError> for ApiResponse {
    fn try_into_string(self) -> impl Future<Output = Result<String, ApiError>> + Send {
        SendWrapper::new(async move {
            let (response, _abort) = self.0.take();
            let text = response.text().await.map_err(|_| no_answer())?;
            if response.status() < 400 { Ok(text) } else { Err(problem(&response, &text)) }
        })
    }

    async fn try_into_bytes(self) -> Result<Bytes, ApiError> {
        self.try_into_string().await.map(Bytes::from)
    }

    fn try_into_stream(
        self,
    ) -> Result<impl Stream<Item = Result<Bytes, Bytes>> + Send + Sync + 'static, ApiError> {
        let detail = "This client reads no streams.".to_owned();
        Err::<stream::Empty<_>, _>(ApiError::from_server_fn_error(ServerFnErrorErr::Response(
            detail,
        )))
    }

    fn status(&self) -> u16 {
        self.0.0.status()
    }

    fn status_text(&self) -> String {
        self.0.0.status_text()
    }

    fn location(&self) -> String {
        self.0.0.url()
    }

    fn has_redirect(&self) -> bool {
        false
    }
}

/// Fetches a text from this server; dropping the future aborts the request.
pub(in crate::view) async fn get_text(path: &str) -> Result<String, Problem> {
    let abort = AbortOnDrop(AbortController::new().ok());
    let signal = abort.0.as_ref().map(AbortController::signal);
    let response = Request::get(path).abort_signal(signal.as_ref()).send().await;
    let response = response.map_err(|_| no_answer().0)?;
    ApiResponse(SendWrapper::new((response, abort))).try_into_string().await.map_err(Problem::from)
}

fn no_answer() -> ApiError {
    let detail = "The server could not be reached.".to_owned();
    ApiError::from_server_fn_error(ServerFnErrorErr::Request(detail))
}

/// The response's problem document, or a substitute if a proxy wrote the response.
fn problem(response: &Response, text: &str) -> ApiError {
    json::from_str(text).unwrap_or_else(|_| {
        let detail = match response.status() {
            413 => "The text is too long.",
            _ => "The server, or a proxy before it, could not answer.",
        };
        let mut problem = Problem::new(response.status(), "Error", detail);
        let headers = response.headers();
        problem.retry_after_ms = headers
            .get("retry-after")
            .and_then(|value| retry_after_ms(&value, headers.get("date").as_deref()));
        ApiError(problem)
    })
}
