//! Rate limits per client address, independent of the caller's identity.

mod wrong_tries;

use std::{
    num::NonZeroU32,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _};

use super::ClientAddress;
pub(crate) use wrong_tries::WrongTries;

/// Maximum number of addresses tracked at once, at about 100 bytes each. Further ones share one
/// limit.
const MAX_CLIENTS: usize = 100_000;

/// Rows of the audit log per minute and address about what changes nothing. More are only logged.
const AUDIT_PER_MINUTE: u32 = 600;

/// Whose operations count together.
const FROM_ONE_ADDRESS: &str = "from one address";

/// Minimum time between two clean-ups of a full table.
const TIDY: Duration = Duration::from_secs(1);

/// Rate limits per client address. Each number is also the permitted burst. `Default` gives the
/// documented values; 0: no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateOptions {
    /// Tasks started per minute; each task of a batch counts. Default: 1,200.
    pub starts_per_minute: u32,
    /// Uploads begun per minute. Default: 600.
    pub uploads_per_minute: u32,
    /// Requests with a wrong token per minute, from the first one; further ones are refused before the token is looked
    /// up. Default: 300.
    pub wrong_tokens_per_minute: u32,
}

crate::with::with!(RateOptions);

impl Default for RateOptions {
    fn default() -> Self {
        Self { starts_per_minute: 1_200, uploads_per_minute: 600, wrong_tokens_per_minute: 300 }
    }
}

/// A client exceeds a rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{max} {what} a minute are the most {whose} ({setting}); try again in {} s",
    .retry_after_ms.saturating_add(999) / 1000
)]
#[non_exhaustive]
pub struct TooOften {
    what: &'static str,
    whose: &'static str,
    max: u32,
    setting: &'static str,
    /// When to retry, in milliseconds.
    pub retry_after_ms: i64,
}

/// The rate limits of one engine.
pub(super) struct Rates {
    pub(super) starts: RateLimit,
    pub(super) uploads: RateLimit,
    pub(super) wrong_tokens: WrongTries<ClientAddress>,
    /// Rows of the audit log about what changes nothing.
    pub(super) audit: RateLimit,
}

impl Rates {
    pub(super) fn new(options: &RateOptions) -> Self {
        let RateOptions { starts_per_minute, uploads_per_minute, wrong_tokens_per_minute } =
            *options;
        Self {
            starts: RateLimit::per_minute(
                starts_per_minute,
                "starts",
                "http.rate.starts_per_minute",
            ),
            uploads: RateLimit::per_minute(
                uploads_per_minute,
                "uploads",
                "http.rate.uploads_per_minute",
            ),
            wrong_tokens: WrongTries::per_minute(
                wrong_tokens_per_minute,
                "wrong tokens",
                FROM_ONE_ADDRESS,
                "http.rate.wrong_tokens_per_minute",
            ),
            audit: RateLimit::per_minute(AUDIT_PER_MINUTE, "rows of the audit log", ""),
        }
    }
}

/// A rate limit per client address, or none. One that an HTTP layer owns counts apart from those of
/// the engine.
pub struct RateLimit {
    buckets: Option<Buckets>,
    what: &'static str,
    setting: &'static str,
}

impl RateLimit {
    /// At most `max` per minute; 0: no limit. Errors name `what` is counted and the `setting` that
    /// limits it.
    pub fn per_minute(max: u32, what: &'static str, setting: &'static str) -> Self {
        Self { buckets: Buckets::per_minute(max), what, setting }
    }

    /// Counts `times` operations of this client. Nothing is counted without an address.
    ///
    /// # Errors
    /// When the limit is exceeded.
    pub fn take(&self, client: Option<ClientAddress>, times: usize) -> Result<(), TooOften> {
        let (Some(buckets), Some(client)) = (&self.buckets, client) else { return Ok(()) };
        let Self { what, setting, .. } = *self;
        let max = buckets.burst.get();
        buckets.take(client, times).map_err(|retry_after_ms| TooOften {
            what,
            whose: FROM_ONE_ADDRESS,
            max,
            setting,
            retry_after_ms,
        })
    }
}

