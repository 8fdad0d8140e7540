//! Finds the table in a sample: what stands above it, its header, and its width.

use super::{
    class::{Class, class},
    sample::{JUDGED, SampleRow, Votes, column_class},
    split_cells::{Split, split_cells},
    titles::{after_titles, has_header_below},
};

/// Where the columns get their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// From the first record.
    Names,
    /// From the first record, but the first column has none there, as R writes tables.
    RowNames,
    /// From nowhere: the first record is data.
    None,
}

/// A table in a sample.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Index of its first row, which is the header if there is one.
    pub(super) start: usize,
    pub(super) header: Header,
    pub(super) votes: Votes,
    /// Number of columns.
    pub(super) width: usize,
    /// Rows below the header, and how many of them have all columns.
    pub(super) rows: usize,
    pub(super) fitting: usize,
    /// Whether the row after the header belongs to the header, too.
    pub(super) has_second_header: bool,
    /// Whether another row may be the header.
    pub(super) is_doubtful: bool,
    /// Why the rows may have more cells than the header.
    pub(super) split: Option<Split>,
}

impl Table {
    /// Share of rows that have all columns.
    pub(super) fn fit(&self) -> f64 {
        if self.rows == 0 { 1.0 } else { self.fitting as f64 / self.rows as f64 }
    }

    /// Finds the table in rows, of which there is at least one.
    pub(super) fn find(rows: &[SampleRow]) -> Self {
        let (start, width) = stretch(rows);
        let start = after_titles(rows, start, width);
        if start > 0 {
            let before = &rows[start - 1];
            // A header that is wider than its rows, or whose rows are wider than it.
            let wide = rows[..start].iter().position(|row| row.len > width);
            if let Some(wide) = wide.filter(|wide| !is_preamble(rows, *wide, start)) {
                return Self::at(rows, wide, rows[wide].len, Header::Names);
            }
            if let Some(table) = Self::with_short_header(rows, start, width) {
                return table;
            }
            let votes = Votes::on(&rows[start], &rows[start + 1..]);
            let is_name =
                before.len > 1 && before.filled() == before.len && !before.starts_with('#');
            if is_name && !votes.is_header() && start == 1 {
                return Self::at(rows, start - 1, before.len, Header::Names);
            }
        }
        let votes = Votes::on(&rows[start], &rows[start + 1..]);
        let header = if votes.is_data() { Header::None } else { Header::Names };
        Self::at(rows, start, width, header)
    }

    fn at(rows: &[SampleRow], start: usize, width: usize, header: Header) -> Self {
        let below = &rows[start + 1..];
        let votes = Votes::on(&rows[start], below);
        let is_second = |below: &[SampleRow]| {
            let (second, rest) = below.split_first()?;
            let typed: Vec<usize> = (0..second.cells.len())
                .filter(|column| column_class(rest, *column).is_some())
                .collect();
            let votes = Votes::on(second, rest);
            Some(
                rest.len() > 1 && typed.len() > 1 && votes.data == 0 && votes.header == typed.len(),
            )
        };
        let years = years_below(&rows[start], below);
        let is_second = is_second(below).unwrap_or(false) || years == Some(true);
        let is_second = is_second || is_unit_below(below);
        let has_second_header = header == Header::Names
            && (votes.data == 0 && is_second || is_rule_below(&rows[start], below));
        let is_doubtful = header == Header::Names
            && !has_second_header
            && (years.is_some() || has_header_below(rows, start, width));
        let split = split_cells(&rows[start], below);
        let data = if header == Header::None { &rows[start..] } else { below };
        let fitting = data.iter().filter(|row| row.len == width).count();
        let rows = data.len();
        Self { start, header, votes, width, rows, fitting, has_second_header, is_doubtful, split }
    }

