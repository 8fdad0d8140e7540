//! `milepost check --behind URL`: what a proxy in front of a running server passes on, found out by
//! a request through it.

use std::{net::SocketAddr, time::Duration};

use milepost::http::{Arrival, PROBE_PATH};
use reqwest::{Client, Response, StatusCode, Url, header};

use super::{Finding, Status};
use crate::config::Configuration;

/// Time limit of one request.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes that are read of a response.
const MAX_RESPONSE: usize = 64 << 10;
/// Bytes of the body that shows whether the proxy lets bodies through.
const MAX_BODY: usize = 4 << 20;

/// What makes each proxy pass something on.
struct Directives {
    nginx: &'static str,
    apache: &'static str,
    caddy: &'static str,
    traefik: &'static str,
}

impl Directives {
    fn text(&self) -> String {
        let Self { nginx, apache, caddy, traefik } = self;
        format!("nginx: {nginx} Apache: {apache}; Caddy: {caddy}; Traefik: {traefik}")
    }
}

const HOST: Directives = Directives {
    nginx: "proxy_set_header Host $http_host;",
    apache: "ProxyPreserveHost On",
    caddy: "remove `header_up Host`, as it passes the host on by itself",
    traefik: "passHostHeader: true",
};
const FORWARDED_FOR: Directives = Directives {
    nginx: "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    apache: "ProxyAddHeaders On",
    caddy: "remove `header_up -X-Forwarded-For`, as it adds the header by itself",
    traefik: "remove the middleware that removes the header, as it adds it by itself",
};
const ORIGIN: Directives = Directives {
    nginx: "remove `proxy_set_header Origin`;",
    apache: "remove `RequestHeader unset Origin`",
    caddy: "remove `header_up -Origin`",
    traefik: "remove Origin from customRequestHeaders",
};
const BODY: Directives = Directives {
    nginx: "client_max_body_size 0;",
    apache: "LimitRequestBody 0",
    caddy: "remove `request_body max_size`",
    traefik: "remove the middleware `buffering`",
};

/// Sends probes through the proxy at `url` and compares what arrived with what was sent.
pub(super) async fn check(configuration: &Configuration, url: &str) -> Vec<Finding> {
    let url = match parse(url) {
        Ok(url) => url,
        Err(reason) => return vec![Finding::error("proxy", reason)],
    };
    let client = client(PATIENCE);
    let response = match &client {
        Some(client) => {
            let request = client.get(probe(&url)).header(header::ORIGIN, origin(&url));
            request.send().await.map_err(|error| reason(&error))
        }
        None => Err("TLS cannot be set up".to_owned()),
    };
    let arrival = match response {
        Ok(response) => arrival(response, &url).await,
        Err(reason) => Err(format!("{url} cannot be reached: {reason}")),
    };
    let arrival = match arrival {
        Ok(arrival) => arrival,
        Err(reason) => return vec![Finding::error("proxy", reason)],
    };
    let mut findings = vec![
        host(&arrival, &url),
        scheme(configuration, &url),
        prefix(&arrival, &url),
        sent_origin(&arrival, &url),
        forwarded_for(&arrival, configuration),
    ];
    if let Some(client) = client {
        findings.push(body(&client, configuration, &url).await);
    }
    findings.extend(verdict(&arrival, &findings));
    findings
}

fn parse(url: &str) -> Result<Url, String> {
    let right = "expected something like https://tasks.example.org or http://host/milepost";
    match Url::parse(url) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.query().is_none() => Ok(url),
        _ => Err(format!("Invalid URL; {right}")),
    }
}

fn client(patience: Duration) -> Option<Client> {
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    client.timeout(patience).build().ok()
}

fn probe(url: &Url) -> Url {
    let mut probe = url.clone();
    probe.set_path(&format!("{}{PROBE_PATH}", base(url)));
    probe
}

/// The path below which the server is served.
fn base(url: &Url) -> &str {
    url.path().trim_end_matches('/')
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// What a browser puts into `Host`.
fn host_of(url: &Url) -> String {
    // An IPv6 address has its brackets here.
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The innermost cause, without the URL.
fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

async fn read(mut response: Response) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_RESPONSE {
            return None;
        }
    }
    Some(bytes)
}

