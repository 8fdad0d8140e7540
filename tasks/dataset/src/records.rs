//! Reads CSV records one by one, each with the line where it begins.

use std::ops::Range;

use csv_core::ReadRecordResult;

use super::{
    error::LoadError,
    feed::{Feed, Seen, count},
    warnings::Warnings,
};

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads records from a feed; buffers one record.
pub(super) struct Records<'f> {
    feed: Feed<'f>,
    /// Its own line numbers count line feeds only.
    core: csv_core::Reader,
    /// Cells of the record, concatenated, and the end of each.
    cells: Vec<u8>,
    ends: Vec<usize>,
    max_bytes: usize,
    /// Current line.
    line: u64,
    /// Whether the first record has begun. A byte order mark before it is not text.
    begun: bool,
    /// Line of a record with a quote that is never closed.
    unclosed: Option<u64>,
}

/// One record.
pub(super) struct Record<'r> {
    text: &'r str,
    ends: &'r [usize],
    /// Line where it begins, from 1.
    pub(super) line: u64,
    /// Whether all characters are ASCII, so that each is one byte.
    pub(super) is_ascii: bool,
}

/// Filled parts of the buffers: cells, and their ends.
type Filled = (Range<usize>, Range<usize>);

impl<'r> Record<'r> {
    /// Number of cells.
    pub(super) const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns a cell.
    pub(super) fn get(&self, index: usize) -> Option<&'r str> {
        let end = *self.ends.get(index)?;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        self.text.get(start..end)
    }

    /// Returns all cells.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'r str> {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

/// Length of the line endings, and byte order marks if `marks`, at the beginning of a text. The CSV
/// reader skips a single mark itself, but only if it arrives in one piece.
fn blank(text: &[u8], marks: bool) -> usize {
    let mut at = 0;
    loop {
        match &text[at..] {
            [b'\n' | b'\r', ..] => at += 1,
            rest if marks && rest.starts_with(BYTE_ORDER_MARK) => at += BYTE_ORDER_MARK.len(),
            _ => return at,
        }
    }
}

impl<'f> Records<'f> {
    pub(super) fn new(feed: Feed<'f>, delimiter: u8, max_bytes: usize) -> Self {
        Self {
            feed,
            core: csv_core::ReaderBuilder::new().delimiter(delimiter).build(),
            cells: vec![0; 1 << 10],
            ends: vec![0; 64],
            max_bytes,
            line: 1,
            begun: false,
            unclosed: None,
        }
    }

    pub(super) const fn seen(&self) -> &Seen {
        self.feed.seen()
    }

    /// Adds warnings about the whole file, at its end.
    pub(super) fn warn(&self, warnings: &mut Warnings) {
        self.feed.seen().warn(warnings);
        if self.unclosed.is_some() {
            let what = "A quote opens in the row that begins here and is never closed: everything \
                        after it is one cell.";
            warnings.add_whole("unclosed_quote", self.unclosed, what.to_owned());
        }
    }