/// The remaining allowance of each client.
struct Buckets {
    limiter: DefaultKeyedRateLimiter<Option<ClientAddress>>,
    burst: NonZeroU32,
    max_clients: usize,
    /// When idle clients were last removed.
    tidied: Mutex<Option<Instant>>,
}

impl Buckets {
    /// `None` for 0, which means no limit.
    fn per_minute(max: u32) -> Option<Self> {
        let burst = NonZeroU32::new(max)?;
        let limiter = RateLimiter::dashmap(Quota::per_minute(burst));
        Some(Self { limiter, burst, max_clients: MAX_CLIENTS, tidied: Mutex::new(None) })
    }

    /// The error is the time until the next attempt can succeed, in milliseconds.
    fn take(&self, client: ClientAddress, times: usize) -> Result<(), i64> {
        let times = u32::try_from(times).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        // More than the burst could never pass; charge the whole burst instead.
        let times = times.min(self.burst);
        let taken = match self.limiter.check_key_n(&self.key(client), times) {
            Ok(taken) => taken,
            // Unreachable: `times` is at most the burst.
            Err(_) => return Ok(()),
        };
        taken.map_err(|until| {
            let wait = until.wait_time_from(self.limiter.clock().now());
            i64::try_from(wait.as_millis()).unwrap_or(i64::MAX).max(1)
        })
    }

    /// When the table is full, new clients share the key `None`.
    fn key(&self, client: ClientAddress) -> Option<ClientAddress> {
        if self.limiter.len() < self.max_clients {
            return Some(client);
        }
        self.tidy();
        (self.limiter.len() < self.max_clients).then_some(client)
    }

    /// Removes idle clients, whose allowance is full again.
    fn tidy(&self) {
        let mut tidied = self.tidied.lock();
        if tidied.is_none_or(|at| at.elapsed() >= TIDY) {
            self.limiter.retain_recent();
            *tidied = Some(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn client(last: u8) -> ClientAddress {
        IpAddr::from([192, 0, 2, last]).into()
    }

    #[test]
    fn each_client_has_its_own_number() {
        let limit = Buckets::per_minute(3).unwrap();
        for _ in 0..3 {
            assert_eq!(limit.take(client(1), 1), Ok(()));
        }
        let wait = limit.take(client(1), 1).unwrap_err();
        assert!((1..=20_000).contains(&wait), "{wait}");
        assert_eq!(limit.take(client(2), 3), Ok(()));
        assert!(limit.take(client(2), 1).is_err());
    }

    #[test]
    fn a_batch_counts_as_each_of_its_tasks_and_the_largest_as_all() {
        let limit = Buckets::per_minute(100).unwrap();
        assert_eq!(limit.take(client(1), 60), Ok(()));
        assert!(limit.take(client(1), 60).is_err());
        assert_eq!(limit.take(client(1), 40), Ok(()));
        assert_eq!(limit.take(client(2), 1_000), Ok(()));
        assert!(limit.take(client(2), 1).is_err());
    }

    #[test]
    fn a_flood_of_addresses_takes_no_more_memory_than_there_is_room_for() {
        let limit = Buckets { max_clients: 10, ..Buckets::per_minute(2).unwrap() };
        let fine = (0..100).filter(|last| limit.take(client(*last), 1).is_ok()).count();
        // Ten for each of their own limits, and two for the shared one.
        assert_eq!(fine, 12);
        assert_eq!(limit.limiter.len(), 11);
    }

    #[test]
    fn without_a_number_there_is_no_limit() {
        let limit = RateLimit::per_minute(0, "starts", "x");
        assert!((0..10_000).all(|_| limit.take(Some(client(1)), 100).is_ok()));
    }

    #[test]
    fn who_did_too_much_is_told_the_limit_and_when_to_come_back() {
        let limit = RateLimit::per_minute(1, "starts", "http.rate.starts_per_minute");
        assert_eq!(limit.take(Some(client(1)), 1), Ok(()));
        let refused = limit.take(Some(client(1)), 1).unwrap_err();
        assert!(refused.retry_after_ms > 50_000, "{refused:?}");
        assert_eq!(
            refused.to_string(),
            "1 starts a minute are the most from one address (http.rate.starts_per_minute); \
             try again in 60 s"
        );
        // Callers without an address are not limited.
        assert_eq!(limit.take(None, 1), Ok(()));
    }
}
