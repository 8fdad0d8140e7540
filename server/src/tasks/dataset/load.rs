//! The first stage: from a text to a header and what is odd about the whole.

use std::collections::{HashMap, HashSet};

use super::{
    dialect,
    scan::Scan,
    warnings::{Warnings, shorten},
};

/// Why a text cannot be profiled at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Nothing but blanks.
    #[error("the text is empty: give CSV text whose first line names the columns")]
    Empty,
    /// More columns than allowed.
    #[error("the header has {found} columns, at most {limit} are allowed; is it really a header?")]
    TooManyColumns {
        /// Columns in the header.
        found: usize,
        /// The configured limit.
        limit: usize,
    },
    /// The CSV reader refused the text.
    #[error("the text cannot be read as CSV: {0}")]
    Csv(String),
    /// The file breaks off, or is not what it begins like.
    #[error("the file cannot be read: {0}")]
    File(String),
}

impl LoadError {
    /// A stable word for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty_input",
            Self::TooManyColumns { .. } => "too_many_columns",
            Self::Csv(_) => "unreadable_csv",
            Self::File(_) => "unreadable_file",
        }
    }
}

/// A text that is ready to be read row by row.
#[derive(Debug)]
pub(super) struct Loaded {
    /// The text without its byte order mark, with line feeds where it had lone carriage returns.
    pub(super) text: String,
    /// Bytes of the text as it was given.
    pub(super) bytes: usize,
    pub(super) delimiter: u8,
    /// The columns' names, made unique.
    pub(super) header: Vec<String>,
    pub(super) warnings: Warnings,
}

/// Reads the header and looks for what is odd about the text; `tick` is told how far it is and may
/// stop it.
pub(super) fn load<E: From<LoadError>>(
    text: String,
    max_columns: usize,
    mut warnings: Warnings,
    tick: &mut impl FnMut(f64) -> Result<(), E>,
) -> Result<Loaded, E> {
    let bytes = text.len();
    let text = normalise(text);
    let delimiter = dialect::delimiter(&text);
    let (names, first_line) = header(&text, delimiter, max_columns)?;
    scan(&text, delimiter, tick)?.warn(&mut warnings);
    let header = unique_names(names, first_line, &mut warnings);
    Ok(Loaded { text, bytes, delimiter, header, warnings })
}

/// Looks at every byte once.
fn scan<E>(
    text: &str,
    delimiter: u8,
    tick: &mut impl FnMut(f64) -> Result<(), E>,
) -> Result<Scan, E> {
    const PIECE: usize = 64 << 10;
    let mut scan = Scan::default();
    scan.delimiter = delimiter;
    let mut from = 0;
    while from < text.len() {
        tick(from as f64 / text.len() as f64)?;
        let to = text.floor_char_boundary(from + PIECE);
        scan.see(&text.as_bytes()[from..to]);
        from = to;
    }
    Ok(scan)
}

/// Whether the text can be profiled; cheap enough to be asked before a task is queued.
pub(super) fn check(text: &str, max_columns: usize) -> Result<(), LoadError> {
    let text = text.strip_prefix(BOM).unwrap_or(text);
    header(text, dialect::delimiter(text), max_columns).map(drop)
}

const BOM: char = '\u{feff}';

/// A byte order mark is no part of the first name, and a lone carriage return (old Macs) ends a line.
fn normalise(mut text: String) -> String {
    if text.starts_with(BOM) {
        text.drain(..BOM.len_utf8());
    }
    if text.contains('\r') && !text.contains('\n') { text.replace('\r', "\n") } else { text }
}

/// The names in the first record, and its line.
fn header(text: &str, delimiter: u8, max_columns: usize) -> Result<(Vec<String>, u64), LoadError> {
    if text.trim().is_empty() {
        return Err(LoadError::Empty);
    }
    let mut record = csv::StringRecord::new();
    let mut reader = dialect::reader(text, delimiter);
    let found =
        reader.read_record(&mut record).map_err(|error| LoadError::Csv(error.to_string()))?;
    if !found {
        return Err(LoadError::Empty);
    }
    let line = dialect::Lines::new(text).of(&record);
    Ok((names(&record, max_columns)?, line))
}

/// The names in a record.
pub(super) fn names(
    record: &csv::StringRecord,
    max_columns: usize,
) -> Result<Vec<String>, LoadError> {
    if record.len() > max_columns {
        return Err(LoadError::TooManyColumns { found: record.len(), limit: max_columns });
    }
    Ok(record.iter().map(|name| shorten(name.trim())).collect())
}

/// Gives nameless columns a name and repeated names a number.
pub(super) fn unique_names(names: Vec<String>, line: u64, warnings: &mut Warnings) -> Vec<String> {
    let mut taken: HashSet<String> = names.iter().cloned().collect();
    let mut used = HashSet::new();
    let mut next: HashMap<String, u64> = HashMap::new();
    let rename = |base: &str, first: u64, taken: &mut HashSet<String>, next: &mut HashMap<_, _>| {
        // The last number per base is remembered: a thousand equal names stay linear.
        let number = next.entry(base.to_owned()).or_insert(first);
        loop {
            let name = format!("{base}_{number}");
            *number += 1;
            if taken.insert(name.clone()) {
                return name;
            }
        }
    };
    let mut unique = Vec::with_capacity(names.len());
    for (index, name) in names.into_iter().enumerate() {
        let place = index as u64 + 1;
        let name = if name.is_empty() {
            let given = rename("column", place, &mut taken, &mut HashMap::new());
            warnings.add("empty_name", Some(line), || {
                format!("Column {place} has no name in the header; it is called “{given}” here.")
            });
            given
        } else if used.contains(&name) {
            let given = rename(&name, 2, &mut taken, &mut next);
            warnings.add("duplicate_name", Some(line), || {
                format!(
                    "Column {place} is called “{name}” like one before it; it is called “{given}” \
                     here."
                )
            });
            given
        } else {
            name
        };
        used.insert(name.clone());
        unique.push(name);
    }
    unique
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
