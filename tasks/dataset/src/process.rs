//! Stages: read the header, process the rows to statistics, and generate the profile. Memory does
//! not depend on the size of the input.

use std::{
    io::Read,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use encoding_rs::{Encoding, UTF_8};

use super::{
    column::Column,
    dialect,
    error::LoadError,
    feed::Feed,
    header,
    profile::{Profile, Ragged},
    records::{Records, unreadable},
    settings::DatasetSettings,
    unpack::{Unpacked, unpack},
    values::Budget,
    warnings::Warnings,
};

/// CSV after its header was read.
pub(super) struct Table<'f> {
    records: Records<'f>,
    header: Vec<String>,
    delimiter: u8,
    encoding: Option<&'static Encoding>,
    packing: Option<&'static str>,
    warnings: Warnings,
    /// Size of the text or file in bytes, as stored, and the number of bytes read.
    size: u64,
    read: Arc<AtomicU64>,
}

impl Table<'_> {
    /// Number of columns.
    pub(super) const fn columns(&self) -> usize {
        self.header.len()
    }
}

/// Statistics of all rows.
pub(super) struct Processed {
    profile: Profile,
    header: Vec<String>,
    columns: Vec<Column>,
    warnings: Warnings,
}

impl Processed {
    /// Number of records after the header.
    pub(super) const fn rows(&self) -> i64 {
        self.profile.rows
    }
}

/// Opens a text and reads its header.
pub(super) fn open_text<'t>(
    text: impl Read + Send + 't,
    size: u64,
    settings: &DatasetSettings,
) -> Result<Table<'t>, LoadError> {
    let read = Arc::new(AtomicU64::new(0));
    let bytes = Box::new(Counted { file: text, read: Arc::clone(&read), limit: u64::MAX });
    let text = Unpacked { bytes, packing: None, other: None };
    open(text, Some(UTF_8), (size, read), settings)
}

/// Detects compression, encoding and delimiter of a file, and reads its header.
pub(super) fn open_file<'f>(
    file: impl Read + Send + 'f,
    size: u64,
    settings: &DatasetSettings,
) -> Result<Table<'f>, LoadError> {
    let read = Arc::new(AtomicU64::new(0));
    let file = Counted { file, read: Arc::clone(&read), limit: u64::MAX };
    let mut file = unpack(file).map_err(|error| unreadable(1, error))?;
    if let Some(other) = file.other {
        return Err(LoadError::NotCsv(other.to_owned()));
    }
    let limit = settings.max_unpacked_bytes;
    file.bytes = Box::new(Counted { file: file.bytes, read: Arc::default(), limit });
    open(file, None, (size, read), settings)
}

fn open<'f>(
    file: Unpacked<'f>,
    known: Option<&'static Encoding>,
    (size, read): (u64, Arc<AtomicU64>),
    settings: &DatasetSettings,
) -> Result<Table<'f>, LoadError> {
    let (feed, beginning) = Feed::open(file.bytes, known).map_err(|error| unreadable(1, error))?;
    if let Some((controls, bytes)) = beginning.binary {
        let detail = format!("{controls} of its first {bytes} characters are control characters");
        return Err(LoadError::NotCsv(detail));
    }
    let mut warnings = Warnings::new(settings.max_warnings);
    let name = beginning.encoding.name();
    if beginning.guessed {
        let told = format!("The file is not UTF-8; by its beginning it was taken for {name}.");
        warnings.add_whole("encoding", None, told);
    }
    let delimiter = dialect::delimiter(&beginning.sample);
    let mut records = Records::new(feed, delimiter, settings.max_row_bytes);
    let (names, line) = match records.next()? {
        Some(record) => (header::names(&record, settings.max_columns)?, record.line),
        None => return Err(LoadError::Empty),
    };
    let header = header::unique_names(names, line, &mut warnings);
    let (packing, encoding) = (file.packing, known.is_none().then_some(beginning.encoding));
    Ok(Table { records, header, delimiter, encoding, packing, warnings, size, read })
}

