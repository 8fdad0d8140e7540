//! Axum router over the [`Service`]: the JSON API, the OpenAPI document, and the layers that identify
//! the caller.
//!
//! # Nest it
//!
//! `Router::new().nest("/jobs", http::router(service, &options))` serves links that work: the router
//! derives the path from the request. Outside of the router, [`Links`] builds them.
//!
//! # Add calls
//!
//! [`router_with`] adds calls of your own, which share the guard, the error format and the OpenAPI
//! document. Their handlers can take the [`Caller`](crate::engine::Caller) and [`Links`] as arguments
//! and return [`ApiError`].
//!
//! # Use your own sign-in
//!
//! Add a layer around the router that inserts a [`Caller`](crate::engine::Caller) into the
//! extensions of each request. The router keeps a caller that is already present and neither reads
//! nor creates a session for that request. Set [`HttpOptions::session_cookie`] to `false` to
//! disable the cookie for all other requests, too: they are anonymous, and
//! [`Guard::making_sessions`] sets no cookie.
//!
//! ```
//! # use axum::{Router, extract::Request, middleware::{Next, from_fn}};
//! # use milepost::{engine::{Caller, Service}, http::{self, HttpOptions}};
//! fn tasks(service: Service) -> Router {
//!     let options = HttpOptions::default().with(|options| options.session_cookie = false);
//!     http::router(service, &options).layer(from_fn(async |mut request: Request, next: Next| {
//!         // Replace this with your own sign-in.
//!         if let Some(user) = request.headers().get("x-user").and_then(|user| user.to_str().ok()) {
//!             let caller = Caller::owner(format!("user:{user}"));
//!             request.extensions_mut().insert(caller);
//!         }
//!         next.run(request).await
//!     }))
//! }
//! ```
//!
//! # Client addresses
//!
//! Serve with `into_make_service_with_connect_info::<SocketAddr>()`. From the peer's address and
//! [`HttpOptions::trusted_proxies`] the router derives the
//! [`ClientAddress`](crate::engine::ClientAddress). Rate limits count by it; anonymous callers find
//! their tasks and repeat their starts by it.

mod admin;
mod archive;
mod batches;
mod body;
mod client;
mod cors;
mod delete;
mod delete_data;
mod error;
mod etag;
mod export;
mod extract;
mod files;
mod foreign;
mod guard;
mod health;
mod host;
mod identity;
mod keep;
mod kinds;
mod labels;
mod links;
mod log;
mod metrics;
mod openapi;
mod origin;
mod pace;
mod poll;
mod prefer;
mod preview;
mod probe;
mod refusal;
mod rerun;
mod session;
mod share_cookie;
mod shares;
mod sign_in;
mod tasks;
mod trace;
pub mod uploads;

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    http::{HeaderName, HeaderValue, Method, Uri, header},
    middleware,
};
use tower::ServiceBuilder;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa_axum::routes;

pub use crate::percent::percent_encoded;
pub use body::BodyCheck;
pub use client::{InvalidProxy, TrustedProxy};
pub use error::{ApiError, NotStarted};
pub use guard::{Guard, Guarded};
pub use identity::{AuthMode, AuthOptions, ProviderOptions, ProviderSecret};
pub use links::Links;
pub use origin::is_origin;
pub use pace::{Pace, TooSlow};
pub use probe::{Arrival, PROBE_PATH};
pub use refusal::refuse;
pub use session::{SessionKey, end_session};
pub use share_cookie::{SHARE_PATH, opened_shares, share_cookie};
pub use sign_in::{
    CALLBACK_PATH, InvalidPassword, PROVIDER_PATH, RETURN_TO, SIGN_IN_PATH, SIGN_OUT_PATH, SignIn,
    is_return_path, password_hash,
};
#[cfg(feature = "oidc")]
pub use sign_in::{FromProvider, ProviderSignIn, ToProvider, check_provider};
pub use trace::trace_of;
pub use utoipa_axum::router::OpenApiRouter;