async fn arrival(response: Response, url: &Url) -> Result<Arrival, String> {
    let status = response.status();
    if status.is_redirection() {
        let to = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
        let to = to.unwrap_or("another address");
        return Err(format!("{url} redirects to {to}; check that address"));
    }
    if matches!(status.as_u16(), 502..=504) {
        return Err(format!(
            "the proxy answers {status}: no server answers behind it. Start it, and compare its http.addr with the \
             address in the proxy's configuration"
        ));
    }
    let bytes = read(response).await.unwrap_or_default();
    if let Some(arrival) =
        (status == StatusCode::OK).then(|| serde_json::from_slice(&bytes).ok()).flatten()
    {
        return Ok(arrival);
    }
    let path = base(url);
    Err(match (status, path) {
        (StatusCode::NOT_FOUND, path) if !path.is_empty() => format!(
            "{url} answers {status}: the path {path} arrives in front of the requests, and the server does not know \
             it. Set http.base_path = \"{path}\" (MILEPOST_HTTP_BASE_PATH)"
        ),
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => format!(
            "{url} answers {status}: the proxy asks for a sign-in. Let {PROBE_PATH} through without one while this \
             check runs"
        ),
        _ => format!(
            "{url} answers {status}, and not as Milepost does: another server, or an older version, is behind it"
        ),
    })
}

fn host(arrival: &Arrival, url: &Url) -> Finding {
    let (name, sent, seen) = ("proxy_host", host_of(url), &arrival.host);
    if seen.eq_ignore_ascii_case(&sent) {
        return Finding::ok(name, format!("Host {seen}"));
    }
    let port = match url.port().is_some() && Some(seen.as_str()) == url.host_str() {
        true => " The port is missing: nginx has it in $http_host, and not in $host.",
        false => "",
    };
    Finding::error(
        name,
        format!("the browser's Host is {sent}, and {seen} arrives.{port} {}", HOST.text()),
    )
}

fn scheme(configuration: &Configuration, url: &Url) -> Finding {
    let (name, http) = ("proxy_scheme", &configuration.settings.http);
    let origin = origin(url);
    let is_known = http.public_origins.iter().any(|known| known.trim_end_matches('/') == origin);
    match url.scheme() {
        "https" if !is_known => Finding::warning(
            name,
            format!(
                "pages are opened over https, and the settings here do not say so: the session cookie would be sent \
                 without encryption, too. Set http.public_origins = [\"{origin}\"] (MILEPOST_HTTP_PUBLIC_ORIGINS)"
            ),
        ),
        _ if !is_known && !http.public_origins.is_empty() => Finding::error(
            name,
            format!(
                "{origin} is not in http.public_origins ({}); add it (MILEPOST_HTTP_PUBLIC_ORIGINS)",
                http.public_origins.join(", ")
            ),
        ),
        scheme => Finding::ok(name, scheme),
    }
}

fn prefix(arrival: &Arrival, url: &Url) -> Finding {
    let (name, wanted, seen) = ("proxy_prefix", base(url), arrival.prefix.as_str());
    if wanted == seen {
        return Finding::ok(name, if seen.is_empty() { "none" } else { seen });
    }
    let setting = format!("http.base_path = \"{wanted}\" (MILEPOST_HTTP_BASE_PATH)");
    let found = match (&arrival.forwarded_prefix, arrival.trusted) {
        (Some(named), false) => format!(
            "X-Forwarded-Prefix {named} arrives from a proxy that is not trusted: add its address to \
             http.trusted_proxies (MILEPOST_HTTP_TRUSTED_PROXIES), or set {setting}"
        ),
        _ => format!(
            "links lead to \"{seen}/\" and not to \"{wanted}/\": set {setting}, or with http.trusted_proxies let the \
             proxy name the path that it removes. nginx: proxy_set_header X-Forwarded-Prefix {wanted}; Apache: \
             RequestHeader set X-Forwarded-Prefix {wanted}; Caddy: header_up X-Forwarded-Prefix {wanted}; \
             Traefik: the middleware stripPrefix, which names it by itself"
        ),
    };
    Finding::error(name, found)
}