/// Processes all rows; calls `tick` with the progress, which may stop it.
pub(super) fn process<E: From<LoadError>>(
    table: Table<'_>,
    settings: &DatasetSettings,
    tick: &mut impl FnMut(f64) -> Result<(), E>,
) -> Result<Processed, E> {
    let Table { mut records, header, delimiter, encoding, packing, mut warnings, size, read } =
        table;
    let width = header.len();
    let mut columns: Vec<Column> = (0..width).map(|_| Column::default()).collect();
    let mut budget = Budget::new(settings.max_column_memory, settings.max_memory, width);
    let (mut rows, mut ragged, mut pieces) = (0_i64, Ragged::default(), 0);
    while let Some(record) = records.next()? {
        for (index, column) in columns.iter_mut().enumerate() {
            column.add(record.get(index), (record.line, record.is_ascii), &mut budget);
        }
        if record.len() != width {
            count_ragged(record.len(), width, record.line, &mut ragged, &mut warnings);
        }
        rows += 1;
        if records.seen().pieces != pieces {
            pieces = records.seen().pieces;
            tick((read.load(Ordering::Relaxed) as f64 / size.max(1) as f64).min(1.0))?;
        }
    }
    if !records.seen().written {
        return Err(LoadError::Empty.into());
    }
    records.warn(&mut warnings);
    let profile = Profile {
        name: None,
        bytes: i64::try_from(records.seen().bytes).unwrap_or(i64::MAX),
        encoding: encoding.map(|encoding| encoding.name().to_owned()),
        packing: packing.map(str::to_owned),
        delimiter: char::from(delimiter).to_string(),
        rows,
        ragged,
        columns: Vec::with_capacity(width),
        warnings: Vec::new(),
        warnings_total: 0,
    };
    Ok(Processed { profile, header, columns, warnings })
}

fn count_ragged(
    cells: usize,
    width: usize,
    line: u64,
    ragged: &mut Ragged,
    warnings: &mut Warnings,
) {
    let words = || (plural(cells, "cell"), plural(width, "column"));
    if cells < width {
        ragged.short_rows += 1;
        warnings.add("short_row", Some(line), || {
            let (cells, columns) = words();
            format!("{cells}, but {columns} in the header: the rest counts as missing.")
        });
    } else {
        let extra = cells - width;
        ragged.long_rows += 1;
        ragged.extra_cells += i64::try_from(extra).unwrap_or(i64::MAX);
        warnings.add("long_row", Some(line), || {
            let (cells, columns) = words();
            format!(
                "{cells}, but {columns} in the header: {extra} at the end of the row counted in no \
                 column."
            )
        });
    }
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// Generates the profile; calls `tick` with the progress, which may stop it.
pub(super) fn generate<E>(
    processed: Processed,
    name: Option<String>,
    tick: &mut impl FnMut(f64) -> Result<(), E>,
) -> Result<Profile, E> {
    let Processed { mut profile, header, columns, mut warnings } = processed;
    let total = columns.len();
    for (column, name) in columns.into_iter().zip(header) {
        tick(profile.columns.len() as f64 / total as f64)?;
        profile.columns.push(column.finish(name, &mut warnings));
    }
    profile.name = name;
    (profile.warnings, profile.warnings_total) = warnings.into_parts();
    Ok(profile)
}

/// Counts the bytes read, up to a limit.
struct Counted<R> {
    file: R,
    read: Arc<AtomicU64>,
    limit: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        let all = self.read.fetch_add(read as u64, Ordering::Relaxed) + read as u64;
        if all > self.limit {
            let limit = self.limit;
            return Err(std::io::Error::other(LoadError::Unpacked { line: 1, limit }));
        }
        Ok(read)
    }
}

#[cfg(test)]
#[path = "process_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "file_tests.rs"]
mod file_tests;
