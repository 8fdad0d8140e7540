//! Keeps other sites' pages from acting in a visitor's name.

use axum::{
    extract::Request,
    http::{HeaderMap, Method, header},
};

use super::{ApiError, HttpOptions};
use crate::task::Problem;

/// Refuses a request that changes something when a browser says that it comes from a page of another
/// origin, and any request to a host that this server is not.
pub(super) fn check(request: &Request, options: &HttpOptions) -> Result<(), ApiError> {
    let host = host(request);
    if !host_allowed(host, options) {
        let detail = "this server does not answer for that host; name it in public_origins";
        return Err(ApiError(Problem::new(421, "Misdirected Request", detail)));
    }
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !safe && !origin_allowed(request.headers(), host, options) {
        let detail = "the request comes from a page of another site";
        return Err(ApiError(Problem::new(403, "Forbidden", detail)));
    }
    Ok(())
}

fn host(request: &Request) -> &str {
    let header = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    header.or_else(|| request.uri().authority().map(|a| a.as_str())).unwrap_or_default()
}

fn authority(origin: &str) -> Option<&str> {
    origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"))
}

fn host_allowed(host: &str, options: &HttpOptions) -> bool {
    if options.local_only && options.public_origins.is_empty() {
        return is_local(host);
    }
    let mut public = options.public_origins.iter().filter_map(|origin| authority(origin));
    options.public_origins.is_empty() || public.any(|known| known.eq_ignore_ascii_case(host))
}

/// Whether the name is one of this machine's own; the port does not matter.
fn is_local(host: &str) -> bool {
    let port = |rest: &str| rest.is_empty() || rest.starts_with(':');
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| host.strip_prefix(name).is_some_and(port))
}

fn origin_allowed(headers: &HeaderMap, host: &str, options: &HttpOptions) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        // Programs send no origin; browsers that send none say where the request comes from.
        let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
        return matches!(site, None | Some("same-origin" | "none"));
    };
    let Ok(origin) = origin.to_str() else { return false };
    if options.public_origins.is_empty() {
        return authority(origin).is_some_and(|known| known.eq_ignore_ascii_case(host));
    }
    options.public_origins.iter().any(|known| known.eq_ignore_ascii_case(origin))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_pages_of_this_server_may_change_something() {
        let open = HttpOptions::default();
        let named = HttpOptions {
            public_origins: vec!["https://jobs.example".to_owned()],
            ..HttpOptions::default()
        };
        for (origin, options, allowed) in [
            (Some("http://here:3000"), &open, true),
            (Some("https://HERE:3000"), &open, true),
            (Some("http://here:3001"), &open, false),
            (Some("http://elsewhere"), &open, false),
            (Some("null"), &open, false),
            (Some("file://here:3000"), &open, false),
            (None, &open, true),
            (Some("https://jobs.example"), &named, true),
            (Some("http://jobs.example"), &named, false),
            (Some("http://here:3000"), &named, false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            }
            let verdict = origin_allowed(&headers, "here:3000", options);
            assert_eq!(verdict, allowed, "{origin:?} with {:?}", options.public_origins);
        }
    }

    #[test]
    fn a_server_of_this_machine_answers_to_its_own_names_only() {
        let local = HttpOptions { local_only: true, ..HttpOptions::default() };
        for host in ["localhost", "localhost:3000", "127.0.0.1:1", "[::1]:3000"] {
            assert!(host_allowed(host, &local), "{host}");
        }
        for host in
            ["", "evil.example", "evil.example:3000", "localhost.evil.example", "127.0.0.10"]
        {
            assert!(!host_allowed(host, &local), "{host}");
        }
        assert!(host_allowed("evil.example", &HttpOptions::default()));
    }

    #[test]
    fn a_browser_that_sends_no_origin_is_asked_where_it_comes_from() {
        for (site, allowed) in [("cross-site", false), ("same-site", false), ("same-origin", true)]
        {
            let mut headers = HeaderMap::new();
            headers.insert("sec-fetch-site", HeaderValue::from_static(site));
            assert_eq!(origin_allowed(&headers, "here", &HttpOptions::default()), allowed);
        }
    }
}
