//! Reads CSV records one by one, each with the line where it begins.

use super::{
    cells::{Dialect, Splitter},
    error::LoadError,
    feed::{Feed, Seen, count},
    record::Record,
    shape::Shape,
    stray,
    warnings::Warnings,
};

pub(super) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// End of a file for DOS, which some programs still write.
const END_MARK: u8 = 0x1a;

/// NULs at the end of a file that are no value, but fill its last block, from this number on.
const MIN_PADDING: usize = 8;

/// Reads records from a feed; buffers one record.
pub(super) struct Records<'f> {
    source: Source<'f>,
    dialect: Dialect,
    splitter: Splitter,
    /// Bytes of the record as written, if it may have swallowed others, and their number.
    raw: Vec<u8>,
    length: usize,
    max_bytes: usize,
    /// Number of columns, once it is known.
    pub(super) width: Option<usize>,
    /// Current line.
    line: u64,
    /// Bytes that were read twice because of quotes out of place.
    read_twice: u64,
    oddities: Oddities,
}

/// Irregularities of quotes and marks so far.
#[derive(Debug, Default)]
struct Oddities {
    /// Line of a record with a quote that is never closed.
    unclosed: Option<u64>,
    /// Quotes that were read as characters: number, first line.
    stray: Option<(u64, u64)>,
    /// Quotes within quoted cells that were not doubled: number, first line.
    unclean: Option<(u64, u64)>,
    /// Byte order marks within the file: number, first line.
    marks: Option<(u64, u64)>,
    end_mark: Option<u64>,
    /// Line of NULs that fill the last block.
    padding: Option<u64>,
}

/// Counts an irregularity.
fn note(oddity: &mut Option<(u64, u64)>, line: u64) {
    oddity.get_or_insert((0, line)).0 += 1;
}

/// Text of the feed, after text that was put back.
struct Source<'f> {
    feed: Feed<'f>,
    pending: Vec<u8>,
    taken: usize,
}

impl Source<'_> {
    fn text(&mut self) -> std::io::Result<&[u8]> {
        if self.taken < self.pending.len() {
            Ok(&self.pending[self.taken..])
        } else {
            self.feed.text()
        }
    }

    fn take(&mut self, bytes: usize) {
        if self.taken < self.pending.len() {
            self.taken += bytes;
        } else {
            self.feed.take(bytes);
        }
    }

    fn put_back(&mut self, text: &[u8]) {
        let rest = self.pending.get(self.taken..).unwrap_or_default();
        self.pending = [text, rest].concat();
        self.taken = 0;
    }
}

/// Length of the line endings and byte order marks at the beginning of a text, and the number of
/// the marks.
fn blank(text: &[u8]) -> (usize, u64) {
    let (mut at, mut marks) = (0, 0);
    loop {
        match &text[at..] {
            [b'\n' | b'\r', ..] => at += 1,
            rest if rest.starts_with(BYTE_ORDER_MARK) => {
                at += BYTE_ORDER_MARK.len();
                marks += 1;
            }
            _ => return (at, marks),
        }
    }
}

/// How a record ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    AtLineEnd,
    AtEnd,
    /// The file ended within quotes, or the record grew too long within them.
    WithinQuotes,
    TooLong,
    Nothing,
}

impl<'f> Records<'f> {
    pub(super) fn new(feed: Feed<'f>, dialect: Dialect, max_bytes: usize) -> Self {
        Self {
            source: Source { feed, pending: Vec::new(), taken: 0 },
            dialect,
            splitter: Splitter::new(dialect),
            raw: Vec::new(),
            length: 0,
            max_bytes,
            width: None,
            line: 1,
            read_twice: 0,
            oddities: Oddities::default(),
        }
    }

    pub(super) const fn seen(&self) -> &Seen {
        self.source.feed.seen()
    }

    /// Skips text up to the beginning of a line.
    pub(super) fn skip_to(&mut self, line: u64) -> Result<(), LoadError> {
        let line_end = self.seen().line_end;
        while self.line < line {
            let text = self.source.text().map_err(|error| unreadable(self.line, error))?;
            if text.is_empty() {
                break;
            }
            let end = memchr::memchr(line_end, text).map_or(text.len(), |end| end + 1);
            self.line += count(line_end, &text[..end]);
            self.source.take(end);
        }
        Ok(())
    }

