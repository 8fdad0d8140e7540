//! The four policies: how long to wait before the next request.

/// How long to wait between two requests. Failures are waited for in the same way by all four.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// A fixed delay.
    Interval {
        /// Milliseconds; under 500 counts as 500. Default: 2,000.
        every_ms: u32,
    },
    /// 1 s; 2 s after 10 polls; 5 s after 30.
    Adaptive,
    /// 1 s, 2 s, 4 s, 8 s, then 10 s.
    Backoff,
    /// The server paces; by the task's age and estimated end where the server does not hold.
    #[default]
    Paced,
}

impl Policy {
    /// All four, with their defaults, in the order in which a chooser shows them.
    pub const ALL: [Self; 4] =
        [Self::Paced, Self::Interval { every_ms: 2_000 }, Self::Adaptive, Self::Backoff];

    /// The word in settings and choosers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Interval { .. } => "interval",
            Self::Adaptive => "adaptive",
            Self::Backoff => "backoff",
            Self::Paced => "paced",
        }
    }

    /// Reads the word; `interval` gets its default delay. `None` for any other word.
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

    /// How many requests this policy makes in that many milliseconds of watching, if each is answered
    /// at once; `None` for [`Policy::Paced`], whose requests depend on the tasks and the server.
    pub fn requests_in(self, ms: u64) -> Option<u32> {
        let (mut requests, mut left) = (1_u32, ms);
        // Neither policy changes its delay after this many.
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
