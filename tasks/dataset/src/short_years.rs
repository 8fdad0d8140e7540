//! Tells dates with a short year at their end from those that begin with it.

use super::clock::DateKey;

/// From so many dates on, their order in the file is no accident.
const MANY: u32 = 6;
/// So many different numbers are days, unless the others are, too.
const ALL_DAYS: u32 = 28;
const FEW_YEARS: u32 = 10;

/// The dates so far, as one reading sees them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ShortYears {
    /// Which numbers stand first and last: one bit each.
    firsts: u128,
    lasts: u128,
    previous: Option<DateKey>,
    count: u32,
    has_risen: bool,
    has_fallen: bool,
}

/// What the numbers at the ends of dates show about the position of the year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum YearPlace {
    First,
    Last,
    /// Nothing is certain; whether it is more likely the first number.
    Unsure(bool),
}

impl ShortYears {
    /// Adds a date in the order of the file.
    pub(super) fn see(&mut self, (first, last): (u8, u8), key: DateKey) {
        self.firsts |= 1 << (first & 127);
        self.lasts |= 1 << (last & 127);
        if let Some(previous) = self.previous {
            self.has_risen |= key > previous;
            self.has_fallen |= key < previous;
        }
        self.previous = Some(key);
        self.count = self.count.saturating_add(1);
    }

    const fn is_rising(&self) -> bool {
        self.has_risen && !self.has_fallen
    }

    const fn is_mixed(&self) -> bool {
        self.has_risen && self.has_fallen
    }

    /// Where the year stands: `self` has read it as the first number, `others` as the last one.
    pub(super) fn year_position(&self, others: &[Self], separator: Option<char>) -> YearPlace {
        let (firsts, lasts) = (self.firsts.count_ones(), self.lasts.count_ones());
        let is_sorted = others.iter().any(Self::is_rising);
        if firsts >= ALL_DAYS && lasts < FEW_YEARS {
            YearPlace::Last
        } else if lasts >= ALL_DAYS && firsts < FEW_YEARS {
            YearPlace::First
        } else if is_sorted
            && (self.is_mixed() && self.count >= MANY
                || !self.is_rising() && separator == Some('.'))
        {
            YearPlace::Last
        } else if self.is_rising() && self.count >= MANY && others.iter().all(Self::is_mixed) {
            YearPlace::First
        } else {
            YearPlace::Unsure(firsts < lasts)
        }
    }
}
