//! How status requests are held.

use std::time::Duration;

use milepost::engine::{EngineOptions, HoldOptions};
use serde::{Deserialize, Serialize};

/// How status requests are held until there is something to tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HoldSettings {
    /// The longest time that a request is held, in seconds. Proxies in front must allow for more.
    /// `MILEPOST_HOLD_LONGEST_S`. Default: 20.
    pub longest_s: u64,
    /// Requests held at once; more are answered at once. `MILEPOST_HOLD_MAX_HELD`. Default: 20,000.
    pub max_held: usize,
    /// Requests held at once for all callers from one client address (IPv6: one /64 network).
    /// `MILEPOST_HOLD_MAX_HELD_PER_CLIENT`. Default: 5,000.
    pub max_held_per_client: usize,
    /// Requests held at once for one owner: a browser needs one.
    /// `MILEPOST_HOLD_MAX_HELD_PER_OWNER`. Default: 20.
    pub max_held_per_owner: usize,
    /// Requests held at once for all callers without a session together.
    /// `MILEPOST_HOLD_MAX_HELD_OWNERLESS`. Default: 2,000.
    pub max_held_ownerless: usize,
    /// Of these, for those from one client address.
    /// `MILEPOST_HOLD_MAX_HELD_OWNERLESS_PER_CLIENT`. Default: 500.
    pub max_held_ownerless_per_client: usize,
    /// How often the watched tasks are looked at for bars that have become wrong, in milliseconds.
    /// `MILEPOST_HOLD_TICK_MS`. Default: 50.
    pub tick_ms: u64,
    /// How often watched tasks that run in other processes are read when no notification came, in
    /// milliseconds. `MILEPOST_HOLD_POLL_MS`. Default: 1,000.
    pub poll_ms: u64,
    /// On shutdown, clients are told to come back after up to this long, each at another moment, in
    /// milliseconds. `MILEPOST_HOLD_DRAIN_SPREAD_MS`. Default: 8,000.
    pub drain_spread_ms: u64,
}

impl Default for HoldSettings {
    fn default() -> Self {
        Self {
            longest_s: 20,
            max_held: 20_000,
            max_held_per_client: 5_000,
            max_held_per_owner: 20,
            max_held_ownerless: 2_000,
            max_held_ownerless_per_client: 500,
            tick_ms: 50,
            poll_ms: 1_000,
            drain_spread_ms: 8_000,
        }
    }
}

impl HoldSettings {
    /// The engine's options with these.
    pub fn options(&self, rest: EngineOptions) -> EngineOptions {
        let hold = HoldOptions {
            longest: Duration::from_secs(self.longest_s),
            max_held: self.max_held,
            max_held_per_client: self.max_held_per_client,
            max_held_per_owner: self.max_held_per_owner,
            max_held_ownerless: self.max_held_ownerless,
            max_held_ownerless_per_client: self.max_held_ownerless_per_client,
            tick: Duration::from_millis(self.tick_ms),
            poll: Duration::from_millis(self.poll_ms),
            drain_spread: Duration::from_millis(self.drain_spread_ms),
        };
        EngineOptions { hold, ..rest }
    }

    pub(super) fn faults(&self) -> Vec<(&'static str, String)> {
        let numbers = [
            (self.longest_s, 1, 600, "hold.longest_s"),
            (self.tick_ms, 5, 1_000, "hold.tick_ms"),
            (self.poll_ms, 50, 60_000, "hold.poll_ms"),
            (self.drain_spread_ms, 0, 60_000, "hold.drain_spread_ms"),
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
        let settings = HoldSettings::default();
        assert_eq!(settings.options(EngineOptions::default()).hold, HoldOptions::default());
        assert_eq!(settings.faults(), []);
    }
}
