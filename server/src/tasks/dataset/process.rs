//! The second and third stage: the rows, and what they say of each column.

use super::{
    column::{Column, DistinctBudget},
    dialect,
    load::{LoadError, Loaded},
    profile::{Profile, Ragged},
    warnings::Warnings,
};

/// Rows between two looks at whether to stop.
pub(super) const ROWS_PER_TICK: i64 = 64;

/// The rows of a text, counted.
#[derive(Debug)]
pub(super) struct Processed {
    pub(super) loaded: Loaded,
    pub(super) rows: i64,
    pub(super) ragged: Ragged,
    pub(super) columns: Vec<Column>,
}

impl Processed {
    /// Records after the header.
    pub(super) const fn rows(&self) -> i64 {
        self.rows
    }
}

/// Reads every row; `tick` is told how far it is and may stop it.
pub(super) fn process<E: From<LoadError>>(
    mut loaded: Loaded,
    mut budget: DistinctBudget,
    tick: &mut impl FnMut(f64) -> Result<(), E>,
) -> Result<Processed, E> {
    let width = loaded.header.len();
    let mut columns: Vec<Column> = (0..width).map(|_| Column::default()).collect();
    let (mut rows, mut ragged) = (0_i64, Ragged::default());
    let unreadable = |error: csv::Error| LoadError::Csv(error.to_string());
    let mut reader = dialect::reader(&loaded.text, loaded.delimiter);
    let mut lines = dialect::Lines::new(&loaded.text);
    let mut record = csv::StringRecord::new();
    reader.read_record(&mut record).map_err(unreadable)?;
    while reader.read_record(&mut record).map_err(unreadable)? {
        let line = lines.of(&record);
        for (index, column) in columns.iter_mut().enumerate() {
            column.add(record.get(index), line, &mut budget);
        }
        if record.len() != width {
            count_ragged(record.len(), width, line, &mut ragged, &mut loaded.warnings);
        }
        rows += 1;
        if rows % ROWS_PER_TICK == 0 {
            tick(reader.position().byte() as f64 / loaded.text.len() as f64)?;
        }
    }
    drop(reader);
    Ok(Processed { loaded, rows, ragged, columns })
}

pub(super) fn count_ragged(
    cells: usize,
    width: usize,
    line: u64,
    ragged: &mut Ragged,
    warnings: &mut Warnings,
) {
    let (cells_word, columns_word) = (plural(cells, "cell"), plural(width, "column"));
    if cells < width {
        ragged.short_rows += 1;
        warnings.add("short_row", Some(line), || {
            format!("{cells_word}, but {columns_word} in the header: the rest counts as missing.")
        });
    } else {
        let extra = cells - width;
        ragged.long_rows += 1;
        ragged.extra_cells += i64::try_from(extra).unwrap_or(i64::MAX);
        warnings.add("long_row", Some(line), || {
            format!(
                "{cells_word}, but {columns_word} in the header: {extra} at the end of the row \
                 counted in no column."
            )
        });
    }
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// Says what each column is; `tick` is told how far it is and may stop it.
pub(super) fn generate<E>(
    processed: Processed,
    name: Option<String>,
    tick: &mut impl FnMut(f64) -> Result<(), E>,
) -> Result<Profile, E> {
    let Processed { loaded, rows, ragged, columns } = processed;
    let mut warnings = loaded.warnings;
    let total = columns.len();
    let mut profiles = Vec::with_capacity(total);
    for (column, name) in columns.into_iter().zip(loaded.header) {
        tick(profiles.len() as f64 / total as f64)?;
        profiles.push(column.finish(name, &mut warnings));
    }
    let (warnings, warnings_total) = warnings.into_parts();
    Ok(Profile {
        name,
        bytes: i64::try_from(loaded.bytes).unwrap_or(i64::MAX),
        delimiter: char::from(loaded.delimiter).to_string(),
        rows,
        ragged,
        columns: profiles,
        warnings,
        warnings_total,
    })
}

#[cfg(test)]
#[path = "process_tests.rs"]
mod tests;
