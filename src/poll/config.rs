//! What can be set; every constant of the polling rules has its name here.

use super::Policy;

/// Settings of a machine. The defaults are the documented rules; durations are milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// When to ask again. Default: [`Policy::Paced`].
    pub policy: Policy,
    /// Whether and how long the server may hold a request; `None` = no holding. A server that does
    /// not hold is recognised by its answers. Default: as [`HoldConfig`] says. Used by
    /// [`Policy::Paced`] only.
    pub hold: Option<HoldConfig>,
    /// Whether the tasks are shown large: a held request is then answered for smaller deviations of
    /// the bar, and more often. Default: `false`.
    pub foreground: bool,
    /// How long a task is followed, counted from its `Watch`; then one last poll. Default: `None`,
    /// for as long as it takes.
    pub deadline_ms: Option<u64>,
    /// The 500 ms floor.
    /// No request earlier than this after the end of the one before. Default: 500.
    pub floor_ms: u64,
    /// The longest pause that `poll_after_ms` can ask for. Default: 60,000.
    pub longest_pause_ms: u64,
    /// The longest `Retry-After` that is honoured. Default: one hour.
    pub longest_retry_after_ms: u64,
    /// A request is aborted when it takes this much longer than it may be held. Default: 10,000.
    pub answer_within_ms: u64,
    /// How many tasks one request asks for; more take turns. Default: 50.
    pub ids_per_request: u32,
    /// Failures in a row from which the server counts as unreachable. Default: 3.
    pub failures_for_banner: u32,
    /// Time of failing, online and visible, after which to give up. Default: 120,000.
    pub give_up_after_ms: u64,
    /// The longest random pause after a failure, and the longest time over which a server may spread
    /// the return of those who lose it. Default: 15,000.
    pub longest_jitter_ms: u64,
    /// "Not found" this soon after the start of watching may mean "not yet". Default: 5,000.
    pub not_found_grace_ms: u64,
    /// How often "not found" is heard in that time before it is believed. Default: 3.
    pub not_found_tries: u32,
    /// How long to wait for the session's refresh after a 401. Default: 15,000.
    pub refresh_within_ms: u64,
    /// How often to ask while hidden, if the user asked to be notified. Default: 30,000.
    pub hidden_every_ms: u64,
    /// A task whose worker beats and that has not changed for this long is silent.
    /// Default: 30,000.
    pub silent_after_ms: u64,
    /// A worker that has not been heard of for this long is lost. Default: 30,000, the lease.
    pub worker_lost_after_ms: u64,
    /// A timer that fires this late means that the machine slept. Default: 5,000.
    pub slept_slack_ms: u64,
    /// While visible the timer is never set further ahead than this, so that sleep is noticed and
    /// the bar does not run on through it. Default: 5,000.
    pub longest_timer_ms: u64,
    /// Another tab that asks for this one is taken for gone when it is silent for this much longer
    /// than its request may be held, and when it does not answer a tab that has just come within
    /// this time. Default: 5,000.
    pub leader_slack_ms: u64,
    /// How long a bar moves by itself without news, beyond the time that a request may be held.
    /// Default: 12,000, two seconds more than the longest pause of any policy.
    pub reach_ms: u64,
}

impl Config {
    /// How long a bar moves by itself without news.
    pub(super) fn reach(&self) -> u64 {
        self.reach_ms.saturating_add(self.hold.as_ref().map_or(0, |hold| hold.longest_ms))
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            policy: Policy::Paced,
            hold: Some(HoldConfig::default()),
            foreground: false,
            deadline_ms: None,
            floor_ms: 500,
            longest_pause_ms: 60_000,
            longest_retry_after_ms: 3_600_000,
            answer_within_ms: 10_000,
            ids_per_request: 50,
            failures_for_banner: 3,
            give_up_after_ms: 120_000,
            longest_jitter_ms: 15_000,
            not_found_grace_ms: 5_000,
            not_found_tries: 3,
            refresh_within_ms: 15_000,
            hidden_every_ms: 30_000,
            silent_after_ms: 30_000,
            worker_lost_after_ms: 30_000,
            slept_slack_ms: 5_000,
            longest_timer_ms: 5_000,
            leader_slack_ms: 5_000,
            reach_ms: 12_000,
        }
    }
}

/// How holding adapts to what lies between client and server. Durations are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldConfig {
    /// The longest hold to ask for. Default: 20,000.
    pub longest_ms: u64,
    /// The shortest hold that is worth asking for. Default: 5,000.
    pub shortest_ms: u64,
    /// A connection lost earlier than this was not cut for being held. Default: 2,000.
    pub cut_from_ms: u64,
    /// Time without a cut that gives back `give_back_ms`. Default: 600,000.
    pub clean_ms: u64,
    /// How much is given back. Default: 5,000.
    pub give_back_ms: u64,
    /// How long to do without holding before it is tried again. Default: 300,000.
    pub retry_after_ms: u64,
}

impl Default for HoldConfig {
    fn default() -> Self {
        Self {
            longest_ms: 20_000,
            shortest_ms: 5_000,
            cut_from_ms: 2_000,
            clean_ms: 600_000,
            give_back_ms: 5_000,
            retry_after_ms: 300_000,
        }
    }
}
