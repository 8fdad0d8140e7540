//! HTTP and time outside of browsers: reqwest and tokio.

use std::{error::Error as _, future::Future, pin::Pin, time::Duration};

use bytes::Bytes;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;

use super::{
    Error,
    send::{Body, Method, NoResponse, Request},
};
use crate::{loopback::is_loopback, poll::retry_after_ms, task::TraceParent};

/// A future that the driver of the poll machine holds.
pub(super) type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A body that is sent piece by piece.
pub(super) type Stream = reqwest::Body;

/// Connections to servers.
#[derive(Clone, Debug)]
pub(super) struct Http(reqwest::Client);

/// A response whose body has not been read.
#[derive(Debug)]
pub(super) struct Response(reqwest::Response);

impl Http {
    pub(super) fn new(
        url: &str,
        token: Option<&str>,
        trace: Option<TraceParent>,
        connect: Duration,
    ) -> Result<Self, Error> {
        let wrong = || Error::Url { url: url.to_owned() };
        let parsed = reqwest::Url::parse(url).map_err(|_| wrong())?;
        if !matches!(parsed.scheme(), "http" | "https") || parsed.host().is_none() {
            return Err(wrong());
        }
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            let mut value =
                HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| Error::Token)?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        // Digits and dashes are a value of a header.
        if let Some(value) = trace.and_then(|trace| HeaderValue::try_from(trace.to_string()).ok()) {
            headers.insert(HeaderName::from_static(TraceParent::HEADER), value);
        }
        let mut http = reqwest::Client::builder()
            .default_headers(headers)
            .connect_timeout(connect)
            // Following a redirect would send the token elsewhere, or turn a POST into a GET.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("milepost/", env!("CARGO_PKG_VERSION")));
        if is_loopback(parsed.host_str().unwrap_or_default()) {
            // No proxy leads to this machine.
            http = http.no_proxy();
        }
        Ok(Self(http.build().map_err(|error| Error::Setup(error.to_string()))?))
    }

    pub(super) async fn send(&self, request: Request) -> Result<Response, NoResponse> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut sent = self.0.request(method, request.url);
        if let Some(key) = request.idempotency_key {
            sent = sent.header(HeaderName::from_static("idempotency-key"), key);
        }
        let sent = match request.body {
            Body::None => sent,
            Body::Json(text) => sent.header(header::CONTENT_TYPE, "application/json").body(text),
            Body::Bytes(bytes) => sent.body(bytes),
            Body::Stream(stream, length) => {
                sent.header(header::CONTENT_LENGTH, length).body(stream)
            }
        };
        sent.send().await.map(Response).map_err(|error| no_response(&error))
    }
}

impl Response {
    pub(super) fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    pub(super) fn retry_after_ms(&self) -> Option<i64> {
        let text = |name| self.0.headers().get(name).and_then(|value| value.to_str().ok());
        retry_after_ms(text(header::RETRY_AFTER)?, text(header::DATE))
    }

    /// The next bytes of the body; `None` at its end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, NoResponse> {
        self.0.chunk().await.map_err(|error| no_response(&error))
    }
}

fn no_response(error: &reqwest::Error) -> NoResponse {
    // The innermost cause is the most useful, for example "Connection refused".
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        reason = inner.to_string();
        cause = inner.source();
    }
    NoResponse { reason }
}

/// Completes after this time, counted from the call.
pub(super) fn sleep(after: Duration) -> Pending<()> {
    let until = Instant::now().checked_add(after);
    Box::pin(async move {
        match until {
            Some(until) => tokio::time::sleep_until(until).await,
            None => std::future::pending().await,
        }
    })
}

/// A monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(Instant);

impl Clock {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    /// Milliseconds since the start.
    pub(super) fn now_ms(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Uniform in `0.0..1.0`.
pub(super) fn random() -> f64 {
    rand::random()
}
