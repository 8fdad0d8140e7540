//! The first two stages over a file: row by row, in the same memory whatever its size.

use std::{
    io::Read,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    column::{Column, DistinctBudget},
    dialect,
    feed::Feed,
    load::{self, LoadError, Loaded},
    process::{self, Processed, ROWS_PER_TICK},
    profile::Ragged,
    unpack::unpack,
    warnings::Warnings,
};

/// A file that is ready to be read row by row.
pub(super) struct Opened {
    reader: csv::Reader<Feed>,
    header: Vec<String>,
    delimiter: u8,
    warnings: Warnings,
    /// Bytes of the file, packed as it is: all, and those that were read.
    size: u64,
    read: Arc<AtomicU64>,
}

impl Opened {
    /// How many columns there are.
    pub(super) const fn columns(&self) -> usize {
        self.header.len()
    }
}

/// Counts what is read.
struct Counted<R> {
    file: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

fn unreadable(error: impl std::fmt::Display) -> LoadError {
    LoadError::File(error.to_string())
}

/// Finds out how the file is packed, encoded and separated, and reads the header.
pub(super) fn open(
    file: impl Read + Send + 'static,
    size: u64,
    max_columns: usize,
    mut warnings: Warnings,
) -> Result<Opened, LoadError> {
    let read = Arc::new(AtomicU64::new(0));
    let file = unpack(Counted { file, read: Arc::clone(&read) }).map_err(unreadable)?;
    let (mut feed, beginning) = Feed::open(file).map_err(unreadable)?;
    if beginning.encoding != encoding_rs::UTF_8 {
        let name = beginning.encoding.name();
        warnings.add("encoding", None, || format!("The file is not UTF-8; it was read as {name}."));
    }
    let delimiter = dialect::delimiter(&beginning.sample);
    feed.separated_by(delimiter);
    let mut reader = dialect::reader_of(feed, delimiter);
    let mut record = csv::StringRecord::new();
    let found = reader.read_record(&mut record).map_err(unreadable)?;
    if !found {
        return Err(LoadError::Empty);
    }
    let (names, line) = {
        let byte = record.position().map_or(0, csv::Position::byte);
        let line = reader.get_mut().line_of(byte);
        (load::names(&record, max_columns)?, line)
    };
    let header = load::unique_names(names, line, &mut warnings);
    Ok(Opened { reader, header, delimiter, warnings, size, read })
}

/// Reads every row; `tick` is told how far it is and may stop it.
pub(super) fn process<E: From<LoadError>>(
    opened: Opened,
    mut budget: DistinctBudget,
    tick: &mut impl FnMut(f64) -> Result<(), E>,
) -> Result<Processed, E> {
    let Opened { mut reader, header, delimiter, mut warnings, size, read } = opened;
    let width = header.len();
    let mut columns: Vec<Column> = (0..width).map(|_| Column::default()).collect();
    let (mut rows, mut ragged) = (0_i64, Ragged::default());
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(unreadable)? {
        let byte = record.position().map_or(0, csv::Position::byte);
        let line = reader.get_mut().line_of(byte);
        for (index, column) in columns.iter_mut().enumerate() {
            column.add(record.get(index), line, &mut budget);
        }
        if record.len() != width {
            process::count_ragged(record.len(), width, line, &mut ragged, &mut warnings);
        }
        rows += 1;
        if rows % ROWS_PER_TICK == 0 {
            tick((read.load(Ordering::Relaxed) as f64 / size.max(1) as f64).min(1.0))?;
        }
    }
    let feed = reader.get_ref();
    if feed.is_blank() {
        return Err(LoadError::Empty.into());
    }
    feed.warn(&mut warnings);
    let bytes = usize::try_from(feed.text_bytes()).unwrap_or(usize::MAX);
    let loaded = Loaded { text: String::new(), bytes, delimiter, header, warnings };
    Ok(Processed { loaded, rows, ragged, columns })
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
