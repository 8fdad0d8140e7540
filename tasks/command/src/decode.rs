//! Output in any encoding becomes UTF-8, before anything else looks at it.
//!
//! Without a declared encoding, output that begins like UTF-16 is that. Otherwise UTF-8 is expected, and a line that cannot be UTF-8 is decoded by a
//! guess from all such lines so far (as browsers guess). A line with a single broken character
//! between valid ones is still UTF-8.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    CoderResult, Decoder as WebDecoder, Encoding as WebEncoding, UTF_16BE, UTF_16LE,
};
use oem_cp::{code_table::DECODING_TABLE_CP_MAP, code_table_type::TableType};

/// Maximum number of bytes of a line that wait for its end. What is longer is no text, and its bytes
/// are passed on as they are.
const MAX_HELD: usize = 8_192;
/// Number of bytes after which the guess is final.
const ENOUGH: usize = 16_384;

/// Encoding of a command's output.
#[derive(Clone, Copy, Debug)]
pub struct Encoding(Table);

#[derive(Clone, Copy, Debug)]
enum Table {
    Web(&'static WebEncoding),
    /// Code page of a console.
    Console(&'static TableType),
}

impl Encoding {
    /// The encoding with this label: of the WHATWG Encoding Standard, such as `latin1`,
    /// `windows-1251` or `shift_jis`, or the code page of a console, such as `cp437` or `cp850`.
    /// `None` if there is none.
    pub fn of(label: &str) -> Option<Self> {
        let label = label.trim().to_ascii_lowercase();
        if let Some(encoding) = WebEncoding::for_label_no_replacement(label.as_bytes()) {
            return Some(Self(Table::Web(encoding)));
        }
        let number = label.trim_start_matches("cp").trim_start_matches("ibm").parse().ok()?;
        DECODING_TABLE_CP_MAP.get(&number).map(|table| Self(Table::Console(table)))
    }
}

/// Decodes one stream. Chunk boundaries make no difference.
pub struct Decoder(Kind);

enum Kind {
    Declared(Box<WebDecoder>),
    Console(&'static TableType),
    Guessed(Box<Guess>),
    /// The first bytes, until they show whether it is UTF-16.
    Start(Vec<u8>),
}

/// Number of bytes that show whether it is UTF-16.
const START: usize = 4;

/// Whether more bytes might show that it is UTF-16.
fn may_be_utf_16(start: &[u8]) -> bool {
    match start {
        [] | [_] | [0, _, ..] | [_, 0, ..] => true,
        _ => utf_16(start).is_some(),
    }
}

/// UTF-16 by its byte order mark, or by the zeros beside its first letters.
fn utf_16(start: &[u8]) -> Option<&'static WebEncoding> {
    let is_text = |byte: u8| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n' | 0x1b);
    match *start {
        [0xff, 0xfe, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] => Some(UTF_16BE),
        [a, 0] | [a, 0, _] if is_text(a) => Some(UTF_16LE),
        [0, a] | [0, a, _] if is_text(a) => Some(UTF_16BE),
        [a, 0, b, 0, ..] if is_text(a) && is_text(b) => Some(UTF_16LE),
        [0, a, 0, b, ..] if is_text(a) && is_text(b) => Some(UTF_16BE),
        _ => None,
    }
}

impl Decoder {
    /// Decodes with this encoding, or guesses.
    pub fn new(encoding: Option<Encoding>) -> Self {
        Self(match encoding {
            Some(Encoding(Table::Web(encoding))) => {
                Kind::Declared(Box::new(encoding.new_decoder()))
            }
            Some(Encoding(Table::Console(table))) => Kind::Console(table),
            None => Kind::Start(Vec::new()),
        })
    }

    /// Takes bytes; returns the text that is certain, as UTF-8. Bytes that are no text stay as they
    /// are.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        match &mut self.0 {
            Kind::Declared(decoder) => decode(decoder, bytes, false),
            Kind::Console(table) => table.decode_string_lossy(bytes).into_bytes(),
            Kind::Guessed(guess) => guess.push(bytes),
            Kind::Start(start) => {
                start.extend_from_slice(bytes);
                if start.len() < START && may_be_utf_16(start) { Vec::new() } else { self.begin() }
            }
        }
    }

