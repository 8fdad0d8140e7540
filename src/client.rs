//! A client of the HTTP API: start tasks, follow them, cancel them, and fetch their results.
//!
//! The same code runs on tokio (over reqwest) and in a browser's WebAssembly (over `fetch`).
//! [`Client::follow`] and [`Watch`] drive the same [poll machine](crate::poll) as the pages and the
//! command line, so a program follows a task with long polls, backs off while the server is away,
//! and needs no loop of its own. Every call ends: see [`ClientBuilder`] for its time limits.
//!
//! ```no_run
//! use milepost::{client::Client, task::StartTask};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new("http://127.0.0.1:3000/jobs")?;
//! let input = serde_json::json!({ "up_to": 1_000_000 });
//! let started = client.start(&StartTask::new("primes", input)).await?;
//!
//! let mut follow = client.follow(started.snapshot.id);
//! while let Some(snapshot) = follow.next().await {
//!     let snapshot = snapshot?;
//!     println!("{} {:?} %", snapshot.status, snapshot.progress);
//! }
//! let result = client.result(started.snapshot.id).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Runtimes
//!
//! Outside of browsers, calls must run in a tokio runtime with time and I/O enabled. In a browser,
//! the server's URL may be a path on the page's own server, such as `/jobs`; session cookies of
//! that server are sent.

mod builder;
mod calls;
mod download;
mod error;
mod follow;
mod limit;
mod list;
#[cfg_attr(target_arch = "wasm32", path = "client/platform/browser.rs")]
#[cfg_attr(not(target_arch = "wasm32"), path = "client/platform/native.rs")]
mod platform;
mod redact;
mod send;
mod watch;

use std::sync::Arc;

pub use self::{
    builder::ClientBuilder, download::Download, error::Error, follow::Follow, list::ListTasks,
    redact::hide_secrets_in_urls, watch::Watch,
};

/// A client of one server. Cheap to clone; clones share their connections.
///
/// ```
/// use std::time::Duration;
///
/// use milepost::client::Client;
///
/// let client = Client::builder("https://example.org/jobs")
///     .bearer("a token of the server's configuration")
///     .response_timeout(Duration::from_secs(5))
///     .build()?;
/// assert_eq!(client.url(), "https://example.org/jobs");
/// # Ok::<(), milepost::client::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    http: platform::Http,
    url: String,
    has_token: bool,
    limits: builder::Limits,
}

impl Client {
    /// Creates a client with the default options for a server's URL, such as
    /// `http://127.0.0.1:3000`, with the path under which its router is nested.
    ///
    /// # Errors
    /// [`Error::Url`] when the URL is invalid, [`Error::Setup`] when the HTTP library cannot be
    /// set up.
    pub fn new(url: &str) -> Result<Self, Error> {
        Self::builder(url).build()
    }

    /// Creates a client with options.
    pub fn builder(url: &str) -> ClientBuilder {
        ClientBuilder::new(url)
    }

    /// The server's URL, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Whether requests carry a token.
    pub fn has_token(&self) -> bool {
        self.0.has_token
    }
}
