//! Limits of connections.

use serde::{Deserialize, Serialize};

/// Number of connections, and timeouts and minimum rates of peers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConnectionSettings {
    /// Maximum number of connections; further ones get 503. `MILEPOST_HTTP_CONNECTIONS_MAX_OPEN`.
    /// Default: half of the files that the process may open (`ulimit -n`, the hard limit), at most
    /// 32,768.
    pub max_open: Option<usize>,
    /// Maximum number of connections from one address (IPv6: one /64 network), except from trusted
    /// proxies; further ones get 503. `MILEPOST_HTTP_CONNECTIONS_MAX_OPEN_PER_CLIENT`. Default: a
    /// quarter of `max_open`.
    pub max_open_per_client: Option<usize>,
    /// Time limit for the head of a request, and for idling between two requests, in seconds.
    /// `MILEPOST_HTTP_CONNECTIONS_IDLE_TIMEOUT_S`. Default: 30.
    pub idle_timeout_s: u64,
    /// Maximum wait for the next part of a request body, in seconds; then 408.
    /// `MILEPOST_HTTP_CONNECTIONS_BODY_IDLE_TIMEOUT_S`. Default: 60.
    pub body_idle_timeout_s: u64,
    /// Time at the beginning of a body during which it may arrive more slowly than
    /// `min_body_bytes_per_s`, in seconds; then 408. `MILEPOST_HTTP_CONNECTIONS_BODY_GRACE_S`.
    /// Default: 20.
    pub body_grace_s: u64,
    /// Minimum rate at which a body must arrive and a response must be accepted, in bytes per
    /// second; 0: no minimum. A deficit accumulates over `body_grace_s` at the beginning, and over
    /// `body_idle_timeout_s` or `write_idle_timeout_s` later.
    /// `MILEPOST_HTTP_CONNECTIONS_MIN_BODY_BYTES_PER_S`. Default: 500.
    pub min_body_bytes_per_s: u32,
    /// Maximum time without the client accepting any part of a response, in seconds; then the
    /// connection is closed. `MILEPOST_HTTP_CONNECTIONS_WRITE_IDLE_TIMEOUT_S`. Default: 60.
    pub write_idle_timeout_s: u64,
    /// Maximum number of bytes read and discarded from a refused request, so that its sender can
    /// finish and see the response. `MILEPOST_HTTP_CONNECTIONS_MAX_DISCARD_BYTES`. Default:
    /// 268,435,456 (256 MiB).
    pub max_discard_bytes: u64,
    /// Time limit for discarding them, in seconds. `MILEPOST_HTTP_CONNECTIONS_MAX_DISCARD_S`.
    /// Default: 30.
    pub max_discard_s: u64,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            max_open: None,
            max_open_per_client: None,
            idle_timeout_s: 30,
            body_idle_timeout_s: 60,
            body_grace_s: 20,
            min_body_bytes_per_s: 500,
            write_idle_timeout_s: 60,
            max_discard_bytes: 256 << 20,
            max_discard_s: 30,
        }
    }
}

impl ConnectionSettings {
    /// Maximum number of connections by default, however many files may be open.
    const DEFAULT_MAX_OPEN: u64 = 32_768;

    /// Maximum number of connections for a process that may open `max_files` files (`None`: no
    /// limit).
    pub fn max_open(&self, max_files: Option<u64>) -> usize {
        let derived = max_files.map_or(Self::DEFAULT_MAX_OPEN, |max| max / 2);
        let derived = derived.clamp(16, Self::DEFAULT_MAX_OPEN);
        self.max_open.unwrap_or_else(|| usize::try_from(derived).unwrap_or(usize::MAX))
    }

    /// Maximum number of connections from one address, given the total maximum.
    pub fn max_open_per_client(&self, max_open: usize) -> usize {
        self.max_open_per_client.unwrap_or(max_open.div_ceil(4))
    }

    pub(super) fn invalid(&self) -> Vec<(&'static str, String)> {
        const MAX_S: u64 = 3_600;
        const MAX_OPEN: u64 = 1_000_000;
        let number = |value: Option<usize>| value.unwrap_or(16) as u64;
        let ranges = [
            (number(self.max_open), 8, MAX_OPEN, "http.connections.max_open"),
            (number(self.max_open_per_client), 1, MAX_OPEN, "http.connections.max_open_per_client"),
            (self.idle_timeout_s, 1, MAX_S, "http.connections.idle_timeout_s"),
            (self.body_idle_timeout_s, 1, MAX_S, "http.connections.body_idle_timeout_s"),
            (self.body_grace_s, 0, MAX_S, "http.connections.body_grace_s"),
            (self.write_idle_timeout_s, 1, MAX_S, "http.connections.write_idle_timeout_s"),
            (self.max_discard_s, 1, MAX_S, "http.connections.max_discard_s"),
        ];
        let wrong = ranges.into_iter().filter(|(value, low, high, _)| value < low || value > high);
        wrong.map(|(_, low, high, key)| (key, format!("{low} to {high}"))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_follow_from_the_limit_of_files() {
        let settings = ConnectionSettings::default();
        assert_eq!(settings.invalid(), []);
        for (files, in_all, per_client) in [
            (Some(256), 128, 32),
            (Some(1_024), 512, 128),
            (Some(1 << 20), 32_768, 8_192),
            (None, 32_768, 8_192),
            (Some(10), 16, 4),
        ] {
            let max = settings.max_open(files);
            assert_eq!((max, settings.max_open_per_client(max)), (in_all, per_client), "{files:?}");
        }
        let settings = ConnectionSettings { max_open: Some(9), ..settings };
        assert_eq!((settings.max_open(Some(256)), settings.max_open_per_client(9)), (9, 3));
    }

    #[test]
    fn what_makes_no_sense_is_reported() {
        let settings = ConnectionSettings { idle_timeout_s: 0, ..ConnectionSettings::default() };
        assert_eq!(
            settings.invalid(),
            [("http.connections.idle_timeout_s", "1 to 3600".to_owned())]
        );
    }
}
