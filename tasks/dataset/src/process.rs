//! Stages: read the header, process the rows to statistics, and generate the profile. Memory does
//! not depend on the size of the input.

use std::{
    io::Read,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    charset::Charset,
    column::Column,
    content, dialect,
    ending::Ending,
    error::LoadError,
    feed::Feed,
    header,
    judgement::Evidence,
    layout::{Layout, Options},
    profile::{Assumption, Certainty, Profile},
    record::Record,
    records::{Records, unreadable},
    rows::Rows,
    settings::DatasetSettings,
    table::Header,
    unpack::Trailing,
    unpack::{Unpacked, unpack},
    values::Budget,
    warnings::Warnings,
};

/// CSV after its header was read.
pub(super) struct Table<'f> {
    records: Records<'f>,
    header: Vec<String>,
    /// Number of columns before those at the end without a name.
    named: usize,
    layout: Layout,
    options: Options,
    encoding: Option<Charset>,
    packing: Option<&'static str>,
    trailing: Trailing,
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

    /// The names of the columns.
    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    /// The line in which it begins.
    pub(super) const fn line(&self) -> u64 {
        self.layout.line
    }

    /// The next record, as it is written.
    pub(super) fn next_record(&mut self) -> Result<Option<Record<'_>>, LoadError> {
        self.records.next()
    }
}

/// Statistics of all rows.
pub(super) struct Processed {
    profile: Profile,
    header: Vec<String>,
    columns: Vec<Column>,
    warnings: Warnings,
    options: Options,
    evidence: Evidence,
    budget: Budget,
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
    options: &Options,
    settings: &DatasetSettings,
) -> Result<Table<'t>, LoadError> {
    let read = Arc::new(AtomicU64::new(0));
    let bytes = Box::new(Counted { file: text, read: Arc::clone(&read), limit: u64::MAX });
    let text = Unpacked { bytes, packing: None, other: None, trailing: Trailing::default() };
    open(text, Some(Charset::UTF_8), (size, read), options, settings)
}

/// Detects compression, encoding and layout of a file, and reads its header.
pub(super) fn open_file<'f>(
    file: impl Read + Send + 'f,
    size: u64,
    options: &Options,
    settings: &DatasetSettings,
) -> Result<Table<'f>, LoadError> {
    let read = Arc::new(AtomicU64::new(0));
    let file = Counted { file, read: Arc::clone(&read), limit: u64::MAX };
    let mut file = unpack(file).map_err(|error| unreadable(1, error))?;
    if let Some(other) = file.other {
        return Err(LoadError::NotCsv(other));
    }
    let limit = settings.max_unpacked_bytes;
    file.bytes = Box::new(Counted { file: file.bytes, read: Arc::default(), limit });
    open(file, None, (size, read), options, settings)
}

fn open<'f>(
    file: Unpacked<'f>,
    known: Option<Charset>,
    (size, read): (u64, Arc<AtomicU64>),
    options: &Options,
    settings: &DatasetSettings,
) -> Result<Table<'f>, LoadError> {
    let is_file = known.is_none();
    let known = known.or(options.encoding);
    let (feed, beginning) = Feed::open_separated(file.bytes, known, options.delimiter)
        .map_err(|error| unreadable(1, error))?;
    if beginning.sample.as_bytes().get(257..262) == Some(b"ustar") {
        let what = "it is a tar archive; unpack it and choose one file";
        return Err(LoadError::NotCsv(what.to_owned()));
    }
    if let Some((controls, bytes)) = beginning.binary {
        let detail = format!("{controls} of its first {bytes} characters are control characters");
        return Err(LoadError::NotCsv(detail));
    }
    if let Some(other) = content::other(&beginning.sample) {
        return Err(LoadError::NotCsv(other.to_owned()));
    }
    let mut warnings = Warnings::new(settings.max_warnings);
    let encoding = beginning.encoding;
    let name = encoding.named();
    if encoding.guessed {
        let shown = format!("The file is not UTF-8; by its beginning it was taken for {name}.");
        warnings.add_whole("encoding", None, shown);
    }
    let mut layout = dialect::detect(&beginning.sample, feed.seen().line_end, options);
    if is_file {
        let certainty = match (options.encoding, encoding.guessed, encoding.rival) {
            (Some(_), ..) => Certainty::Given,
            (None, true, Some(_)) => Certainty::Unsure,
            (None, true, None) => Certainty::Likely,
            (None, false, _) => Certainty::Sure,
        };
        let (subject, assumed) = ("encoding".to_owned(), name);
        layout.assumptions.push(Assumption { subject, assumed, certainty });
    }
    for (code, line, message) in std::mem::take(&mut layout.oddities) {
        warnings.add_whole(code, Some(line), message);
    }
    let mut records = Records::new(feed, layout.dialect, settings.max_row_bytes);
    records.skip_to(layout.line)?;
    let header = header(&mut records, &layout, settings, &mut warnings);
    let (header, named) = header.map_err(|error| match options.header_row {
        Some(line) if error == LoadError::Empty && records.seen().written => {
            LoadError::NoHeader { line, lines: records.seen().lines() }
        }
        _ => error,
    })?;
    records.width = Some(header.len());
    Ok(Table {
        records,
        header,
        named,
        layout,
        options: options.clone(),
        encoding: is_file.then_some(encoding.charset),
        packing: file.packing,
        trailing: file.trailing,
        warnings,
        size,
        read,
    })
}

