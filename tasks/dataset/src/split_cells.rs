//! Rows with more cells than their header because a sign within a value was read as a delimiter.

use super::{
    class::{Class, class},
    sample::{JUDGED, SampleRow},
};

/// What may have been cut in two, with the first example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Split {
    /// Numbers at their decimal comma.
    Numbers(String),
    /// Texts in curly quotes.
    Quotes(String),
}

impl Split {
    /// For people.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Numbers(example) => format!("decimal commas without quotes, as in “{example}”"),
            Self::Quotes(example) => format!("cells in curly quotes, as in {example}"),
        }
    }
}

/// What may have been cut in rows that all have as many cells, more than the header.
pub(super) fn split_cells(header: &SampleRow, below: &[SampleRow]) -> Option<Split> {
    let below = &below[..below.len().min(JUDGED)];
    let width = below.first()?.len;
    if width <= header.len || width > 100 || below.iter().any(|row| row.len != width) {
        return None;
    }
    let first = below.first()?;
    let example =
        |at: usize| Some(format!("{},{}", first.cells.get(at)?.0, first.cells.get(at + 1)?.0));
    let pairs = || 0..width - 1;
    if let Some(at) = pairs().find(|at| are_quotes(below, *at)) {
        return Some(Split::Quotes(example(at)?));
    }
    // Each cut makes one cell more.
    let more = width - header.len;
    let has_days = below
        .iter()
        .all(|row| row.cells.first().is_some_and(|(cell, _)| class(cell) == Class::Date));
    // Names of rows are one cell more, not several.
    let may_be_short = has_days || more > 1 && more <= header.len;
    let mut cuts = Vec::new();
    let mut at = width - 1;
    while at > 0 && cuts.len() < more {
        at -= 1;
        if are_decimals(below, at, may_be_short) {
            cuts.push(at);
            at = at.saturating_sub(1);
        }
    }
    (cuts.len() >= more).then(|| example(*cuts.last()?).map(Split::Numbers))?
}

/// Whether two columns may be what stands before and after decimal commas: integers beside two digits,
/// or beside one if the cells cannot be names of rows.
fn are_decimals(rows: &[SampleRow], at: usize, may_be_short: bool) -> bool {
    let are_digits =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    rows.iter().all(|row| {
        let (Some((whole, false)), Some((decimals, false))) =
            (row.cells.get(at), row.cells.get(at + 1))
        else {
            return false;
        };
        let whole = whole.trim().trim_start_matches(['-', '+']).replace('.', "");
        let count = decimals.len();
        are_digits(&whole) && are_digits(decimals) && (count == 2 || count == 1 && may_be_short)
    })
}

/// Whether texts begin with a curly quote in one column, and end with one in the next.
fn are_quotes(rows: &[SampleRow], at: usize) -> bool {
    rows.iter().all(|row| {
        let (Some((first, _)), Some((last, _))) = (row.cells.get(at), row.cells.get(at + 1)) else {
            return false;
        };
        first.trim_start().starts_with(['“', '„', '«'])
            && !first.trim_end().ends_with(['”', '“', '»'])
            && last.trim_end().ends_with(['”', '“', '»'])
    })
}