    /// Decides by the first bytes, and decodes them.
    fn begin(&mut self) -> Vec<u8> {
        let Kind::Start(start) = &mut self.0 else { return Vec::new() };
        let start = std::mem::take(start);
        self.0 = match utf_16(&start) {
            Some(encoding) => Kind::Declared(Box::new(encoding.new_decoder())),
            None => Kind::Guessed(Box::default()),
        };
        self.push(&start)
    }

    /// The program pauses: returns what waited for the end of its line.
    pub fn idle(&mut self) -> Vec<u8> {
        match &mut self.0 {
            Kind::Declared(_) | Kind::Console(_) => Vec::new(),
            Kind::Guessed(guess) => guess.idle(),
            // A single byte may be half a character.
            Kind::Start(start) if start.len() < 2 => Vec::new(),
            Kind::Start(_) => {
                let mut text = self.begin();
                text.append(&mut self.idle());
                text
            }
        }
    }

    /// Ends the stream; returns the rest.
    pub fn end(&mut self) -> Vec<u8> {
        match &mut self.0 {
            Kind::Declared(decoder) => decode(decoder, b"", true),
            Kind::Console(_) => Vec::new(),
            Kind::Guessed(guess) => guess.decide(),
            Kind::Start(_) => {
                let mut text = self.begin();
                text.append(&mut self.end());
                text
            }
        }
    }
}

fn decode(decoder: &mut WebDecoder, mut bytes: &[u8], last: bool) -> Vec<u8> {
    let mut text = String::new();
    loop {
        let room = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len());
        text.reserve(room.max(16));
        let (result, read, _) = decoder.decode_to_string(bytes, &mut text, last);
        bytes = bytes.get(read..).unwrap_or_default();
        if result == CoderResult::InputEmpty {
            return text.into_bytes();
        }
    }
}

/// Guesses the encoding line by line.
struct Guess {
    detector: EncodingDetector,
    /// Number of bytes that the detector has seen.
    seen: usize,
    /// The final guess.
    settled: Option<&'static WebEncoding>,
    /// Bytes of a line from its first invalid byte on, or an incomplete character.
    held: Vec<u8>,
    /// Valid characters that are not ASCII, in this line before those.
    valid: usize,
    /// Whether this line is too long to be text.
    binary: bool,
}

impl Default for Guess {
    fn default() -> Self {
        let detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        let (held, settled) = (Vec::new(), None);
        Self { detector, seen: 0, settled, held, valid: 0, binary: false }
    }
}