    /// Reads the next record and skips blank lines. At most as many bytes of blank lines are
    /// accepted as a row may have, so that this returns soon for any file.
    pub(super) fn next(&mut self) -> Result<Option<Record<'_>>, LoadError> {
        let first = self.line;
        if self.pass_blank_lines()? > self.max_bytes {
            return Err(LoadError::RowTooLong { line: first, limit: self.max_bytes });
        }
        let line = self.line;
        self.begun = true;
        let Some((cells, ends)) = self.fill(line)? else { return Ok(None) };
        // Delimiters and quotes never split a character, so the text is valid.
        let text = std::str::from_utf8(&self.cells[cells]).unwrap_or_default();
        let record = Record { text, ends: &self.ends[ends], line, is_ascii: text.is_ascii() };
        Ok(Some(record))
    }

    /// Skips blank lines and returns their size in bytes; stops beyond the maximum size of a row.
    fn pass_blank_lines(&mut self) -> Result<usize, LoadError> {
        let line_end = self.feed.seen().line_end;
        let mut bytes = 0;
        loop {
            let text = self.feed.text().map_err(|error| unreadable(self.line, error))?;
            let blank = blank(text, !self.begun);
            let more = blank > 0 && blank == text.len();
            self.line += count(line_end, &text[..blank]);
            self.feed.take(blank);
            bytes += blank;
            if !more || bytes > self.max_bytes {
                return Ok(bytes);
            }
        }
    }

    /// Reads a record into the buffers and returns the filled parts.
    fn fill(&mut self, line: u64) -> Result<Option<Filled>, LoadError> {
        let line_end = self.feed.seen().line_end;
        let (mut cells, mut ends, mut bytes) = (0, 0, 0);
        loop {
            let text = self.feed.text().map_err(|error| unreadable(self.line, error))?;
            if text.is_empty() && bytes > 0 {
                return Ok(Some(self.finish(line, cells, ends)));
            }
            let (result, read, written, ended) =
                self.core.read_record(text, &mut self.cells[cells..], &mut self.ends[ends..]);
            self.line += count(line_end, &text[..read]);
            self.feed.take(read);
            (cells, ends, bytes) = (cells + written, ends + ended, bytes + read);
            if bytes > self.max_bytes {
                return Err(LoadError::RowTooLong { line, limit: self.max_bytes });
            }
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.cells.resize(self.cells.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => return Ok(Some((0..cells, 0..ends))),
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    /// Ends the file within a record. A line feed ends the record, unless a quote is open.
    fn finish(&mut self, line: u64, cells: usize, ends: usize) -> Filled {
        self.ends.push(0);
        let (result, ..) = self.core.read_record(b"\n", &mut [0; 2], &mut self.ends[ends..]);
        if !matches!(result, ReadRecordResult::Record) {
            self.unclosed = Some(line);
            self.core.read_record(b"", &mut [], &mut self.ends[ends..]);
        }
        self.ends[ends] = cells;
        (0..cells, 0..ends + 1)
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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dialect;

    fn records(text: &str, max_bytes: usize) -> Result<Vec<(u64, Vec<String>)>, LoadError> {
        let (feed, _) = Feed::open(Box::new(text.as_bytes()), None).unwrap();
        let mut records = Records::new(feed, b',', max_bytes);
        let mut found = Vec::new();
        while let Some(record) = records.next()? {
            found.push((record.line, record.iter().map(str::to_owned).collect()));
        }
        Ok(found)
    }

    #[test]
    fn lines_are_those_of_an_editor() {
        for (text, expected) in [
            ("\na\r\n1\r\n\r\n\"2\r\n\"\r\n3\n\n4", vec![2, 3, 5, 7, 9]),
            ("a\r1\r\r2", vec![1, 2, 4]),
            ("a", vec![1]),
            ("", vec![]),
        ] {
            let found: Vec<u64> =
                records(text, 100).unwrap().into_iter().map(|(line, _)| line).collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn a_row_that_is_too_long_is_told_with_its_line() {
        let just_right = format!("a\n{}\n", "x".repeat(99));
        assert_eq!(records(&just_right, 100).unwrap().len(), 2);
        for row in ["x".repeat(5 << 20), ",".repeat(5 << 20), format!("\"{}", "\n".repeat(5 << 20))]
        {
            let told = records(&format!("a\n1\n{row}"), 4 << 20).unwrap_err();
            assert_eq!(told, LoadError::RowTooLong { line: 3, limit: 4 << 20 });
        }
        assert!(records(&format!("a\n{}1", "\n".repeat(101)), 100).is_err());
    }

    proptest! {
        #[test]
        fn records_are_those_of_the_csv_crate(text in "([ab\u{e4}\",]|\n|\r|\r\n){0,60}") {
            let oracle: Vec<Vec<String>> = dialect::reader(&text, b',')
                .into_records()
                .map(|record| record.unwrap().iter().map(str::to_owned).collect())
                .collect();
            let found: Vec<_> =
                records(&text, 1000).unwrap().into_iter().map(|(_, cells)| cells).collect();
            prop_assert_eq!(found, oracle);
        }

        #[test]
        fn an_open_quote_is_told_if_a_further_line_would_be_part_of_it(text in "a[\",;\n\r ab]{0,40}") {
            let appended = format!("{text}\nsentinel");
            let last = dialect::reader(&appended, b',').into_records().last().unwrap().unwrap();
            let (feed, _) = Feed::open(Box::new(text.as_bytes()), None).unwrap();
            let mut records = Records::new(feed, b',', 1000);
            while records.next().unwrap().is_some() {}
            prop_assert_eq!(records.unclosed.is_some(), last != vec!["sentinel"]);
        }
    }
}