use crate::engine::Service;

/// Options of the router.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpOptions {
    /// Maximum size of a request body in bytes. Forms of pages may be three times as large; files
    /// have limits of their own. Default: 2 MiB.
    pub max_body_bytes: usize,
    /// Maximum wait for the next part of a request body. Default: 60 s.
    pub body_idle_timeout: Duration,
    /// Time at the beginning of a body during which it may arrive more slowly than
    /// `min_body_bytes_per_s`. Default: 20 s.
    pub body_grace: Duration,
    /// Minimum rate of a request body, in bytes per second. A deficit accumulates and ends the
    /// request after `body_grace`, or after up to `body_idle_timeout` if the body was faster
    /// before. 0: no minimum. Default: 500.
    pub min_body_bytes_per_s: u32,
    /// Origins under which this server is reachable, such as `https://milepost.example`; requests
    /// to other hosts are refused. Empty: accepts IP addresses, names without a dot and names below
    /// `localhost`, which no other site can own. Only [`monitoring`] accepts requests that name no
    /// host. Default: empty.
    pub public_origins: Vec<String>,
    /// Origins whose pages may call the API with a token (CORS), such as `https://app.example`.
    /// Cookies are never accepted from them. Default: none.
    pub cors_origins: Vec<String>,
    /// Whether the session cookie is sent over HTTPS only. Default: false.
    pub secure_cookie: bool,
    /// Path to which the session cookie belongs, for a server that a proxy serves below a path.
    /// Default: `/`.
    pub cookie_path: String,
    /// Key that seals session cookies. Default: random, so sessions end with the process. Store a
    /// key ([`Store::secret`](crate::engine::store::Store::secret)) to keep sessions across
    /// restarts.
    pub session_key: SessionKey,
    /// If `public_origins` is empty, accept only requests to this machine's loopback names
    /// (`localhost`, `127.0.0.1`, `[::1]`). Use it for a server that listens on the loopback
    /// address. Default: false.
    pub local_only: bool,
    /// Maximum number of new sessions per minute and client address; 0: no limit. Default: 600.
    pub sessions_per_minute: u32,
    /// Whether [`router`] serves `/healthz`, `/readyz` and `/metrics`; see also [`monitoring`].
    /// Default: true.
    pub monitoring: bool,
    /// Whether a session cookie identifies the caller if no layer of the embedder does. Default:
    /// true.
    pub session_cookie: bool,
    /// Proxies whose `X-Forwarded-For` is trusted for the client's address. Default: none; the
    /// peer's address is used.
    pub trusted_proxies: Vec<TrustedProxy>,
    /// Who may use the server. Default: everybody.
    pub auth: AuthOptions,
    /// Paths below which errors are plain JSON, `{"detail": "…"}`, for calls that [`router_with`]
    /// adds. Elsewhere they are problem documents, or pages. Default: none.
    pub plain_error_paths: &'static [&'static str],
    /// Prefixes of the paths of pages with a form for files (`multipart/form-data`), to which
    /// `max_body_bytes` does not apply: the handler must limit each file. Default: none.
    pub file_form_paths: &'static [&'static str],
}

crate::with::with!(HttpOptions);

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            max_body_bytes: 2 << 20,
            body_idle_timeout: Duration::from_secs(60),
            body_grace: Duration::from_secs(20),
            min_body_bytes_per_s: 500,
            public_origins: Vec::new(),
            cors_origins: Vec::new(),
            secure_cookie: false,
            cookie_path: "/".to_owned(),
            session_key: SessionKey::random(),
            local_only: false,
            sessions_per_minute: 600,
            monitoring: true,
            session_cookie: true,
            trusted_proxies: Vec::new(),
            auth: AuthOptions::default(),
            plain_error_paths: &[],
            file_form_paths: &[],
        }
    }
}