/// Reads the header, or names the columns without one. Also returns the number of columns before
/// those at the end without a name.
fn header(
    records: &mut Records<'_>,
    layout: &Layout,
    settings: &DatasetSettings,
    warnings: &mut Warnings,
) -> Result<(Vec<String>, usize), LoadError> {
    let max = settings.max_columns;
    if layout.header == Header::None {
        if layout.width > max {
            let (line, found) = (layout.line, layout.width);
            return Err(LoadError::TooManyColumns { line, found, limit: max });
        }
        let names = (1..=layout.width).map(|number| format!("column_{number}"));
        return Ok((names.collect(), layout.width));
    }
    let (mut names, line) = match records.next()? {
        Some(record) => (header::names(&record, max)?, record.line),
        None => return Err(LoadError::Empty),
    };
    if let (true, Some(first)) = (layout.is_comment, names.first_mut()) {
        *first = first.trim_start_matches(['#', ' ']).to_owned();
    }
    if layout.header == Header::RowNames {
        names.insert(0, String::new());
    }
    let named = header::named(&names);
    let header = header::unique_names(names, named, line, warnings);
    if layout.has_second_header {
        records.next()?;
    }
    Ok((header, named))
}

/// Processes all rows without showing any.
#[cfg(test)]
pub(super) fn process<E: From<LoadError>>(
    table: Table<'_>,
    settings: &DatasetSettings,
    tick: &mut impl FnMut(f64) -> Result<(), E>,
) -> Result<Processed, E> {
    process_showing(table, settings, tick, &mut |_| {})
}

/// Processes all rows; calls `tick` with the progress, which may stop it, and `show` with the rows so far.
pub(super) fn process_showing<E: From<LoadError>>(
    table: Table<'_>,
    settings: &DatasetSettings,
    tick: &mut impl FnMut(f64) -> Result<(), E>,
    show: &mut impl FnMut(&Rows),
) -> Result<Processed, E> {
    let Table { mut records, header, layout, options, encoding, packing, .. } = table;
    let (mut warnings, trailing, size, read) =
        (table.warnings, table.trailing, table.size, table.read);
    let mut rows = Rows::new(header, layout.header == Header::Names, settings);
    let (mut ending, mut pieces) = (Ending::default(), 0);
    while let Some(record) = records.next()? {
        ending.add(&record, (&mut rows, &options.rules), &mut warnings);
        if records.seen().pieces != pieces {
            pieces = records.seen().pieces;
            tick((read.load(Ordering::Relaxed) as f64 / size.max(1) as f64).min(1.0))?;
            show(&rows);
        }
    }
    show(&rows);
    if !records.seen().written {
        return Err(LoadError::Empty.into());
    }
    ending.finish(&mut warnings);
    rows.drop_empty_columns(table.named, layout.line, &mut warnings);
    records.warn(&mut warnings);
    trailing.warn(&mut warnings);
    rows.warn(&mut warnings);
    let delimiter = layout.dialect.delimiter;
    let profile = Profile {
        name: None,
        bytes: i64::try_from(records.seen().bytes).unwrap_or(i64::MAX),
        encoding: encoding.map(|encoding| encoding.name().to_owned()),
        packing: packing.map(str::to_owned),
        delimiter: delimiter.map(|byte| char::from(byte).to_string()).unwrap_or_default(),
        rows: rows.count,
        ragged: rows.ragged,
        assumptions: layout.assumptions,
        preview: rows.preview,
        columns: Vec::with_capacity(rows.columns.len()),
        warnings: Vec::new(),
        warnings_total: 0,
    };
    let evidence = Evidence::new(delimiter, options.rules.decimal, layout.lacks_delimiter);
    let (header, columns, budget) = (rows.header, rows.columns, rows.budget);
    Ok(Processed { profile, header, columns, warnings, options, evidence, budget })
}

/// Generates the profile; calls `tick` with the progress, which may stop it.
pub(super) fn generate<E>(
    processed: Processed,
    name: Option<String>,
    tick: &mut impl FnMut(f64) -> Result<(), E>,
) -> Result<Profile, E> {
    let Processed { mut profile, header, mut columns, mut warnings, .. } = processed;
    let (options, mut evidence, mut budget) =
        (processed.options, processed.evidence, processed.budget);
    let total = columns.len();
    for (index, column) in columns.iter_mut().enumerate() {
        tick(index as f64 / total as f64 / 2.0)?;
        column.judge(&mut evidence);
    }
    let known = (&options.rules, &evidence);
    for (column, name) in columns.into_iter().zip(header) {
        tick(0.5 + profile.columns.len() as f64 / total as f64 / 2.0)?;
        profile.columns.push(column.finish(name, known, &mut budget, &mut warnings));
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
#[path = "people_tests.rs"]
mod people_tests;

#[cfg(test)]
#[path = "ending_tests.rs"]
mod ending_tests;

#[cfg(test)]
#[path = "silent_tests.rs"]
mod silent_tests;

#[cfg(test)]
#[path = "file_tests.rs"]
mod file_tests;

#[cfg(test)]
#[path = "note_tests.rs"]
mod note_tests;

#[cfg(test)]
#[path = "header_tests.rs"]
mod header_tests;

#[cfg(test)]
#[path = "missing_tests.rs"]
mod missing_tests;
