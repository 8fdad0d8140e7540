//! Protection against cross-site requests.

use axum::{
    extract::Request,
    http::{HeaderMap, Method, header},
};

use super::{
    ApiError, HttpOptions,
    host::{Host, Origin},
    identity,
};
use crate::task::{Problem, ProblemCode};

/// Refuses unsafe requests that a browser sends from a page of another origin, and all requests to
/// hosts other than this server.
pub(super) fn check(request: &Request, options: &HttpOptions) -> Result<(), ApiError> {
    let host = host(request)?;
    if !host_allowed(host.as_ref(), options) {
        return Err(misdirected(request, options));
    }
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    // A browser sends a cookie by itself, and a token only where a script of the page has it.
    let has_token = || identity::has_token(request.headers());
    if !safe && !origin_allowed(request.headers(), host.as_ref(), options) && !has_token() {
        let detail = cross_site(request, options);
        let problem = Problem::new(403, "Forbidden", detail);
        return Err(ApiError(problem.with_code(ProblemCode::CrossSite)));
    }
    Ok(())
}

/// Explains a refused origin: to a visitor of a page, and to the operator whose proxy hides the host
/// that the page was opened at.
fn cross_site(request: &Request, options: &HttpOptions) -> String {
    let shown = |name| {
        let value = request.headers().get(name)?.to_str().ok()?;
        Some(value.chars().take(100).collect::<String>())
    };
    let told = "the request comes from a page of another site";
    let Some(origin) = shown(header::ORIGIN) else { return told.to_owned() };
    let Some(host) = shown(header::HOST) else { return told.to_owned() };
    match options.public_origins.as_slice() {
        [] => format!(
            "{told}: the page is at {origin}, and the request names the host {host}. If {origin} is \
             this server behind a proxy, the proxy must pass the host on (nginx: proxy_set_header \
             Host $http_host; Apache: ProxyPreserveHost On), or {origin} belongs into \
             http.public_origins (MILEPOST_HTTP_PUBLIC_ORIGINS)"
        ),
        origins => format!(
            "{told}: the page is at {origin}, and this server is at {}. If {origin} is this server, \
             add it to http.public_origins (MILEPOST_HTTP_PUBLIC_ORIGINS)",
            origins.join(", ")
        ),
    }
}

/// [`check`] for monitoring endpoints. A load balancer names no host or an IP address; that is
/// accepted even if `public_origins` is set.
pub(super) fn check_monitor(request: &Request, options: &HttpOptions) -> Result<(), ApiError> {
    let host = host(request)?;
    match host.is_none_or(|host| host.is_own()) || host_allowed(host.as_ref(), options) {
        true => Ok(()),
        false => Err(misdirected(request, options)),
    }
}

/// Whether the text is an origin such as `https://host` or `http://host:port`, in the ASCII form
/// that browsers send.
pub fn is_origin(text: &str) -> bool {
    Origin::parse(text).is_some()
}

/// Host that the request names; `None` if an old client names none.
fn host(request: &Request) -> Result<Option<Host<'_>>, ApiError> {
    let mut headers = request.headers().get_all(header::HOST).iter();
    let (header, more) = (headers.next(), headers.next());
    if more.is_some() {
        return Err(ApiError::bad_request("the request has more than one Host header"));
    }
    // The request line takes precedence over the header: RFC 9112, 3.2.2.
    let named = match (request.uri().authority(), header) {
        (Some(authority), _) => Some(authority.as_str()),
        (None, Some(header)) => Some(header.to_str().unwrap_or("?")),
        (None, None) => None,
    };
    let Some(named) = named.filter(|named| !named.is_empty()) else { return Ok(None) };
    let host = Host::parse(named);
    host.map(Some).ok_or_else(|| {
        ApiError::bad_request("the Host header is not of the form host, host:port or [::1]:port")
    })
}

