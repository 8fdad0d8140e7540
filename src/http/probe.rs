//! How a request arrived, for `milepost check --behind`: what a proxy in front of the server passes
//! on. It answers to any host, since a wrong one is what is looked for; it tells a client nothing
//! but its own request.

use std::net::SocketAddr;

use axum::{
    Json, Router,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    routing::get,
};
use serde::{Deserialize, Serialize};

use super::{ApiError, HttpOptions, Links, no_store, origin};

/// Path of the probe.
pub const PROBE_PATH: &str = "/api/v1/probe";

/// How a request arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Arrival {
    /// The `Host` header, or what stands for it in the request line.
    pub host: String,
    /// The `Origin` header.
    pub origin: Option<String>,
    /// Path in front of this server's own paths in links.
    pub prefix: String,
    /// `X-Forwarded-Prefix`.
    pub forwarded_prefix: Option<String>,
    /// `X-Forwarded-Proto`.
    pub forwarded_proto: Option<String>,
    /// Whether `X-Forwarded-For` names a client.
    pub forwarded_for: bool,
    /// Whether the peer is one of the trusted proxies.
    pub trusted: bool,
    /// Why a start that arrives like this would be refused; `None`: it would not.
    pub refused: Option<String>,
}

pub(super) fn router(options: &HttpOptions) -> Router {
    let call = get(arrived).post(async || StatusCode::NO_CONTENT);
    Router::new().route(PROBE_PATH, call).layer(no_store()).with_state(options.clone())
}

async fn arrived(
    State(options): State<HttpOptions>,
    links: Links,
    request: Request,
) -> Json<Arrival> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let trusted =
        peer.is_some_and(|peer| options.trusted_proxies.iter().any(|proxy| proxy.contains(peer)));
    let text = |name: &str| text(request.headers(), name);
    let authority = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let mut arrival = Arrival {
        host: authority.or_else(|| text("host")).unwrap_or_default(),
        origin: text("origin"),
        prefix: links.prefix().to_owned(),
        forwarded_prefix: text("x-forwarded-prefix"),
        forwarded_proto: text("x-forwarded-proto"),
        forwarded_for: request.headers().contains_key("x-forwarded-for"),
        trusted,
        refused: None,
    };
    if let Some(peer) = peer.filter(|_| arrival.forwarded_for && !trusted) {
        tracing::info!(%peer, "a probe arrived through a proxy that is not in http.trusted_proxies");
    }
    arrival.refused = refusal(request, &options);
    Json(arrival)
}

/// A header, shortened.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().unwrap_or("?");
    Some(value.chars().take(300).collect())
}

/// Why a start with these headers would be refused.
fn refusal(request: Request, options: &HttpOptions) -> Option<String> {
    let (mut parts, _) = request.into_parts();
    parts.method = Method::POST;
    parts.headers.remove(header::CONTENT_LENGTH);
    let start = Request::from_parts(parts, axum::body::Body::empty());
    let ApiError(problem) = origin::check(&start, options).err()?;
    Some(problem.detail)
}