/// Router for `/healthz`, `/readyz` and `/metrics`, to serve them on a listener of their own.
pub fn monitoring(service: Service, options: &HttpOptions) -> Router {
    health::router(service, options)
}

/// Router for `/api/...` and, if [`HttpOptions::monitoring`] is set, for `/healthz`, `/readyz` and
/// `/metrics`. It reads session cookies but never creates sessions.
pub fn router(service: Service, options: &HttpOptions) -> Router {
    router_with(service, options, OpenApiRouter::new())
}

/// [`router`] with further calls, which also appear in its OpenAPI document.
pub fn router_with(
    service: Service,
    options: &HttpOptions,
    more: OpenApiRouter<Service>,
) -> Router {
    let (api, document) = api(more.merge(shares(options))).split_for_parts();
    let plain = options.plain_error_paths;
    let router = api
        .merge(openapi::router(&document, &service))
        .fallback(async move |links: Links, uri: Uri| error::no_such_call(&links, &uri, plain))
        .method_not_allowed_fallback(async move |method: Method, links: Links, uri: Uri| {
            error::no_such_method(&method, &links, &uri, plain)
        })
        .layer(Guard::reading_sessions(options).with_tokens(service.clone()))
        .with_state(service.clone());
    let router = match options.cors_origins.as_slice() {
        [] => router,
        origins => {
            let origins = Arc::<[String]>::from(origins);
            router.layer(middleware::from_fn_with_state(origins, cors::permit))
        }
    };
    let router = Router::new().merge(router).merge(probe::router(options));
    match options.monitoring {
        true => router.merge(health::router(service, options)),
        false => router,
    }
}

/// All documented calls.
fn api(more: OpenApiRouter<Service>) -> OpenApiRouter<Service> {
    OpenApiRouter::with_openapi(openapi::document())
        .routes(routes!(tasks::start, tasks::list))
        .routes(routes!(tasks::cancel))
        .routes(routes!(rerun::input))
        .routes(routes!(rerun::rerun))
        .routes(routes!(batches::start, batches::list))
        .routes(routes!(batches::get))
        .routes(routes!(batches::cancel))
        .routes(routes!(batches::rerun))
        .routes(routes!(keep::keep))
        .routes(routes!(labels::annotate))
        .routes(routes!(labels::start_now))
        .routes(routes!(delete::delete))
        .routes(routes!(tasks::result))
        .routes(routes!(files::list))
        .routes(routes!(files::get))
        .routes(routes!(archive::get))
        .routes(routes!(export::export))
        .routes(routes!(delete_data::delete_data))
        .routes(routes!(uploads::create))
        .routes(routes!(uploads::get))
        .routes(routes!(log::log))
        .routes(routes!(preview::preview))
        .routes(routes!(poll::poll))
        .routes(routes!(admin::overview))
        .routes(routes!(admin::list))
        .routes(routes!(admin::audit))
        .routes(routes!(admin::pause))
        .routes(routes!(admin::resume))
        .routes(routes!(admin::cancel))
        .routes(routes!(admin::rerun))
        .routes(routes!(kinds::list))
        .routes(routes!(kinds::get))
        .merge(more)
        .layer(no_store())
        .layer(middleware::from_fn(foreign::refuse_to_be_run))
        // Sets `no-store` itself: each layer of a router costs an allocation per request, and this
        // is the most frequent call.
        .routes(routes!(tasks::get))
}

/// Calls about share links, whose URLs begin with an origin of the options.
fn shares(options: &HttpOptions) -> OpenApiRouter<Service> {
    OpenApiRouter::new()
        .routes(routes!(shares::share, shares::list))
        .routes(routes!(shares::revoke))
        .routes(routes!(shares::share_batch, shares::list_of_batch))
        .routes(routes!(shares::revoke_of_batch))
        .layer(Extension(Arc::new(options.clone())))
}

/// Responses about tasks must not be stored by any cache.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

fn no_store() -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, NO_STORE)
}

/// Adds the security headers that every response should carry.
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