impl Guess {
    fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::with_capacity(bytes.len());
        let ends = |byte: &u8| matches!(*byte, b'\n' | b'\r');
        // Most output is ASCII.
        if self.held.is_empty() && bytes.is_ascii() {
            if bytes.iter().any(ends) {
                (self.valid, self.binary) = (0, false);
            }
            text.extend_from_slice(bytes);
            return text;
        }
        for part in bytes.split_inclusive(ends) {
            self.take(part, &mut text);
            if part.last().is_some_and(ends) {
                text.append(&mut self.decide());
            }
        }
        text
    }

    /// Takes a part of a line.
    fn take(&mut self, part: &[u8], text: &mut Vec<u8>) {
        if self.binary {
            return text.extend_from_slice(part);
        }
        self.held.extend_from_slice(part);
        let valid = match std::str::from_utf8(&self.held) {
            Ok(_) => self.held.len(),
            Err(error) => error.valid_up_to(),
        };
        self.valid += not_ascii(&String::from_utf8_lossy(&self.held[..valid]));
        text.extend(self.held.drain(..valid));
        if self.held.len() > MAX_HELD {
            self.binary = true;
            text.append(&mut self.held);
        }
    }

    /// Decodes what is held at the end of a line.
    fn decide(&mut self) -> Vec<u8> {
        let text = self.decode_held();
        (self.valid, self.binary) = (0, false);
        text
    }

    fn idle(&mut self) -> Vec<u8> {
        // An incomplete character is completed by what follows.
        let incomplete = std::str::from_utf8(&self.held).is_err_and(|e| e.error_len().is_none());
        if incomplete { Vec::new() } else { self.decode_held() }
    }

    fn decode_held(&mut self) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        if held.is_empty() || !self.is_legacy(&held) {
            return held;
        }
        let encoding = self.settled.unwrap_or_else(|| {
            self.detector.feed(&held, false);
            self.seen += held.len();
            self.detector.guess(None, Utf8Detection::Deny)
        });
        if self.seen >= ENOUGH {
            self.settled = Some(encoding);
        }
        encoding.decode_without_bom_handling(&held).0.into_owned().into_bytes()
    }

    /// Whether invalid bytes prevail. A character that is only cut off is broken UTF-8: in other
    /// encodings its bytes hardly follow each other.
    fn is_legacy(&self, held: &[u8]) -> bool {
        let (mut utf8, mut other) = (self.valid, 0);
        for chunk in held.utf8_chunks() {
            utf8 += not_ascii(chunk.valid());
            match chunk.invalid().len() {
                0 => {}
                1 => other += 1,
                _ => utf8 += 1,
            }
        }
        other > utf8
    }
}

