//! Decodes the bytes of a file to UTF-8, piece by piece, and collects irregularities of the whole
//! file.

use std::io::{self, Read};

use memchr::{memchr_iter, memmem};

use super::{
    charset::{Charset, Detected, detect},
    decoding::{Decoded, Decoding},
    mojibake,
    warnings::Warnings,
};

/// Bytes decoded at once; encoding and delimiter are detected from the first piece.
const PIECE: usize = 64 << 10;
const REPLACEMENT: &str = "\u{fffd}";

/// A file as UTF-8.
pub(super) struct Feed<'f> {
    file: Box<dyn Read + Send + 'f>,
    decoding: Decoding,
    /// Bytes read but not yet decoded: the first `left` of them.
    raw: Vec<u8>,
    left: usize,
    /// Whether the file has no more bytes, and the decoder no more text.
    ended: bool,
    finished: bool,
    /// Why no more can be read.
    failed: Option<io::Error>,
    /// Decoded text, of which the first `taken` bytes are consumed.
    text: Vec<u8>,
    taken: usize,
    /// Facts about all pieces so far.
    seen: Seen,
}

/// Facts about all pieces so far.
pub(super) struct Seen {
    /// Number of pieces, and bytes of text in them.
    pub(super) pieces: u64,
    pub(super) bytes: u64,
    /// Whether there was anything but white space and byte order marks.
    pub(super) written: bool,
    /// Line ending: the line feed, or the carriage return as on old Macs.
    pub(super) line_end: u8,
    line: u64,
    /// Whether the text so far ends with its line.
    is_ended: bool,
    nul: Spot,
    replaced: Spot,
    /// Characters of another encoding than most, and which one.
    odd: Spot,
    odd_charset: Option<(Charset, bool)>,
    /// Characters that were read in a wrong encoding before, and the first that was meant.
    mojibake: Spot,
    meant: Option<char>,
}

/// Facts from the beginning of a file.
pub(super) struct Beginning {
    /// The first bytes as text, complete lines if possible.
    pub(super) sample: String,
    pub(super) encoding: Detected,
    /// Number of control characters and of bytes in the sample, if there are too many for a text.
    pub(super) binary: Option<(usize, usize)>,
}

impl<'f> Feed<'f> {
    /// Reads the beginning of a file; `known` is its encoding, if certain.
    #[cfg(test)]
    pub(super) fn open(
        file: Box<dyn Read + Send + 'f>,
        known: Option<Charset>,
    ) -> io::Result<(Self, Beginning)> {
        Self::open_separated(file, known, None)
    }

    /// Reads the beginning of a file; `known` is its encoding, if certain, and `delimiter` was given.
    pub(super) fn open_separated(
        mut file: Box<dyn Read + Send + 'f>,
        known: Option<Charset>,
        delimiter: Option<u8>,
    ) -> io::Result<(Self, Beginning)> {
        let mut raw = Vec::with_capacity(PIECE);
        let left = (&mut file).take(PIECE as u64).read_to_end(&mut raw)?;
        raw.resize(PIECE, 0);
        let (start, ended) = (&raw[..left], left < PIECE);
        let encoding = known.map_or_else(|| detect(start, ended), Detected::sure);
        let charset = encoding.charset;
        let mut sample = Vec::new();
        // What the decoder holds back at the end is for the next block.
        Decoding::new(charset, known.is_some()).decode(start, ended, &mut sample);
        let sample = String::from_utf8(sample).unwrap_or_default();
        let line_end = line_end(sample.as_bytes());
        let cut = if ended { None } else { sample.rfind(char::from(line_end)) };
        let binary = known
            .is_none()
            .then(|| binary(without_padding(&sample).as_bytes(), delimiter))
            .flatten();
        let sample = &sample[..cut.unwrap_or(sample.len())];
        let sample = if ended { without_padding(sample) } else { sample }.to_owned();
        let feed = Self {
            file,
            decoding: Decoding::new(charset, known.is_some()),
            raw,
            left,
            ended,
            finished: false,
            failed: None,
            text: Vec::new(),
            taken: 0,
            seen: Seen {
                pieces: 0,
                bytes: 0,
                written: false,
                line_end,
                line: 1,
                is_ended: true,
                nul: Spot::default(),
                replaced: Spot::default(),
                odd: Spot::default(),
                odd_charset: None,
                mojibake: Spot::default(),
                meant: None,
            },
        };
        Ok((feed, Beginning { sample, encoding, binary }))
    }

    /// Returns text that is not yet consumed; empty at the end.
    pub(super) fn text(&mut self) -> io::Result<&[u8]> {
        while self.taken == self.text.len() && !self.finished {
            self.decode()?;
        }
        Ok(&self.text[self.taken..])
    }

