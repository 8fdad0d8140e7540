//! `[http]`: how the server is reached.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use milepost::http::{HttpOptions, TrustedProxy, is_origin};
use serde::{Deserialize, Serialize};

use super::{ConnectionSettings, RateSettings, settings::broken};
use crate::simple;

/// How the server is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSettings {
    /// Address and port to listen on; port 0 picks a free port. `MILEPOST_HTTP_ADDR`, `--addr`.
    /// Default: `127.0.0.1:3000`.
    pub addr: SocketAddr,
    /// Folder of the pages' scripts and styles. `MILEPOST_HTTP_SITE_DIR`, `--site`. Default: none;
    /// those inside the program are used, or `target/site` in a program built without them.
    pub site_dir: Option<PathBuf>,
    /// Maximum size of a request body in bytes. `MILEPOST_HTTP_MAX_BODY_BYTES`. Default: 2,097,152,
    /// which fits the largest input with the overhead of JSON and forms.
    pub max_body_bytes: usize,
    /// Origins under which this server is reachable, such as `https://tasks.example.org`; requests
    /// to other hosts are refused. `MILEPOST_HTTP_PUBLIC_ORIGINS`, separated by commas. Default:
    /// none. Then requests to IP addresses, names without a dot and names below `localhost` are
    /// accepted; on the loopback address only those to `localhost`, `127.0.0.1` and `[::1]`.
    pub public_origins: Vec<String>,
    /// Origins whose pages may call the API with a token (CORS), such as `https://app.example.org`.
    /// Cookies are never accepted from them. `MILEPOST_HTTP_CORS_ORIGINS`, separated by commas.
    /// Default: none.
    pub cors_origins: Vec<String>,
    /// Path below which a proxy serves this server, such as `/milepost`. The proxy may leave it in
    /// front of the requests or remove it. `MILEPOST_HTTP_BASE_PATH`. Default: empty, the root; a
    /// trusted proxy may name another in `X-Forwarded-Prefix`.
    pub base_path: String,
    /// Whether the session cookie is sent over HTTPS only. `MILEPOST_HTTP_SECURE_COOKIE`. Default:
    /// true if all `public_origins` are `https`.
    pub secure_cookie: Option<bool>,
    /// Proxies in front of this server, as addresses or networks such as `10.0.0.0/8`. Behind them,
    /// the client is the right-most other address in `X-Forwarded-For`.
    /// `MILEPOST_HTTP_TRUSTED_PROXIES`, separated by commas. Default: none; the peer is the client.
    pub trusted_proxies: Vec<String>,
    /// Address and port for `/healthz`, `/readyz` and `/metrics`, which are then not served at
    /// `addr`. `MILEPOST_HTTP_METRICS_ADDR`. Default: none; they are served at `addr`.
    pub metrics_addr: Option<SocketAddr>,
    /// `[http.connections]`
    pub connections: ConnectionSettings,
    /// `[http.rate]`
    pub rate: RateSettings,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from(([127, 0, 0, 1], 3000)),
            site_dir: None,
            max_body_bytes: 2 << 20,
            public_origins: Vec::new(),
            cors_origins: Vec::new(),
            base_path: String::new(),
            secure_cookie: None,
            trusted_proxies: Vec::new(),
            metrics_addr: None,
            connections: ConnectionSettings::default(),
            rate: RateSettings::default(),
        }
    }
}

impl HttpSettings {
    /// Validates the values; returns the invalid keys and what would be valid.
    pub(super) fn invalid(&self) -> Vec<(&'static str, String)> {
        let mut invalid = broken([
            (self.max_body_bytes >= 1024, "http.max_body_bytes", "at least 1024"),
            (
                self.public_origins.iter().all(|origin| is_origin(origin)),
                "http.public_origins",
                "each of the form https://host or https://host:port, without a path",
            ),
            (
                self.cors_origins.iter().all(|origin| is_origin(origin)),
                "http.cors_origins",
                "each of the form https://host or https://host:port, without a path",
            ),
            (
                self.trusted_proxies.iter().all(|it| it.parse::<TrustedProxy>().is_ok()),
                "http.trusted_proxies",
                "each an address or a network, such as 192.0.2.1 or 10.0.0.0/8",
            ),
            (
                is_base_path(&self.base_path),
                "http.base_path",
                "empty, or a path such as /tools/milepost, of letters, digits, - . _ ~",
            ),
        ]);
        invalid.extend(self.connections.invalid());
        invalid
    }

    /// Options of the router.
    pub fn options(&self) -> HttpOptions {
        let origins = &self.public_origins;
        let https =
            !origins.is_empty() && origins.iter().all(|origin| origin.starts_with("https:"));
        HttpOptions::default().with(|o| {
            o.max_body_bytes = self.max_body_bytes;
            o.public_origins = origins.clone();
            o.cors_origins.clone_from(&self.cors_origins);
            o.secure_cookie = self.secure_cookie.unwrap_or(https);
            o.cookie_path = match self.base_path.as_str() {
                "" => "/".to_owned(),
                path => path.to_owned(),
            };
            o.body_idle_timeout = Duration::from_secs(self.connections.body_idle_timeout_s);
            o.body_grace = Duration::from_secs(self.connections.body_grace_s);
            o.min_body_bytes_per_s = self.connections.min_body_bytes_per_s;
            o.monitoring = self.metrics_addr.is_none();
            o.sessions_per_minute = self.rate.sessions_per_minute;
            // Invalid values were rejected when the configuration was read.
            o.trusted_proxies =
                self.trusted_proxies.iter().filter_map(|it| it.parse().ok()).collect();
            o.plain_error_paths = simple::PATHS;
            o.file_form_paths = &["/start/"];
        })
    }
}

/// Maximum length of a base path, in bytes.
const MAX_BASE_PATH_BYTES: usize = 200;

/// Whether a text is empty or a path of plain segments, such as `/tools/milepost`.
pub(crate) fn is_base_path(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    let is_segment = |segment: &str| {
        !segment.is_empty() && !segment.starts_with('.') && segment.chars().all(plain)
    };
    text.is_empty()
        || (text.len() <= MAX_BASE_PATH_BYTES
            && text.strip_prefix('/').is_some_and(|path| path.split('/').all(is_segment)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_is_made_of_plain_segments() {
        for path in ["", "/milepost", "/tools/milepost", "/a-b_c.d~e"] {
            assert!(is_base_path(path), "{path:?}");
        }
        let long = format!("/{}", "a".repeat(MAX_BASE_PATH_BYTES));
        for path in [
            "/", "milepost", "/a/", "//a", "/a//b", "/..", "/a/../b", "/a b", "/ä", "/a?b", "/a#",
            "/a\\b", &long,
        ] {
            assert!(!is_base_path(path), "{path:?}");
        }
    }
}
