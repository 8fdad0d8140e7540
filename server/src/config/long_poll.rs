//! Settings of long polls: status requests that wait for news.

use std::time::Duration;

use milepost::engine::{EngineOptions, LongPollOptions};
use serde::{Deserialize, Serialize};

/// Limits and timing of long polls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LongPollSettings {
    /// Longest wait of one request, in seconds. Proxies in front must allow more.
    /// `MILEPOST_LONG_POLL_MAX_WAIT_S`. Default: 20.
    pub max_wait_s: u64,
    /// Requests waiting at once; further ones are answered immediately. `MILEPOST_LONG_POLL_MAX_WAITING`. Default: 20,000.
    pub max_waiting: usize,
    /// Requests waiting at once for all callers from one client address (IPv6: one /64 network).
    /// `MILEPOST_LONG_POLL_MAX_WAITING_PER_CLIENT`. Default: 5,000.
    pub max_waiting_per_client: usize,
    /// Requests waiting at once for one owner; a browser needs one.
    /// `MILEPOST_LONG_POLL_MAX_WAITING_PER_OWNER`. Default: 20.
    pub max_waiting_per_owner: usize,
    /// Requests waiting at once for all callers without a session together.
    /// `MILEPOST_LONG_POLL_MAX_WAITING_ANONYMOUS`. Default: 2,000.
    pub max_waiting_anonymous: usize,
    /// Of these, from one client address.
    /// `MILEPOST_LONG_POLL_MAX_WAITING_ANONYMOUS_PER_CLIENT`. Default: 500.
    pub max_waiting_anonymous_per_client: usize,
    /// How often the watched tasks are looked at for bars that have become wrong, in milliseconds.
    /// `MILEPOST_LONG_POLL_TICK_MS`. Default: 50.
    pub tick_ms: u64,
    /// How often watched tasks that run in other processes are read when no notification came, in
    /// milliseconds. `MILEPOST_LONG_POLL_POLL_MS`. Default: 1,000.
    pub poll_ms: u64,
    /// On shutdown, clients are told to come back after up to this long, each at another moment, in
    /// milliseconds. `MILEPOST_LONG_POLL_DRAIN_SPREAD_MS`. Default: 8,000.
    pub drain_spread_ms: u64,
}

impl Default for LongPollSettings {
    fn default() -> Self {
        Self {
            max_wait_s: 20,
            max_waiting: 20_000,
            max_waiting_per_client: 5_000,
            max_waiting_per_owner: 20,
            max_waiting_anonymous: 2_000,
            max_waiting_anonymous_per_client: 500,
            tick_ms: 50,
            poll_ms: 1_000,
            drain_spread_ms: 8_000,
        }
    }
}

impl LongPollSettings {
    /// The engine's options with these.
    pub fn options(&self, rest: EngineOptions) -> EngineOptions {
        let long_poll = LongPollOptions {
            max_wait: Duration::from_secs(self.max_wait_s),
            max_waiting: self.max_waiting,
            max_waiting_per_client: self.max_waiting_per_client,
            max_waiting_per_owner: self.max_waiting_per_owner,
            max_waiting_anonymous: self.max_waiting_anonymous,
            max_waiting_anonymous_per_client: self.max_waiting_anonymous_per_client,
            tick: Duration::from_millis(self.tick_ms),
            poll: Duration::from_millis(self.poll_ms),
            drain_spread: Duration::from_millis(self.drain_spread_ms),
        };
        EngineOptions { long_poll, ..rest }
    }

    pub(super) fn faults(&self) -> Vec<(&'static str, String)> {
        let numbers = [
            (self.max_wait_s, 1, 600, "long_poll.max_wait_s"),
            (self.tick_ms, 5, 1_000, "long_poll.tick_ms"),
            (self.poll_ms, 50, 60_000, "long_poll.poll_ms"),
            (self.drain_spread_ms, 0, 60_000, "long_poll.drain_spread_ms"),
        ];
        let wrong =
            numbers.into_iter().filter(|(value, least, most, _)| !(least..=most).contains(&value));
        wrong.map(|(_, least, most, key)| (key, format!("{least} to {most}"))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_engines() {
        let settings = LongPollSettings::default();
        assert_eq!(settings.options(EngineOptions::default()).long_poll, LongPollOptions::default());
        assert_eq!(settings.faults(), []);
    }
}
