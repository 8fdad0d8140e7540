//! The browser's client of the server functions: one `fetch` that is aborted when it is dropped.
//!
//! It counts the bytes of the answers, because the page tells what its polling costs. And it makes a
//! problem document of an error page that a proxy wrote, so that its status is not lost.

use std::{
    future::Future,
    sync::atomic::{AtomicU32, Ordering},
};

use futures_util::{Sink, Stream};
use http::Method;
use leptos::{
    prelude::window,
    server_fn::{
        Bytes,
        client::Client,
        error::{FromServerFnError, IntoAppError, ServerFnErrorErr},
        request::ClientReq,
        response::ClientRes,
    },
};
use milepost::task::Problem;
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, RequestCache, RequestInit, Response};

use crate::api::ApiError;

static RECEIVED: AtomicU32 = AtomicU32::new(0);

/// How many bytes of answers this page has received, before compression; wraps.
pub fn bytes_received() -> u32 {
    RECEIVED.load(Ordering::Relaxed)
}

/// The client of this application's server functions.
pub struct Fetch;

/// A `POST` with JSON, the only request that there is.
pub struct Post {
    path: String,
    body: Bytes,
}

/// An answer, read to its end.
pub struct Answer {
    status: u16,
    body: Bytes,
}

/// Ends its request when it is dropped.
struct AbortOnDrop(AbortController);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn failed(_: JsValue) -> ApiError {
    ServerFnErrorErr::Request("the server could not be reached".to_owned()).into_app_error()
}

fn unused<T>() -> Result<T, ApiError> {
    Err(ServerFnErrorErr::Request("Milepost only posts JSON".to_owned()).into_app_error())
}

async fn post(request: Post) -> Result<Answer, JsValue> {
    // An abort after the answer was read is none.
    let abort = AbortOnDrop(AbortController::new()?);
    let headers = Headers::new()?;
    headers.set("content-type", "application/json")?;
    headers.set("accept", "application/json")?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_cache(RequestCache::NoStore);
    init.set_headers(&headers);
    init.set_signal(Some(&abort.0.signal()));
    init.set_body(&JsValue::from_str(&String::from_utf8_lossy(&request.body)));
    let answer = JsFuture::from(window().fetch_with_str_and_init(&request.path, &init)).await?;
    let answer: Response = answer.dyn_into()?;
    let text = JsFuture::from(answer.text()?).await?.as_string().unwrap_or_default();
    RECEIVED.fetch_add(text.len() as u32, Ordering::Relaxed);
    Ok(Answer { status: answer.status(), body: Bytes::from(text) })
}

impl Client<ApiError> for Fetch {
    type Request = Post;
    type Response = Answer;

    fn send(request: Post) -> impl Future<Output = Result<Answer, ApiError>> + Send {
        SendWrapper::new(async move { post(request).await.map_err(failed) })
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
        unused::<(futures_util::stream::Empty<_>, futures_util::sink::Drain<_>)>()
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        leptos::task::spawn_local(future);
    }
}

impl ClientReq<ApiError> for Post {
    type FormData = ();

    fn try_new_req_bytes(
        path: &str,
        _content_type: &str,
        _accepts: &str,
        body: Bytes,
        _method: Method,
    ) -> Result<Self, ApiError> {
        Ok(Self { path: path.to_owned(), body })
    }

    fn try_new_req_query(
        _path: &str,
        _content_type: &str,
        _accepts: &str,
        _query: &str,
        _method: Method,
    ) -> Result<Self, ApiError> {
        unused()
    }

    fn try_new_req_text(
        _path: &str,
        _content_type: &str,
        _accepts: &str,
        _body: String,
        _method: Method,
    ) -> Result<Self, ApiError> {
        unused()
    }

    fn try_new_req_form_data(
        _path: &str,
        _accepts: &str,
        _content_type: &str,
        _body: (),
        _method: Method,
    ) -> Result<Self, ApiError> {
        unused()
    }

    fn try_new_req_multipart(
        _path: &str,
        _accepts: &str,
        _body: (),
        _method: Method,
    ) -> Result<Self, ApiError> {
        unused()
    }

    fn try_new_req_streaming(
        _path: &str,
        _accepts: &str,
        _content_type: &str,
        _body: impl Stream<Item = Bytes> + Send + 'static,
        _method: Method,
    ) -> Result<Self, ApiError> {
        unused()
    }
}

impl ClientRes<ApiError> for Answer {
    async fn try_into_string(self) -> Result<String, ApiError> {
        Ok(String::from_utf8_lossy(&self.body).into_owned())
    }

    async fn try_into_bytes(self) -> Result<Bytes, ApiError> {
        if self.status < 400 || self.body.first() == Some(&b'{') {
            return Ok(self.body);
        }
        let detail = "The server, or a proxy before it, could not answer.";
        Ok(ApiError(Problem::new(self.status, "Error", detail)).ser())
    }

    fn try_into_stream(
        self,
    ) -> Result<impl Stream<Item = Result<Bytes, Bytes>> + Send + Sync + 'static, ApiError> {
        unused::<futures_util::stream::Empty<_>>()
    }

    fn status(&self) -> u16 {
        self.status
    }

    fn status_text(&self) -> String {
        String::new()
    }

    fn location(&self) -> String {
        String::new()
    }

    fn has_redirect(&self) -> bool {
        false
    }
}
