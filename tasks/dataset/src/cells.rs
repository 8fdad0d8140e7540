//! Splits text into cells: the format of RFC 4180, and what people write beside it.
//!
//! The reader of the crate `csv` yields the same cells for its dialects. This one also knows which
//! cells were quoted, as a quoted `"NA"` is a value, and where a quote is out of place.

use memchr::{memchr, memchr2, memchr3};

use super::shape::Shape;

/// How the cells of a text are separated and quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    /// Delimiter of the cells; `None` if a line is one cell. Blanks count as one delimiter however
    /// many they are.
    pub(super) delimiter: Option<u8>,
    /// Quote around cells that contain delimiters or line breaks.
    pub(super) quote: Option<u8>,
    /// Whether a backslash within quotes escapes a quote.
    pub(super) escape: bool,
    /// Whether blanks before a quoted cell are no part of it.
    pub(super) initial_blanks: bool,
    /// Which lines are rows.
    pub(super) shape: Shape,
}

impl Dialect {
    /// Cells separated by this delimiter, in double quotes where needed.
    pub(super) const fn of(delimiter: Option<u8>) -> Self {
        Self {
            delimiter,
            quote: Some(b'"'),
            escape: false,
            initial_blanks: false,
            shape: Shape::Plain,
        }
    }

    const fn skips_blanks(self) -> bool {
        self.initial_blanks || matches!(self.delimiter, Some(b' '))
    }
}

/// End of a cell in a row's text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct End {
    pub(super) at: usize,
    pub(super) quoted: bool,
}

/// Cells of one row, concatenated, and the end of each.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) text: Vec<u8>,
    pub(super) ends: Vec<End>,
    /// Whether a cell was quoted, so that it may hold line breaks.
    pub(super) has_quotes: bool,
    /// Whether a closing quote was followed by something else than a delimiter.
    pub(super) unclean: bool,
}

impl Row {
    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        (self.has_quotes, self.unclean) = (false, false);
    }

    /// Drops the first and the last cell.
    pub(super) fn drop_outer(&mut self) {
        let first = self.ends.first().map_or(0, |end| end.at);
        self.ends.pop();
        let last = self.ends.last().map_or(0, |end| end.at);
        if self.ends.is_empty() {
            return;
        }
        self.ends.remove(0);
        self.text.truncate(last);
        self.text.drain(..first.min(last));
        self.ends.iter_mut().for_each(|end| end.at = end.at.saturating_sub(first));
    }

    /// Drops the first word; each other word becomes a cell.
    pub(super) fn split_names(&mut self) {
        let cells: Vec<_> = self.cells().map(|(cell, _)| cell).collect();
        let text = cells.join(&b' ');
        self.clear();
        let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        for word in words.skip(1) {
            self.text.extend_from_slice(word);
            self.ends.push(End { at: self.text.len(), quoted: false });
        }
    }

    /// Cells and whether each was quoted.
    pub(super) fn cells(&self) -> impl Iterator<Item = (&[u8], bool)> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|end| end.at));
        starts.zip(&self.ends).map(|(start, end)| (&self.text[start..end.at], end.quoted))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    Plain,
    Quoted,
    Escaped,
    AfterQuote,
    /// Blanks after a closing quote.
    Padded,
}

/// Splits text that arrives in pieces.
#[derive(Debug)]
pub(super) struct Splitter {
    dialect: Dialect,
    state: State,
    quoted: bool,
    has_input: bool,
    /// The row so far.
    pub(super) row: Row,
}

impl Splitter {
    pub(super) fn new(dialect: Dialect) -> Self {
        let row = Row::default();
        Self { dialect, state: State::Start, quoted: false, has_input: false, row }
    }

    /// Forgets the row so far; the next one has this dialect.
    pub(super) fn restart(&mut self, dialect: Dialect) {
        self.dialect = dialect;
        self.row.clear();
        (self.state, self.quoted, self.has_input) = (State::Start, false, false);
    }

    /// Whether a quote is open.
    pub(super) const fn is_quoted(&self) -> bool {
        matches!(self.state, State::Quoted | State::Escaped)
    }

    /// Splits text up to the end of the row; returns the number of bytes read and whether the row
    /// is complete. A line feed after a carriage return is left to the caller.
    pub(super) fn push(&mut self, text: &[u8]) -> (usize, bool) {
        self.has_input |= !text.is_empty();
        let mut at = 0;
        while at < text.len() {
            let (read, is_complete) = match self.state {
                State::Start => (self.start(text[at]), false),
                State::Plain => self.plain(&text[at..]),
                State::Quoted => (self.within_quotes(&text[at..]), false),
                State::Escaped => (self.escaped(text[at]), false),
                State::AfterQuote | State::Padded => self.after_quote(text[at]),
            };
            at += read;
            if is_complete {
                self.end_row();
                return (at, true);
            }
        }
        (at, false)
    }

    /// Ends the text; returns whether it ended within a row.
    pub(super) fn finish(&mut self) -> bool {
        if self.has_input {
            self.end_cell();
            self.end_row();
        }
        self.has_input
    }

    fn start(&mut self, byte: u8) -> usize {
        if byte == b' ' && self.dialect.skips_blanks() {
            return 1;
        }
        if Some(byte) == self.dialect.quote {
            (self.state, self.quoted) = (State::Quoted, true);
            self.row.has_quotes = true;
            return 1;
        }
        self.state = State::Plain;
        0
    }

