//! The axum router over the [`Service`]: the JSON API, the simple calls, the
//! OpenAPI document, and the layers that say who asks.
//!
//! # A sign-in of your own
//!
//! Put a layer around the router that inserts a [`Caller`](crate::engine::Caller) into the extensions
//! of each request: a caller that is there stays, and no session is read or made for that request.
//! [`HttpOptions::session_cookie`] = false turns the cookie off for the requests that have none, too:
//! they are anonymous, and [`Guard::making_sessions`] sets no cookie.
//!
//! ```
//! # use axum::{Router, extract::Request, middleware::{Next, from_fn}};
//! # use milepost::{engine::{Caller, Service}, http::{self, HttpOptions}};
//! fn tasks(service: Service) -> Router {
//!     let options = HttpOptions { session_cookie: false, ..HttpOptions::default() };
//!     http::router(service, &options).layer(from_fn(async |mut request: Request, next: Next| {
//!         // Whom your own sign-in found.
//!         if let Some(user) = request.headers().get("x-user").and_then(|user| user.to_str().ok()) {
//!             let caller = Caller::owner(format!("user:{user}"));
//!             request.extensions_mut().insert(caller);
//!         }
//!         next.run(request).await
//!     }))
//! }
//! ```
//!
//! # The address of a client
//!
//! Serve with `into_make_service_with_connect_info::<SocketAddr>()`: from the peer's address and
//! [`HttpOptions::trusted_proxies`] the router finds the
//! [`ClientAddress`](crate::engine::ClientAddress) that limits count by, and by which an anonymous
//! caller finds its story and repeats its start.

mod batches;
mod body;
mod client;
mod error;
mod extract;
mod files;
mod foreign;
mod guard;
mod health;
mod host;
mod keep;
mod kinds;
mod log;
mod openapi;
mod origin;
mod pace;
mod poll;
mod prefer;
mod refusal;
mod rerun;
mod session;
mod simple;
mod tasks;
pub mod uploads;

use std::time::Duration;

use axum::{
    Router,
    http::{HeaderName, HeaderValue, header},
    middleware,
};
use tower::ServiceBuilder;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use body::BodyCheck;
pub use client::{InvalidProxy, TrustedProxy};
pub use error::ApiError;
pub use guard::{Guard, Guarded};
pub use origin::is_origin;
pub use pace::{Pace, TooSlow};
pub use refusal::refuse;
pub use session::{SessionKey, end_session};

use crate::engine::Service;

/// How the router behaves.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Longest request body in bytes; a form of a page may be three times as long, and files have limits
    /// of their own. Default: 2 MiB.
    pub max_body_bytes: usize,
    /// How long the next piece of a body is waited for. Default: 60 s.
    pub body_idle_timeout: Duration,
    /// How long a body may come more slowly than `min_body_bytes_per_s`, counted from its beginning.
    /// Default: 20 s.
    pub body_grace: Duration,
    /// How slowly a body may come, in bytes a second: what it falls behind adds up, and ends it after
    /// `body_grace`, or after `body_idle_timeout` where it came faster before; 0: as slowly as it likes.
    /// Default: 500.
    pub min_body_bytes_per_s: u32,
    /// Where pages of this server are opened, such as `https://milepost.example`; other hosts are not
    /// answered then. Empty: IP addresses, names without a dot and names below `localhost` are answered,
    /// which no other site can own. A request that names no host is answered by [`monitoring`] only.
    /// Default: empty.
    pub public_origins: Vec<String>,
    /// Whether the session cookie is sent over HTTPS only. Default: false.
    pub secure_cookie: bool,
    /// Seals the session cookies. Default: random, so that sessions end with the process; keep one
    /// in the store ([`Store::secret`](crate::engine::store::Store::secret)) to outlive it.
    pub session_key: SessionKey,
    /// Whether only requests to this machine by its own names (`localhost`, `127.0.0.1`, `[::1]`) are
    /// answered where `public_origins` is empty: right for a server that listens on the loopback
    /// address. Default: false.
    pub local_only: bool,
    /// Sessions that pages may make in a minute for one client, by its address; 0: any number. Default:
    /// 600.
    pub sessions_per_minute: u32,
    /// Whether [`router`] answers `/healthz`, `/readyz` and `/metrics`; otherwise see [`monitoring`].
    /// Default: true.
    pub monitoring: bool,
    /// Whether a session cookie says who asks, where no layer of the embedder did. Default: true.
    pub session_cookie: bool,
    /// Proxies whose `X-Forwarded-For` says from where a request comes. Default: none, the peer's
    /// address counts.
    pub trusted_proxies: Vec<TrustedProxy>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            max_body_bytes: 2 << 20,
            body_idle_timeout: Duration::from_secs(60),
            body_grace: Duration::from_secs(20),
            min_body_bytes_per_s: 500,
            public_origins: Vec::new(),
            secure_cookie: false,
            session_key: SessionKey::random(),
            local_only: false,
            sessions_per_minute: 600,
            monitoring: true,
            session_cookie: true,
            trusted_proxies: Vec::new(),
        }
    }
}

/// `/healthz`, `/readyz` and `/metrics`: for a listener of their own.
pub fn monitoring(service: Service, options: &HttpOptions) -> Router {
    health::router(service, options)
}

/// `/api/...` and, unless [`HttpOptions::monitoring`] is off, `/healthz`, `/readyz` and `/metrics`. Who
/// asks is read from the session cookie, never made here.
pub fn router(service: Service, options: &HttpOptions) -> Router {
    let (api, document) = api().split_for_parts();
    let router = api
        .merge(openapi::router(document))
        .fallback(error::no_such_call)
        .method_not_allowed_fallback(error::no_such_method)
        .layer(Guard::reading_sessions(options))
        .with_state(service.clone());
    let router = Router::new().merge(router);
    match options.monitoring {
        true => router.merge(health::router(service, options)),
        false => router,
    }
}

/// The documented calls.
fn api() -> OpenApiRouter<Service> {
    OpenApiRouter::with_openapi(openapi::document())
        .routes(routes!(tasks::start, tasks::list))
        .routes(routes!(tasks::cancel))
        .routes(routes!(rerun::input))
        .routes(routes!(rerun::rerun))
        .routes(routes!(batches::start))
        .routes(routes!(batches::get))
        .routes(routes!(batches::cancel))
        .routes(routes!(batches::rerun))
        .routes(routes!(keep::keep))
        .routes(routes!(tasks::result))
        .routes(routes!(files::list))
        .routes(routes!(files::get))
        .routes(routes!(uploads::create))
        .routes(routes!(uploads::get))
        .routes(routes!(log::log))
        .routes(routes!(poll::poll))
        .routes(routes!(kinds::list))
        .routes(routes!(kinds::get))
        .merge(simple::routes())
        .layer(no_store())
        .layer(middleware::from_fn(foreign::refuse_to_be_run))
        // Says so by itself: each layer of a router costs a box a request, and this is the call that is
        // made most.
        .routes(routes!(tasks::get))
}

/// Answers about tasks are never kept by anybody on the way.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

fn no_store() -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, NO_STORE)
}

/// Headers that each answer should carry; see the names.
pub fn safe_headers<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    let set = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    router.layer(
        ServiceBuilder::new()
            .layer(set(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .layer(set(header::X_FRAME_OPTIONS, "DENY"))
            .layer(set(header::REFERRER_POLICY, "same-origin")),
    )
}
