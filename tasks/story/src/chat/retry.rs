//! Delays of retries: as requested by the endpoint, or else exponential.

use std::{
    future::Future,
    pin::Pin,
    time::{Duration, SystemTime},
};

use reqwest::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};

use super::reply::{duration, spoken};

/// First delay without `Retry-After`; doubles with each try.
const BASE: Duration = Duration::from_secs(1);
/// Seconds from which on a number is the time of a reset, and not the delay until it.
const MAX_RESET: f64 = 1e8;

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

/// Parses `Retry-After-Ms`, or `Retry-After` in seconds or as an HTTP date; a date in the past is
/// zero, and one too large for a number a year. A date counts from the response's own `Date`, if it has one: clocks differ.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |value: &HeaderValue| value.to_str().ok().map(|text| text.trim().to_owned());
    let seconds = |text: &str| {
        let first = text.split([',', 's']).next().unwrap_or_default();
        duration(first.trim().parse().ok()?)
    };
    let exact = headers.get("retry-after-ms").and_then(text);
    if let Some(wait) = exact.and_then(|text| seconds(&text)) {
        return Some(wait / 1_000);
    }
    let date = |text: &str| httpdate::parse_http_date(text).ok();
    let sent = headers.get(DATE).and_then(text).and_then(|text| date(&text)).unwrap_or(now);
    let value = headers.get(RETRY_AFTER).and_then(text)?;
    seconds(&value).or_else(|| Some(date(&value)?.duration_since(sent).unwrap_or_default()))
}

/// The delay until a limit of a busy endpoint that is used up starts anew, as headers such as
/// `x-ratelimit-reset-tokens: 4.5s` tell it: the longest one.
pub(super) fn reset_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.trim().to_owned());
    let reset = |what: &str| {
        let left: f64 = text(&format!("x-ratelimit-remaining-{what}"))?.parse().ok()?;
        let wait = text(&format!("x-ratelimit-reset-{what}")).filter(|_| left <= 0.0)?;
        // A number alone is in seconds; a large one is a time and no delay.
        let number = || duration(wait.parse().ok().filter(|seconds| *seconds < MAX_RESET)?);
        spoken(&wait).or_else(number)
    };
    ["tokens", "requests"].into_iter().filter_map(reset).max()
}

/// Delay before try `tries + 1`: what the endpoint asks for, but at least a second; else
/// [`backoff`].
pub(super) fn delay(
    asked: Option<Duration>,
    tries: u32,
    max_delay: Duration,
    jitter: f64,
) -> Duration {
    match asked {
        Some(asked) if asked >= BASE => asked,
        Some(_) => BASE.mul_f64(1.0 + jitter.clamp(0.0, 1.0)).min(max_delay),
        None => backoff(tries, max_delay, jitter),
    }
}

/// Delay before try `tries + 1` (1 after the first failure); `jitter` is 0..1.
pub(super) fn backoff(tries: u32, max_delay: Duration, jitter: f64) -> Duration {
    let doubled = BASE.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1)));
    // At least half, so that a low jitter does not overload a failing server.
    doubled.min(max_delay).mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
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
        for odd in ["7, 7", "7s", " 7 "] {
            assert_eq!(retry_after(&headers(odd), now), Some(Duration::from_secs(7)), "{odd}");
        }
        let date = httpdate::fmt_http_date(now + Duration::from_secs(90));
        assert_eq!(retry_after(&headers(&date), now), Some(Duration::from_secs(90)));
        assert_eq!(
            retry_after(&headers("Mon, 01 Jan 2001 00:00:00 GMT"), now),
            Some(Duration::ZERO)
        );
        for large in ["99999999999999999999999", "1e300", "18446744073709551616"] {
            let message = retry_after(&headers(large), now);
            assert_eq!(message, Some(Duration::from_secs(366 * 86_400)), "{large}");
        }
        for odd in ["soon", "-", "NaN"] {
            let message = retry_after(&headers(odd), now);
            assert!(message.is_none_or(|wait| wait == Duration::ZERO), "{odd}: {message:?}");
        }
    }

    #[test]
    fn a_limit_that_is_used_up_tells_when_it_starts_anew() {
        let reset = |pairs: &[(&'static str, &str)]| {
            let pairs = pairs.iter().map(|(name, value)| {
                let name = format!("x-ratelimit-{name}");
                (name.parse::<reqwest::header::HeaderName>().unwrap(), value.parse().unwrap())
            });
            reset_after(&HeaderMap::from_iter(pairs)).map(|wait| wait.as_secs_f64())
        };
        for (text, seconds) in
            [("4.5s", 4.5), ("1m26.4s", 86.4), ("120ms", 0.12), ("6m0s", 360.0), ("7", 7.0)]
        {
            let message = reset(&[("remaining-tokens", "0"), ("reset-tokens", text)]);
            assert_eq!(message, Some(seconds), "{text}");
            let message = reset(&[("remaining-requests", "0"), ("reset-requests", text)]);
            assert_eq!(message, Some(seconds), "{text}");
        }
        let both = [
            ("remaining-tokens", "0"),
            ("reset-tokens", "4.5s"),
            ("remaining-requests", "900"),
            ("reset-requests", "2h"),
        ];
        assert_eq!(reset(&both), Some(4.5), "the other limit is not used up");
        assert_eq!(reset(&[("remaining-tokens", "5"), ("reset-tokens", "4.5s")]), None);
        assert_eq!(reset(&[("reset-tokens", "4.5s")]), None);
        for odd in ["soon", "", "1700000000", "NaN"] {
            assert_eq!(reset(&[("remaining-tokens", "0"), ("reset-tokens", odd)]), None, "{odd}");
        }
    }

    #[test]
    fn a_date_counts_from_the_clock_of_the_endpoint() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let theirs = now - Duration::from_secs(3_600);
        let mut headers = headers(&httpdate::fmt_http_date(theirs + Duration::from_secs(20)));
        headers.insert(DATE, httpdate::fmt_http_date(theirs).parse().unwrap());
        assert_eq!(retry_after(&headers, now), Some(Duration::from_secs(20)));
        headers.insert("retry-after-ms", "1500".parse().unwrap());
        assert_eq!(retry_after(&headers, now), Some(Duration::from_millis(1_500)));
    }

    #[test]
    fn no_endpoint_is_asked_again_within_a_second() {
        let max_delay = Duration::from_secs(60);
        for jitter in [0.0, 0.5, 1.0] {
            let wait = delay(Some(Duration::ZERO), 1, max_delay, jitter).as_secs_f64();
            assert!((wait - 1.0 - jitter).abs() < 1e-9, "{wait}");
        }
        let asked = Some(Duration::from_secs(7));
        assert_eq!(delay(asked, 3, max_delay, 0.5), Duration::from_secs(7));
        assert_eq!(delay(None, 1, max_delay, 1.0), Duration::from_secs(1));
    }

    #[test]
    fn waits_double_up_to_the_longest_and_never_overflow() {
        let max_delay = Duration::from_secs(60);
        let waits: Vec<f64> =
            (1..=8).map(|tries| backoff(tries, max_delay, 1.0).as_secs_f64()).collect();
        assert_eq!(waits, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]);
        assert_eq!(backoff(1, max_delay, 0.0), Duration::from_millis(500));
        assert_eq!(backoff(1000, max_delay, 1.0), max_delay);
    }
}
