//! A rate of runs, such as `10/min`.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Largest number of runs of a rate.
const MAX_RUNS: u32 = 1_000_000;

/// The store counts runs in parts of the period. A run leaves the window up to one part late, so
/// that no window of the period's length ever has too many.
const PARTS: i64 = 60;

/// At most so many runs within any period of this length. Its text is a number from 1 to 1,000,000
/// and a unit: `5/s`, `10/min`, `100/h` or `1000/d`.
///
/// ```
/// use milepost::engine::RunRate;
///
/// let rate: RunRate = "10/min".parse()?;
/// assert_eq!((rate.runs(), rate.period().as_secs()), (10, 60));
/// assert!("10/week".parse::<RunRate>().is_err());
/// # Ok::<(), milepost::engine::InvalidRate>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunRate {
    runs: u32,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
}

/// The text is not a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a number from 1 to 1000000 and a unit (s, min, h or d), such as \"10/min\"")]
pub struct InvalidRate;

impl Unit {
    const ALL: [Self; 4] = [Self::Second, Self::Minute, Self::Hour, Self::Day];

    const fn name(self) -> &'static str {
        match self {
            Self::Second => "s",
            Self::Minute => "min",
            Self::Hour => "h",
            Self::Day => "d",
        }
    }

    const fn ms(self) -> i64 {
        match self {
            Self::Second => 1_000,
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
        }
    }
}

impl RunRate {
    /// Number of runs within a period.
    pub const fn runs(self) -> u32 {
        self.runs
    }

    /// The period.
    pub const fn period(self) -> Duration {
        Duration::from_millis(self.unit.ms().unsigned_abs())
    }

    /// Length of a part of the period, in milliseconds.
    const fn part_ms(self) -> i64 {
        self.unit.ms() / PARTS
    }

    /// How often to check whether another run may begin.
    pub(super) const fn check_every(self) -> Duration {
        Duration::from_millis(self.part_ms().unsigned_abs())
    }

    /// The part in which a run is counted that begins at `now`.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(super) const fn part_of(self, now: i64) -> i64 {
        now.saturating_sub(now.rem_euclid(self.part_ms()))
    }

    /// Parts up to this one have left the window at `now`.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(super) const fn left_by(self, now: i64) -> i64 {
        now.saturating_sub(self.unit.ms()).saturating_sub(self.part_ms())
    }

    /// What the runs in the window allow at `now`. `parts`: beginning and runs of each part, oldest
    /// first.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(super) fn allowance(self, parts: &[(i64, i64)], now: i64) -> Allowance {
        let inside = parts.iter().filter(|(began, _)| *began > self.left_by(now));
        let mut runs: i64 = inside.clone().map(|(_, runs)| *runs).sum();
        let most = i64::from(self.runs);
        if runs < most {
            let free = u32::try_from(most - runs).unwrap_or(self.runs);
            return Allowance { free, next_in_ms: 0 };
        }
        let mut next = now;
        for (began, some) in inside {
            next = began.saturating_add(self.unit.ms()).saturating_add(self.part_ms());
            runs -= some;
            if runs < most {
                break;
            }
        }
        Allowance { free: 0, next_in_ms: next.saturating_sub(now).max(1) }
    }
}

/// What a rate allows at some moment.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowance {
    /// Number of runs that may begin now.
    pub(super) free: u32,
    /// When the next run may begin, in milliseconds from now; 0: now.
    pub(super) next_in_ms: i64,
}

impl FromStr for RunRate {
    type Err = InvalidRate;

    fn from_str(text: &str) -> Result<Self, InvalidRate> {
        let (runs, unit) = text.trim().split_once('/').ok_or(InvalidRate)?;
        let (runs, unit) = (runs.trim(), unit.trim());
        let is_number = runs.bytes().all(|byte| byte.is_ascii_digit());
        let runs = runs.parse().ok().filter(|runs| is_number && (1..=MAX_RUNS).contains(runs));
        let unit = Unit::ALL.into_iter().find(|known| known.name() == unit);
        Ok(Self { runs: runs.ok_or(InvalidRate)?, unit: unit.ok_or(InvalidRate)? })
    }
}

impl fmt::Display for RunRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.runs, self.unit.name())
    }
}

impl Serialize for RunRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RunRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// A number without a unit gets the same error as any other text that is not a rate.
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = RunRate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a rate such as \"10/min\"; it {InvalidRate}")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<RunRate, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
#[cfg(test)]
#[path = "run_rate_tests.rs"]
mod tests;
