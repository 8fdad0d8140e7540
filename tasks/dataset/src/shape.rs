//! Texts in which not each line is a row: tables that a database shell printed, and logs with
//! directives.

use super::cells::Row;

/// Which lines of a text are rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Shape {
    /// All of them.
    #[default]
    Plain,
    /// Those with bars between the cells, as psql prints them; `outer`: and around them, as mysql
    /// and Markdown have them. The others are rules, such as `----+----`, and notes, such as
    /// `(5 rows)`.
    Printed {
        /// Whether a bar stands at both ends of a row.
        outer: bool,
    },
    /// Those that do not begin with `#`; `#Fields:` names the columns, as in logs of web servers
    /// (W3C Extended Log File Format).
    Log,
}

/// Maximum number of lines by which the shape is detected.
const MAX_LINES: usize = 1_000;
/// Maximum number of directives above the names of a log's columns.
const MAX_DIRECTIVES: usize = 20;
const FIELDS: &str = "#Fields:";

impl Shape {
    /// Shape of a text by its beginning, and the delimiter that it implies.
    pub(super) fn detect(sample: &str) -> (Self, Option<u8>) {
        let lines = || {
            let lines = sample.trim_start_matches('\u{feff}').split(['\r', '\n']);
            lines.map(str::trim).filter(|line| !line.is_empty()).take(MAX_LINES)
        };
        let directives = lines().take_while(|line| line.starts_with('#')).take(MAX_DIRECTIVES);
        if directives.into_iter().any(|line| line.starts_with(FIELDS)) {
            let has_tabs = lines().find(|line| !line.starts_with('#')).is_some_and(has_tab);
            return (Self::Log, Some(if has_tabs { b'\t' } else { b' ' }));
        }
        if !lines().take(4).any(is_rule) {
            return (Self::Plain, None);
        }
        let rows = || lines().filter(|line| line.contains('|') && !is_rule(line));
        let (all, outer) = (rows().count(), rows().filter(|line| has_outer_bars(line)).count());
        match (all, outer * 2 > all) {
            (0, _) => (Self::Plain, None),
            (_, outer) => (Self::Printed { outer }, Some(b'|')),
        }
    }

    /// Reduces a record to its cells. False if it is no row.
    pub(super) fn apply(self, row: &mut Row) -> bool {
        match self {
            Self::Plain => true,
            Self::Log => {
                if !row.text.starts_with(b"#") {
                    return true;
                }
                let is_fields = row.text.starts_with(FIELDS.as_bytes());
                if is_fields {
                    row.split_names();
                }
                is_fields
            }
            Self::Printed { outer } => {
                let is_row = row.ends.len() > 1 && !is_rule_of_cells(row);
                if is_row && outer {
                    row.drop_outer();
                }
                is_row
            }
        }
    }
}

fn has_tab(line: &str) -> bool {
    line.contains('\t')
}

fn has_outer_bars(line: &str) -> bool {
    line.len() > 1 && line.starts_with('|') && line.ends_with('|')
}

/// Whether a line only separates rows: `+----+----+`, `----+----` or `|----|:---|`.
fn is_rule(line: &str) -> bool {
    let is_sign = |char: char| matches!(char, '-' | '+' | '=' | '|' | ':' | ' ');
    let has_dashes = line.contains("--") || line.contains("==");
    has_dashes && line.chars().all(is_sign) && (line.contains('+') || has_outer_bars(line))
}

fn is_rule_of_cells(row: &Row) -> bool {
    let is_sign = |byte: &u8| matches!(byte, b'-' | b'+' | b'=' | b':' | b' ');
    row.text.iter().all(is_sign) && row.text.windows(2).any(|pair| matches!(pair, b"--" | b"=="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_known_by_their_lines() {
        let printed = |outer| Shape::Printed { outer };
        for (text, expected) in [
            (" a | b \n---+---\n 1 | 2\n(1 row)\n", (printed(false), Some(b'|'))),
            (
                "+---+---+\n| a | b |\n+---+---+\n| 1 | 2 |\n+---+---+\n",
                (printed(true), Some(b'|')),
            ),
            ("| a | b |\n|---|--:|\n| 1 | 2 |\n", (printed(true), Some(b'|'))),
            ("+---+\n| a |\n+---+\n| 1 |\n+---+\n", (printed(true), Some(b'|'))),
            ("#Version: 1.0\n#Fields: date time\n2024-01-01 10:00\n", (Shape::Log, Some(b' '))),
            ("#Version: 1.0\n#Fields: date time\n2024-01-01\t10:00\n", (Shape::Log, Some(b'\t'))),
            ("a|b\n---|---\n1|2\n", (Shape::Plain, None)),
            ("a,b\n--,--\n", (Shape::Plain, None)),
            ("# made by hand\na,b\n", (Shape::Plain, None)),
            ("", (Shape::Plain, None)),
        ] {
            assert_eq!(Shape::detect(text), expected, "{text:?}");
        }
    }
}
