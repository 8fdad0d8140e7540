//! How long leases last, and how often they are looked at.

use std::time::Duration;

use crate::engine::EngineOptions;

/// Share of the lease after which an unconfirmed run is dropped.
pub(super) const LEASE_TIMEOUT_SHARE: f64 = 0.6;

/// Number of checks per lease of the time since the last confirmation, and the minimum interval.
pub(super) const LOOKS: u32 = 100;
pub(super) const MIN_LOOK: Duration = Duration::from_millis(1);

/// Minimum number of searches for expired leases per lease.
const SEARCHES: u32 = 30;

/// Number of searches between two heartbeats.
fn searches_in_a_beat(options: &EngineOptions) -> u32 {
    let longest = (options.lease / SEARCHES).as_nanos().max(1);
    let searches = options.heartbeat.as_nanos().div_ceil(longest);
    u32::try_from(searches).unwrap_or(SEARCHES).clamp(1, SEARCHES)
}

/// Interval between two searches for expired leases.
pub(super) fn search_every(options: &EngineOptions) -> Duration {
    options.heartbeat / searches_in_a_beat(options)
}

/// The duration of a lease as it is written: three search intervals shorter than `lease`, but at
/// least half of it, so that an expired lease is found, and its task runs again, within `lease`.
pub(crate) fn written_lease(options: &EngineOptions) -> Duration {
    options.lease.saturating_sub(search_every(options) * 3).max(options.lease / 2)
}

/// How long a dropped run may take to stop: it ends before its lease does.
pub(crate) fn last_grace(options: &EngineOptions) -> Duration {
    // Two checks may pass before it is noticed.
    let noticed = options.lease.mul_f64(LEASE_TIMEOUT_SHARE) + options.lease / LOOKS * 2;
    written_lease(options).saturating_sub(noticed)
}

/// Exponential backoff with jitter between half and the whole delay.
pub(crate) fn backoff(base: Duration, max: Duration, attempt: u32, random: f64) -> Duration {
    let doubled = base.saturating_mul(2u32.saturating_pow(attempt.saturating_sub(1).min(20)));
    doubled.min(max).mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_that_has_ended_is_found_within_its_promised_length_and_its_run_is_gone_by_then() {
        let seconds = Duration::from_secs_f64;
        for (lease, heartbeat) in [(30.0, 6.0), (3.0, 1.0), (2.0, 1.0), (3_600.0, 6.0), (0.5, 0.05)]
        {
            let (lease, heartbeat) = (seconds(lease), seconds(heartbeat));
            let options = EngineOptions { lease, heartbeat, ..EngineOptions::default() };
            let (written, every) = (written_lease(&options), search_every(&options));
            assert!(written + every * 2 < lease, "{options:?}");
            assert!(written >= lease.mul_f64(0.89), "{options:?}");
            assert_eq!(every * searches_in_a_beat(&options), heartbeat, "{options:?}");
            let noticed = lease.mul_f64(LEASE_TIMEOUT_SHARE) + lease / LOOKS * 2;
            let last = last_grace(&options);
            assert!(noticed + last <= written && last > lease / 4, "{options:?}");
        }
    }

    #[test]
    fn retries_double_up_to_the_longest_and_are_spread() {
        let (base, max) = (Duration::from_secs(2), Duration::from_secs(300));
        assert_eq!(backoff(base, max, 1, 1.0), Duration::from_secs(2));
        assert_eq!(backoff(base, max, 1, 0.0), Duration::from_secs(1));
        assert_eq!(backoff(base, max, 4, 1.0), Duration::from_secs(16));
        assert_eq!(backoff(base, max, 1_000_000, 1.0), max);
    }
}
