//! How a text is laid out: what was detected, and what was given.

use super::{
    cells::Dialect,
    charset::Charset,
    column::Rules,
    markers::Markers,
    profile::{Assumption, Certainty},
    sample::SampleRow,
    shape::Shape,
    split_cells::Split,
    table::{Header, Table, is_rule_below},
};

/// What was given about a text, instead of what would be detected.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    pub(super) delimiter: Option<u8>,
    pub(super) is_one_column: bool,
    /// Line of the header; 0 if there is none.
    pub(super) header_row: Option<u64>,
    pub(super) encoding: Option<Charset>,
    pub(super) rules: Rules,
}

impl Options {
    /// Sets the delimiter: one character of ASCII, or a name. False if it is none.
    pub(super) fn set_delimiter(&mut self, text: &str) -> bool {
        let name = text.trim().to_ascii_lowercase();
        let delimiter = match (text, name.as_str()) {
            (_, "none") => {
                self.is_one_column = true;
                return true;
            }
            ("\t", _) | (_, "tab" | "\\t") => b'\t',
            (_, "comma") => b',',
            (_, "semicolon") => b';',
            (_, "pipe" | "bar" | "vertical bar") => b'|',
            (_, "colon") => b':',
            (" ", _) | (_, "blank" | "blanks" | "space" | "spaces" | "whitespace") => b' ',
            (_, "\\x01" | "0x01" | "^a") => 1,
            (_, "\\x1f" | "0x1f" | "^_") => 0x1f,
            _ => match text.trim().as_bytes() {
                [byte]
                    if byte.is_ascii()
                        && !byte.is_ascii_alphanumeric()
                        && !b"\"\r\n".contains(byte) =>
                {
                    *byte
                }
                _ => return false,
            },
        };
        self.delimiter = Some(delimiter);
        true
    }

    /// Sets the decimal sign. False if it is none.
    pub(super) fn set_decimal(&mut self, text: &str) -> bool {
        self.rules.decimal = match text.trim() {
            "." => Some('.'),
            "," => Some(','),
            _ => return false,
        };
        true
    }

    /// Sets the markers of missing values, separated by commas.
    pub(super) fn set_missing(&mut self, text: &str) {
        self.rules.markers = Markers::new(Some(text));
    }
}

/// Layout of a text.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) dialect: Dialect,
    pub(super) header: Header,
    /// Line of the header, or of the first row without one.
    pub(super) line: u64,
    /// Number of columns, where the first record does not tell.
    pub(super) width: usize,
    /// Whether the record after the header belongs to the header, too.
    pub(super) has_second_header: bool,
    /// Whether the header is a comment below others, so that its mark `#` is no part of a name.
    pub(super) is_comment: bool,
    /// Whether the delimiter that was given separates nothing in the first rows.
    pub(super) lacks_delimiter: bool,
    pub(super) assumptions: Vec<Assumption>,
    /// Warnings: code, line, message.
    pub(super) oddities: Vec<(&'static str, u64, String)>,
}

impl Layout {
    /// Layout of nothing.
    pub(super) const fn empty() -> Self {
        Self {
            dialect: Dialect::of(Some(b',')),
            header: Header::Names,
            line: 1,
            width: 1,
            has_second_header: false,
            is_comment: false,
            lacks_delimiter: false,
            assumptions: Vec::new(),
            oddities: Vec::new(),
        }
    }

    /// Layout of a table that was found; `line_at` tells the line at an offset of the sample.
    pub(super) fn of(
        dialect: Dialect,
        table: &Table,
        rows: &[SampleRow],
        line_at: impl Fn(usize) -> u64,
        options: &Options,
    ) -> Self {
        let mut layout = Self {
            dialect,
            header: table.header,
            line: line_at(rows[table.start].at),
            width: table.width,
            has_second_header: table.has_second_header,
            ..Self::empty()
        };
        layout.note_quotes(dialect);
        if let Shape::Printed { .. } = dialect.shape {
            let what = "The file is a table as a database shell or a document prints it; its rules \
                        and the notes below it were not read as rows.";
            layout.oddities.push(("printed_table", 1, what.to_owned()));
        }
        match options.header_row {
            Some(0) => layout.header = Header::None,
            Some(line) => {
                (layout.header, layout.line) = (Header::Names, line);
                layout.has_second_header = false;
            }
            None => {
                layout.is_comment = is_comment(table, rows);
                layout.note_header(table, rows);
            }
        }
        if let (Some(Split::Numbers(_)), Some(',')) = (&table.split, options.rules.decimal) {
            let what = "The decimal sign was given as a comma, but commas separate the cells: \
                        numbers with a decimal comma were cut unless they are in quotes.";
            layout.oddities.push(("decimal_not_found", layout.line, what.to_owned()));
        }
        if options.header_row.is_some() {
            layout.has_second_header &= layout.header == Header::Names;
            layout.assume("header", header_given(options.header_row), Certainty::Given);
        }
        layout
    }

    fn assume(&mut self, subject: &str, assumed: String, certainty: Certainty) {
        self.assumptions.push(Assumption { subject: subject.to_owned(), assumed, certainty });
    }

    /// Warns that the delimiter that was given does not occur.
    pub(super) fn note_lack(&mut self, delimiter: Option<u8>) {
        let message = format!(
            "The delimiter given is {}, but the first rows contain none: each row \
             is one cell.",
            describe(delimiter)
        );
        self.oddities.push(("delimiter_not_found", self.line, message));
    }

    /// Warns that the lines look like columns with a separator of several characters.
    pub(super) fn note_separator(&mut self, separator: &str) {
        let message = format!(
            "Each line was read as one cell, but the lines look like columns separated by \
             {separator}. Separate the cells with one character that is not in them, such as a \
             tab or a comma."
        );
        self.oddities.push(("delimiter_not_found", self.line, message));
    }

