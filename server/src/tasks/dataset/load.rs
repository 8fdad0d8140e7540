//! The first stage: from a text to a header and what is odd about the whole.

use std::collections::{HashMap, HashSet};

use super::{
    dialect,
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
}

impl LoadError {
    /// A stable word for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty_input",
            Self::TooManyColumns { .. } => "too_many_columns",
            Self::Csv(_) => "unreadable_csv",
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
    scan(&text, delimiter, &mut warnings, tick)?;
    let header = unique_names(names, first_line, &mut warnings);
    Ok(Loaded { text, bytes, delimiter, header, warnings })
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
    if record.len() > max_columns {
        return Err(LoadError::TooManyColumns { found: record.len(), limit: max_columns });
    }
    let line = dialect::Lines::new(text).of(&record);
    Ok((record.iter().map(|name| shorten(name.trim())).collect(), line))
}

/// Gives nameless columns a name and repeated names a number.
fn unique_names(names: Vec<String>, line: u64, warnings: &mut Warnings) -> Vec<String> {
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

/// Where a reader of CSV is within a record. The same rules as the `csv` crate's: a quote opens
/// only at the beginning of a cell, and a doubled quote stands for one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    CellStart,
    Cell,
    Quoted,
    QuoteInQuoted,
}

/// Looks at every byte once: for an unclosed quote and for what a wrong encoding leaves behind.
fn scan<E>(
    text: &str,
    delimiter: u8,
    warnings: &mut Warnings,
    tick: &mut impl FnMut(f64) -> Result<(), E>,
) -> Result<(), E> {
    const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();
    let bytes = text.as_bytes();
    let (mut place, mut line, mut quote_line) = (Place::CellStart, 1_u64, 1_u64);
    let mut nul = Spot::default();
    let mut replaced = Spot::default();
    for (index, &byte) in bytes.iter().enumerate() {
        if index % (64 * 1024) == 0 {
            tick(index as f64 / bytes.len() as f64)?;
        }
        if byte == 0 {
            nul.see(line);
        } else if byte == REPLACEMENT[0] && bytes[index..].starts_with(REPLACEMENT) {
            replaced.see(line);
        }
        let ends_cell = byte == delimiter || byte == b'\n' || byte == b'\r';
        place = match (place, byte) {
            (Place::CellStart, b'"') => {
                quote_line = line;
                Place::Quoted
            }
            (Place::Quoted, b'"') => Place::QuoteInQuoted,
            (Place::QuoteInQuoted, b'"') | (Place::Quoted, _) => Place::Quoted,
            _ if ends_cell => Place::CellStart,
            _ => Place::Cell,
        };
        line += u64::from(byte == b'\n');
    }
    replaced.warn(
        warnings,
        "replacement_character",
        "The text was not valid UTF-8 when it was \
         read: where bytes made no sense there is the replacement character U+FFFD",
    );
    nul.warn(
        warnings,
        "nul_character",
        "The text contains NUL characters, as UTF-16 and binary \
         files do when they are read as UTF-8",
    );
    if place == Place::Quoted {
        warnings.add("unclosed_quote", Some(quote_line), || {
            "A quote opens here and is never closed: everything after it is one cell.".to_owned()
        });
    }
    Ok(())
}

/// How often something occurs, and where first.
#[derive(Default)]
struct Spot {
    count: u64,
    first: u64,
}

impl Spot {
    const fn see(&mut self, line: u64) {
        if self.count == 0 {
            self.first = line;
        }
        self.count += 1;
    }

    fn warn(&self, warnings: &mut Warnings, code: &str, what: &str) {
        if self.count > 0 {
            let Self { count, first } = self;
            warnings.add(code, Some(*first), || format!("{what} ({count}×, here first)."));
        }
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