fn misdirected(request: &Request, options: &HttpOptions) -> ApiError {
    let header = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let named = request.uri().authority().map(|authority| authority.as_str()).or(header);
    let named: String = named.unwrap_or_default().chars().take(100).collect();
    let host = match named.is_empty() {
        true => "a request without a Host".to_owned(),
        false => format!("the host {named}"),
    };
    let known = match options.public_origins.as_slice() {
        [] if options.local_only => {
            "only to localhost, 127.0.0.1 and [::1], as it listens on the loopback address"
                .to_owned()
        }
        [] => "to addresses, names without a dot and the hosts of http.public_origins".to_owned(),
        origins => format!("only to {}", origins.join(", ")),
    };
    let detail = format!(
        "This server does not answer to {host}: it answers {known}. An operator can add the origin that \
         its pages are opened at, such as https://{}, to http.public_origins \
         (MILEPOST_HTTP_PUBLIC_ORIGINS).",
        if named.is_empty() { "tasks.example.org" } else { named.as_str() },
    );
    let detail = match options.public_origins.is_empty() {
        true => detail,
        // The host is known; the proxy replaced it by the address of this server.
        false => format!(
            "{detail} If a proxy is in front of it, the proxy must pass on the host that the browser \
             names (nginx: proxy_set_header Host $http_host; Apache: ProxyPreserveHost On)."
        ),
    };
    ApiError(Problem::new(421, "Misdirected Request", detail))
}

fn host_allowed(host: Option<&Host<'_>>, options: &HttpOptions) -> bool {
    let mut public = options.public_origins.iter().filter_map(|origin| Origin::parse(origin));
    match (options.public_origins.is_empty(), host) {
        (true, Some(host)) if options.local_only => host.is_local(),
        // No other site can direct a visitor's browser to such a name.
        (true, Some(host)) => host.is_own(),
        (false, Some(host)) => public.any(|known| known.is_at(host)),
        // A client that names no host is not a browser. Monitors are covered by `check_monitor`.
        (_, None) => false,
    }
}

