//! Limits and timing of long polls.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Invalid, in_range, milliseconds, seconds};

/// Limits and timing of long polls: requests that wait for news. `Default` gives the documented values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LongPollOptions {
    /// Longest wait of one request, whatever it asks for, in seconds. Proxies in front must allow more.
    /// Default: 20.
    #[serde(rename = "max_wait_s", with = "seconds")]
    pub max_wait: Duration,
    /// Requests waiting at once in this process; further ones are answered immediately. Default: 20,000.
    pub max_waiting: usize,
    /// Requests waiting at once for all callers from one client address (IPv6: one /64 network).
    /// Default: 5,000.
    pub max_waiting_per_client: usize,
    /// Requests waiting at once for one owner; a browser needs one. Default: 20.
    pub max_waiting_per_owner: usize,
    /// Requests waiting at once for all callers without a session together. Default: 2,000.
    pub max_waiting_anonymous: usize,
    /// Of these, from one client address. Default: 500.
    pub max_waiting_anonymous_per_client: usize,
    /// Time between two checks of the watched tasks for bars that have become wrong, in milliseconds.
    /// Default: 50.
    #[serde(rename = "tick_ms", with = "milliseconds")]
    pub tick: Duration,
    /// Time between two reads of the watched tasks that run in other processes, where no notification
    /// came, in milliseconds. Default: 1,000.
    #[serde(rename = "poll_ms", with = "milliseconds")]
    pub poll: Duration,
    /// On shutdown, clients are told to return within this time, each at a random moment, in
    /// milliseconds. Default: 8,000.
    #[serde(rename = "drain_spread_ms", with = "milliseconds")]
    pub drain_spread: Duration,
}

impl Default for LongPollOptions {
    fn default() -> Self {
        Self {
            max_wait: Duration::from_secs(20),
            max_waiting: 20_000,
            max_waiting_per_client: 5_000,
            max_waiting_per_owner: 20,
            max_waiting_anonymous: 2_000,
            max_waiting_anonymous_per_client: 500,
            tick: Duration::from_millis(50),
            poll: Duration::from_secs(1),
            drain_spread: Duration::from_secs(8),
        }
    }
}

impl LongPollOptions {
    /// Settings that are out of range: the key, and what would be right.
    pub fn invalid(&self) -> Vec<Invalid> {
        let ms = |value: Duration| u64::try_from(value.as_millis()).unwrap_or(u64::MAX);
        in_range([
            ("max_wait_s", self.max_wait.as_secs(), 1, 600),
            ("tick_ms", ms(self.tick), 5, 1_000),
            ("poll_ms", ms(self.poll), 50, 60_000),
            ("drain_spread_ms", ms(self.drain_spread), 0, 60_000),
        ])
    }
}
