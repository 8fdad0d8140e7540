//! The table in a text, for pages that show it.

use super::{DatasetSettings, layout::Options, process};

/// Maximum number of columns of what is shown as a table.
const MAX_COLUMNS: usize = 100_000;

/// The table in a text, read in the same way as for a profile: what stands above it is skipped, a column without a
/// name is `column_1` and so on, and a quote that is never closed swallows no rows.
pub struct Sheet<'t> {
    table: process::Table<'t>,
}

impl<'t> Sheet<'t> {
    /// Finds the table in a text. `None` if there is none: the text is blank, of another format, or has more than 100,000
    /// columns.
    pub fn of(text: &'t str) -> Option<Self> {
        let settings = DatasetSettings { max_columns: MAX_COLUMNS, ..DatasetSettings::default() };
        let size = text.len() as u64;
        let table = process::open_text(text.as_bytes(), size, &Options::default(), &settings);
        Some(Self { table: table.ok()? })
    }

    /// The names of the columns.
    pub fn header(&self) -> &[String] {
        self.table.header()
    }

    /// Number of lines above the table.
    pub fn lines_above(&self) -> u64 {
        self.table.line() - 1
    }

    /// The cells of the next row. `None` at the end, or where a row is longer than 4 MiB.
    pub fn next_row(&mut self) -> Option<impl Iterator<Item = &str>> {
        let record = self.table.next_record().ok()??;
        Some((0..record.len()).filter_map(move |index| record.get(index)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines above, names and rows.
    fn read(text: &str) -> Option<(u64, String, Vec<String>)> {
        let mut sheet = Sheet::of(text)?;
        let mut rows = Vec::new();
        while let Some(row) = sheet.next_row() {
            rows.push(row.collect::<Vec<_>>().join("|"));
        }
        Some((sheet.lines_above(), sheet.header().join("|"), rows))
    }

    #[test]
    fn a_table_is_shown_as_it_is_profiled() {
        for (text, above, header, rows) in [
            ("a;b\n1;2,5\n3;4,5\n", 0, "a|b", vec!["1|2,5", "3|4,5"]),
            ("sep=;\na;b\n1;2\n3;4\n", 1, "a|b", vec!["1|2", "3|4"]),
            ("Sales of May\n\nday,sum\n1,20\n2,30\n", 2, "day|sum", vec!["1|20", "2|30"]),
            ("1,2\n3,4\n5,6\n", 0, "column_1|column_2", vec!["1|2", "3|4", "5|6"]),
            ("a,b\n1,\"x\n2,y\n3,z\n", 0, "a|b", vec!["1|\"x", "2|y", "3|z"]),
            ("a,b\n1,\"x \\\"y\\\", z\"\n2,w\n", 0, "a|b", vec!["1|x \"y\", z", "2|w"]),
            ("a\n", 0, "a", vec![]),
        ] {
            let rows: Vec<_> = rows.into_iter().map(str::to_owned).collect();
            assert_eq!(read(text), Some((above, header.to_owned(), rows)), "{text:?}");
        }
        let wide = ",".repeat(MAX_COLUMNS + 1);
        for text in [&wide, "", "\n\n", "<!doctype html>\n<p>a,b</p>", "{\"a\": 1}"] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