fn origin_allowed(headers: &HeaderMap, host: Option<&Host<'_>>, options: &HttpOptions) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        // Programs send no `Origin`; browsers that omit it send `Sec-Fetch-Site`.
        let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
        return matches!(site, None | Some("same-origin" | "none"));
    };
    let Some(origin) = origin.to_str().ok().and_then(Origin::parse) else { return false };
    if options.public_origins.is_empty() {
        return host.is_some_and(|host| origin.is_at(host));
    }
    let mut public = options.public_origins.iter().filter_map(|known| Origin::parse(known));
    public.any(|known| known.is(&origin))
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
            (Some("https://HERE.:3000"), &open, true),
            (Some("http://here:3001"), &open, false),
            (Some("http://elsewhere"), &open, false),
            (Some("null"), &open, false),
            (Some("file://here:3000"), &open, false),
            (None, &open, true),
            (Some("https://jobs.example"), &named, true),
            (Some("https://JOBS.example:443"), &named, true),
            (Some("http://jobs.example"), &named, false),
            (Some("http://here:3000"), &named, false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            }
            let host = Host::parse("here:3000");
            let verdict = origin_allowed(&headers, host.as_ref(), options);
            assert_eq!(verdict, allowed, "{origin:?} with {:?}", options.public_origins);
        }
    }

    fn allowed(host: &str, options: &HttpOptions) -> bool {
        let host = Host::parse(host);
        host_allowed(host.as_ref(), options)
    }

    #[test]
    fn a_server_of_this_machine_answers_to_its_own_names_only() {
        let local = HttpOptions { local_only: true, ..HttpOptions::default() };
        for host in ["localhost", "LOCALHOST:3000", "localhost.", "127.0.0.1:1", "[::1]:3000"] {
            assert!(allowed(host, &local), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:3000",
            "localhost.evil.example",
            "127.0.0.10",
            "nas",
            "x.localhost",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(!allowed(host, &local), "{host}");
        }
    }

    #[test]
    fn a_server_for_a_network_answers_to_no_name_that_others_can_point_to_it() {
        let open = HttpOptions::default();
        for host in [
            "192.0.2.7:3000",
            "127.0.0.1.",
            "[2001:db8::1]",
            "nas",
            "nas:3000",
            "2130706433",
            "jobs.localhost",
        ] {
            assert!(allowed(host, &open), "{host}");
        }
        for host in ["", "evil.example", "evil.example:3000", "192.0.2.7.evil.example", "nas.lan"] {
            assert!(!allowed(host, &open), "{host}");
        }
    }

    #[test]
    fn a_named_server_answers_to_its_names_however_they_are_written() {
        let public_origins = vec!["https://jobs.example".to_owned(), "http://lan:3000".to_owned()];
        let named = HttpOptions { public_origins, local_only: true, ..HttpOptions::default() };
        for host in ["jobs.example", "JOBS.Example.", "jobs.example:443", "lan:3000"] {
            assert!(allowed(host, &named), "{host}");
        }
        for host in ["", "jobs.example:80", "lan", "localhost", "127.0.0.1", "jobs.example.evil"] {
            assert!(!allowed(host, &named), "{host}");
        }
    }

    #[test]
    fn a_monitor_may_name_the_address_or_nothing() {
        let public_origins = vec!["https://jobs.example".to_owned()];
        let named = HttpOptions { public_origins, ..HttpOptions::default() };
        for (host, fine) in [
            (None, true),
            (Some("192.0.2.7:3000"), true),
            (Some("jobs.example"), true),
            (Some("evil.example"), false),
        ] {
            let mut request = Request::default();
            if let Some(host) = host {
                request.headers_mut().insert(header::HOST, HeaderValue::from_static(host));
            }
            assert_eq!(check_monitor(&request, &named).is_ok(), fine, "{host:?}");
        }
    }

    #[test]
    fn a_request_names_one_host_and_nothing_else() {
        let status = |uri: &str, hosts: &[&'static str]| {
            let mut request = Request::default();
            *request.uri_mut() = uri.parse().unwrap();
            for host in hosts {
                request.headers_mut().append(header::HOST, HeaderValue::from_static(host));
            }
            check(&request, &HttpOptions::default()).err().map(|error| error.0.status)
        };
        assert_eq!(status("/", &["nas"]), None);
        assert_eq!(status("/", &["nas", "nas"]), Some(400));
        assert_eq!(status("/", &["user@nas"]), Some(400));
        assert_eq!(status("/", &["evil.example"]), Some(421));
        // The request line takes precedence.
        assert_eq!(status("http://evil.example/", &["nas"]), Some(421));
        assert_eq!(status("http://nas/", &["evil.example"]), None);
        assert_eq!(status("http://user@nas/", &["nas"]), Some(400));
    }

    #[test]
    fn who_is_refused_is_told_the_host_and_the_setting() {
        let mut request = Request::default();
        request.headers_mut().insert(header::HOST, HeaderValue::from_static("jobs.lan:3000"));
        let detail = check(&request, &HttpOptions::default()).unwrap_err().0.detail;
        for part in ["the host jobs.lan:3000", "http.public_origins", "https://jobs.lan:3000"] {
            assert!(detail.contains(part), "{detail}");
        }
    }

    #[test]
    fn behind_a_proxy_that_hides_the_host_the_error_names_what_is_missing() {
        let at = |host: &'static str, origin: &'static str, public: &[&str]| {
            let mut request = Request::default();
            *request.method_mut() = Method::POST;
            request.headers_mut().insert(header::HOST, HeaderValue::from_static(host));
            request.headers_mut().insert(header::ORIGIN, HeaderValue::from_static(origin));
            let public_origins = public.iter().map(|origin| (*origin).to_owned()).collect();
            let options = HttpOptions { public_origins, ..HttpOptions::default() };
            check(&request, &options).unwrap_err().0
        };
        let hidden = at("127.0.0.1:3000", "https://tasks.example", &[]);
        assert_eq!(hidden.status, 403);
        for part in ["https://tasks.example", "127.0.0.1:3000", "proxy_set_header Host $http_host"]
        {
            assert!(hidden.detail.contains(part), "{}", hidden.detail);
        }
        let misdirected = at("127.0.0.1:3000", "https://tasks.example", &["https://tasks.example"]);
        assert_eq!(misdirected.status, 421);
        for part in ["proxy_set_header Host $http_host", "ProxyPreserveHost On"] {
            assert!(misdirected.detail.contains(part), "{}", misdirected.detail);
        }
        let other = at("tasks.example", "https://other.example", &["https://tasks.example"]);
        assert_eq!(other.status, 403);
        assert!(other.detail.contains("http.public_origins"), "{}", other.detail);
    }

    #[test]
    fn a_browser_that_sends_no_origin_is_asked_where_it_comes_from() {
        for (site, allowed) in [("cross-site", false), ("same-site", false), ("same-origin", true)]
        {
            let mut headers = HeaderMap::new();
            headers.insert("sec-fetch-site", HeaderValue::from_static(site));
            let host = Host::parse("here");
            let verdict = origin_allowed(&headers, host.as_ref(), &HttpOptions::default());
            assert_eq!(verdict, allowed);
        }
    }
}
