//! Collects the rows of a table: their columns, their irregularities and the first of them.

use super::{
    column::{CellText, Column, Rules},
    header::warn_of_empty,
    profile::Ragged,
    record::Record,
    settings::DatasetSettings,
    values::Budget,
    warnings::{Warnings, shorten},
};

/// Rows of the preview, and cells of each.
const PREVIEW_ROWS: usize = 10;
const PREVIEW_CELLS: usize = 50;

/// The rows so far.
pub(super) struct Rows {
    pub(super) header: Vec<String>,
    /// Whether the header is in the text, so that it may be repeated there.
    is_written: bool,
    pub(super) columns: Vec<Column>,
    pub(super) budget: Budget,
    pub(super) count: i64,
    pub(super) ragged: Ragged,
    pub(super) preview: Vec<Vec<String>>,
    /// Line of the first record that repeats the header, and their number.
    repeated: Option<(u64, i64)>,
}

impl Rows {
    pub(super) fn new(header: Vec<String>, is_written: bool, settings: &DatasetSettings) -> Self {
        let width = header.len();
        Self {
            header,
            is_written,
            columns: (0..width).map(|_| Column::default()).collect(),
            budget: Budget::new(settings.max_column_memory, settings.max_memory, width),
            count: 0,
            ragged: Ragged::default(),
            preview: Vec::new(),
            repeated: None,
        }
    }

    /// Adds a record.
    pub(super) fn add(&mut self, record: &Record<'_>, rules: &Rules, warnings: &mut Warnings) {
        if self.is_header(record) {
            self.repeated.get_or_insert((record.line, 0)).1 += 1;
            return;
        }
        if self.preview.len() < PREVIEW_ROWS {
            self.preview.push(record.iter().take(PREVIEW_CELLS).map(shorten).collect());
        }
        for (index, column) in self.columns.iter_mut().enumerate() {
            let cell = record.get(index).map(|text| CellText {
                text,
                quoted: record.is_quoted(index),
                line: record.line,
            });
            column.add(cell, rules, &mut self.budget);
        }
        if record.len() != self.columns.len() {
            self.count_ragged(record, warnings);
        }
        self.count += 1;
    }

    /// Whether a record repeats the header, as where files were joined.
    fn is_header(&self, record: &Record<'_>) -> bool {
        self.is_written
            && self.header.len() > 1
            && record.len() == self.header.len()
            && record.iter().zip(&self.header).all(|(cell, name)| cell.trim() == name)
    }

    /// Drops the empty columns at the end that have no name, as spreadsheets write them; `named` is
    /// the number of columns before.
    pub(super) fn drop_empty_columns(&mut self, named: usize, line: u64, warnings: &mut Warnings) {
        let filled = self.columns.iter().rposition(|column| !column.is_empty());
        let width = filled.map_or(0, |last| last + 1).max(named).min(self.columns.len());
        // Where no row has the cells, the header just ends with a delimiter.
        let width = if self.ragged.short_rows < self.count { width } else { self.columns.len() };
        let dropped = self.columns.len() - width;
        for (index, name) in self.header.iter().enumerate().take(width).skip(named) {
            warn_of_empty(index + 1, name, line, warnings);
        }
        if dropped == 0 {
            return;
        }
        self.columns.truncate(width);
        self.header.truncate(width);
        self.preview.iter_mut().for_each(|row| row.truncate(width));
        let columns = plural(dropped, "empty column");
        let verb = if dropped == 1 { "was" } else { "were" };
        let message = format!("{columns} without a name at the end of each row {verb} left out.");
        warnings.add_whole("empty_columns", Some(line), message);
    }

    fn count_ragged(&mut self, record: &Record<'_>, warnings: &mut Warnings) {
        let (cells, line, width) = (record.len(), record.line, self.columns.len());
        let words = || (plural(cells, "cell"), plural(width, "column"));
        if cells < width {
            self.ragged.short_rows += 1;
            warnings.add("short_row", Some(line), || {
                let (cells, columns) = words();
                format!("{cells}, but {columns} in the header: the rest counts as missing.")
            });
        } else {
            let extra = cells - width;
            self.ragged.long_rows += 1;
            self.ragged.extra_cells += i64::try_from(extra).unwrap_or(i64::MAX);
            warnings.add("long_row", Some(line), || {
                let (cells, columns) = words();
                format!(
                    "{cells}, but {columns} in the header: {extra} at the end of the row counted \
                     in no column."
                )
            });
        }
    }

    /// Adds warnings about all rows, at their end.
    pub(super) fn warn(&self, warnings: &mut Warnings) {
        if let Some((line, times)) = self.repeated {
            let shown = format!(
                "The header is repeated within the rows, as if files were joined ({times}×, here \
                 first); it is not counted as a row."
            );
            warnings.add_whole("repeated_header", Some(line), shown);
        }
    }
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}