fn not_ascii(text: &str) -> usize {
    text.chars().filter(|c| !c.is_ascii()).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(encoding: Option<&str>, bytes: &[u8], chunk: usize) -> String {
        let encoding = encoding.map(|label| Encoding::of(label).expect(label));
        let mut decoder = Decoder::new(encoding);
        let chunks = bytes.chunks(chunk.max(1));
        let mut text: Vec<u8> = chunks.flat_map(|bytes| decoder.push(bytes)).collect();
        text.append(&mut decoder.end());
        String::from_utf8_lossy(&text).into_owned()
    }

    #[test]
    fn latin_1_and_code_pages_are_guessed() {
        for (bytes, text) in [
            (&b"caf\xe9\n"[..], "café\n"),
            (b"gr\xf6\xdfer als 5 \x80\n", "größer als 5 €\n"),
            (b"\xdcbertragung l\xe4uft: 45%\r", "Übertragung läuft: 45%\r"),
            (b"Donn\xe9es re\xe7ues \xe0 100 %", "Données reçues à 100 %"),
            (b"El ni\xf1o comi\xf3 all\xed\n", "El niño comió allí\n"),
            (
                b"\xd4\xe0\xe9\xeb \xed\xe5 \xed\xe0\xe9\xe4\xe5\xed: \xf1\xef\xe8\xf1\xee\xea\n",
                "Файл не найден: список\n",
            ),
            (
                b"\x83t\x83@\x83C\x83\x8b\x82\xaa\x8c\xa9\x82\xc2\x82\xa9\x82\xe8\x82\xdc\x82\xb9\x82\xf1\n",
                "ファイルが見つかりません\n",
            ),
        ] {
            for chunk in [1, 2, 3, 100] {
                assert_eq!(decoded(None, bytes, chunk), text);
            }
        }
    }

    #[test]
    fn utf_16_is_known_by_its_beginning() {
        let utf_16 = |text: &str, is_little: bool| -> Vec<u8> {
            let bytes = |unit: u16| if is_little { unit.to_le_bytes() } else { unit.to_be_bytes() };
            text.encode_utf16().flat_map(bytes).collect()
        };
        for text in ["\u{feff}größer 45%\r\n", "Copying 45%\r\nä\n", "a", "\u{feff}"] {
            for (is_little, chunk) in [(true, 1), (true, 3), (false, 1), (false, 100)] {
                let shown = decoded(None, &utf_16(text, is_little), chunk);
                assert_eq!(shown, text.trim_start_matches('\u{feff}'));
            }
        }
        for plain in [&b"a\0"[..1], b"ab\0c", b"\0\0\0\0", b"\x01\0\x02\0"] {
            assert_eq!(decoded(None, plain, 1).as_bytes(), plain);
        }
    }

    #[test]
    fn a_broken_character_does_not_change_the_encoding_of_its_line() {
        for (bytes, text) in [
            ("größer – 日本 🦀\n".as_bytes(), "größer – 日本 🦀\n"),
            (b"gr\xc3\xb6\xc3\x9fer \xff\n", "größer \u{fffd}\n"),
            (b"a \xe2\x82\nb\xf0\x9f", "a \u{fffd}\nb\u{fffd}"),
            (b"\xe4\n\xc3\xa4\n\xe4\n", "ä\nä\nä\n"),
            (b"", ""),
        ] {
            for chunk in [1, 2, 3, 100] {
                assert_eq!(decoded(None, bytes, chunk), text);
            }
        }
    }

    #[test]
    fn a_declared_encoding_is_the_encoding() {
        assert_eq!(decoded(Some("ibm866"), b"\x8f\xe0\xa8\xa2\xa5\xe2", 1), "Привет");
        assert_eq!(decoded(Some("utf-8"), b"caf\xe9\n", 2), "caf\u{fffd}\n");
        assert_eq!(decoded(Some(" Latin1 "), "é".as_bytes(), 1), "Ã©");
        assert_eq!(decoded(Some("utf-16le"), b"a\0\n\0b", 1), "a\n\u{fffd}");
        assert_eq!(decoded(Some("cp850"), b"gr\x94\xe1er \x9d\n", 2), "größer Ø\n");
        assert_eq!(decoded(Some("IBM437"), b"\x9c5", 1), "£5");
        assert_eq!(decoded(Some("cp1252"), b"\x80", 1), "€");
        for wrong in ["", "latin-99", "replacement", "cp99", "cp", "cp-1"] {
            assert!(Encoding::of(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn a_pause_gives_what_waits_but_no_half_character() {
        let mut decoder = Decoder::new(None);
        assert_eq!((decoder.push(b"5"), decoder.push(b"0%")), (vec![], b"50%".to_vec()));
        assert_eq!(decoder.push(b"l\xe4uft 45%"), b"l");
        assert_eq!(decoder.idle(), "äuft 45%".as_bytes());
        assert_eq!((decoder.push(b"\xe2\x82"), decoder.idle()), (vec![], vec![]));
        assert_eq!(decoder.push(b"\xac"), "€".as_bytes());
    }

    #[test]
    fn what_has_no_line_ends_is_no_text_and_stays_as_it_is() {
        let mut decoder = Decoder::new(None);
        let bytes = [&b"begin"[..], &[0xff; 100_000]].concat();
        let mut passed: Vec<u8> = bytes.chunks(4_096).flat_map(|part| decoder.push(part)).collect();
        passed.append(&mut decoder.end());
        assert_eq!(passed, bytes);
        assert_eq!(decoder.push(b"\ncaf\xe9\n"), "\ncafé\n".as_bytes(), "the next line may be");
    }

    #[test]
    fn the_guess_becomes_final() {
        let mut guess = Guess::default();
        for _ in 0..=ENOUGH / 5 {
            assert_eq!(guess.push(b"l\xe4uft\n"), "läuft\n".as_bytes());
        }
        assert!(guess.settled.is_some() && guess.seen <= ENOUGH + MAX_HELD);
    }

    proptest! {
        #[test]
        fn valid_text_stays_as_it_is(text in "[aä日🦀\\n\\r]{0,60}", chunk in 1_usize..9) {
            prop_assert_eq!(decoded(None, text.as_bytes(), chunk), text);
        }

        #[test]
        fn how_bytes_are_cut_changes_nothing(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
            chunk in 1_usize..9,
        ) {
            prop_assert_eq!(decoded(None, &bytes, chunk), decoded(None, &bytes, 1_000));
        }
    }
}
