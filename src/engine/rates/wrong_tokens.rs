//! A limit on wrong tokens per client address. A token that has to be looked up counts as wrong until it turns out to be
//! right, so that requests at the same moment do not exceed the limit.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::{ClientAddress, MAX_CLIENTS, TIDY, TooOften};

/// The window in which wrong tokens are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// Counts wrong tokens.
pub(in crate::engine) struct WrongTokens {
    /// 0: no limit.
    max: u32,
    max_clients: usize,
    windows: Mutex<Windows>,
}

#[derive(Default)]
struct Windows {
    /// Addresses beyond the maximum share the key `None`.
    of: HashMap<Option<ClientAddress>, Window>,
    tidied: Option<Instant>,
}

struct Window {
    begun: Instant,
    wrong: u32,
}

/// A token that is looked up; counted as wrong unless [`WrongTokens::forgive`] is called.
pub(in crate::engine) struct Attempt {
    key: Option<ClientAddress>,
    begun: Instant,
}

impl WrongTokens {
    pub(super) fn per_minute(max: u32) -> Self {
        Self { max, max_clients: MAX_CLIENTS, windows: Mutex::default() }
    }

    /// Counts a token of this client as wrong. `None`: there is no limit, or no address.
    ///
    /// # Errors
    /// When the client has sent too many wrong tokens.
    pub(in crate::engine) fn attempt(
        &self,
        client: Option<ClientAddress>,
        now: Instant,
    ) -> Result<Option<Attempt>, TooOften> {
        if self.max == 0 || client.is_none() {
            return Ok(None);
        }
        let mut windows = self.windows.lock();
        let key = windows.key(client, self.max_clients, now);
        let window = windows.of.entry(key).or_insert(Window { begun: now, wrong: 0 });
        if !window.is_open(now) {
            *window = Window { begun: now, wrong: 0 };
        }
        if window.wrong >= self.max {
            let left = WINDOW.saturating_sub(now.saturating_duration_since(window.begun));
            return Err(TooOften {
                what: "wrong tokens",
                max: self.max,
                setting: "http.rate.wrong_tokens_per_minute",
                retry_after_ms: i64::try_from(left.as_millis()).unwrap_or(i64::MAX).max(1),
            });
        }
        window.wrong += 1;
        Ok(Some(Attempt { key, begun: window.begun }))
    }

    /// A token was right, or could not be looked up.
    pub(in crate::engine) fn forgive(&self, attempt: Option<Attempt>) {
        let Some(Attempt { key, begun }) = attempt else { return };
        let mut windows = self.windows.lock();
        let Some(window) = windows.of.get_mut(&key).filter(|window| window.begun == begun) else {
            return;
        };
        window.wrong = window.wrong.saturating_sub(1);
        if window.wrong == 0 {
            windows.of.remove(&key);
        }
    }
}

impl Window {
    fn is_open(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.begun) < WINDOW
    }
}

impl Windows {
    fn key(
        &mut self,
        client: Option<ClientAddress>,
        max_clients: usize,
        now: Instant,
    ) -> Option<ClientAddress> {
        if self.of.contains_key(&client) || self.of.len() < max_clients {
            return client;
        }
        let is_due = |at| now.saturating_duration_since(at) >= TIDY;
        if self.tidied.is_none_or(is_due) {
            self.of.retain(|_, window| window.is_open(now));
            self.tidied = Some(now);
        }
        client.filter(|_| self.of.len() < max_clients)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn client(last: u8) -> Option<ClientAddress> {
        Some(IpAddr::from([192, 0, 2, last]).into())
    }

    #[test]
    fn wrong_tokens_of_one_address_are_limited_and_right_ones_are_not() {
        let (limit, now) = (WrongTokens::per_minute(2), Instant::now());
        for _ in 0..10 {
            limit.forgive(limit.attempt(client(1), now).unwrap());
        }
        assert!(limit.windows.lock().of.is_empty(), "right ones are not remembered");
        for _ in 0..2 {
            assert!(limit.attempt(client(1), now).is_ok());
        }
        let refused = limit.attempt(client(1), now + Duration::from_secs(20)).err().unwrap();
        assert_eq!(refused.retry_after_ms, 40_000);
        assert!(refused.to_string().contains("(http.rate.wrong_tokens_per_minute)"), "{refused}");
        assert!(limit.attempt(client(2), now).is_ok() && limit.attempt(None, now).is_ok());
        assert!(limit.attempt(client(1), now + WINDOW).is_ok());
    }

    #[test]
    fn a_flood_of_addresses_takes_no_more_memory_than_there_is_room_for() {
        let limit = WrongTokens { max_clients: 10, ..WrongTokens::per_minute(2) };
        let now = Instant::now();
        let fine = (0..100).filter(|last| limit.attempt(client(*last), now).is_ok()).count();
        // Ten addresses of their own, and two attempts of all others together.
        assert_eq!((fine, limit.windows.lock().of.len()), (12, 11));
        assert!(limit.attempt(client(200), now + WINDOW).is_ok());
        assert_eq!(limit.windows.lock().of.len(), 1, "old windows make room");
    }

    #[test]
    fn without_a_number_there_is_no_limit() {
        let (limit, now) = (WrongTokens::per_minute(0), Instant::now());
        assert!((0..1_000).all(|_| limit.attempt(client(1), now).is_ok()));
    }
}
