//! Delays of retries: as requested by the endpoint, or else exponential.

use std::{
    future::Future,
    pin::Pin,
    time::{Duration, SystemTime},
};

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// First delay without `Retry-After`; doubles with each try.
const BASE: Duration = Duration::from_secs(1);

/// Waits; replaceable in tests.
pub(in super::super) trait Pause: Send + Sync {
    /// Returns after `duration`.
    fn pause(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// Waits by tokio's clock.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct TokioPause;

impl Pause for TokioPause {
    fn pause(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// Parses `Retry-After` in seconds or as an HTTP date; a date in the past is zero.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds.max(0.0)).ok();
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// Delay before try `tries + 1` (1 after the first failure); `jitter` is 0..1.
pub(super) fn backoff(tries: u32, longest: Duration, jitter: f64) -> Duration {
    let doubled = BASE.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1)));
    // At least half, so that a low jitter does not overload a failing server.
    doubled.min(longest).mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())])
    }

    #[test]
    fn seconds_and_dates_are_read() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        assert_eq!(retry_after(&headers("7"), now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(&headers("0.25"), now), Some(Duration::from_millis(250)));
        let date = httpdate::fmt_http_date(now + Duration::from_secs(90));
        assert_eq!(retry_after(&headers(&date), now), Some(Duration::from_secs(90)));
        assert_eq!(
            retry_after(&headers("Mon, 01 Jan 2001 00:00:00 GMT"), now),
            Some(Duration::ZERO)
        );
        for odd in ["soon", "-", "NaN", "1e300"] {
            let told = retry_after(&headers(odd), now);
            assert!(told.is_none_or(|wait| wait == Duration::ZERO), "{odd}: {told:?}");
        }
    }

    #[test]
    fn waits_double_up_to_the_longest_and_never_overflow() {
        let longest = Duration::from_secs(60);
        let waits: Vec<f64> =
            (1..=8).map(|tries| backoff(tries, longest, 1.0).as_secs_f64()).collect();
        assert_eq!(waits, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]);
        assert_eq!(backoff(1, longest, 0.0), Duration::from_millis(500));
        assert_eq!(backoff(1000, longest, 1.0), longest);
    }
}
