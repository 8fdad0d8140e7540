//! HTTP and time in a browser's WebAssembly: gloo-net and gloo-timers.

use std::{future::Future, pin::Pin, time::Duration};

use bytes::Bytes;
use gloo_net::http::RequestBuilder;
use gloo_timers::future::TimeoutFuture;
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, ReadableStreamDefaultReader, RequestCache, RequestCredentials, RequestRedirect,
};

use super::{
    Error,
    send::{Body, Method, NoResponse, Request},
};
use crate::{poll::retry_after_ms, task::TraceParent};

/// A future that the driver of the poll machine holds.
pub(super) type Pending<T> = Pin<Box<dyn Future<Output = T>>>;

/// Browsers do not send bodies piece by piece.
#[derive(Debug)]
pub(super) enum Stream {}

/// What all requests to a server have in common.
#[derive(Clone, Debug)]
pub(super) struct Http {
    token: Option<Token>,
    trace: Option<TraceParent>,
}

/// The value of the `Authorization` header.
#[derive(Clone)]
struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// A response whose body has not been read.
#[derive(Debug)]
pub(super) struct Response {
    response: gloo_net::http::Response,
    reader: Option<ReadableStreamDefaultReader>,
    /// The body of a dropped response is not received any further.
    _abort: AbortOnDrop,
}

/// Aborts its request on drop. Has no effect after the body was read.
#[derive(Debug)]
struct AbortOnDrop(Option<AbortController>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}

impl Http {
    pub(super) fn new(
        url: &str,
        token: Option<&str>,
        trace: Option<TraceParent>,
        _connect: Duration,
    ) -> Result<Self, Error> {
        let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
        let absolute = host.is_some_and(|host| !host.is_empty() && !host.starts_with('/'));
        let on_this_server = url.is_empty() || url.starts_with('/') && !url.starts_with("//");
        if !absolute && !on_this_server {
            return Err(Error::Url { url: url.to_owned() });
        }
        Ok(Self { token: token.map(|token| Token(format!("Bearer {token}"))), trace })
    }

    pub(super) async fn send(&self, request: Request) -> Result<Response, NoResponse> {
        let abort = AbortOnDrop(AbortController::new().ok());
        let signal = abort.0.as_ref().map(AbortController::signal);
        let mut sent = RequestBuilder::new(&request.url)
            .cache(RequestCache::NoStore)
            .credentials(RequestCredentials::SameOrigin)
            // Following a redirect would send the token elsewhere.
            .redirect(RequestRedirect::Error)
            .abort_signal(signal.as_ref());
        sent = match request.method {
            Method::Get => sent.method(gloo_net::http::Method::GET),
            Method::Post => sent.method(gloo_net::http::Method::POST),
            Method::Delete => sent.method(gloo_net::http::Method::DELETE),
        };
        if let Some(Token(token)) = &self.token {
            sent = sent.header("authorization", token);
        }
        if let Some(trace) = self.trace {
            sent = sent.header(TraceParent::HEADER, &trace.to_string());
        }
        if let Some(key) = &request.idempotency_key {
            sent = sent.header("idempotency-key", key);
        }
        let sent = match request.body {
            Body::None => sent.build(),
            Body::Json(text) => sent.header("content-type", "application/json").body(text),
            Body::Bytes(bytes) => sent.body(Uint8Array::from(bytes.as_slice())),
            Body::Stream(stream, _) => match stream {},
        };
        let response = sent.map_err(no_response)?.send().await.map_err(no_response)?;
        let reader = response.body().map(|body| body.get_reader().unchecked_into());
        Ok(Response { response, reader, _abort: abort })
    }
}

impl Response {
    pub(super) fn status(&self) -> u16 {
        self.response.status()
    }

    pub(super) fn retry_after_ms(&self) -> Option<i64> {
        let headers = self.response.headers();
        retry_after_ms(&headers.get("retry-after")?, headers.get("date").as_deref())
    }

    /// The next bytes of the body; `None` at its end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, NoResponse> {
        let Some(reader) = &self.reader else { return Ok(None) };
        let broken = |_: JsValue| NoResponse { reason: "the answer breaks off".to_owned() };
        let piece = JsFuture::from(reader.read()).await.map_err(broken)?;
        let value = Reflect::get(&piece, &JsValue::from_str("value")).map_err(broken)?;
        Ok(value.dyn_into::<Uint8Array>().ok().map(|bytes| Bytes::from(bytes.to_vec())))
    }
}

fn no_response(error: gloo_net::Error) -> NoResponse {
    NoResponse { reason: error.to_string() }
}

/// Completes after this time, counted from the call.
pub(super) fn sleep(after: Duration) -> Pending<()> {
    // Browsers fire a timer of more than 31 bits at once.
    let ms = u32::try_from(after.as_millis()).unwrap_or(u32::MAX).min(i32::MAX as u32);
    Box::pin(TimeoutFuture::new(ms))
}

/// A monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(f64);

impl Clock {
    pub(super) fn start() -> Self {
        Self(clock_ms())
    }

    /// Milliseconds since the start.
    pub(super) fn now_ms(&self) -> u64 {
        (clock_ms() - self.0) as u64
    }
}

/// Time of the page's or the worker's monotonic clock.
fn clock_ms() -> f64 {
    let performance = Reflect::get(&js_sys::global(), &JsValue::from_str("performance"));
    match performance {
        Ok(performance) if performance.is_object() => {
            performance.unchecked_into::<web_sys::Performance>().now()
        }
        _ => js_sys::Date::now(),
    }
}

/// Uniform in `0.0..1.0`.
pub(super) fn random() -> f64 {
    js_sys::Math::random()
}
