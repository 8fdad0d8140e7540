//! Options of the machine; every constant of the polling rules is named here.

use super::Policy;

/// Options of a machine. The defaults are the documented rules; durations are milliseconds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// When to send requests. Default: [`Policy::Paced`].
    pub policy: Policy,
    /// Long polls; `None`: none. A server that does not support them is recognised by its
    /// responses. Default: [`HoldConfig::default`]. Used by [`Policy::Paced`] only.
    pub hold: Option<HoldConfig>,
    /// Whether the tasks are shown in the foreground: a waiting request is then answered for
    /// smaller deviations of the bar, and more often. Default: `false`.
    pub foreground: bool,
    /// How long a task is followed, counted from its `Watch`, before one last poll. Default:
    /// `None`, no limit.
    pub deadline_ms: Option<u64>,
    /// The 500 ms floor: minimum time between the end of a request and the next one. Default: 500.
    pub floor_ms: u64,
    /// Maximum pause that `poll_after_ms` can ask for. Default: 60,000.
    pub longest_pause_ms: u64,
    /// Maximum `Retry-After` that is honoured. Default: 3,600,000 (one hour).
    pub longest_retry_after_ms: u64,
    /// A request is aborted when it takes this much longer than it may wait. Default: 10,000.
    pub answer_within_ms: u64,
    /// Maximum number of tasks in one request; more take turns. Default: 50.
    pub ids_per_request: u32,
    /// Number of failures in a row after which the server counts as unreachable. Default: 3.
    pub failures_for_banner: u32,
    /// Total time of failures, while online and visible, after which to give up. Default: 120,000.
    pub give_up_after_ms: u64,
    /// Maximum random pause after a failure, and maximum time over which a server may spread the
    /// return of clients that lose it. Default: 15,000.
    pub longest_jitter_ms: u64,
    /// Time after the start of watching in which "not found" may mean "not yet". Default: 5,000.
    pub not_found_grace_ms: u64,
    /// Number of "not found" responses in that time after which the task counts as gone. Default:
    /// 3.
    pub not_found_tries: u32,
    /// How long to wait for the refresh of the session after a 401. Default: 15,000.
    pub refresh_within_ms: u64,
    /// Interval of requests while hidden, if the user asked for notifications. Default: 30,000.
    pub hidden_every_ms: u64,
    /// A task with heartbeats but without a change for this long is silent. Default: 30,000.
    pub silent_after_ms: u64,
    /// A worker without a heartbeat for this long is lost. Default: 30,000, the lease.
    pub worker_lost_after_ms: u64,
    /// A timer that fires this late means that the machine slept. Default: 5,000.
    pub slept_slack_ms: u64,
    /// While visible, the timer is never set further ahead than this, so that sleep is detected and
    /// the bar does not continue through it. Default: 5,000.
    pub longest_timer_ms: u64,
    /// The leading tab counts as gone when it is silent for this much longer than its request may
    /// wait, and when it does not answer a new tab within this time. Default: 5,000.
    pub leader_slack_ms: u64,
    /// How long a bar extrapolates without news, beyond the maximum wait of a request. Default:
    /// 12,000, two seconds more than the longest pause of any policy.
    pub reach_ms: u64,
}

impl Config {
    /// How long a bar extrapolates without news.
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

/// How long polls adapt to the network between client and server. Durations are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HoldConfig {
    /// Maximum wait to ask for. Default: 20,000.
    pub longest_ms: u64,
    /// Minimum wait that is worth asking for. Default: 5,000.
    pub shortest_ms: u64,
    /// A connection lost earlier than this was not cut because of its wait. Default: 2,000.
    pub cut_from_ms: u64,
    /// Time without a cut after which the wait grows by `give_back_ms`. Default: 600,000.
    pub clean_ms: u64,
    /// By how much the wait grows again. Default: 5,000.
    pub give_back_ms: u64,
    /// How long to poll without waiting before long polls are tried again. Default: 300,000.
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
