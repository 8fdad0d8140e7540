//! Statistics of a column, collected row by row.

use super::{
    profile::{ColumnProfile, DataType, Lengths, Numeric, Scalar, TypeCounts},
    spread::Spread,
    stats::Moments,
    value::{Cell, DateKey, classify},
    values::{Budget, Values},
    warnings::{Warnings, shorten},
};

/// Maximum length of a text for comparisons; a profile shows less.
const MAX_COMPARED: usize = 1 << 10;

/// Statistics of one column so far.
#[derive(Debug, Default)]
pub(super) struct Column {
    missing: i64,
    types: TypeCounts,
    values: Values,
    moments: Moments,
    integers: Option<(i64, i64)>,
    numbers: Option<(f64, f64)>,
    dates: Option<(Dated, Dated)>,
    texts: Texts,
    /// Line and text of the first number, boolean, date and text.
    firsts: [Option<(u64, String)>; 4],
}

/// A date and its text.
type Dated = (DateKey, Box<str>);

/// Extremes of values as texts.
#[derive(Debug, Default)]
struct Texts {
    least: Option<Box<str>>,
    greatest: Option<Box<str>>,
    shortest: Option<i64>,
    longest: i64,
    characters: i64,
}

impl Texts {
    fn add(&mut self, text: &str, is_ascii: bool) {
        let length = if is_ascii { text.len() } else { text.chars().count() };
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        self.shortest = Some(self.shortest.map_or(length, |shortest| shortest.min(length)));
        self.longest = self.longest.max(length);
        self.characters += length;
        let text = &text[..text.floor_char_boundary(MAX_COMPARED)];
        if self.least.as_deref().is_none_or(|least| text < least) {
            self.least = Some(text.into());
        }
        if self.greatest.as_deref().is_none_or(|greatest| text > greatest) {
            self.greatest = Some(text.into());
        }
    }
}

impl Column {
    /// Adds the cell of one row; `None` if the row is too short.
    pub(super) fn add(
        &mut self,
        cell: Option<&str>,
        (line, is_ascii): (u64, bool),
        budget: &mut Budget,
    ) {
        let text = cell.unwrap_or_default().trim();
        let cell = classify(text);
        let group = match cell {
            Cell::Missing => {
                self.missing += 1;
                return;
            }
            Cell::Integer(value) => {
                self.types.integer += 1;
                widen(&mut self.integers, value, i64::min, i64::max);
                0
            }
            Cell::Number(_) => {
                self.types.number += 1;
                0
            }
            Cell::Boolean => {
                self.types.boolean += 1;
                1
            }
            Cell::Date(key) => {
                self.types.date += 1;
                self.add_date(key, text);
                2
            }
            Cell::Text => {
                self.types.text += 1;
                3
            }
        };
        if self.firsts[group].is_none() {
            self.firsts[group] = Some((line, shorten(text)));
        }
        let number = cell.number().filter(|_| self.is_ordered());
        if let Some(number) = number
            && group == 0
        {
            widen(&mut self.numbers, number, f64::min, f64::max);
            self.moments.add(number);
        }
        self.texts.add(text, is_ascii);
        self.values.add(text, number, budget);
    }

    /// Whether all values are numbers, or all are dates.
    const fn is_ordered(&self) -> bool {
        let TypeCounts { integer, number, boolean, date, text } = self.types;
        boolean + text == 0 && (date == 0 || integer + number == 0)
    }

    fn add_date(&mut self, key: DateKey, text: &str) {
        let Some((least, greatest)) = &mut self.dates else {
            self.dates = Some(((key, text.into()), (key, text.into())));
            return;
        };
        if key < least.0 {
            *least = (key, text.into());
        }
        if key > greatest.0 {
            *greatest = (key, text.into());
        }
    }

