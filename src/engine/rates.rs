//! How often one client may do what costs something, whoever it says that it is.

use std::{
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _};

use super::ClientAddress;

/// Addresses that are remembered at once, in some 100 bytes each. What is more shares one limit.
const MAX_CLIENTS: usize = 100_000;

/// A full table is looked through at most this often.
const TIDY: Duration = Duration::from_secs(1);

/// How often one client, by its address, may start something. Each number is also how much may come at
/// once. `Default` gives the documented values; 0: as often as it likes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateOptions {
    /// Tasks that are started in a minute; a batch counts as each of its tasks. Default: 1,200.
    pub starts_per_minute: u32,
    /// Uploads that are begun in a minute. Default: 600.
    pub uploads_per_minute: u32,
}

impl Default for RateOptions {
    fn default() -> Self {
        Self { starts_per_minute: 1_200, uploads_per_minute: 600 }
    }
}

/// A limit for each address.
pub(crate) struct RateLimit {
    limiter: DefaultKeyedRateLimiter<Option<ClientAddress>>,
    burst: NonZeroU32,
    max_clients: usize,
    /// When those who have done nothing for a while were last forgotten.
    tidied: Mutex<Option<Instant>>,
}

impl RateLimit {
    /// So many in a minute; `None` for 0, which is no limit.
    pub(crate) fn per_minute(max: u32) -> Option<Self> {
        let burst = NonZeroU32::new(max)?;
        let limiter = RateLimiter::dashmap(Quota::per_minute(burst));
        Some(Self { limiter, burst, max_clients: MAX_CLIENTS, tidied: Mutex::new(None) })
    }

    /// Counts what this client does, so many times at once.
    ///
    /// # Errors
    /// When it did too much already: milliseconds until it may try again.
    pub(crate) fn take(&self, client: ClientAddress, times: usize) -> Result<(), i64> {
        let times = u32::try_from(times).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        // What never could be done at once takes all that there is.
        let times = times.min(self.burst);
        let taken = match self.limiter.check_key_n(&self.key(client), times) {
            Ok(taken) => taken,
            // Not reached: as much as the burst fits.
            Err(_) => return Ok(()),
        };
        taken.map_err(|until| {
            let wait = until.wait_time_from(self.limiter.clock().now());
            i64::try_from(wait.as_millis()).unwrap_or(i64::MAX).max(1)
        })
    }

    /// Those for whom there is no room have one limit together.
    fn key(&self, client: ClientAddress) -> Option<ClientAddress> {
        if self.limiter.len() < self.max_clients {
            return Some(client);
        }
        self.tidy();
        (self.limiter.len() < self.max_clients).then_some(client)
    }

    /// Forgets those who have done nothing for a while; they are like somebody new.
    fn tidy(&self) {
        let mut tidied = self.tidied.lock().unwrap_or_else(PoisonError::into_inner);
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
        let limit = RateLimit::per_minute(3).unwrap();
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
        let limit = RateLimit::per_minute(100).unwrap();
        assert_eq!(limit.take(client(1), 60), Ok(()));
        assert!(limit.take(client(1), 60).is_err());
        assert_eq!(limit.take(client(1), 40), Ok(()));
        assert_eq!(limit.take(client(2), 1_000), Ok(()));
        assert!(limit.take(client(2), 1).is_err());
    }

    #[test]
    fn a_flood_of_addresses_takes_no_more_memory_than_there_is_room_for() {
        let limit = RateLimit { max_clients: 10, ..RateLimit::per_minute(2).unwrap() };
        let fine = (0..100).filter(|last| limit.take(client(*last), 1).is_ok()).count();
        // Ten of their own, and two in the one that the rest share.
        assert_eq!(fine, 12);
        assert_eq!(limit.limiter.len(), 11);
    }

    #[test]
    fn without_a_number_there_is_no_limit() {
        assert!(RateLimit::per_minute(0).is_none());
    }
}
