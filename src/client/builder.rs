//! Options of a client.

use std::{sync::Arc, time::Duration};

use super::{Client, Error, Inner, platform::Http};
use crate::{poll::Config, task::TraceParent};

/// Sets the options of a [`Client`], each with its default.
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientBuilder {
    url: String,
    token: Option<String>,
    trace: Option<TraceParent>,
    connect_timeout: Duration,
    limits: Limits,
}

/// Limits of each call.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) response_timeout: Duration,
    pub(super) idle_timeout: Duration,
    pub(super) upload_timeout: Duration,
    pub(super) max_response_bytes: usize,
    pub(super) max_result_bytes: usize,
    pub(super) polling: Config,
}

/// How long a task is followed by default, in milliseconds: a day.
const FOLLOW_MS: u64 = 24 * 60 * 60 * 1_000;

impl Default for Limits {
    fn default() -> Self {
        Self {
            response_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(60),
            upload_timeout: Duration::from_secs(60 * 60),
            max_response_bytes: 64 << 20,
            max_result_bytes: 64 << 20,
            polling: Config { deadline_ms: Some(FOLLOW_MS), ..Config::default() },
        }
    }
}

impl ClientBuilder {
    pub(super) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            token: None,
            trace: None,
            connect_timeout: Duration::from_secs(10),
            limits: Limits::default(),
        }
    }

    /// Sends `Authorization: Bearer TOKEN` with each request; an empty token is none. Default:
    /// none, so that tasks started by this client have no owner.
    pub fn bearer(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into()).filter(|token| !token.is_empty());
        self
    }

    /// Sends the header `traceparent` with each request, so that the runs of tasks that it starts belong to this
    /// trace. Default: none.
    pub fn traceparent(mut self, trace: impl Into<Option<TraceParent>>) -> Self {
        self.trace = trace.into();
        self
    }

    /// Maximum time to connect. Ignored in browsers, where the response timeout includes it.
    /// Default: 10 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Maximum time for a whole response, except of polls, results, files and uploads. Of results
    /// and files: maximum time until they begin. Default: 30 s.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.limits.response_timeout = timeout;
        self
    }

    /// Maximum time without a byte while a result or a file is received. Default: 60 s.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.limits.idle_timeout = timeout;
        self
    }

    /// Maximum time for an upload. Default: 1 h.
    pub fn upload_timeout(mut self, timeout: Duration) -> Self {
        self.limits.upload_timeout = timeout;
        self
    }

    /// Maximum size of a response other than a result or a file, in bytes. Default: 64 MiB.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_response_bytes = bytes;
        self
    }

    /// Maximum size of a result, in bytes; a [`Download`](super::Download) is not limited, because
    /// it is not held in memory. Default: 64 MiB.
    pub fn max_result_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_result_bytes = bytes;
        self
    }

    /// When to poll, and when to give up. Default: [`Config::default`] with a deadline of a day.
    pub fn polling(mut self, config: Config) -> Self {
        self.limits.polling = config;
        self
    }

    /// Maximum time that a task is followed; `None`: until it ends or the server is away for
    /// [`Config::give_up_after_ms`]. Default: 24 h.
    pub fn follow_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.limits.polling.deadline_ms = timeout.into().map(ms);
        self
    }

    /// Creates the client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Url`] or [`Error::Token`] when one of them is invalid, [`Error::Setup`] when the
    /// HTTP library cannot be set up.
    pub fn build(self) -> Result<Client, Error> {
        let Self { url, token, trace, connect_timeout, limits } = self;
        if token.as_ref().is_some_and(|token| !token.bytes().all(|byte| (32..127).contains(&byte)))
        {
            return Err(Error::Token);
        }
        let http = Http::new(&url, token.as_deref(), trace, connect_timeout)?;
        let url = url.trim_end_matches('/').to_owned();
        Ok(Client(Arc::new(Inner { http, url, has_token: token.is_some(), limits })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_addresses_are_servers() {
        for url in ["", "localhost:3000", "ftp://x", "http://", "/x"] {
            assert!(matches!(Client::new(url), Err(Error::Url { .. })), "{url}");
        }
        assert_eq!(Client::new("http://a/b/").unwrap().url(), "http://a/b");
    }

    #[test]
    fn a_token_is_one_line_of_visible_characters_and_an_empty_one_is_none() {
        for token in ["a\nb", "a\r", "\0", "ä", "a\u{7f}"] {
            let client = Client::builder("http://a").bearer(token).build();
            assert!(matches!(client, Err(Error::Token)), "{token:?}");
        }
        assert!(!Client::builder("http://a").bearer("").build().unwrap().has_token());
        assert!(Client::builder("http://a").bearer("s3cret").build().unwrap().has_token());
    }

    #[test]
    fn a_token_is_not_shown_by_debug() {
        let client = Client::builder("http://a").bearer("hush").build().unwrap();
        assert!(!format!("{client:?}").contains("hush"));
    }
}