fn sent_origin(arrival: &Arrival, url: &Url) -> Finding {
    let (name, sent) = ("proxy_origin", origin(url));
    match &arrival.origin {
        Some(seen) if *seen == sent => Finding::ok(name, format!("Origin {seen}")),
        seen => {
            let seen = seen.as_deref().unwrap_or("none");
            let found =
                format!("the browser's Origin is {sent}, and {seen} arrives. {}", ORIGIN.text());
            Finding::error(name, found)
        }
    }
}

fn forwarded_for(arrival: &Arrival, configuration: &Configuration) -> Finding {
    let name = "proxy_client";
    let trusts = !configuration.settings.http.trusted_proxies.is_empty();
    match (arrival.forwarded_for, arrival.trusted) {
        (true, true) => Finding::ok(name, "X-Forwarded-For of a trusted proxy"),
        (true, false) => {
            let which = if trusts {
                "The log of the server names the address that is missing. "
            } else {
                ""
            };
            Finding::warning(
                name,
                format!(
                    "X-Forwarded-For arrives from a proxy that is not trusted: all clients share its address, and its \
                     limits. {which}Add the proxy's address to http.trusted_proxies (MILEPOST_HTTP_TRUSTED_PROXIES)"
                ),
            )
        }
        (false, _) => Finding::warning(
            name,
            format!(
                "no X-Forwarded-For arrives: all clients share the proxy's address, and its limits. {}",
                FORWARDED_FOR.text()
            ),
        ),
    }
}

/// Whether a body of the size that the server takes comes through.
async fn body(client: &Client, configuration: &Configuration, url: &Url) -> Finding {
    let (name, max) = ("proxy_body", configuration.settings.http.max_body_bytes.min(MAX_BODY));
    let sent = client.post(probe(url)).body(vec![b'x'; max]).send().await;
    match sent.map(|response| response.status()) {
        Ok(StatusCode::NO_CONTENT) => Finding::ok(name, format!("{max} bytes come through")),
        Ok(StatusCode::PAYLOAD_TOO_LARGE) => Finding::error(
            name,
            format!(
                "the proxy refuses a body of {max} bytes, which the server takes. {}",
                BODY.text()
            ),
        ),
        Ok(status) => {
            Finding::warning(name, format!("a body of {max} bytes is answered by {status}"))
        }
        Err(error) => Finding::warning(
            name,
            format!("a body of {max} bytes does not come through: {}", reason(&error)),
        ),
    }
}

/// What the server would tell a browser that starts a task, if no finding says it.
fn verdict(arrival: &Arrival, findings: &[Finding]) -> Option<Finding> {
    let known = findings.iter().any(|finding| finding.status == Status::Error);
    match &arrival.refused {
        Some(refused) if !known => {
            Some(Finding::error("proxy_start", format!("a start would be refused: {refused}")))
        }
        Some(_) => None,
        None => Some(Finding::ok("proxy_start", "a start from a page would be accepted")),
    }
}

/// The time by the `Date` header of the server at this URL, in milliseconds.
pub(super) async fn date(url: &str, patience: Duration) -> Option<i64> {
    let response = client(patience)?.head(Url::parse(url).ok()?).send().await.ok()?;
    let date = response.headers().get(header::DATE)?.to_str().ok()?;
    let date = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(date.timestamp().as_millisecond())
}

/// Whether a Milepost answers at this address.
pub(super) async fn is_milepost(mut address: SocketAddr, patience: Duration) -> bool {
    if address.ip().is_unspecified() {
        let own = if address.is_ipv4() { "127.0.0.1" } else { "::1" };
        if let Ok(own) = own.parse() {
            address.set_ip(own);
        }
    }
    let Some(client) = client(patience) else { return false };
    let asked = async {
        let response = client.get(format!("http://{address}{PROBE_PATH}")).send().await.ok()?;
        let health = client.get(format!("http://{address}/healthz")).send().await.ok()?;
        let arrival = serde_json::from_slice::<Arrival>(&read(response).await?).is_ok();
        Some(arrival || read(health).await? == b"ok\n")
    };
    asked.await.unwrap_or_default()
}
