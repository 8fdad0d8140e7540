//! From the bytes of a file to UTF-8, in pieces, with a memory of what a message needs: on which line
//! a record begins, and what is odd about the whole.

use std::{
    collections::VecDeque,
    io::{self, Read},
};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8};

use super::{scan::Scan, warnings::Warnings};

/// What encoding and separator are told from.
const SAMPLE_BYTES: usize = 64 << 10;
/// Bytes that are decoded at once.
const PIECE: usize = 64 << 10;
/// No record is longer, nor a run of blank lines; all of one is in memory.
const MOST_RECORD_BYTES: u64 = 4 << 20;

/// A file as UTF-8.
pub(super) struct Feed {
    file: Box<dyn Read + Send>,
    decoder: Decoder,
    /// Bytes that are read and not yet decoded: the first `left` of them.
    raw: Vec<u8>,
    left: usize,
    ended: bool,
    /// Text that is decoded and not yet taken, from `taken` on.
    text: Vec<u8>,
    taken: usize,
    /// Bytes of text so far.
    decoded: u64,
    ends: LineEnds,
    scan: Scan,
}

/// What the beginning of a file tells of it.
pub(super) struct Beginning {
    /// The first bytes as text, whole lines where possible.
    pub(super) sample: String,
    /// How it is encoded.
    pub(super) encoding: &'static Encoding,
}

impl Feed {
    /// Looks at the beginning of a file.
    pub(super) fn open(mut file: Box<dyn Read + Send>) -> io::Result<(Self, Beginning)> {
        let mut raw = vec![0; SAMPLE_BYTES];
        let mut left = 0;
        while left < raw.len() {
            match file.read(&mut raw[left..])? {
                0 => break,
                read => left += read,
            }
        }
        let encoding = encoding(&raw[..left], left < raw.len());
        let (sample, ..) = encoding.decode(&raw[..left]);
        let cut = if left < raw.len() {
            sample.len()
        } else {
            sample.rfind('\n').unwrap_or(sample.len())
        };
        let beginning = Beginning { sample: sample[..cut].to_owned(), encoding };
        let feed = Self {
            file,
            decoder: encoding.new_decoder(),
            raw,
            left,
            ended: false,
            text: Vec::with_capacity(PIECE * 3),
            taken: 0,
            decoded: 0,
            ends: LineEnds::default(),
            scan: Scan::default(),
        };
        Ok((feed, beginning))
    }

    /// From now on the separator is known.
    pub(super) fn separated_by(&mut self, delimiter: u8) {
        self.scan.delimiter = delimiter;
    }

    /// On which line a record begins that was read from this byte on; records come in order.
    pub(super) fn line_of(&mut self, byte: u64) -> u64 {
        self.ends.line_of(byte)
    }

    /// Bytes of text so far.
    pub(super) const fn text_bytes(&self) -> u64 {
        self.decoded
    }

    /// Whether there was nothing but blanks.
    pub(super) const fn is_blank(&self) -> bool {
        self.scan.is_blank()
    }

    /// Tells what was odd about the whole, at its end.
    pub(super) fn warn(&self, warnings: &mut Warnings) {
        self.scan.warn(warnings);
    }

    /// Decodes the next piece.
    fn decode(&mut self) -> io::Result<()> {
        if self.left < self.raw.len() && !self.ended {
            let read = self.file.read(&mut self.raw[self.left..])?;
            self.left += read;
            self.ended = read == 0;
        }
        self.text.clear();
        self.taken = 0;
        // Three bytes for each of UTF-8 at most.
        self.text.resize(PIECE * 3, 0);
        let (result, read, written, _) =
            self.decoder.decode_to_utf8(&self.raw[..self.left], &mut self.text, self.ended);
        self.text.truncate(written);
        self.raw.copy_within(read..self.left, 0);
        self.left -= read;
        if result == CoderResult::InputEmpty && self.ended && self.left == 0 {
            // The decoder has said its last word and must not be asked again.
            self.file = Box::new(io::empty());
        }
        self.ends.note(&self.text, self.decoded);
        self.scan.see(&self.text);
        self.decoded += written as u64;
        Ok(())
    }
}

impl Read for Feed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.text.len() {
            if self.ended && self.left == 0 {
                return Ok(0);
            }
            if self.decoded.saturating_sub(self.ends.begun) > MOST_RECORD_BYTES {
                let line = self.ends.line;
                return Err(io::Error::other(format!(
                    "after line {line} there is a record of more than 4 MiB; is a quote never closed?"
                )));
            }
            self.decode()?;
        }
        let length = buffer.len().min(self.text.len() - self.taken);
        buffer[..length].copy_from_slice(&self.text[self.taken..self.taken + length]);
        self.taken += length;
        Ok(length)
    }
}

