//! The path below which a proxy serves this server, such as `/milepost`.

use std::net::SocketAddr;

use axum::{
    Router,
    extract::{ConnectInfo, OriginalUri, Request},
    http::{HeaderMap, Uri, uri::PathAndQuery},
    response::{IntoResponse as _, Redirect},
};
use milepost::http::{HttpOptions, Links};
use tower::{ServiceExt as _, service_fn};

use crate::config::is_base_path;

/// Header in which proxies name the path that they have removed.
const FORWARDED_PREFIX: &str = "x-forwarded-prefix";

/// Serves a router below `base` (empty: at the root), or below what a trusted proxy names in `X-Forwarded-Prefix`.
/// A proxy may leave the path in front of the requests or remove it.
pub(super) fn below(base: &str, router: Router, options: &HttpOptions) -> Router {
    let (base, trusted) = (base.to_owned(), options.trusted_proxies.clone());
    let is_trusted = move |request: &Request| {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        peer.is_some_and(|peer| trusted.iter().any(|proxy| proxy.contains(peer.ip())))
    };
    Router::new().fallback_service(service_fn(move |mut request: Request| {
        let (base, router) = (base.clone(), router.clone());
        let named = if is_trusted(&request) { forwarded(request.headers()) } else { None };
        async move {
            let base = named.unwrap_or(base);
            if base.is_empty() {
                return router.oneshot(request).await;
            }
            if request.uri().path() == base {
                return Ok(Redirect::permanent(&format!("{base}/")).into_response());
            }
            if let Some(inner) = without(&base, request.uri()) {
                *request.uri_mut() = inner;
            }
            // The router inside names its own paths; links in front of it are those of the proxy.
            request.extensions_mut().remove::<OriginalUri>();
            request.extensions_mut().insert(Links::below(&base));
            router.oneshot(request).await
        }
    }))
}

/// The path that a proxy has removed; nothing where it is no path.
fn forwarded(headers: &HeaderMap) -> Option<String> {
    let mut lines = headers.get_all(FORWARDED_PREFIX).iter();
    let (line, more) = (lines.next()?, lines.next());
    let base = line.to_str().ok()?.trim().trim_end_matches('/');
    (more.is_none() && is_base_path(base)).then(|| base.to_owned())
}

/// A URI without the path in front of it; nothing if it does not begin with that.
fn without(base: &str, uri: &Uri) -> Option<Uri> {
    let inner = uri.path_and_query()?.as_str().strip_prefix(base)?;
    let inner = inner.starts_with('/').then(|| inner.parse::<PathAndQuery>().ok()).flatten()?;
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(inner);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_in_front_is_removed_once_and_as_a_whole() {
        for (uri, inner) in [
            ("/m/tasks?q=a", Some("/tasks?q=a")),
            ("/m/", Some("/")),
            ("/m/m/x", Some("/m/x")),
            ("/m", None),
            ("/mm/tasks", None),
            ("/tasks", None),
        ] {
            let uri: Uri = uri.parse().unwrap();
            assert_eq!(
                without("/m", &uri).map(|uri| uri.to_string()),
                inner.map(str::to_owned),
                "{uri}"
            );
        }
    }

    #[test]
    fn only_one_header_with_a_path_is_believed() {
        let headers = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(FORWARDED_PREFIX, value.parse().unwrap());
            }
            forwarded(&headers)
        };
        assert_eq!(headers(&["/m"]), Some("/m".to_owned()));
        assert_eq!(headers(&["/m/"]), Some("/m".to_owned()));
        assert_eq!(headers(&["/"]), Some(String::new()));
        for values in [&[][..], &["/a", "/b"], &["//evil.example"], &["javascript:x"]] {
            assert_eq!(headers(values), None, "{values:?}");
        }
    }
}