    /// Consumes bytes of the text.
    pub(super) fn take(&mut self, bytes: usize) {
        self.taken = self.taken.saturating_add(bytes).min(self.text.len());
    }

    pub(super) const fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Decodes the next block, which is full unless the file ends, so that the pieces in which a
    /// file arrives do not matter.
    fn decode(&mut self) -> io::Result<()> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        while self.left < self.raw.len() && !self.ended {
            match self.file.read(&mut self.raw[self.left..]) {
                Ok(0) => self.ended = true,
                Ok(read) => self.left += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if self.left == 0 => return Err(error),
                // What was read before is still decoded.
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
        }
        self.text.clear();
        self.taken = 0;
        let raw = &self.raw[..self.left];
        let decoded = self.decoding.decode(raw, self.ended, &mut self.text);
        self.raw.copy_within(decoded.read..self.left, 0);
        self.left -= decoded.read;
        // A decoder that has finished must not be called again.
        self.finished = decoded.is_finished;
        self.seen.odd_charset = self.decoding.odd_charset().or(self.seen.odd_charset);
        self.seen.note(&self.text, decoded);
        Ok(())
    }
}

impl Seen {
    fn note(&mut self, text: &[u8], decoded: Decoded) {
        self.pieces += 1;
        self.bytes += text.len() as u64;
        // Decoded pieces consist of whole characters.
        self.written = self.written || std::str::from_utf8(text).is_ok_and(|text| !is_blank(text));
        let (line, end) = (self.line, self.line_end);
        let line_at = |at: usize| line + count(end, &text[..at]);
        self.nul.see(memchr_iter(0, text), line_at);
        self.replaced.see(memmem::find_iter(text, REPLACEMENT), line_at);
        self.odd.see(std::iter::repeat_n(decoded.first_odd, decoded.odd), line_at);
        self.meant = self.meant.or_else(|| Some(mojibake::find(text).next()?.1));
        self.mojibake.see(mojibake::find(text).map(|(at, _)| at), line_at);
        self.line += count(end, text);
        self.is_ended = text.last().map_or(self.is_ended, |last| *last == end);
    }

    /// Number of lines so far.
    pub(super) const fn lines(&self) -> u64 {
        if self.is_ended { self.line - 1 } else { self.line }
    }

    /// Adds warnings about the whole file, at its end.
    pub(super) fn warn(&self, warnings: &mut Warnings) {
        if let Some((charset, is_utf_8)) = self.odd_charset {
            let what = if is_utf_8 {
                format!(
                    "Some characters are UTF-8 in a file of {}; they were read as UTF-8",
                    charset.name()
                )
            } else {
                format!("Some characters are not UTF-8; they were read as {}", charset.name())
            };
            self.odd.warn(warnings, "mixed_encoding", &what);
        }
        if let Some(meant) = self.meant {
            let what = format!(
                "Some characters look like UTF-8 that was read in another encoding before, such as \
                 “{}” for “{meant}”; they were read as they are",
                mojibake::misread(meant)
            );
            self.mojibake.warn(warnings, "mojibake", &what);
        }
        self.replaced.warn(
            warnings,
            "replacement_character",
            "The text was not valid UTF-8 when it was read: where bytes made no sense there is the \
             replacement character U+FFFD",
        );
        self.nul.warn(
            warnings,
            "nul_character",
            "The text contains NUL characters, as UTF-16 and binary files do when they are read as \
             UTF-8",
        );
    }
}

/// Number of occurrences of a byte.
pub(super) fn count(byte: u8, text: &[u8]) -> u64 {
    memchr_iter(byte, text).count() as u64
}

/// Number of occurrences, and the line of the first.
#[derive(Default)]
struct Spot {
    count: u64,
    first: u64,
}

impl Spot {
    fn see(&mut self, mut positions: impl Iterator<Item = usize>, line_at: impl Fn(usize) -> u64) {
        let Some(first) = positions.next() else { return };
        if self.count == 0 {
            self.first = line_at(first);
        }
        self.count += 1 + positions.count() as u64;
    }

    fn warn(&self, warnings: &mut Warnings, code: &str, what: &str) {
        let Self { count, first } = self;
        if *count > 0 {
            warnings.add_whole(code, Some(*first), format!("{what} ({count}×, here first)."));
        }
    }
}

/// Whether a text contains only white space and byte order marks.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|char| char.is_whitespace() || char == '\u{feff}')
}

/// Ending of the first line: a carriage return not followed by a line feed, or a line feed.
fn line_end(sample: &[u8]) -> u8 {
    let first = sample.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
    let lone = first.is_some_and(|at| {
        sample[at] == b'\r' && sample.get(at + 1).is_some_and(|next| *next != b'\n')
    });
    if lone { b'\r' } else { b'\n' }
}

