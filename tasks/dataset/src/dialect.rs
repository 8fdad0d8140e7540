//! Detects the dialect of a text and where its table begins.
//!
//! Each candidate splits the beginning of the text. The best one gives the most rows with the same
//! number of cells, and cells that look like values: a delimiter that cuts numbers in two, or that
//! leaves the delimiters of another candidate in the cells, scores less.

use super::{
    cells::Dialect,
    class::{Class, class},
    cuts::{self, wide_separator},
    feed::count,
    layout::{Layout, Options, describe},
    profile::{Assumption, Certainty},
    sample::{SampleRow, column_class, mean_fitness, split},
    shape::Shape,
    table::Table,
};

/// Candidates in order of preference, with the weight of each.
const CANDIDATES: [(u8, f64); 10] = [
    (b',', 1.0),
    (b';', 1.0),
    (b'\t', 1.0),
    (b'|', 1.0),
    (1, 1.0),
    (0x1f, 1.0),
    (b'^', 0.95),
    (b'~', 0.9),
    (b':', 0.7),
    (b' ', 0.65),
];
/// Weight of a text whose lines are one cell each.
const ONE_COLUMN: f64 = 0.45;
/// From this share of the best score on, the second candidate is as possible.
const CLOSE: f64 = 0.85;

/// A dialect with the table that it finds.
struct Candidate {
    dialect: Dialect,
    rows: Vec<SampleRow>,
    table: Table,
    score: f64,
    order: usize,
}

/// Detects the layout of a text by its beginning; `line_end` ends its lines.
pub(super) fn detect(sample: &str, line_end: u8, options: &Options) -> Layout {
    let stated = stated(sample);
    let (start, given) = match (options.delimiter, stated) {
        (Some(given), stated) => (stated.map_or(0, |(_, start)| start), Some(Some(given))),
        (None, Some((delimiter, start))) => (start, Some(Some(delimiter))),
        (None, None) => (0, None),
    };
    let given = if options.is_one_column { Some(None) } else { given };
    let text = &sample[start..];
    let (shape, implied) = Shape::detect(text);
    let shaped = implied
        .filter(|_| given.is_none())
        .map(|delimiter| Dialect { shape, ..Dialect::of(Some(delimiter)) });
    let mut found = match shaped {
        Some(dialect) => shaped_candidate(text, dialect).into_iter().collect(),
        None => candidates(text, given),
    };
    found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.order.cmp(&b.order)));
    let Some(first) = found.first().map(|first| first.dialect.delimiter) else {
        return Layout::empty();
    };
    let second = found.iter().position(|other| other.dialect.delimiter != first);
    let is_toss_up = second.is_some_and(|second| is_toss_up(&found[0], &found[second]));
    if let Some(second) =
        second.filter(|second| is_toss_up && found[*second].order < found[0].order)
    {
        found.swap(0, second);
    }
    let rival = second.filter(|second| is_toss_up || found[*second].score > found[0].score * CLOSE);
    let rival = rival.filter(|_| given.is_none()).map(|second| found[second].dialect.delimiter);
    let separator = (given.is_none() && found[0].table.width == 1)
        .then(|| wide_separator(&found[0].rows))
        .flatten();
    let certainty = match (given, rival) {
        (Some(_), _) => Certainty::Given,
        _ if separator.is_some() => Certainty::Unsure,
        (None, None) if shaped.is_some() => Certainty::Sure,
        (None, Some(_)) => Certainty::Unsure,
        (None, None) if found[0].table.fit() < 0.9 => Certainty::Likely,
        (None, None) => Certainty::Sure,
    };
    let Some(best) = found.into_iter().next() else { return Layout::empty() };
    let line_at = |at: usize| 1 + count(line_end, &sample.as_bytes()[..start + at]);
    let mut layout = Layout::of(best.dialect, &best.table, &best.rows, line_at, options);
    layout.lacks_delimiter = given.flatten().is_some() && best.rows.iter().all(|row| row.len < 2);
    if layout.lacks_delimiter {
        layout.note_lack(given.flatten());
    }
    if let Some(separator) = separator {
        layout.note_separator(separator);
    }
    layout.assumptions.insert(0, delimiter_assumption(best.dialect, &best.table, certainty, rival));
    layout
}

/// Whether too few rows tell two delimiters apart that give as many cells.
fn is_toss_up(a: &Candidate, b: &Candidate) -> bool {
    let header = |of: &Candidate| {
        mean_fitness(std::slice::from_ref(&of.rows[of.table.start]), of.dialect.delimiter)
    };
    a.table.width == b.table.width
        && a.table.width > 1
        && a.table.rows < 2
        && a.table.start == b.table.start
        && a.table.fit() == b.table.fit()
        && (header(a) - header(b)).abs() < 0.05
}

