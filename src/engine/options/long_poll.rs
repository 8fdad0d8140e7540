//! Limits and timing of long polls.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Invalid, in_range, milliseconds, seconds, whole_ms};

/// Limits and timing of long polls. `Default` gives the documented values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct LongPollOptions {
    /// Maximum wait of one long poll, in seconds, 1 to 600. Proxies in front must allow more.
    /// Default: 20.
    #[serde(rename = "max_wait_s", with = "seconds")]
    pub max_wait: Duration,
    /// Maximum number of waiting requests in this process; further ones are answered immediately.
    /// Default: 20,000.
    pub max_waiting: usize,
    /// Maximum number of waiting requests per client address (IPv6: per /64 network). Default:
    /// 5,000.
    pub max_waiting_per_client: usize,
    /// Maximum number of waiting requests per owner; a browser needs one. Default: 20.
    pub max_waiting_per_owner: usize,
    /// Maximum number of waiting requests of all callers without a session together. Default:
    /// 2,000.
    pub max_waiting_anonymous: usize,
    /// Maximum number of those per client address. Default: 500.
    pub max_waiting_anonymous_per_client: usize,
    /// Time between two checks whether a client's bar deviates from the progress of a watched task,
    /// in milliseconds, 5 to 1,000. Default: 50.
    #[serde(rename = "tick_ms", with = "milliseconds")]
    pub tick: Duration,
    /// Time between two reads of watched tasks that run in other processes, when no notification
    /// arrives, in milliseconds, 50 to 60,000. Default: 1,000.
    #[serde(rename = "poll_ms", with = "milliseconds")]
    pub poll: Duration,
    /// On shutdown, the time over which clients are asked to return, each at a random moment, in
    /// milliseconds, 0 to 60,000. Default: 8,000.
    #[serde(rename = "drain_spread_ms", with = "milliseconds")]
    pub drain_spread: Duration,
}

crate::with::with!(LongPollOptions);

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

/// Longest wait that proxies let pass as they come: nginx and Apache give up after 60 s.
const MAX_BEHIND_PROXIES: Duration = Duration::from_secs(55);

impl LongPollOptions {
    /// A warning for the operator about a wait that proxies cut off.
    pub fn remark(&self) -> Option<String> {
        (self.max_wait > MAX_BEHIND_PROXIES).then(|| {
            format!(
                "long_poll.max_wait_s is {}: a proxy in front of the server usually ends a request \
                 that has no response after 60 s; use at most {}, or set the timeout of the proxy \
                 (nginx: proxy_read_timeout)",
                self.max_wait.as_secs(),
                MAX_BEHIND_PROXIES.as_secs()
            )
        })
    }

    /// Returns settings that are out of range: the key and the accepted values.
    pub fn invalid(&self) -> Vec<Invalid> {
        in_range([
            ("max_wait_s", self.max_wait.as_secs(), 1, 600),
            ("tick_ms", whole_ms(self.tick), 5, 1_000),
            ("poll_ms", whole_ms(self.poll), 50, 60_000),
            ("drain_spread_ms", whole_ms(self.drain_spread), 0, 60_000),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_that_proxies_cut_off_is_worth_a_warning() {
        let remark = |seconds| {
            let max_wait = Duration::from_secs(seconds);
            LongPollOptions { max_wait, ..LongPollOptions::default() }.remark()
        };
        assert_eq!(remark(55), None);
        assert!(remark(56).is_some_and(|text| text.contains("long_poll.max_wait_s is 56")));
    }
}