    fn plain(&mut self, text: &[u8]) -> (usize, bool) {
        let end = match self.dialect.delimiter {
            Some(delimiter) => memchr3(delimiter, b'\n', b'\r', text),
            None => memchr2(b'\n', b'\r', text),
        };
        let Some(end) = end else {
            self.row.text.extend_from_slice(text);
            return (text.len(), false);
        };
        self.row.text.extend_from_slice(&text[..end]);
        self.end_cell();
        (end + 1, is_line_end(text[end]))
    }

    fn within_quotes(&mut self, text: &[u8]) -> usize {
        let quote = self.dialect.quote.unwrap_or(b'"');
        let end =
            if self.dialect.escape { memchr2(quote, b'\\', text) } else { memchr(quote, text) };
        let Some(end) = end else {
            self.row.text.extend_from_slice(text);
            return text.len();
        };
        self.row.text.extend_from_slice(&text[..end]);
        self.state = if text[end] == quote { State::AfterQuote } else { State::Escaped };
        end + 1
    }

    fn escaped(&mut self, byte: u8) -> usize {
        if Some(byte) != self.dialect.quote && byte != b'\\' {
            self.row.text.push(b'\\');
        }
        self.row.text.push(byte);
        self.state = State::Quoted;
        1
    }

    fn after_quote(&mut self, byte: u8) -> (usize, bool) {
        if Some(byte) == self.dialect.quote && self.state == State::AfterQuote {
            self.row.text.push(byte);
            self.state = State::Quoted;
            return (1, false);
        }
        if Some(byte) == self.dialect.delimiter || is_line_end(byte) {
            self.end_cell();
            return (1, is_line_end(byte));
        }
        if byte == b' ' {
            self.row.text.push(byte);
            self.state = State::Padded;
            return (1, false);
        }
        self.row.unclean = true;
        self.state = State::Plain;
        (0, false)
    }

    fn end_cell(&mut self) {
        self.row.ends.push(End { at: self.row.text.len(), quoted: self.quoted });
        (self.state, self.quoted) = (State::Start, false);
    }

    /// Blanks at the end of a line that blanks separate are no cell.
    fn end_row(&mut self) {
        if self.dialect.delimiter == Some(b' ')
            && let [.., before, last] = self.row.ends[..]
            && last.at == before.at
            && !last.quoted
        {
            self.row.ends.pop();
        }
    }
}

const fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// Splits a text in memory into rows; calls `each` with every row and the offset where it begins,
/// until it returns false. Empty lines are skipped.
pub(super) fn rows(text: &[u8], dialect: Dialect, mut each: impl FnMut(usize, &Row) -> bool) {
    let mut splitter = Splitter::new(dialect);
    let mut at = 0;
    loop {
        at += text[at..].iter().take_while(|byte| is_line_end(**byte)).count();
        splitter.restart(dialect);
        let (read, is_complete) = splitter.push(&text[at..]);
        if !is_complete && !splitter.finish() {
            return;
        }
        if dialect.shape.apply(&mut splitter.row) && !each(at, &splitter.row) {
            return;
        }
        at += read;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(text: &str, dialect: Dialect) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        rows(text.as_bytes(), dialect, |_, row| {
            let cells = row.cells().map(|(cell, _)| String::from_utf8_lossy(cell).into_owned());
            found.push(cells.collect());
            true
        });
        found
    }

    #[test]
    fn each_dialect_has_its_cells() {
        let comma = Dialect::of(Some(b','));
        for (text, dialect, expected) in [
            ("a,\"b,\"\"c\"\"\"\n", comma, vec!["a", "b,\"c\""]),
            ("a,\"b\"c\",d\n", comma, vec!["a", "bc\"", "d"]),
            ("a, \"b, c\"\n", Dialect { initial_blanks: true, ..comma }, vec!["a", "b, c"]),
            (
                "a,\"b \\\"c\\\" \\d\"\n",
                Dialect { escape: true, ..comma },
                vec!["a", "b \"c\" \\d"],
            ),
            ("'a,b',c", Dialect { quote: Some(b'\''), ..comma }, vec!["a,b", "c"]),
            ("  a   \"b c\"  d  \n", Dialect::of(Some(b' ')), vec!["a", "b c", "d"]),
            ("a,b;c\n", Dialect::of(None), vec!["a,b;c"]),
            ("a\u{1}b", Dialect::of(Some(1)), vec!["a", "b"]),
        ] {
            assert_eq!(split(text, dialect), [expected], "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(text in "([ab \\\\\",]|\n|\r){0,40}", at_once in 1_usize..5) {
            let dialect = Dialect { escape: true, initial_blanks: true, ..Dialect::of(Some(b',')) };
            let whole = split(&text, dialect);
            let mut splitter = Splitter::new(dialect);
            let (mut found, mut at) = (Vec::new(), 0);
            let bytes = text.as_bytes();
            while at < bytes.len() {
                at += bytes[at..].iter().take_while(|byte| is_line_end(**byte)).count();
                splitter.restart(dialect);
                let mut is_complete = false;
                while at < bytes.len() && !is_complete {
                    let read;
                    (read, is_complete) = splitter.push(&bytes[at..bytes.len().min(at + at_once)]);
                    at += read;
                }
                if is_complete || splitter.finish() {
                    let cells = splitter.row.cells();
                    found.push(cells.map(|(cell, _)| String::from_utf8_lossy(cell).into_owned()).collect::<Vec<_>>());
                }
            }
            prop_assert_eq!(found, whole);
        }
    }
}