    /// Completes the profile of the column.
    pub(super) fn finish(mut self, name: String, warnings: &mut Warnings) -> ColumnProfile {
        let data_type = self.types.data_type();
        let count = self.count();
        if data_type == DataType::Text {
            self.warn_of_odd_values(&name, warnings);
        }
        let (min, max) = self.extremes(data_type);
        let lengths = (data_type == DataType::Text).then(|| Lengths {
            min: self.texts.shortest.unwrap_or_default(),
            max: self.texts.longest,
            mean: self.texts.characters as f64 / count as f64,
        });
        let values = std::mem::take(&mut self.values).summary(self.is_ordered());
        let numeric = match data_type {
            DataType::Integer | DataType::Number => Some(self.numeric(values.spread.as_ref())),
            _ => None,
        };
        let whole = data_type != DataType::Number;
        let distinct = i64::try_from(values.distinct).unwrap_or(i64::MAX);
        ColumnProfile {
            name,
            data_type,
            count,
            missing: self.missing,
            distinct,
            distinct_exact: values.estimate.is_none(),
            distinct_estimate: values
                .estimate
                .map(|(estimate, _)| (estimate.round() as i64).clamp(distinct, count)),
            distinct_error: values.estimate.map(|(_, error)| error),
            types: self.types,
            min,
            max,
            numeric,
            lengths,
            top: values.top,
            top_error: values.top_error.map(|error| i64::try_from(error).unwrap_or(i64::MAX)),
            rank_error: values.spread.as_ref().and_then(Spread::rank_error),
            histogram: values.spread.map(|spread| spread.histogram(whole)).unwrap_or_default(),
        }
    }

    fn numeric(&self, spread: Option<&Spread>) -> Numeric {
        let [q25, median, q75] = spread.map(Spread::quartiles).unwrap_or_default();
        let (mean, std_dev) = (self.moments.mean(), self.moments.std_dev());
        Numeric { mean, std_dev, q25, median, q75 }
    }

    /// Approximate memory of the values in bytes, for tests.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.values.bytes()
    }

    const fn count(&self) -> i64 {
        let TypeCounts { integer, number, boolean, date, text } = self.types;
        integer + number + boolean + date + text
    }

    fn extremes(&self, data_type: DataType) -> (Option<Scalar>, Option<Scalar>) {
        let text = |text: &str| Some(Scalar::Text(shorten(text)));
        match data_type {
            DataType::Empty | DataType::Boolean => (None, None),
            DataType::Integer => {
                let (least, greatest) = self.integers.unzip();
                (least.map(Scalar::Integer), greatest.map(Scalar::Integer))
            }
            DataType::Number => {
                let (least, greatest) = self.numbers.unzip();
                (least.map(Scalar::Number), greatest.map(Scalar::Number))
            }
            DataType::Date => match &self.dates {
                Some((least, greatest)) => (text(&least.1), text(&greatest.1)),
                None => (None, None),
            },
            DataType::Text => (
                self.texts.least.as_deref().and_then(text),
                self.texts.greatest.as_deref().and_then(text),
            ),
        }
    }

    /// Warns if a column is text only because of a few values, which are probably damaged.
    fn warn_of_odd_values(&self, name: &str, warnings: &mut Warnings) {
        let TypeCounts { integer, number, boolean, date, text } = self.types;
        let groups =
            [(integer + number, "numbers"), (boolean, "booleans"), (date, "dates"), (text, "")];
        let count = self.count();
        let usual = groups.iter().take(3).position(|(of, _)| of.saturating_mul(10) >= count * 9);
        let Some(usual) = usual else { return };
        let others = self.firsts.iter().enumerate().filter(|(group, _)| *group != usual);
        let first = others.filter_map(|(_, first)| first.as_ref()).min_by_key(|(line, _)| *line);
        if let Some((line, value)) = first {
            let (of, what) = groups[usual];
            warnings.add("mixed_types", Some(*line), || {
                format!(
                    "Column “{name}”: {of} of {count} values are {what}; the first that is not is \
                     “{value}”. The column is read as text."
                )
            });
        }
    }
}

/// Extends the range from the least to the greatest value.
fn widen<T: Copy>(ends: &mut Option<(T, T)>, value: T, min: fn(T, T) -> T, max: fn(T, T) -> T) {
    *ends = Some(
        ends.map_or((value, value), |(least, greatest)| (min(least, value), max(greatest, value))),
    );
}