    /// A header with one cell less than each row below: the first column holds the names of the
    /// rows, or the last one is empty because each row ends with a delimiter.
    fn with_short_header(rows: &[SampleRow], start: usize, width: usize) -> Option<Self> {
        let (before, body) = (&rows[start - 1], &rows[start..]);
        if before.len + 1 != width || body.iter().any(|row| row.len != width) {
            return None;
        }
        let last_is_empty = body
            .iter()
            .all(|row| row.cells.get(width - 1).is_some_and(|(cell, _)| cell.trim().is_empty()));
        // A fact about the file above a header; both end with a delimiter.
        let is_fact = before.filled() < before.len && Votes::on(&body[0], &body[1..]).is_header();
        if last_is_empty && is_fact {
            return None;
        }
        if last_is_empty {
            return Some(Self::at(rows, start - 1, before.len, Header::Names));
        }
        let mut names: Vec<&str> = body
            .iter()
            .filter_map(|row| row.cells.first())
            .map(|(cell, _)| cell.as_str())
            .collect();
        names.sort_unstable();
        let are_unique = names.windows(2).all(|pair| pair[0] != pair[1]);
        let is_typed = |column: &usize| column_class(body, *column).is_some();
        let shifted: Vec<usize> = (1..width).filter(is_typed).collect();
        let is_header = before.filled() == before.len
            && !Votes::on(&rows[start], &body[1..]).is_header()
            && shifted.iter().all(|column| {
                let name = before.cells.get(column - 1).map_or("", |(name, _)| name.as_str());
                class(name) == Class::Text
            });
        let is_enough = body.len() > 1 && (width > 2 || !shifted.is_empty());
        (are_unique && is_header && is_enough)
            .then(|| Self { ..Self::at(rows, start - 1, width, Header::RowNames) })
    }
}

/// Whether the row below a header has no name, and short words such as units above figures.
fn is_unit_below(below: &[SampleRow]) -> bool {
    let Some((second, rest)) = below.split_first() else { return false };
    let first_is_empty =
        |row: &SampleRow| row.cells.first().is_some_and(|(cell, _)| cell.trim().is_empty());
    let is_unit = |(column, (cell, quoted)): (usize, &(String, bool))| {
        !quoted
            && class(cell) == Class::Text
            && cell.chars().count() <= 8
            && !cell.contains(|char: char| char.is_ascii_digit())
            && column_class(rest, column) == Some(Class::Number)
    };
    rest.len() > 1
        && second.len > 1
        && first_is_empty(second)
        && !rest.iter().take(JUDGED).any(first_is_empty)
        && second.cells.iter().enumerate().skip(1).all(is_unit)
}

/// Whether dashes below the names of a header are as long as these, as sqlcmd writes them, and no
/// other row has dashes for missing values.
pub(super) fn is_rule_below(header: &SampleRow, below: &[SampleRow]) -> bool {
    let Some((second, rest)) = below.split_first() else { return false };
    let dashes = |cell: &str| cell.trim().bytes().all(|byte| byte == b'-');
    let is_dashed = |(cell, _): &(String, bool)| !cell.trim().is_empty() && dashes(cell);
    let covers = |((name, _), (cell, quoted)): (&(String, bool), &(String, bool))| {
        !quoted && cell.trim().len() >= name.trim().chars().count().max(1) && dashes(cell)
    };
    second.len == header.len
        && header.cells.iter().zip(&second.cells).all(covers)
        && second.cells.iter().any(|(cell, _)| cell.trim().len() > 1)
        && !rest.is_empty()
        && !rest.iter().any(|row| row.cells.iter().any(is_dashed))
}

/// Whether years stand below the names of a header and above figures that are none: true if a name
/// stands above several of them, false if they only have no name of a row.
fn years_below(header: &SampleRow, below: &[SampleRow]) -> Option<bool> {
    let (second, rest) = below.split_first()?;
    let cell = |row: &SampleRow, column: usize| {
        row.cells.get(column).map_or("", |(cell, _)| cell.trim()).to_owned()
    };
    let is_year = |text: &str| text.parse::<i64>().is_ok_and(|year| (1800..2200).contains(&year));
    let figures: Vec<usize> = (0..second.cells.len())
        .filter(|column| matches!(class(&cell(second, *column)), Class::Number | Class::Date))
        .collect();
    let are_above_figures = |column: &usize| {
        column_class(rest, *column) == Some(Class::Number)
            && !rest.iter().take(JUDGED).all(|row| is_year(&cell(row, *column)))
    };
    let are_years = figures.iter().all(|column| is_year(&cell(second, *column)));
    if rest.len() < 2 || figures.len() < 2 || !are_years || !figures.iter().all(are_above_figures) {
        return None;
    }
    let is_spanned = figures.iter().filter(|column| **column > 0).any(|column| {
        let name = cell(header, *column);
        name.is_empty() || name == cell(header, column - 1)
    });
    let has_no_name = cell(second, 0).is_empty()
        && figures.len() + 1 == second.len
        && rest.iter().take(JUDGED).all(|row| !cell(row, 0).is_empty());
    (is_spanned || has_no_name).then_some(is_spanned)
}