    /// Adds warnings about the whole file, at its end.
    pub(super) fn warn(&self, warnings: &mut Warnings) {
        self.seen().warn(warnings);
        let oddities = &self.oddities;
        if oddities.unclosed.is_some() {
            let what = "A quote opens in the row that begins here and is never closed: everything \
                        after it is one cell.";
            warnings.add_whole("unclosed_quote", oddities.unclosed, what.to_owned());
        }
        let counted = [
            (
                oddities.stray,
                "stray_quote",
                "A quote opens here without a fitting end. It was read \
              as a character, so that the rows after it stay rows",
            ),
            (
                oddities.unclean,
                "unescaped_quote",
                "A quoted cell goes on after its closing quote, \
              as if a quote in it were not doubled",
            ),
            (
                oddities.marks,
                "byte_order_mark",
                "A byte order mark within the file, as if files \
              were joined; it was left out",
            ),
        ];
        for (found, code, what) in counted {
            if let Some((times, line)) = found {
                warnings.add_whole(code, Some(line), format!("{what} ({times}×, here first)."));
            }
        }
        if oddities.end_mark.is_some() {
            let what = "The file ends with the end mark of DOS (0x1A), which was left out.";
            warnings.add_whole("end_mark", oddities.end_mark, what.to_owned());
        }
        if oddities.padding.is_some() {
            let what = "The file ends with NUL characters, which were left out.";
            warnings.add_whole("trailing_bytes", oddities.padding, what.to_owned());
        }
    }

