//! Interpretations that fit all values of a column, with their figures.

use super::{
    counted::{Distinct, sorted},
    moment::{self, Order},
    reading::{FORMS, Form, Reading},
    spread::Spread,
    tally::Tally,
    value::Cell,
};

/// An interpretation that has fitted all values so far.
#[derive(Clone, Debug)]
pub(super) struct Live {
    reading: Reading,
    tally: Tally,
}

/// An interpretation that fits all values of a column.
pub(super) struct Interpretation {
    pub(super) reading: Reading,
    pub(super) tally: Tally,
    pub(super) spread: Spread,
}

impl Live {
    pub(super) fn new(form: Form) -> Self {
        Self { reading: Reading::new(form), tally: Tally::default() }
    }

    /// The forms that fit all values.
    pub(super) fn fitting<'v>(values: impl Iterator<Item = &'v str>) -> Vec<Form> {
        let mut readings = FORMS.map(|form| Some(Reading::new(form))).to_vec();
        for value in values {
            for reading in &mut readings {
                if reading.as_mut().is_some_and(|reading| reading.take(value).is_none()) {
                    *reading = None;
                }
            }
            readings.retain(Option::is_some);
            if readings.is_empty() {
                break;
            }
        }
        readings.into_iter().flatten().map(|reading| reading.form).collect()
    }

    /// Adds a value; `None` if it does not fit.
    pub(super) fn take(&mut self, text: &str, count: u64) -> Option<Cell> {
        let cell = self.reading.take(text)?;
        self.tally.add(cell, text, count);
        Some(cell)
    }

    pub(super) fn is_plausible(&self) -> bool {
        self.reading.is_plausible()
    }

    pub(super) fn finish(self, spread: Spread) -> Interpretation {
        Interpretation { reading: self.reading, tally: self.tally, spread }
    }
}

impl Interpretation {
    /// Reads all values in a form; `None` if one does not fit.
    pub(super) fn of(form: Form, values: &[Distinct<'_>]) -> Option<Self> {
        let mut live = Live::new(form);
        let mut numbers = Vec::with_capacity(values.len());
        for (text, entry) in values {
            let cell = live.take(text, entry.count)?;
            numbers.extend(cell.number().map(|number| (number, entry.count)));
        }
        live.reading.is_plausible().then(|| live.finish(Spread::Exact(sorted(numbers))))
    }
}

/// What plain numbers look like that may be no figures.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shapes {
    /// Whether there are `+` and seven digits or more, as in telephone numbers.
    has_phones: bool,
    /// Whether there are numbers with a decimal point, a minus or a sign in the exponent.
    has_figures: bool,
    /// Whether there are numbers with a decimal point or an exponent.
    has_decimals: bool,
    /// Number of integers beyond 64 bits, and of those that are far within.
    beyond: u64,
    within: u64,
    /// Whether there are integers with an exponent, such as `10E0`.
    has_exponents: bool,
    /// Whether all are `YYYYMMDD`.
    all_days: bool,
    /// Whether all might be grouped in thousands by points, and one is.
    all_thousands: bool,
    has_thousands: bool,
}

impl Shapes {
    pub(super) fn of<'v>(values: impl Iterator<Item = &'v str>) -> Self {
        let mut shapes = Self {
            has_phones: false,
            has_figures: false,
            has_decimals: false,
            beyond: 0,
            within: 0,
            has_exponents: false,
            all_days: true,
            all_thousands: true,
            has_thousands: false,
        };
        values.for_each(|value| shapes.see(value));
        shapes
    }

    /// Whether nothing that comes can change anything.
    pub(super) const fn is_settled(&self) -> bool {
        self.has_figures && self.has_decimals && !self.all_days && !self.all_thousands
    }

    /// Looks at a value, as far as it can change anything.
    pub(super) fn see(&mut self, text: &str) {
        if self.is_settled() {
            return;
        }
        let bytes = text.as_bytes();
        let is_digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
        if let [b'+', digits @ ..] = bytes {
            self.has_phones |= digits.len() >= 7 && is_digits(digits);
        }
        let is_decimal = memchr::memchr3(b'.', b'e', b'E', bytes).is_some();
        self.has_decimals |= is_decimal;
        if !is_decimal {
            self.beyond += u64::from(bytes.len() >= 19 && text.parse::<i64>().is_err());
            self.within += u64::from(bytes.len() < 16);
        }
        if let Some(at) = memchr::memchr2(b'e', b'E', bytes) {
            let is_signed = matches!(bytes.get(at + 1), Some(b'+' | b'-'));
            self.has_figures |= is_signed;
            self.has_exponents |= !is_signed && is_digits(&bytes[..at]);
        }
        let unsigned = bytes.strip_prefix(b"-").unwrap_or(bytes);
        self.has_figures |= unsigned.len() < bytes.len() || bytes.contains(&b'.');
        self.all_days = self.all_days && moment::parse(text, Order::Compact).is_some();
        match unsigned.iter().position(|byte| *byte == b'.') {
            Some(point) => {
                let (whole, rest) = (&unsigned[..point], &unsigned[point + 1..]);
                let is_group = rest.len() == 3
                    && (1..=3).contains(&whole.len())
                    && whole[0] != b'0'
                    && is_digits(rest);
                self.all_thousands &= is_group;
                self.has_thousands |= is_group;
            }
            None => self.all_thousands &= unsigned.len() <= 3,
        }
    }

    /// Whether plain numbers are codes rather than figures, and what they look like.
    pub(super) const fn codes(&self) -> Option<&'static str> {
        if self.has_phones && !self.has_figures {
            Some("telephone numbers")
        } else if self.has_exponents && !self.has_figures {
            Some("codes with an E, such as 10E0")
        } else if self.beyond > self.within && !self.has_decimals {
            Some("codes: integers beyond 64 bits")
        } else {
            None
        }
    }

    /// Whether there are integers beyond 64 bits, and nothing with decimals.
    pub(super) const fn has_beyond(&self) -> bool {
        self.beyond > 0 && !self.has_decimals
    }

    /// Whether all are `YYYYMMDD`.
    pub(super) const fn are_days(&self) -> bool {
        self.all_days
    }

    /// Whether each decimal point may be a sign between thousands.
    pub(super) const fn are_thousands(&self) -> bool {
        self.all_thousands && self.has_thousands
    }
}