/// The first row of the table with the most rows, and its width.
fn stretch(rows: &[SampleRow]) -> (usize, usize) {
    let mut widths: Vec<usize> = rows.iter().map(|row| row.len).filter(|len| *len > 1).collect();
    widths.sort_unstable();
    widths.dedup();
    let mut best = (0.0, 0, rows[0].len);
    // So many widths are no table.
    for width in widths.into_iter().take(100) {
        let Some(start) = rows.iter().position(|row| row.len == width) else { continue };
        let fitting = rows[start..].iter().filter(|row| row.len == width).count();
        if fitting < 2 {
            continue;
        }
        let all = (rows.len() - start) as f64;
        let mut score = fitting as f64 / all * (fitting as f64 / (fitting + 1) as f64);
        score *= 1.0 - start as f64 / rows.len() as f64 / 2.0;
        if start > 0 && !Votes::on(&rows[start], &rows[start + 1..]).is_header() {
            score /= 2.0;
        }
        if score > best.0 {
            best = (score, start, width);
        }
    }
    (best.1, best.2)
}

/// Whether a wider row above a header holds facts about the file: it has figures, as no header
/// has above another one.
fn is_preamble(rows: &[SampleRow], wide: usize, start: usize) -> bool {
    let has_figures =
        rows[wide].cells.iter().any(|(cell, _)| matches!(class(cell), Class::Number | Class::Date));
    let votes = Votes::on(&rows[start], &rows[start + 1..]);
    has_figures && votes.is_header() && rows[wide].len > 2
}

#[cfg(test)]
mod tests {
    use super::{super::cells::Dialect, super::sample::split, *};

    fn found(text: &str) -> (usize, usize, Header) {
        let table = Table::find(&split(text, Dialect::of(Some(b','))));
        (table.start, table.width, table.header)
    }

    #[test]
    fn a_table_begins_where_its_columns_do() {
        for (text, expected) in [
            ("a,b\n1,2\n", (0, 2, Header::Names)),
            ("a,b\n1\n1,2\n1,2,3,4\n", (0, 2, Header::Names)),
            ("1,2\n3,4\n", (0, 2, Header::None)),
            ("Report\n\na,b,c\n1,2,3\n4,5,6\n", (1, 3, Header::Names)),
            ("Report,,\na,b,c\n1,2,3\n4,5,6\n", (1, 3, Header::Names)),
            ("# made by x, y\na,b\n1,2\n3,4\n", (1, 2, Header::Names)),
            ("#a,b\n1,2\n3,4\n", (0, 2, Header::Names)),
            ("a,b\nx,1,2\ny,3,4\n", (0, 3, Header::RowNames)),
            ("a,b\n1,2,\n3,4,\n", (0, 2, Header::Names)),
            ("a,b,\n1,2\n3,4\n", (0, 3, Header::Names)),
            ("a,b\n1,2,3,4\n5,6,7,8\n", (0, 2, Header::Names)),
            ("a,b\n1,2\n3,4,5\n6,7,8\n", (0, 2, Header::Names)),
            ("a\n1\n", (0, 1, Header::Names)),
        ] {
            assert_eq!(found(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_row_of_units_belongs_to_the_header() {
        let second = |text| Table::find(&split(text, Dialect::of(Some(b',')))).has_second_header;
        assert!(second("a,b,c\nm,kg,s\n1,2,3\n4,5,6\n"));
        assert!(!second("a,b,c\n1,2,3\n4,5,6\n"));
        assert!(!second("a,b\nx,y\nz,1\nw,2\n"));
    }
}
