//! Minimum transfer rate: gives up on a peer that sends or accepts fewer bytes per second than
//! required.
//!
//! A peer starts with a time allowance. Each byte adds to it and waiting consumes it, so an
//! occasional byte is not enough. The allowance is capped, however much was transferred before.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

/// Why a peer was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooSlow {
    /// Nothing was transferred for the maximum allowance.
    Silent,
    /// Transfer was below the minimum rate.
    Slow,
}

/// Time allowance of a peer; see the module. Only time spent waiting for the peer counts.
#[derive(Debug)]
pub struct Pace {
    max: Duration,
    rate: u32,
    left: Duration,
    waiting: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    /// Creates an allowance of `grace` initially and `max` at most, for a minimum rate of `rate`
    /// bytes per second. With `rate` 0 there is no minimum, and each piece may take `max`.
    pub fn new(grace: Duration, max: Duration, rate: u32) -> Self {
        let left = if rate == 0 { max } else { grace.min(max) };
        Self { max, rate, left, waiting: None, timer: None }
    }

    /// Records transferred bytes.
    pub fn moved(&mut self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        if let Some(since) = self.waiting.take() {
            self.left = self.left.saturating_sub(since.elapsed());
        }
        self.left = match self.rate {
            0 => self.max,
            rate => {
                let seconds = (bytes as f64 / f64::from(rate)).min(self.max.as_secs_f64());
                self.left.saturating_add(Duration::from_secs_f64(seconds)).min(self.max)
            }
        };
    }

    /// Waits for the peer; ready once it is too slow.
    pub fn poll_too_slow(&mut self, cx: &mut Context<'_>) -> Poll<TooSlow> {
        let since = match self.waiting {
            Some(since) => since,
            None => {
                let now = Instant::now();
                let end = now + self.left;
                match &mut self.timer {
                    Some(timer) => timer.as_mut().reset(end),
                    None => self.timer = Some(Box::pin(sleep_until(end))),
                }
                *self.waiting.insert(now)
            }
        };
        if let Some(timer) = &mut self.timer {
            ready!(timer.as_mut().poll(cx));
        }
        Poll::Ready(if since.elapsed() >= self.max { TooSlow::Silent } else { TooSlow::Slow })
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::time::timeout;

    use super::*;

    const S: Duration = Duration::from_secs(1);

    /// Simulates a peer that moves the given bytes after each second; returns the seconds until it
    /// is given up.
    async fn lost(mut pace: Pace, moves: impl IntoIterator<Item = usize>) -> (u64, TooSlow) {
        let begun = Instant::now();
        for bytes in moves {
            let gap = poll_fn(|cx| pace.poll_too_slow(cx));
            if let Ok(why) = timeout(S, gap).await {
                return (begun.elapsed().as_secs(), why);
            }
            pace.moved(bytes);
        }
        let why = poll_fn(|cx| pace.poll_too_slow(cx)).await;
        (begun.elapsed().as_secs(), why)
    }

    fn pace(rate: u32) -> Pace {
        Pace::new(20 * S, 60 * S, rate)
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_counts_from_the_beginning_and_not_from_the_last_byte() {
        for bytes in [0, 1, 100] {
            let (seconds, why) = lost(pace(500), std::iter::repeat_n(bytes, 1_000)).await;
            assert!((20..=25).contains(&seconds), "{bytes}: {seconds}");
            assert_eq!(why, TooSlow::Slow);
        }
        let (seconds, why) = lost(pace(500), std::iter::repeat_n(500, 1_000)).await;
        assert_eq!((seconds, why), (1_020, TooSlow::Slow));
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_moved_buys_no_more_than_the_limit() {
        let much = std::iter::once(100_000_000);
        assert_eq!(lost(pace(500), much.clone()).await, (61, TooSlow::Silent));
        let (seconds, why) = lost(pace(500), much.chain(std::iter::repeat_n(1, 1_000))).await;
        assert_eq!((seconds, why), (61, TooSlow::Slow));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_each_piece_has_the_same_time() {
        assert_eq!(lost(pace(0), std::iter::repeat_n(1, 1_000)).await, (1_060, TooSlow::Silent));
        assert_eq!(lost(pace(0), std::iter::repeat_n(0, 1_000)).await.1, TooSlow::Silent);
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_in_which_nobody_waits_does_not_count() {
        let mut pace = pace(500);
        for _ in 0..100 {
            pace.moved(1);
            tokio::time::advance(10 * S).await;
        }
        assert_eq!(lost(pace, [1]).await.1, TooSlow::Slow);
    }
}
