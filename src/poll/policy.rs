//! The four policies: the delay before the next request.

/// The delay between two requests. All four policies treat failures the same way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// A fixed delay.
    Interval {
        /// The delay in milliseconds; less than 500 counts as 500. Default: 2,000.
        every_ms: u32,
    },
    /// 1 s; 2 s after 10 polls; 5 s after 30.
    Adaptive,
    /// 1 s, 2 s, 4 s, 8 s, then 10 s.
    Backoff,
    /// Paced by the server; without long polls, by the task's age and estimated end.
    #[default]
    Paced,
}

impl Policy {
    /// All four, with their defaults, in the order of a chooser.
    pub const ALL: [Self; 4] =
        [Self::Paced, Self::Interval { every_ms: 2_000 }, Self::Adaptive, Self::Backoff];

    /// The name in settings and choosers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Interval { .. } => "interval",
            Self::Adaptive => "adaptive",
            Self::Backoff => "backoff",
            Self::Paced => "paced",
        }
    }

    /// Parses a name; `interval` gets its default delay. `None` for any other name.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == word)
    }

    /// The delay in milliseconds after the poll number `polls` (from 1); `None` for
    /// [`Policy::Paced`], whose delay depends on the tasks and the server.
    pub const fn delay_ms(self, polls: u32) -> Option<u32> {
        match self {
            Self::Interval { every_ms: 0..500 } => Some(500),
            Self::Interval { every_ms } => Some(every_ms),
            Self::Adaptive => Some(match polls {
                0..10 => 1_000,
                10..30 => 2_000,
                _ => 5_000,
            }),
            Self::Backoff => Some(match polls {
                0..=1 => 1_000,
                2..=4 => 500 << polls,
                _ => 10_000,
            }),
            Self::Paced => None,
        }
    }

    /// Number of requests that this policy sends in `ms` milliseconds of watching, if each is
    /// answered immediately; `None` for [`Policy::Paced`], whose requests depend on the tasks and
    /// the server.
    pub fn requests_in(self, ms: u64) -> Option<u32> {
        let (mut requests, mut left) = (1_u32, ms);
        // After 30 requests no policy changes its delay.
        while requests < 30 {
            let delay = u64::from(self.delay_ms(requests)?);
            if left < delay {
                return Some(requests);
            }
            (requests, left) = (requests + 1, left - delay);
        }
        let more = left / u64::from(self.delay_ms(requests)?);
        Some(requests.saturating_add(u32::try_from(more).unwrap_or(u32::MAX)))
    }
}
