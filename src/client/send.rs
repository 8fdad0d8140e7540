//! One request and its response, within the limits.

use std::time::Duration;

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use super::{Client, Error, limit::within, platform};
use crate::{
    poll::Failure,
    task::{PollRequest, PollResponse, Problem},
};

/// A request as the platform sends it.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) idempotency_key: Option<String>,
    pub(super) body: Body,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Method {
    Get,
    Post,
    Delete,
}

#[derive(Debug)]
pub(super) enum Body {
    None,
    Json(String),
    Bytes(Vec<u8>),
    /// With its length in bytes.
    #[cfg_attr(target_arch = "wasm32", expect(dead_code, reason = "browsers do not stream"))]
    Stream(platform::Stream, u64),
}

/// Why there is no (whole) response.
#[derive(Debug)]
pub(super) struct NoResponse {
    pub(super) reason: String,
}

impl Client {
    /// Sends a `GET` for one of the server's own calls that has no method here, and reads its JSON;
    /// `path` begins with a slash and is percent-encoded.
    ///
    /// # Errors
    /// As every call: [`Error::Refused`] with the server's problem document,
    /// [`Error::Unreachable`] or [`Error::Timeout`] when there is no answer, [`Error::Unexpected`]
    /// or [`Error::TooLarge`] when it cannot be read.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.json(self.request(Method::Get, path, Body::None)).await
    }

    /// Sends a `POST` with a JSON body, as [`Client::get`].
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        let body = self.to_json(body)?;
        self.json(self.request(Method::Post, path, body)).await
    }

    /// Sends one poll without following anything; returns the response and its size in bytes, or
    /// the failure, as the [poll machine](crate::poll) expects. [`Client::follow`] is usually what
    /// you need.
    ///
    /// # Errors
    /// [`Failure::Network`] or [`Failure::Timeout`] when there is no answer,
    /// [`Failure::Unreadable`] when it cannot be read, [`Failure::Status`] when it is an error.
    pub async fn poll(&self, request: &PollRequest) -> Result<(PollResponse, u32), Failure> {
        let wait = Duration::from_millis(u64::try_from(request.wait_ms).unwrap_or(0));
        let limit = wait.saturating_add(self.0.limits.response_timeout);
        let body = self.to_json(request).map_err(|_| Failure::Unreadable)?;
        let request = self.request(Method::Post, "/api/v1/tasks/poll", body);
        within(limit, self.poll_unlimited(request)).await.unwrap_or(Err(Failure::Timeout))
    }

    async fn poll_unlimited(&self, request: Request) -> Result<(PollResponse, u32), Failure> {
        let mut response = self.0.http.send(request).await.map_err(|_| Failure::Network)?;
        let (status, retry_after_ms) = (response.status(), response.retry_after_ms());
        let max = self.0.limits.max_response_bytes;
        let bytes = read(&mut response, max).await.map_err(|_| Failure::Network)?;
        let bytes = bytes.ok_or(Failure::Unreadable)?;
        if !(200..300).contains(&status) {
            let problem = serde_json::from_slice(&bytes).ok().map(Box::new);
            return Err(Failure::Status { status, retry_after_ms, problem });
        }
        let answer = serde_json::from_slice(&bytes).map_err(|_| Failure::Unreadable)?;
        Ok((answer, u32::try_from(bytes.len()).unwrap_or(u32::MAX)))
    }

    pub(super) fn request(&self, method: Method, path: &str, body: Body) -> Request {
        Request { method, url: format!("{}{path}", self.0.url), idempotency_key: None, body }
    }

    pub(super) fn to_json(&self, value: &impl Serialize) -> Result<Body, Error> {
        serde_json::to_string(value).map(Body::Json).map_err(|error| {
            let reason = format!("the request is no JSON: {error}");
            Error::Unexpected { url: self.0.url.clone(), reason }
        })
    }

    /// Sends a request and reads its JSON response, within the response timeout.
    pub(super) async fn json<T: DeserializeOwned>(&self, request: Request) -> Result<T, Error> {
        self.json_within(self.0.limits.response_timeout, request).await
    }

    pub(super) async fn json_within<T: DeserializeOwned>(
        &self,
        limit: Duration,
        request: Request,
    ) -> Result<T, Error> {
        let whole = async {
            let mut response = self.checked(request).await?;
            self.read(&mut response, self.0.limits.max_response_bytes).await
        };
        let bytes = within(limit, whole).await.unwrap_or_else(|| Err(self.late(limit)))?;
        serde_json::from_slice(&bytes).map_err(|error| match error.is_data() {
            // Serde's message would name types of Rust.
            true => self.unexpected("its JSON has another form"),
            false => self.unexpected(&error.to_string()),
        })
    }

    /// Sends a request; its response begins within the response timeout.
    pub(super) async fn open(&self, request: Request) -> Result<platform::Response, Error> {
        let limit = self.0.limits.response_timeout;
        within(limit, self.checked(request)).await.unwrap_or_else(|| Err(self.late(limit)))
    }

    /// Sends a request; any status but success becomes an error.
    async fn checked(&self, request: Request) -> Result<platform::Response, Error> {
        let sent = self.0.http.send(request).await;
        let mut response = sent.map_err(|error| self.unreachable(error))?;
        let status = response.status();
        if (200..300).contains(&status) {
            return Ok(response);
        }
        let max = self.0.limits.max_response_bytes;
        let bytes = self.read(&mut response, max).await.unwrap_or_default();
        match serde_json::from_slice::<Problem>(&bytes) {
            Ok(problem) => Err(Error::Refused(Box::new(problem))),
            Err(_) => Err(self.unexpected(&format!("HTTP {status}"))),
        }
    }

    /// Reads a whole body of at most `max_bytes`.
    async fn read(
        &self,
        response: &mut platform::Response,
        max_bytes: usize,
    ) -> Result<Vec<u8>, Error> {
        let body = read(response, max_bytes).await.map_err(|error| self.unreachable(error))?;
        body.ok_or(Error::TooLarge { max_bytes })
    }

    pub(super) fn unreachable(&self, error: NoResponse) -> Error {
        Error::Unreachable { url: self.0.url.clone(), reason: error.reason }
    }

    pub(super) fn late(&self, after: Duration) -> Error {
        Error::Timeout { url: self.0.url.clone(), after }
    }

    fn unexpected(&self, reason: &str) -> Error {
        Error::Unexpected { url: self.0.url.clone(), reason: reason.to_owned() }
    }
}

/// Reads the body; `None` if it is larger than `max_bytes`.
async fn read(
    response: &mut platform::Response,
    max_bytes: usize,
) -> Result<Option<Vec<u8>>, NoResponse> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let chunk: Bytes = chunk;
        if body.len() + chunk.len() > max_bytes {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}
