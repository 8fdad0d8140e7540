//! Counted values and their summary: common to exact values and to sketches.

use std::collections::HashMap;

use ahash::RandomState;

use super::{profile::TopValue, spread::Spread, stats::Counted, value, warnings::shorten};

/// Number of most frequent values in a profile.
const TOP: usize = 10;

/// Sizes of a column's sketches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Binary logarithm of the number of registers, one byte each.
    pub(super) distinct: u8,
    /// Number of counters of frequent values, each with a text.
    pub(super) frequent: usize,
    /// About a third of the retained numbers.
    pub(super) ranks: u16,
}

/// Number of occurrences of a value, and the line of the first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) count: u64,
    pub(super) line: u64,
}

/// A distinct value.
pub(super) type Distinct<'v> = (&'v str, Entry);

/// Summary of a column's distinct values.
pub(super) struct Summary {
    pub(super) distinct: usize,
    /// The estimate and its maximum relative error.
    pub(super) estimate: Option<(f64, f64)>,
    pub(super) top: Vec<TopValue>,
    pub(super) top_error: Option<u64>,
    /// Distribution of numbers or dates.
    pub(super) spread: Option<Spread>,
}

/// The values as sorted numbers.
pub(super) fn numbers(values: &HashMap<Box<str>, Entry, RandomState>) -> Vec<Counted> {
    let counted = values
        .iter()
        .filter_map(|(text, entry)| Some((value::classify(text).number()?, entry.count)));
    sorted(counted.collect())
}

/// Sorts numbers by size.
pub(super) fn sorted(mut numbers: Vec<Counted>) -> Vec<Counted> {
    numbers.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    numbers
}

/// The most frequent values; ties in order of value.
pub(super) fn top(mut values: Vec<(String, u64)>) -> Vec<TopValue> {
    let by_rank = |a: &(String, u64), b: &(String, u64)| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0));
    if values.len() > TOP {
        values.select_nth_unstable_by(TOP - 1, by_rank);
        values.truncate(TOP);
    }
    values.sort_unstable_by(by_rank);
    let message = |(value, count): (String, u64)| TopValue {
        value: shorten(&value),
        count: i64::try_from(count).unwrap_or(i64::MAX),
    };
    values.into_iter().map(message).collect()
}