    fn note_quotes(&mut self, dialect: Dialect) {
        if dialect.escape {
            self.assume("quotes", "a backslash escapes a quote".to_owned(), Certainty::Likely);
        }
        if dialect.quote == Some(b'\'') {
            self.assume("quotes", "cells are in single quotes".to_owned(), Certainty::Likely);
        }
    }

    fn note_header(&mut self, table: &Table, rows: &[SampleRow]) {
        let votes = table.votes;
        let line = self.line;
        let (assumed, certainty) = match table.header {
            Header::None => {
                let message = if table.rows < 2 {
                    "There is no header: the only row has values and no names. The columns are \
                     numbered."
                        .to_owned()
                } else {
                    format!(
                        "There is no header: the values of the first row look like those of the \
                         others in {}. The columns are numbered.",
                        if votes.data == 1 {
                            "1 column".to_owned()
                        } else {
                            format!("{} columns", votes.data)
                        }
                    )
                };
                self.oddities.push(("no_header", line, message));
                let is_sure = votes.header == 0 && table.rows > 1;
                let certainty = if is_sure { Certainty::Sure } else { Certainty::Likely };
                ("none; the first row is data".to_owned(), certainty)
            }
            Header::RowNames => {
                let message = "The header has one name fewer than each row has cells: the first \
                            column holds the names of the rows.";
                self.oddities.push(("row_names", line, message.to_owned()));
                (format!("line {line}, without a name for the first column"), Certainty::Likely)
            }
            Header::Names => {
                let certainty = match (votes.header, votes.data) {
                    _ if table.is_doubtful => Certainty::Unsure,
                    (0, 0) if table.rows > 0 => Certainty::Unsure,
                    (_, 0) => Certainty::Sure,
                    _ => Certainty::Likely,
                };
                (format!("line {line} names the columns"), certainty)
            }
        };
        self.assume_header(table, assumed, certainty);
        self.note_rows(table, rows);
    }

    /// Adds the header, and what else may be the reason that it is shorter than its rows.
    fn assume_header(&mut self, table: &Table, assumed: String, certainty: Certainty) {
        let line = self.line;
        match &table.split {
            Some(split) => {
                let what = split.describe();
                self.assume(
                    "header",
                    format!("{assumed}; as possible are {what}"),
                    Certainty::Unsure,
                );
                let message = format!(
                    "Each row has more cells than the header has names. If the file has {what}, put \
                     such values in quotes, or separate the cells with another sign."
                );
                self.oddities.push(("split_cells", line, message));
            }
            None => self.assume("header", assumed, certainty),
        }
    }

    /// Warns of rows above the table and within the header.
    fn note_rows(&mut self, table: &Table, rows: &[SampleRow]) {
        let line = self.line;
        if table.start > 0 && line > 1 && self.dialect.shape == Shape::Plain {
            let message = format!(
                "{} above the table (lines 1 to {}) {} not read as part of it.",
                if table.start == 1 {
                    "One row".to_owned()
                } else {
                    format!("{} rows", table.start)
                },
                line - 1,
                if table.start == 1 { "was" } else { "were" },
            );
            self.oddities.push(("skipped_lines", 1, message));
        }
        if table.has_second_header && is_rule_below(&rows[table.start], &rows[table.start + 1..]) {
            let message = "The row after the header is a rule of dashes, as database shells print \
                        it; it was not read as a row.";
            self.oddities.push(("printed_table", line, message.to_owned()));
        } else if table.has_second_header && rows.len() > table.start + 1 {
            let message = "The row after the header has texts or years above figures in each column; it \
                        was read as part of the header.";
            self.oddities.push(("second_header", line, message.to_owned()));
        }
    }
}

/// Whether the header is a comment below others; `##` marks comments where `#` marks a header.
fn is_comment(table: &Table, rows: &[SampleRow]) -> bool {
    let is_other = |row: &SampleRow| row.starts_with('#') && !row.starts_with_text("##");
    table.header == Header::Names
        && rows[table.start].starts_with('#')
        && rows[..table.start].iter().any(is_other)
}

fn header_given(row: Option<u64>) -> String {
    match row {
        None | Some(0) => "none".to_owned(),
        Some(line) => format!("line {line} names the columns"),
    }
}

/// A delimiter for people.
pub(super) fn describe(delimiter: Option<u8>) -> String {
    match delimiter {
        None => "nothing".to_owned(),
        Some(b',') => "commas".to_owned(),
        Some(b';') => "semicolons".to_owned(),
        Some(b'\t') => "tabs".to_owned(),
        Some(b'|') => "vertical bars".to_owned(),
        Some(b':') => "colons".to_owned(),
        Some(b' ') => "blanks".to_owned(),
        Some(byte) if byte.is_ascii_control() => format!("the control character 0x{byte:02x}"),
        Some(byte) => format!("“{}”", char::from(byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_have_names() {
        for (text, expected) in [
            (";", Some(b';')),
            ("tab", Some(b'\t')),
            ("\t", Some(b'\t')),
            ("\\t", Some(b'\t')),
            (" ", Some(b' ')),
            ("|", Some(b'|')),
            ("\\x01", Some(1)),
            ("\u{1}", Some(1)),
            ("\u{1f}", Some(0x1f)),
            ("\\x1f", Some(0x1f)),
            ("a", None),
            ("\"", None),
            (",,", None),
            ("", None),
            ("é", None),
        ] {
            let mut options = Options::default();
            assert_eq!(options.set_delimiter(text), expected.is_some(), "{text:?}");
            assert_eq!(options.delimiter, expected, "{text:?}");
        }
        let mut options = Options::default();
        assert!(options.set_delimiter("none") && options.is_one_column);
    }
}