    /// Reads the next record and skips blank lines. At most as many bytes of blank lines are
    /// accepted as a row may have, so that this returns soon for any file.
    pub(super) fn next(&mut self) -> Result<Option<Record<'_>>, LoadError> {
        loop {
            let Some(line) = self.read()? else { return Ok(None) };
            let is_names = self.width.is_some() && self.splitter.row.text.starts_with(b"#");
            let shape = self.dialect.shape;
            // Logs repeat the names of their columns.
            let is_row = shape.apply(&mut self.splitter.row) && !(shape == Shape::Log && is_names);
            if is_row {
                let row = &self.splitter.row;
                // Delimiters and quotes never split a character, so the text is valid.
                let text = std::str::from_utf8(&row.text).unwrap_or_default();
                return Ok(Some(Record { text, ends: &row.ends, line }));
            }
        }
    }

    /// Reads a record into the buffers; returns the line where it begins, or `None` at the end.
    fn read(&mut self) -> Result<Option<u64>, LoadError> {
        let first = self.line;
        if self.pass_blank_lines()? > self.max_bytes {
            return Err(LoadError::RowTooLong { line: first, limit: self.max_bytes });
        }
        let line = self.line;
        let mut ended = self.fill(self.dialect)?;
        if ended != Ended::Nothing && self.is_stray(ended) {
            note(&mut self.oddities.stray, line);
            self.read_twice += self.raw.len() as u64;
            self.source.put_back(&self.raw);
            self.line = line;
            ended = self.fill(Dialect { quote: None, ..self.dialect })?;
        }
        match ended {
            Ended::Nothing => return Ok(None),
            Ended::TooLong => {
                return Err(LoadError::RowTooLong { line, limit: self.max_bytes });
            }
            Ended::WithinQuotes if self.length > self.max_bytes => {
                return Err(LoadError::RowTooLong { line, limit: self.max_bytes });
            }
            Ended::WithinQuotes => self.oddities.unclosed = Some(line),
            Ended::AtEnd if self.drop_end_mark(line) => return Ok(None),
            Ended::AtEnd | Ended::AtLineEnd => {}
        }
        if self.splitter.row.unclean {
            note(&mut self.oddities.unclean, line);
        }
        Ok(Some(line))
    }

    /// Skips blank lines and returns their size in bytes; stops beyond the maximum size of a row.
    fn pass_blank_lines(&mut self) -> Result<usize, LoadError> {
        let line_end = self.seen().line_end;
        let mut bytes = 0;
        loop {
            let text = self.source.text().map_err(|error| unreadable(self.line, error))?;
            let (blank, marks) = blank(text);
            let more = blank > 0 && blank == text.len();
            self.line += count(line_end, &text[..blank]);
            self.source.take(blank);
            bytes += blank;
            if marks > 0 && self.width.is_some() {
                note(&mut self.oddities.marks, self.line);
            }
            if !more || bytes > self.max_bytes {
                return Ok(bytes);
            }
        }
    }

    /// Reads a record into the buffers.
    fn fill(&mut self, dialect: Dialect) -> Result<Ended, LoadError> {
        let line_end = self.seen().line_end;
        self.splitter.restart(dialect);
        self.raw.clear();
        self.length = 0;
        loop {
            let text = self.source.text().map_err(|error| unreadable(self.line, error))?;
            if text.is_empty() {
                let is_quoted = self.splitter.is_quoted();
                return Ok(match self.splitter.finish() {
                    false => Ended::Nothing,
                    true if is_quoted => Ended::WithinQuotes,
                    true => Ended::AtEnd,
                });
            }
            let (read, is_complete) = self.splitter.push(text);
            // Without quotes, a line break can only be the last byte.
            let is_simple = is_complete && self.length == 0 && !self.splitter.row.has_quotes;
            if is_simple {
                self.line += u64::from(text[read - 1] == line_end);
            } else {
                self.raw.extend_from_slice(&text[..read]);
                self.line += count(line_end, &text[..read]);
            }
            self.length += read;
            self.source.take(read);
            if self.length > self.max_bytes {
                let is_quoted = self.splitter.is_quoted();
                return Ok(if is_quoted { Ended::WithinQuotes } else { Ended::TooLong });
            }
            if is_complete {
                return Ok(Ended::AtLineEnd);
            }
        }
    }

    /// Whether the record swallowed others, because a quote in it is only a character.
    fn is_stray(&self, ended: Ended) -> bool {
        let Some(width) = self.width else { return false };
        let line_end = self.seen().line_end;
        let inner = self.raw.split_last().map_or(&[][..], |(_, inner)| inner);
        let is_long = memchr::memchr(line_end, inner).is_some();
        // What is read twice has a limit, so that no file takes the square of its size.
        let may_read = self.read_twice <= self.seen().bytes.saturating_mul(2) + (64 << 20);
        let row = &self.splitter.row;
        let is_clean = ended == Ended::AtLineEnd && !row.unclean && row.ends.len() == width;
        is_long
            && may_read
            && ended != Ended::TooLong
            && stray::fits_better(&self.raw, line_end, self.dialect, (width, is_clean))
    }

    /// Leaves out the end mark of DOS and NULs at the end of the file; returns whether nothing is left.
    fn drop_end_mark(&mut self, line: u64) -> bool {
        let row = &mut self.splitter.row;
        let text = row.text.len() - row.text.iter().rev().take_while(|byte| **byte == 0).count();
        let has_mark = text > 0 && row.text[text - 1] == END_MARK;
        if !has_mark && row.text.len() - text < MIN_PADDING {
            return false;
        }
        let start = match row.ends[..] {
            [.., before, _] => before.at,
            _ => 0,
        };
        let end = text - usize::from(has_mark);
        let Some(last) = row.ends.last_mut().filter(|last| !last.quoted && end >= start) else {
            return false;
        };
        last.at = end;
        row.text.truncate(end);
        match has_mark {
            true => self.oddities.end_mark = Some(line),
            false => self.oddities.padding = Some(line),
        }
        row.ends.len() == 1 && row.text.is_empty()
    }
}

/// Error for a file that cannot be read beyond a line.
pub(super) fn unreadable(line: u64, error: std::io::Error) -> LoadError {
    let error = match error.downcast::<LoadError>() {
        Ok(LoadError::Unpacked { limit, .. }) => return LoadError::Unpacked { line, limit },
        Ok(other) => return other,
        Err(error) => error,
    };
    let reason = match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "it breaks off; is it all of it?".to_owned(),
        _ => error.to_string(),
    };
    LoadError::Unreadable { line, reason }
}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
