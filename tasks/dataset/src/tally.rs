//! Counts, sums and extremes of the values of a column under one interpretation.

use super::{
    clock::DateKey,
    profile::{DataType, Scalar, TypeCounts},
    stats::Moments,
    value::Cell,
    warnings::shorten,
};

/// Figures of the values so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) types: TypeCounts,
    pub(super) moments: Moments,
    integers: Option<(i64, i64)>,
    numbers: Option<(f64, f64)>,
    dates: Option<(Dated, Dated)>,
}

/// A date or time and its text.
type Dated = (DateKey, Box<str>);

impl Tally {
    /// Adds a value with its number of occurrences.
    pub(super) fn add(&mut self, cell: Cell, text: &str, count: u64) {
        let times = i64::try_from(count).unwrap_or(i64::MAX);
        match cell {
            Cell::Missing => return,
            Cell::Integer(value) => {
                self.types.integer += times;
                widen(&mut self.integers, value, i64::min, i64::max);
            }
            Cell::Number(_) => self.types.number += times,
            Cell::Boolean => self.types.boolean += times,
            Cell::Date(key) => {
                self.types.date += times;
                self.add_date(key, text);
            }
            Cell::Time(key) => {
                self.types.time += times;
                self.add_date(key, text);
            }
            Cell::Text => self.types.text += times,
        }
        if let Cell::Integer(_) | Cell::Number(_) = cell
            && let Some(number) = cell.number()
            && self.is_ordered()
        {
            widen(&mut self.numbers, number, f64::min, f64::max);
            self.moments.add(number, count);
        }
    }

    /// Whether all values are numbers, all are dates, or all are times.
    pub(super) const fn is_ordered(&self) -> bool {
        let TypeCounts { integer, number, boolean, date, time, text } = self.types;
        let sorts = (integer + number > 0) as u8 + (date > 0) as u8 + (time > 0) as u8;
        boolean + text == 0 && sorts <= 1
    }

    fn add_date(&mut self, key: DateKey, text: &str) {
        let Some((low, high)) = &mut self.dates else {
            self.dates = Some(((key, text.into()), (key, text.into())));
            return;
        };
        if key < low.0 {
            *low = (key, text.into());
        }
        if key > high.0 {
            *high = (key, text.into());
        }
    }

    /// Least and greatest value of a type that has an order; texts have theirs elsewhere.
    pub(super) fn extremes(&self, data_type: DataType) -> (Option<Scalar>, Option<Scalar>) {
        let text = |text: &str| Some(Scalar::Text(shorten(text)));
        match data_type {
            DataType::Empty | DataType::Boolean | DataType::Text => (None, None),
            DataType::Integer => {
                let (low, high) = self.integers.unzip();
                (low.map(Scalar::Integer), high.map(Scalar::Integer))
            }
            DataType::Number => {
                let (low, high) = self.numbers.unzip();
                (low.map(Scalar::Number), high.map(Scalar::Number))
            }
            DataType::Date | DataType::Time => match &self.dates {
                Some((low, high)) => (text(&low.1), text(&high.1)),
                None => (None, None),
            },
        }
    }
}

/// Extends the range from the least to the greatest value.
fn widen<T: Copy>(ends: &mut Option<(T, T)>, value: T, min: fn(T, T) -> T, max: fn(T, T) -> T) {
    *ends = Some(ends.map_or((value, value), |(low, high)| (min(low, value), max(high, value))));
}
