//! The beginning of a text, split in one dialect.

use super::{
    cells::{self, Dialect},
    class::{Class, begins_with_stamp, class, fitness},
};

/// Maximum number of rows and of cells of a row that are looked at.
const MAX_ROWS: usize = 1_000;
const MAX_CELLS: usize = 100;
/// Rows by which columns are judged.
pub(super) const JUDGED: usize = 100;

/// A row of the sample.
#[derive(Debug, Default)]
pub(super) struct SampleRow {
    /// Offset in the sample.
    pub(super) at: usize,
    /// Number of all cells.
    pub(super) len: usize,
    pub(super) unclean: bool,
    /// The first cells, and whether each was quoted.
    pub(super) cells: Vec<(String, bool)>,
}

impl SampleRow {
    /// Number of cells with a text, among the first.
    pub(super) fn filled(&self) -> usize {
        self.cells.iter().filter(|(cell, _)| !cell.trim().is_empty()).count()
    }

    pub(super) fn starts_with(&self, mark: char) -> bool {
        self.cells.first().is_some_and(|(cell, _)| cell.trim_start().starts_with(mark))
    }

    pub(super) fn starts_with_text(&self, mark: &str) -> bool {
        self.cells.first().is_some_and(|(cell, _)| cell.trim_start().starts_with(mark))
    }
}

/// Splits a sample.
pub(super) fn split(sample: &str, dialect: Dialect) -> Vec<SampleRow> {
    let mut rows = Vec::new();
    cells::rows(sample.as_bytes(), dialect, |at, row| {
        let text =
            |(cell, quoted): (&[u8], bool)| (String::from_utf8_lossy(cell).into_owned(), quoted);
        rows.push(SampleRow {
            at,
            len: row.ends.len(),
            unclean: row.unclean,
            cells: row.cells().take(MAX_CELLS).map(text).collect(),
        });
        rows.len() < MAX_ROWS
    });
    rows
}

/// Class of a column in some rows, if nearly all of its cells have the same.
pub(super) fn column_class(rows: &[SampleRow], column: usize) -> Option<Class> {
    let mut counts = [0; 6];
    for row in rows.iter().take(JUDGED) {
        if let Some((cell, _)) = row.cells.get(column) {
            counts[class(cell) as usize] += 1;
        }
    }
    let typed = [Class::Number, Class::Date, Class::Time, Class::Boolean];
    let all: usize = counts[1..].iter().sum();
    typed.into_iter().find(|class| all > 0 && counts[*class as usize] * 5 >= all * 4)
}

/// Mean fitness of the cells of some rows.
pub(super) fn mean_fitness(rows: &[SampleRow], delimiter: Option<u8>) -> f64 {
    let cells = rows.iter().take(JUDGED).flat_map(|row| &row.cells);
    let (mut sum, mut count) = (0.0, 0);
    for (cell, quoted) in cells {
        sum += fitness(cell, *quoted, delimiter);
        count += 1;
    }
    if count == 0 { 0.0 } else { sum / f64::from(count) }
}

/// How many columns say that a row is a header, and how many that it is a row of data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Votes {
    pub(super) header: usize,
    pub(super) data: usize,
}

impl Votes {
    /// Votes of the columns on a row above others.
    pub(super) fn on(row: &SampleRow, below: &[SampleRow]) -> Self {
        let mut votes = Self::default();
        if below.is_empty() {
            let classes: Vec<Class> = row.cells.iter().map(|(cell, _)| class(cell)).collect();
            let is_data =
                |class: &Class| matches!(class, Class::Number | Class::Date | Class::Time);
            if !classes.is_empty() && classes.iter().all(is_data) {
                votes.data = classes.len();
            }
            return votes;
        }
        let mut numbered = Vec::new();
        for (column, (cell, _)) in row.cells.iter().enumerate() {
            let Some(usual) = column_class(below, column) else { continue };
            match class(cell) {
                Class::Empty => {}
                found if found == usual => {
                    votes.data += 1;
                    if found == Class::Number {
                        numbered.push((cell.trim(), column));
                    }
                }
                _ => votes.header += 1,
            }
        }
        // A line of a log above others.
        if row.len == 1 && votes == Self::default() && are_log(row, below) {
            votes.data = 1;
        }
        if numbered.len() == votes.data && are_labels(row, &numbered, below) {
            votes = Self { header: votes.header + votes.data, data: 0 };
        }
        votes
    }

    pub(super) const fn is_header(self) -> bool {
        self.header > self.data
    }

    pub(super) const fn is_data(self) -> bool {
        self.data > self.header
    }
}

/// Whether a line and nearly all below it begin with a date or a time.
fn are_log(row: &SampleRow, below: &[SampleRow]) -> bool {
    let is_stamped = |row: &SampleRow| {
        row.cells.first().is_some_and(|(cell, _)| begins_with_stamp(cell.trim_start()))
    };
    let judged = &below[..below.len().min(JUDGED)];
    let stamped = judged.iter().filter(|row| is_stamped(row)).count();
    is_stamped(row) && stamped * 5 >= judged.len() * 4
}

/// Whether numbers above numbers are names: years in order above something else, or places from 0
/// or 1 beside an empty first cell.
fn are_labels(row: &SampleRow, numbered: &[(&str, usize)], below: &[SampleRow]) -> bool {
    let values: Vec<i64> = numbered.iter().filter_map(|(cell, _)| cell.parse().ok()).collect();
    let in_order = values.windows(2).all(|pair| pair[0] < pair[1]);
    if values.is_empty() || values.len() != numbered.len() || !in_order {
        return false;
    }
    let is_year = |value: &i64| (1800..2200).contains(value);
    let first_is_text = row.cells.first().is_some_and(|(cell, _)| class(cell) == Class::Text);
    if values.iter().all(is_year) && (values.len() > 1 || first_is_text) {
        let years = numbered.iter().filter(|(_, column)| {
            let cells = below.iter().take(JUDGED).filter_map(|row| row.cells.get(*column));
            let values: Vec<i64> = cells.filter_map(|(cell, _)| cell.trim().parse().ok()).collect();
            !values.is_empty() && values.iter().all(is_year)
        });
        return years.count() == 0;
    }
    let first_is_empty = row.cells.first().is_some_and(|(cell, _)| cell.trim().is_empty());
    let from = values[0];
    first_is_empty
        && (0..=1).contains(&from)
        && values.iter().zip(from..).all(|(value, position)| *value == position)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn votes(text: &str) -> Votes {
        let rows = split(text, Dialect::of(Some(b',')));
        Votes::on(&rows[0], &rows[1..])
    }

    #[test]
    fn columns_vote_whether_a_row_is_a_header() {
        for (text, is_header, is_data) in [
            ("name,age\nAnn,34\n", true, false),
            ("Ann,34\nBob,27\n", false, true),
            ("name,city\nAnn,Paris\n", false, false),
            ("country,2019,2020\nDE,1.5,2.5\n", true, false),
            ("country,2020\nDE,5\n", true, false),
            ("1,2\n3,4\n", false, true),
            (",0,1\n0,2.5,3.5\n1,4,5\n", true, false),
            ("2019,2020\n2018,2021\n", false, true),
            ("1,2\n", false, true),
            ("a\n", false, false),
            ("No,Name\n1,x\n", true, false),
        ] {
            let votes = votes(text);
            assert_eq!((votes.is_header(), votes.is_data()), (is_header, is_data), "{text:?}");
        }
    }
}