fn delimiter_assumption(
    dialect: Dialect,
    table: &Table,
    certainty: Certainty,
    rival: Option<Option<u8>>,
) -> Assumption {
    let mut assumed = match dialect.delimiter {
        _ if table.width == 1 => "one column".to_owned(),
        delimiter => format!(
            "cells separated by {}: {} {} cells",
            describe(delimiter),
            fitting_rows(table.fitting, table.rows),
            table.width
        ),
    };
    if let Some(rival) = rival {
        assumed.push_str(&format!("; {} is as possible", describe(rival)));
    }
    Assumption { subject: "delimiter".to_owned(), assumed, certainty }
}

/// How many of the first rows have all cells, up to the verb.
fn fitting_rows(fitting: usize, rows: usize) -> String {
    match (fitting, rows) {
        (_, 0) => "the header has".to_owned(),
        (1, 1) => "the only row has".to_owned(),
        (0, 1) => "the only row does not have".to_owned(),
        (fitting, rows) if fitting == rows => format!("{rows} of the first {rows} rows have"),
        (1, rows) => format!("1 of the first {rows} rows has"),
        (fitting, rows) => format!("{fitting} of the first {rows} rows have"),
    }
}

/// Delimiter that the first line states for spreadsheets, as in `sep=;`, and where the text goes on.
fn stated(sample: &str) -> Option<(u8, usize)> {
    let text = sample.trim_start_matches(['\u{feff}', '\r', '\n']);
    let end = text.find(['\r', '\n']).unwrap_or(text.len());
    let line = text[..end].trim_matches('"');
    let (name, sign) = line.split_at_checked(4)?;
    let sign = if sign == "\\t" { "\t" } else { sign };
    // A comma in the line separates nothing: programs pad it to the width of the table.
    let sign =
        sign.as_bytes().first().filter(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric())?;
    let rest = sample.len() - text.len() + end;
    name.eq_ignore_ascii_case("sep=").then_some((*sign, rest))
}

/// The table of a text of which not each line is a row.
fn shaped_candidate(text: &str, dialect: Dialect) -> Option<Candidate> {
    let rows = split(text, dialect);
    let table = (!rows.is_empty()).then(|| Table::find(&rows))?;
    Some(Candidate { dialect, rows, table, score: 1.0, order: 0 })
}

/// The dialects that are possible, with their scores.
fn candidates(text: &str, given: Option<Option<u8>>) -> Vec<Candidate> {
    let mut found = Vec::new();
    let lines = split(text, Dialect { quote: None, ..Dialect::of(None) });
    if lines.is_empty() {
        return found;
    }
    let are_values = lines.len() > 1
        && lines[1..].iter().all(|line| {
            let class = line.cells.first().map_or(Class::Empty, |(line, _)| class(line));
            matches!(class, Class::Number | Class::Date | Class::Time)
        });
    let quoted = if given.is_none() { between_quotes(text) } else { None };
    for (order, (delimiter, weight)) in CANDIDATES.into_iter().enumerate() {
        if quoted.is_some_and(|quoted| quoted != delimiter) {
            continue;
        }
        let is_given = given == Some(Some(delimiter));
        if given.is_none() && cuts::would_cut(&lines, delimiter) {
            continue;
        }
        if is_given || given.is_none() && text.as_bytes().contains(&delimiter) {
            found.extend(
                best_quotes(text, delimiter, order, are_values && !is_given, is_given)
                    .filter(|found| {
                        let is_colon = delimiter == b':' && !is_given;
                        !is_colon || !cuts::are_cut(&lines, &found.rows, &found.table)
                    })
                    .map(|found| Candidate { score: found.score * weight, ..found }),
            );
        }
    }
    if let (true, Some(Some(delimiter))) = (found.is_empty(), given) {
        found.extend(best_quotes(text, delimiter, 0, false, true));
    }
    if found.is_empty() || given.is_none() && quoted.is_none() {
        // A first line that a usual delimiter splits is hardly a name.
        let splits = found.iter().any(|found| found.rows[0].len > 1 && found.order < 4);
        let weight = match (splits, lines.len()) {
            (false, _) => 1.0,
            (true, ..4) => 0.1,
            (true, _) => 0.3,
        };
        found.extend(
            one_column(text, given).map(|one| Candidate { score: one.score * weight, ..one }),
        );
    }
    found
}

