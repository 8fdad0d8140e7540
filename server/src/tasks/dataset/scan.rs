//! What is odd about a text as a whole: an unclosed quote, and what a wrong encoding leaves behind.

use super::warnings::Warnings;

const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// Where a reader of CSV is within a record. The same rules as the `csv` crate's: a quote opens
/// only at the beginning of a cell, and a doubled quote stands for one.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    CellStart,
    Cell,
    Quoted,
    QuoteInQuoted,
}

/// A look at every byte once, in pieces that split no character.
pub(super) struct Scan {
    /// What separates the cells.
    pub(super) delimiter: u8,
    place: Place,
    line: u64,
    quote_line: u64,
    nul: Spot,
    replaced: Spot,
    written: bool,
}

impl Default for Scan {
    fn default() -> Self {
        Self {
            delimiter: b',',
            place: Place::default(),
            line: 1,
            quote_line: 1,
            nul: Spot::default(),
            replaced: Spot::default(),
            written: false,
        }
    }
}

impl Scan {
    /// Looks at the next bytes.
    pub(super) fn see(&mut self, bytes: &[u8]) {
        for (index, &byte) in bytes.iter().enumerate() {
            self.written |= !byte.is_ascii_whitespace();
            if byte == 0 {
                self.nul.see(self.line);
            } else if byte == REPLACEMENT[0] && bytes[index..].starts_with(REPLACEMENT) {
                self.replaced.see(self.line);
            }
            let ends_cell = byte == self.delimiter || byte == b'\n' || byte == b'\r';
            self.place = match (self.place, byte) {
                (Place::CellStart, b'"') => {
                    self.quote_line = self.line;
                    Place::Quoted
                }
                (Place::Quoted, b'"') => Place::QuoteInQuoted,
                (Place::QuoteInQuoted, b'"') | (Place::Quoted, _) => Place::Quoted,
                _ if ends_cell => Place::CellStart,
                _ => Place::Cell,
            };
            self.line += u64::from(byte == b'\n');
        }
    }

    /// Whether there was nothing but blanks.
    pub(super) const fn is_blank(&self) -> bool {
        !self.written
    }

    /// Tells what was seen, once all was.
    pub(super) fn warn(&self, warnings: &mut Warnings) {
        self.replaced.warn(
            warnings,
            "replacement_character",
            "The text was not valid UTF-8 when it was \
             read: where bytes made no sense there is the replacement character U+FFFD",
        );
        self.nul.warn(
            warnings,
            "nul_character",
            "The text contains NUL characters, as UTF-16 and binary \
             files do when they are read as UTF-8",
        );
        if self.place == Place::Quoted {
            warnings.add("unclosed_quote", Some(self.quote_line), || {
                "A quote opens here and is never closed: everything after it is one cell."
                    .to_owned()
            });
        }
    }
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