/// A text without the NULs, and the end mark of DOS before them, that fill its last block.
fn without_padding(text: &str) -> &str {
    let bare = text.trim_end_matches('\0');
    let bare = bare.strip_suffix('\u{1a}').unwrap_or(bare);
    if bare.contains('\0') || is_blank(bare) { text } else { bare }
}

/// Counts control characters that do not occur in texts, if there are more than one in 50 bytes.
///
/// Those that separate cells are none of them, nor those with which the programs that write them
/// separate what is within a cell: 0x02 and 0x03 beside 0x01, 0x1c to 0x1e beside 0x1f.
fn binary(sample: &[u8], delimiter: Option<u8>) -> Option<(usize, usize)> {
    let has = |separator: u8| sample.contains(&separator);
    let (has_first, has_unit) = (has(1), has(0x1f));
    let is_odd = |byte: &&u8| match **byte {
        byte if Some(byte) == delimiter => false,
        1..=3 => !has_first,
        28..=31 => !has_unit,
        byte => matches!(byte, 0 | 4..=8 | 14..=26),
    };
    let controls = sample.iter().filter(is_odd).count();
    (controls > 8 && controls > sample.len() / 50).then_some((controls, sample.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reader that returns a fixed number of bytes at a time.
    struct Slowly<'b>(&'b [u8], usize);

    impl Read for Slowly<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(self.1);
            self.0.read(&mut buffer[..length])
        }
    }

    fn read(bytes: &[u8], at_once: usize) -> (String, &'static str) {
        let (mut feed, beginning) = Feed::open(Box::new(Slowly(bytes, at_once)), None).unwrap();
        let mut text = Vec::new();
        loop {
            let piece = feed.text().unwrap();
            if piece.is_empty() {
                break;
            }
            text.extend_from_slice(piece);
            let length = piece.len();
            feed.take(length);
        }
        (String::from_utf8(text).unwrap(), beginning.encoding.charset.name())
    }

    #[test]
    fn a_file_is_read_as_what_it_says_or_looks_like() {
        for (bytes, text, name) in [
            (b"a,\xc3\xa4".as_slice(), "a,ä", "UTF-8"),
            (b"\xef\xbb\xbfa", "a", "UTF-8"),
            (b"\xff\xfea\0,\0\xe4\0", "a,ä", "UTF-16LE"),
            (b"\xfe\xff\0a\0,\0\xe4", "a,ä", "UTF-16BE"),
            (b"a\0,\0b\0\n\0", "a,b\n", "UTF-16LE"),
            (b"\0a\0,\0b\0\n", "a,b\n", "UTF-16BE"),
            (
                b"Stra\xdfe,Gr\xf6\xdfe\nM\xfcller,sch\xf6n\n",
                "Straße,Größe\nMüller,schön\n",
                "windows-1252",
            ),
            (b"", "", "UTF-8"),
        ] {
            for at_once in [1, 2, 3, 1000] {
                assert_eq!(read(bytes, at_once), (text.to_owned(), name));
            }
        }
    }

    #[test]
    fn a_long_file_comes_whole_whatever_its_pieces_split() {
        let long = "ä€😀,\n".repeat(60_000);
        for at_once in [1_000, 77_777] {
            assert_eq!(read(long.as_bytes(), at_once), (long.clone(), "UTF-8"));
        }
    }

    #[test]
    fn a_byte_that_makes_no_sense_is_told_with_its_line_also_late_in_a_file() {
        let late = [b"a\n".repeat(PIECE).as_slice(), b"b\xff\n\xff".as_slice()].concat();
        let (mut feed, _) = Feed::open(Box::new(late.as_slice()), None).unwrap();
        while !feed.text().unwrap().is_empty() {
            feed.take(usize::MAX / 2);
        }
        let mut warnings = Warnings::new(0);
        feed.seen().warn(&mut warnings);
        let (shown, _) = warnings.into_parts();
        assert_eq!(shown[0].line, Some(PIECE as i64 + 1));
        assert!(shown[0].message.contains("(2×, here first)"), "{}", shown[0].message);
    }

    #[test]
    fn binary_files_are_known_and_texts_are_none() {
        let binary_of = |bytes: &[u8]| Feed::open(Box::new(bytes), None).unwrap().1.binary;
        let noise: Vec<u8> =
            (0..10_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        assert!(binary_of(&noise).is_some());
        assert!(binary_of(&[0; 100]).is_some());
        for text in [b"a,b\n1,\0\n".as_slice(), b"\x1b[1m,\x1b[0m", "ä,\u{7f}\n".as_bytes()] {
            assert_eq!(binary_of(text), None);
        }
    }

    proptest! {
        #[test]
        fn bytes_are_decoded_the_same_whatever_the_pieces(bytes in prop::collection::vec(any::<u8>(), 0..300), at_once in 1_usize..20) {
            prop_assert_eq!(read(&bytes, at_once), read(&bytes, usize::MAX));
        }
    }
}