/// The delimiter between quotes, where nearly all lines begin with a quote and it is nearly always
/// the same.
fn between_quotes(text: &str) -> Option<u8> {
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let (all, quoted) = (lines().count(), lines().filter(|line| line.starts_with('"')).count());
    let count = |delimiter: u8| text.matches(&format!("\"{}\"", char::from(delimiter))).count();
    let counts = CANDIDATES.map(|(delimiter, _)| (delimiter, count(delimiter)));
    let sum: usize = counts.iter().map(|(_, count)| count).sum();
    let (delimiter, most) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    let quotes = text.matches('"').count();
    let is_usual = most > 2 && most * 20 >= sum * 19 && most * 5 >= quotes;
    (is_usual && all > 2 && quoted * 10 >= all * 9).then_some(delimiter)
}

/// A text whose lines are one cell each. A comma in a later line separates cells unless one
/// of these lines has it, too.
fn one_column(text: &str, given: Option<Option<u8>>) -> Option<Candidate> {
    let mut dialect = Dialect::of(None);
    let mut rows = split(text, dialect);
    let has_comma =
        rows.iter().any(|row| row.cells.iter().any(|(cell, quoted)| !quoted && cell.contains(',')));
    if !has_comma && given != Some(None) {
        dialect.delimiter = Some(b',');
        rows = split(text, dialect);
    }
    if rows.is_empty() {
        return None;
    }
    let table = Table::find(&rows);
    let score = mean_fitness(&rows[table.start..], None) * ONE_COLUMN;
    Some(Candidate { dialect, rows, table, score, order: CANDIDATES.len() })
}

/// The best way to quote cells with this delimiter; a delimiter that was given is obeyed, however
/// little it fits.
fn best_quotes(
    text: &str,
    delimiter: u8,
    order: usize,
    are_values: bool,
    is_given: bool,
) -> Option<Candidate> {
    let plain = Dialect::of(Some(delimiter));
    let mut dialects = vec![plain];
    let sign = char::from(delimiter);
    if delimiter != b' ' && text.contains(&format!("{sign} \"")) {
        dialects.insert(0, Dialect { initial_blanks: true, ..plain });
    }
    if text.contains("\\\"") {
        let escaped: Vec<_> =
            dialects.iter().map(|dialect| Dialect { escape: true, ..*dialect }).collect();
        dialects.extend(escaped);
    }
    if !text.contains('"')
        && (text.contains(&format!("{sign}'")) || text.contains(&format!("'{sign}")))
    {
        dialects.push(Dialect { quote: Some(b'\''), ..plain });
    }
    let mut best: Option<Candidate> = None;
    for dialect in dialects {
        let rows = split(text, dialect);
        let Some(first) = rows.first() else { continue };
        // Numbers that the delimiter would cut, below a name that it does not.
        if are_values && (first.len == 1 || are_prices(&rows)) {
            continue;
        }
        let table = Table::find(&rows);
        let score = score(dialect, &rows, &table);
        if best.as_ref().is_none_or(|best| score > best.score + 1e-9) {
            best = Some(Candidate { dialect, rows, table, score, order });
        }
    }
    best.filter(|best| is_given || best.score > 0.0)
}

/// Whether rows of two cells are numbers with two decimals, below a name such as `Price, EUR`.
fn are_prices(rows: &[SampleRow]) -> bool {
    let cell =
        |row: &SampleRow| (row.len == 2).then(|| row.cells.get(1).map(|(cell, _)| cell.clone()))?;
    let Some((header, body)) = rows.split_first() else { return false };
    let is_unit = cell(header).is_some_and(|cell| cell.starts_with(' '));
    is_unit && body.iter().all(|row| cell(row).is_some_and(|cell| cell.len() == 2))
}

fn score(dialect: Dialect, rows: &[SampleRow], table: &Table) -> f64 {
    let (width, body) = (table.width, &rows[table.start..]);
    if width < 2 {
        return 0.0;
    }
    let typed =
        (0..width.min(100)).filter(|column| column_class(&body[1..], *column).is_some()).count();
    let is_risky = matches!(dialect.delimiter, Some(b':' | b' '));
    let enough = if dialect.delimiter == Some(b' ') && width == 2 { 2 } else { 1 };
    if is_risky && (table.fit() < 0.95 || typed < enough || body.len() < 2) {
        return 0.0;
    }
    let mut score = mean_fitness(body, dialect.delimiter) * table.fit().max(0.1);
    score *= 1.0 - 0.5 / width as f64;
    let covered = body.len() as f64 / rows.len() as f64;
    score *= 0.75 + covered / 4.0;
    if table.start > 0 && !table.votes.is_header() {
        score *= 0.6;
    }
    let unclean = rows.iter().filter(|row| row.unclean).count() as f64 / rows.len() as f64;
    score * (1.0 - unclean / 2.0)
}

#[cfg(test)]
#[path = "dialect_tests.rs"]
mod tests;
