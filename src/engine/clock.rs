//! Clocks, so that tests can set the time.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use parking_lot::Mutex;

/// Formats a time as RFC 3339.
pub(crate) fn rfc3339(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}

/// The source of time for the engine and its store.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since the Unix epoch.
    fn now_ms(&self) -> i64;
}

/// The system clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
    }
}

/// A clock shared by many machines through the store: the last reading plus the monotonic time
/// since.
#[derive(Debug)]
pub struct StoreClock(Mutex<(i64, Instant)>);

impl StoreClock {
    /// Creates a clock from a reading taken now.
    pub fn new(now_ms: i64) -> Self {
        Self(Mutex::new((now_ms, Instant::now())))
    }

    /// Takes a new reading.
    pub fn set(&self, now_ms: i64) {
        *self.0.lock() = (now_ms, Instant::now());
    }
}

impl Clock for StoreClock {
    fn now_ms(&self) -> i64 {
        let (read, then) = *self.0.lock();
        read.saturating_add(i64::try_from(then.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}

/// A clock that a test advances manually.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Creates a clock that shows `now_ms`.
    pub const fn new(now_ms: i64) -> Self {
        Self(AtomicI64::new(now_ms))
    }

    /// Advances the clock; a negative number sets it back.
    pub fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339() {
        assert_eq!(rfc3339(1_700_000_000_123), "2023-11-14T22:13:20.123Z");
        assert_eq!(rfc3339(i64::MAX), "1970-01-01T00:00:00Z");
    }
}
