//! A limit on wrong tries: of tokens per client address, of passwords also per name. A try counts as wrong until it turns
//! out to be right, so that requests at the same moment do not exceed the limit.

use std::{
    collections::HashMap,
    hash::Hash,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::{MAX_CLIENTS, TIDY, TooOften};

/// The window in which wrong tries are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// Counts wrong tries by a key.
pub(crate) struct WrongTries<K> {
    /// 0: no limit.
    max: u32,
    /// What is tried, whose tries count together, and the setting with the number.
    what: &'static str,
    whose: &'static str,
    setting: &'static str,
    max_keys: usize,
    windows: Mutex<Windows<K>>,
}

struct Windows<K> {
    /// Keys beyond the maximum share `None`.
    of: HashMap<Option<K>, Window>,
    tidied: Option<Instant>,
}

struct Window {
    begun: Instant,
    wrong: u32,
}

/// A try; counted as wrong unless [`WrongTries::forgive`] is called.
pub(crate) struct Attempt<K> {
    key: Option<K>,
    begun: Instant,
}

impl<K: Clone + Eq + Hash> WrongTries<K> {
    /// At most `max` per minute; 0: no limit. Errors name `what` is tried, `whose` tries count together
    /// (`from one address`), and the `setting`.
    pub(crate) fn per_minute(
        max: u32,
        what: &'static str,
        whose: &'static str,
        setting: &'static str,
    ) -> Self {
        let windows = Mutex::new(Windows { of: HashMap::new(), tidied: None });
        Self { max, what, whose, setting, max_keys: MAX_CLIENTS, windows }
    }

    /// Counts a try as wrong. `None`: there is no limit, or no key.
    ///
    /// # Errors
    /// When there were too many wrong ones.
    pub(crate) fn attempt(
        &self,
        key: Option<K>,
        now: Instant,
    ) -> Result<Option<Attempt<K>>, TooOften> {
        if self.max == 0 || key.is_none() {
            return Ok(None);
        }
        let mut windows = self.windows.lock();
        let key = windows.key(key, self.max_keys, now);
        let window = windows.of.entry(key.clone()).or_insert(Window { begun: now, wrong: 0 });
        if !window.is_open(now) {
            *window = Window { begun: now, wrong: 0 };
        }
        if window.wrong >= self.max {
            let left = WINDOW.saturating_sub(now.saturating_duration_since(window.begun));
            return Err(TooOften {
                what: self.what,
                whose: self.whose,
                max: self.max,
                setting: self.setting,
                retry_after_ms: i64::try_from(left.as_millis()).unwrap_or(i64::MAX).max(1),
            });
        }
        window.wrong += 1;
        Ok(Some(Attempt { key, begun: window.begun }))
    }

    /// A try was right, or could not be examined.
    pub(crate) fn forgive(&self, attempt: Option<Attempt<K>>) {
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

impl<K: Clone + Eq + Hash> Windows<K> {
    fn key(&mut self, key: Option<K>, max_keys: usize, now: Instant) -> Option<K> {
        if self.of.contains_key(&key) || self.of.len() < max_keys {
            return key;
        }
        let is_due = |at| now.saturating_duration_since(at) >= TIDY;
        if self.tidied.is_none_or(is_due) {
            self.of.retain(|_, window| window.is_open(now));
            self.tidied = Some(now);
        }
        key.filter(|_| self.of.len() < max_keys)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::engine::ClientAddress;

    fn tokens(max: u32) -> WrongTries<ClientAddress> {
        let setting = "http.rate.wrong_tokens_per_minute";
        WrongTries::per_minute(max, "wrong tokens", "from one address", setting)
    }

    fn client(last: u8) -> Option<ClientAddress> {
        Some(IpAddr::from([192, 0, 2, last]).into())
    }

    #[test]
    fn wrong_tokens_of_one_address_are_limited_and_right_ones_are_not() {
        let (limit, now) = (tokens(2), Instant::now());
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
        let limit = WrongTries { max_keys: 10, ..tokens(2) };
        let now = Instant::now();
        let fine = (0..100).filter(|last| limit.attempt(client(*last), now).is_ok()).count();
        // Ten addresses of their own, and two attempts of all others together.
        assert_eq!((fine, limit.windows.lock().of.len()), (12, 11));
        assert!(limit.attempt(client(200), now + WINDOW).is_ok());
        assert_eq!(limit.windows.lock().of.len(), 1, "old windows make room");
    }

    #[test]
    fn without_a_number_there_is_no_limit() {
        let (limit, now) = (tokens(0), Instant::now());
        assert!((0..1_000).all(|_| limit.attempt(client(1), now).is_ok()));
    }
}
