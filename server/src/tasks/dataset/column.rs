//! What is remembered of a column while the rows go by.

use std::collections::HashMap;

use datasketches::hll::{HllSketch, HllType};

use super::{
    numbers::Numbers,
    profile::{ColumnProfile, DataType, Lengths, Scalar, TopValue, TypeCounts},
    stats::Moments,
    value::{Cell, DateKey, classify},
    warnings::{Warnings, shorten},
};

/// How many most frequent values a profile names.
const TOP: usize = 10;

/// Bytes of all different values that are remembered.
const MOST_VALUE_BYTES: usize = 48 << 20;
/// Numbers that are remembered, 8 bytes each.
const MOST_NUMBERS: usize = 2_000_000;
/// Of a long text so much is compared; a profile shows less of it.
const MOST_COMPARED: usize = 1 << 10;
/// 4,096 registers of a byte each.
const SKETCH_SIZE: u8 = 12;

/// How much may be remembered, so that memory does not grow with the data.
#[derive(Clone, Copy, Debug)]
pub(super) struct DistinctBudget {
    /// Different values per column.
    per_column: usize,
    /// Different values left for all columns together.
    left: usize,
    /// Bytes of them left.
    bytes: usize,
    /// Numbers left for all columns together.
    numbers: usize,
}

impl DistinctBudget {
    /// So many different values per column, and in all columns together.
    pub(super) const fn new(per_column: usize, left: usize) -> Self {
        Self { per_column, left, bytes: MOST_VALUE_BYTES, numbers: MOST_NUMBERS }
    }
}

/// One column so far.
#[derive(Debug, Default)]
pub(super) struct Column {
    missing: i64,
    types: TypeCounts,
    values: HashMap<Box<str>, i64>,
    /// All values, once there are too many to remember.
    sketch: Option<HllSketch>,
    /// As long as every value is a number.
    numbers: Numbers,
    moments: Moments,
    integers: Option<(i64, i64)>,
    dates: Option<(Dated, Dated)>,
    texts: Texts,
    /// Where the first number, boolean, date and text are.
    firsts: [Option<(u64, String)>; 4],
}

/// A date and how it was written.
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
    fn add(&mut self, text: &str) {
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        self.shortest = Some(self.shortest.map_or(length, |shortest| shortest.min(length)));
        self.longest = self.longest.max(length);
        self.characters += length;
        let text = &text[..text.floor_char_boundary(MOST_COMPARED)];
        if self.least.as_deref().is_none_or(|least| text < least) {
            self.least = Some(text.into());
        }
        if self.greatest.as_deref().is_none_or(|greatest| text > greatest) {
            self.greatest = Some(text.into());
        }
    }
}

impl Column {
    /// Takes the cell of one row; `None` where the row is too short to have one.
    pub(super) fn add(&mut self, cell: Option<&str>, line: u64, budget: &mut DistinctBudget) {
        let text = cell.unwrap_or_default().trim();
        let group = match classify(text) {
            Cell::Missing => {
                self.missing += 1;
                return;
            }
            Cell::Integer(value) => {
                self.types.integer += 1;
                self.integers = Some(match self.integers {
                    Some((least, greatest)) => (least.min(value), greatest.max(value)),
                    None => (value, value),
                });
                self.add_number(value as f64, budget);
                0
            }
            Cell::Number(value) => {
                self.types.number += 1;
                self.add_number(value, budget);
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
        self.texts.add(text);
        self.add_distinct(text, budget);
    }

    fn add_number(&mut self, value: f64, budget: &mut DistinctBudget) {
        let others = self.types.boolean + self.types.date + self.types.text;
        if others == 0 {
            self.numbers.add(value, &mut budget.numbers);
            self.moments.add(value);
        } else {
            self.numbers.clear(&mut budget.numbers);
        }
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

    fn add_distinct(&mut self, text: &str, budget: &mut DistinctBudget) {
        if let Some(count) = self.values.get_mut(text) {
            *count += 1;
        } else if self.sketch.is_none()
            && self.values.len() < budget.per_column
            && budget.left > 0
            && budget.bytes >= text.len()
        {
            budget.left -= 1;
            budget.bytes -= text.len();
            self.values.insert(text.into(), 1);
        } else {
            self.sketch(text);
        }
    }

    /// Takes a value that is not remembered.
    fn sketch(&mut self, text: &str) {
        if self.sketch.is_none() {
            // Fails for a size that makes no sense only.
            self.sketch = HllSketch::new(SKETCH_SIZE, HllType::Hll8).ok();
            for value in self.values.keys() {
                if let Some(sketch) = &mut self.sketch {
                    sketch.update(value);
                }
            }
        }
        if let Some(sketch) = &mut self.sketch {
            sketch.update(text);
        }
    }

    /// Says what the column is.
    pub(super) fn finish(self, name: String, warnings: &mut Warnings) -> ColumnProfile {
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
        let (numeric, histogram) = match data_type {
            DataType::Integer | DataType::Number => {
                let whole = data_type == DataType::Integer;
                let (numeric, bins) = self.numbers.summary(self.moments, whole);
                (Some(numeric), bins)
            }
            _ => (None, Vec::new()),
        };
        let distinct = i64::try_from(self.values.len()).unwrap_or(i64::MAX);
        let distinct_estimate =
            self.sketch.as_ref().map(|sketch| (sketch.estimate().round() as i64).max(distinct));
        ColumnProfile {
            name,
            data_type,
            count,
            missing: self.missing,
            distinct,
            distinct_exact: self.sketch.is_none(),
            distinct_estimate,
            types: self.types,
            min,
            max,
            numeric,
            lengths,
            top: top(self.values),
            histogram,
        }
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
                let (least, greatest) = self.numbers.extremes();
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

    /// A column that is text only because of a few values is most likely damaged there.
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

/// The most frequent values; between equals, in order.
fn top(values: HashMap<Box<str>, i64>) -> Vec<TopValue> {
    let mut values: Vec<_> = values.into_iter().collect();
    let by_rank = |a: &(Box<str>, i64), b: &(Box<str>, i64)| b.1.cmp(&a.1).then(a.0.cmp(&b.0));
    if values.len() > TOP {
        values.select_nth_unstable_by(TOP - 1, by_rank);
        values.truncate(TOP);
    }
    values.sort_unstable_by(by_rank);
    values.into_iter().map(|(value, count)| TopValue { value: shorten(&value), count }).collect()
}