/// What the bytes say; where they say nothing, what they look like.
fn encoding(sample: &[u8], is_whole: bool) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(sample) {
        return encoding;
    }
    let is_utf_8 = match std::str::from_utf8(sample) {
        Ok(_) => true,
        // A character that the end of the sample has split.
        Err(error) => error.error_len().is_none() && !is_whole,
    };
    if is_utf_8 {
        return UTF_8;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(sample, is_whole);
    detector.guess(None, Utf8Detection::Deny)
}

/// Where lines end in the text that a record may still begin in.
#[derive(Default)]
struct LineEnds {
    /// Line feeds and carriage returns that no record has passed: where, and which.
    ahead: VecDeque<(u64, u8)>,
    /// The line of the last record that was asked for, and where it began.
    line: u64,
    begun: u64,
    /// Whether lone carriage returns end lines, as on old Macs: known from the first line's end.
    returns: Option<bool>,
}

impl LineEnds {
    fn note(&mut self, text: &[u8], from: u64) {
        for (index, &byte) in text.iter().enumerate() {
            if byte == b'\n' || byte == b'\r' {
                self.ahead.push_back((from + index as u64, byte));
                if self.returns.is_none() && (byte == b'\n' || index + 1 < text.len()) {
                    self.returns = Some(byte == b'\r' && text[index + 1] != b'\n');
                }
            }
        }
    }

    fn line_of(&mut self, byte: u64) -> u64 {
        self.line = self.line.max(1);
        let mut start = byte;
        while let Some(&(at, end)) = self.ahead.front() {
            // Line ends within the record before, and blank lines before this one.
            if at > start {
                break;
            }
            start = start.max(at + 1);
            self.ahead.pop_front();
            let counts = if self.returns == Some(true) { b'\r' } else { b'\n' };
            self.line += u64::from(end == counts);
        }
        self.begun = start;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn read(bytes: &[u8]) -> (String, &'static str) {
        let (mut feed, beginning) = Feed::open(Box::new(Cursor::new(bytes.to_vec()))).unwrap();
        let mut text = String::new();
        feed.read_to_string(&mut text).unwrap();
        (text, beginning.encoding.name())
    }

    #[test]
    fn a_file_is_read_as_what_it_says_or_looks_like() {
        for (bytes, text, name) in [
            (b"a,\xc3\xa4".as_slice(), "a,ä", "UTF-8"),
            (b"\xef\xbb\xbfa", "a", "UTF-8"),
            (b"\xff\xfea\0,\0\xe4\0", "a,ä", "UTF-16LE"),
            (b"\xfe\xff\0a\0,\0\xe4", "a,ä", "UTF-16BE"),
            (
                b"Stra\xdfe,Gr\xf6\xdfe\nM\xfcller,sch\xf6n\n",
                "Straße,Größe\nMüller,schön\n",
                "windows-1252",
            ),
            (b"", "", "UTF-8"),
        ] {
            assert_eq!(read(bytes), (text.to_owned(), name));
        }
    }

    #[test]
    fn a_long_file_comes_whole_whatever_its_pieces_split() {
        let long = "ä€😀,\n".repeat(60_000);
        assert_eq!(read(long.as_bytes()), (long.clone(), "UTF-8"));
        let late = [vec![b'a'; SAMPLE_BYTES + 1], b"\xff!".to_vec()].concat();
        assert!(read(&late).0.ends_with("a\u{fffd}!"));
    }

    #[test]
    fn lines_are_those_of_an_editor() {
        for (text, expected) in [
            ("\na\r\n1\r\n\r\n\"2\r\n\"\r\n3\n\n4", vec![2, 3, 5, 7, 9]),
            ("a\r1\r\r2", vec![1, 2, 4]),
            ("a", vec![1]),
        ] {
            let (feed, _) = Feed::open(Box::new(Cursor::new(text.as_bytes().to_vec()))).unwrap();
            let mut reader =
                csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(feed);
            let mut record = csv::StringRecord::new();
            let mut found = Vec::new();
            while reader.read_record(&mut record).unwrap() {
                let byte = record.position().unwrap().byte();
                found.push(reader.get_mut().line_of(byte));
            }
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn a_record_without_an_end_is_told_with_its_line() {
        let endless = format!("a\n1\n\"{}", "x".repeat(5 << 20));
        let (feed, _) = Feed::open(Box::new(Cursor::new(endless.into_bytes()))).unwrap();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(feed);
        let mut record = csv::StringRecord::new();
        let error = loop {
            match reader.read_record(&mut record) {
                Ok(true) => {
                    let byte = record.position().unwrap().byte();
                    reader.get_mut().line_of(byte);
                }
                Ok(false) => panic!("it ended"),
                Err(error) => break error.to_string(),
            }
        };
        assert!(error.contains("after line 2 there is a record"), "{error}");
    }
}
