//! The connection to the collector.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::{Client, Url, header::RETRY_AFTER, redirect::Policy};
use tokio::runtime::Handle;

/// Maximum time for a request with its response.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of a response that are read, so that its connection can be used again.
const MAX_RESPONSE_BYTES: usize = 64 << 10;
/// Minimum time between two warnings.
const QUIET: Duration = Duration::from_secs(60);

/// Sends for the exporter, whose thread has no runtime, on the runtime of the server.
#[derive(Debug)]
pub(super) struct Collector {
    client: Client,
    runtime: Handle,
    warnings: parking_lot::Mutex<Warnings>,
}

/// What was warned of, and when.
#[derive(Debug, Default)]
struct Warnings {
    last: Option<Instant>,
    /// Failures since then.
    silent: u32,
}

impl Warnings {
    /// Counts a failure; returns how many there were since the last warning if it is time for another one.
    fn failed(&mut self, now: Instant) -> Option<u32> {
        if self.last.is_some_and(|last| now.duration_since(last) < QUIET) {
            self.silent += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.silent))
    }
}

impl Collector {
    /// For a collector at this address. Runs on the current runtime.
    pub(super) fn new(url: &Url) -> Result<Self, reqwest::Error> {
        let client = Client::builder().timeout(TIMEOUT).redirect(Policy::none());
        // No proxy leads to this machine.
        let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let client = if is_local { client.no_proxy() } else { client };
        let warnings = parking_lot::Mutex::default();
        Ok(Self { client: client.build()?, runtime: Handle::current(), warnings })
    }

    fn warn(&self, why: &str) {
        if let Some(before) = self.warnings.lock().failed(Instant::now()) {
            tracing::warn!(
                failed_before = before,
                "traces were not sent to telemetry.otlp_endpoint: {why}"
            );
        }
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.runtime.spawn(send(self.client.clone(), request));
        let sent = sent.await.map_err(HttpError::from).flatten();
        match &sent {
            Ok(response) if response.status().is_success() => {}
            Ok(response) => self.warn(&format!("it answered {}", response.status())),
            Err(error) => self.warn(&innermost(&**error)),
        }
        sent
    }
}

/// Sends a request; of the response the exporter needs only the status, and when to try again.
async fn send(client: Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let mut answer = client.execute(reqwest::Request::try_from(request)?).await?;
    let mut rest = MAX_RESPONSE_BYTES;
    while let Some(chunk) = answer.chunk().await? {
        let Some(less) = rest.checked_sub(chunk.len()) else { break };
        rest = less;
    }
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = answer.status();
    if let Some(after) = answer.headers_mut().remove(RETRY_AFTER) {
        response.headers_mut().insert(RETRY_AFTER, after);
    }
    Ok(response)
}

/// The innermost cause is the most useful, for example "Connection refused".
fn innermost(mut error: &(dyn std::error::Error + 'static)) -> String {
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_that_is_away_is_warned_of_now_and_then() {
        let (mut warnings, start) = (Warnings::default(), Instant::now());
        assert_eq!(warnings.failed(start), Some(0));
        assert_eq!(warnings.failed(start + QUIET / 2), None);
        assert_eq!(warnings.failed(start + QUIET / 3 * 2), None);
        assert_eq!(warnings.failed(start + QUIET), Some(2));
        assert_eq!(warnings.failed(start + QUIET * 2), Some(0));
    }
}
