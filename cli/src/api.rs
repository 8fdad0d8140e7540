//! HTTP API, call by call.

use std::{error::Error as _, fmt, time::Duration};

use milepost::{
    loopback::is_loopback,
    poll::{Failure, retry_after_ms},
    task::{
        Batch, BatchId, PollRequest, PollResponse, Problem, Snapshot, StartBatch, StartTask,
        StartedTask, TaskId, Upload,
    },
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{
    Method, RequestBuilder, Response,
    header::{self, HeaderMap, HeaderValue},
};
use serde::de::DeserializeOwned;

use super::ClientError;

/// Response time limit, except for polls and results.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// Maximum size of a response other than a result, in bytes.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// Connection to one server.
#[derive(Clone, Debug)]
pub struct Api {
    http: reqwest::Client,
    base: String,
    has_token: bool,
}

impl Api {
    /// Creates a client for a server URL such as `http://127.0.0.1:3000`.
    ///
    /// # Errors
    /// If the URL or the token is invalid.
    pub fn new(url: &str, token: Option<&str>) -> Result<Self, ClientError> {
        let wrong = || ClientError::Url { url: url.to_owned() };
        let parsed = reqwest::Url::parse(url).map_err(|_| wrong())?;
        if !matches!(parsed.scheme(), "http" | "https") || parsed.host().is_none() {
            return Err(wrong());
        }
        let mut headers = HeaderMap::new();
        let token = token.filter(|token| !token.is_empty());
        if let Some(token) = token {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                .map_err(|_| ClientError::Token)?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        let mut http = reqwest::Client::builder()
            .default_headers(headers)
            .connect_timeout(CONNECT_WITHIN)
            // Following a redirect would send the token elsewhere, or turn a POST into a GET.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("milepost/", env!("CARGO_PKG_VERSION")));
        if is_loopback(parsed.host_str().unwrap_or_default()) {
            // No proxy leads to this machine.
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| ClientError::Setup(error.to_string()))?;
        let base = url.trim_end_matches('/').to_owned();
        Ok(Self { http, base, has_token: token.is_some() })
    }

    /// Whether requests carry a token.
    pub const fn has_token(&self) -> bool {
        self.has_token
    }

    /// The server's URL.
    pub fn base(&self) -> &str {
        &self.base
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.get_with(path, &[]).await
    }

    pub(super) async fn get_with<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, Option<&str>)],
    ) -> Result<T, ClientError> {
        let query: Vec<_> =
            query.iter().filter_map(|(key, value)| Some((key, (*value)?))).collect();
        let request = self.request(Method::GET, path).query(&query).timeout(ANSWER_WITHIN);
        self.json(request).await
    }

    pub(super) async fn start(&self, start: StartTask) -> Result<StartedTask, ClientError> {
        let request = self.request(Method::POST, "/api/v1/tasks").json(&start);
        self.json(request.timeout(ANSWER_WITHIN)).await
    }

    pub(super) async fn cancel(&self, id: TaskId) -> Result<Snapshot, ClientError> {
        let request = self.request(Method::POST, &format!("/api/v1/tasks/{id}/cancel"));
        self.json(request.timeout(ANSWER_WITHIN)).await
    }

    /// Reruns a task.
    pub(super) async fn rerun(&self, id: TaskId) -> Result<Snapshot, ClientError> {
        let request = self.request(Method::POST, &format!("/api/v1/tasks/{id}/rerun"));
        self.json(request.timeout(ANSWER_WITHIN)).await
    }

    pub(super) async fn start_batch(&self, start: &StartBatch) -> Result<Batch, ClientError> {
        let request = self.request(Method::POST, "/api/v1/batches").json(start);
        self.json(request.timeout(ANSWER_WITHIN)).await
    }

    pub(super) async fn cancel_batch(&self, id: BatchId) -> Result<Batch, ClientError> {
        let request = self.request(Method::POST, &format!("/api/v1/batches/{id}/cancel"));
        self.json(request.timeout(ANSWER_WITHIN)).await
    }

    /// Reruns the failed tasks of a batch.
    pub(super) async fn rerun_batch(&self, id: BatchId) -> Result<Batch, ClientError> {
        let request = self.request(Method::POST, &format!("/api/v1/batches/{id}/rerun"));
        self.json(request.timeout(ANSWER_WITHIN)).await
    }

    pub(super) async fn keep(&self, id: TaskId) -> Result<Snapshot, ClientError> {
        let request = self.request(Method::POST, &format!("/api/v1/tasks/{id}/keep"));
        self.json(request.timeout(ANSWER_WITHIN)).await
    }

    pub(super) async fn result(&self, id: TaskId) -> Result<Vec<u8>, ClientError> {
        let request = self.request(Method::GET, &format!("/api/v1/tasks/{id}/result"));
        let response = self.send(request).await?;
        let bytes = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        Ok(bytes.into())
    }

    /// Sends a request; the caller reads the response body piece by piece.
    pub(super) async fn open(&self, path: &str) -> Result<Response, ClientError> {
        self.send(self.request(Method::GET, path)).await
    }

    /// Uploads a file, which may be larger than memory.
    pub(super) async fn upload(
        &self,
        name: &str,
        length: u64,
        body: reqwest::Body,
    ) -> Result<Upload, ClientError> {
        let request = self.request(Method::POST, "/api/v1/uploads").query(&[("name", name)]);
        self.json(request.header(header::CONTENT_LENGTH, length).body(body)).await
    }

    /// Sends one poll; returns the response and its size, or the failure, as the poll machine
    /// expects.
    pub(super) async fn poll(&self, request: &PollRequest) -> Result<(PollResponse, u32), Failure> {
        let request = self.request(Method::POST, "/api/v1/tasks/poll").json(request);
        let response = request.send().await.map_err(|_| Failure::Network)?;
        let status = response.status();
        let retry_after_ms = retry_after(response.headers());
        let bytes = read(response).await.ok_or(Failure::Network)?;
        if !status.is_success() {
            let problem = serde_json::from_slice(&bytes).ok().map(Box::new);
            return Err(Failure::Status { status: status.as_u16(), retry_after_ms, problem });
        }
        let answer = serde_json::from_slice(&bytes).map_err(|_| Failure::Unreadable)?;
        Ok((answer, u32::try_from(bytes.len()).unwrap_or(u32::MAX)))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ClientError> {
        let response = self.send(request).await?;
        let bytes = read(response).await.ok_or_else(|| self.strange("the answer breaks off"))?;
        serde_json::from_slice(&bytes).map_err(|error| match error.is_data() {
            // Serde's message would name types of Rust.
            true => self.strange("its JSON has another form"),
            false => self.strange(&error.to_string()),
        })
    }

    /// Sends a request; any status but success becomes an error.
    async fn send(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let bytes = read(response).await.unwrap_or_default();
        match serde_json::from_slice::<Problem>(&bytes) {
            Ok(problem) => Err(ClientError::Refused(Box::new(problem))),
            Err(_) => Err(self.strange(&format!("HTTP {status}"))),
        }
    }

    pub(super) fn unreachable(&self, error: &reqwest::Error) -> ClientError {
        // The innermost cause is the most useful, for example "Connection refused".
        let mut reason = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            reason = inner.to_string();
            cause = inner.source();
        }
        ClientError::Unreachable { url: self.base.clone(), reason }
    }

    fn strange(&self, reason: &str) -> ClientError {
        ClientError::Strange { url: self.base.clone(), reason: reason.to_owned() }
    }
}

fn retry_after(headers: &HeaderMap) -> Option<i64> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    retry_after_ms(text(header::RETRY_AFTER)?, text(header::DATE))
}

/// Reads the body up to a maximum size.
async fn read(mut response: Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}

/// All characters that could end a path segment or make it `.` or `..`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// Percent-encodes a text as one path segment.
pub(super) fn segment(text: &str) -> impl fmt::Display {
    utf8_percent_encode(text, RESERVED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_addresses_are_servers() {
        for url in ["", "localhost:3000", "ftp://x", "http://", "/x"] {
            assert!(matches!(Api::new(url, None), Err(ClientError::Url { .. })), "{url}");
        }
        assert_eq!(Api::new("http://a/b/", None).unwrap().base(), "http://a/b");
        assert!(matches!(Api::new("http://a", Some("a\nb")), Err(ClientError::Token)));
        assert!(!Api::new("http://a", Some("")).unwrap().has_token());
    }

    #[test]
    fn a_kind_cannot_leave_its_segment() {
        assert_eq!(segment("data-set_1").to_string(), "data-set_1");
        assert_eq!(segment("../x?y").to_string(), "%2E%2E%2Fx%3Fy");
    }
}
