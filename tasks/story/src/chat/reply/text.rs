//! Text that arrives in pieces, whose characters may be split between two events.

use std::str;

use super::json::HALF;

/// First of the private characters that stand for bytes that are no UTF-8 by themselves.
const BYTE: u32 = HALF + 0x800;

/// UTF-8, with a mark for each byte of a character that is split or broken.
pub(super) fn decode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        let marks =
            chunk.invalid().iter().filter_map(|byte| char::from_u32(BYTE + u32::from(*byte)));
        text.extend(marks);
    }
    text
}

/// Joins pieces; a part of a character without its other parts becomes U+FFFD.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    joined: String,
    /// The first half of a surrogate pair that waits for its second.
    high: Option<u32>,
    /// The first bytes of a character that wait for the others.
    bytes: Vec<u8>,
}

/// A character of a piece.
enum Part {
    Whole(char),
    Half(u32),
    Byte(u8),
}

impl Part {
    fn of(c: char) -> Self {
        match u32::from(c).checked_sub(HALF) {
            Some(unit @ 0..0x800) => Self::Half(0xD800 + unit),
            Some(byte @ 0x800..0x900) => Self::Byte((byte - 0x800) as u8),
            _ => Self::Whole(c),
        }
    }
}

impl Text {
    pub(super) fn push(&mut self, piece: &str) {
        for c in piece.chars() {
            match Part::of(c) {
                Part::Whole(c) => {
                    self.flush();
                    self.joined.push(c);
                }
                Part::Half(unit) => self.half(unit),
                Part::Byte(byte) => self.byte(byte),
            }
        }
    }

    /// Replaces the text by one that contains all of it; otherwise appends it.
    pub(super) fn replace_or_push(&mut self, whole: &str) {
        if whole.trim().starts_with(self.joined.trim()) {
            self.joined.clear();
        }
        self.push(whole);
    }

    pub(super) fn as_str(&self) -> &str {
        &self.joined
    }

    pub(super) fn finish(mut self) -> String {
        self.flush();
        self.joined
    }

    fn half(&mut self, unit: u32) {
        if unit < 0xDC00 {
            self.flush();
            self.high = Some(unit);
            return;
        }
        let high = self.high.take();
        self.flush();
        let whole = high
            .and_then(|high| char::from_u32(0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00)));
        self.joined.push(whole.unwrap_or(char::REPLACEMENT_CHARACTER));
    }

    fn byte(&mut self, byte: u8) {
        if self.high.is_some() {
            self.flush();
        }
        self.bytes.push(byte);
        match str::from_utf8(&self.bytes) {
            Ok(whole) => {
                self.joined.push_str(whole);
                self.bytes.clear();
            }
            Err(error) if error.error_len().is_some() => self.flush(),
            Err(_) => {}
        }
    }

    fn flush(&mut self) {
        let bytes = !self.bytes.is_empty();
        self.bytes.clear();
        if self.high.take().is_some() || bytes {
            self.joined.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(pieces: &[&str]) -> String {
        let mut text = Text::default();
        pieces.iter().for_each(|piece| text.push(piece));
        text.finish()
    }

    #[test]
    fn halves_of_a_character_are_joined_and_lonely_ones_replaced() {
        assert_eq!(joined(&["a\u{10F03D}", "\u{10F600}b"]), "a😀b");
        assert_eq!(joined(&["a\u{10F03D}", "b"]), "a\u{fffd}b");
        assert_eq!(joined(&["a\u{10F600}", "\u{10F03D}"]), "a\u{fffd}\u{fffd}");
        assert_eq!(joined(&["plain", " 海"]), "plain 海");
    }

    #[test]
    fn bytes_of_a_character_are_joined_over_pieces() {
        let whole = "é海😀".as_bytes();
        for cut in 1..whole.len() {
            assert_eq!(joined(&[&decode(&whole[..cut]), &decode(&whole[cut..])]), "é海😀", "{cut}");
        }
        assert_eq!(joined(&[&decode(b"caf\xe9 x")]), "caf\u{fffd} x");
        let broken = joined(&[&decode(b"\xe6"), "\u{10F03D}", &decode(b"\xff")]);
        assert_eq!(broken, "\u{fffd}\u{fffd}\u{fffd}");
    }

    #[test]
    fn a_repeated_whole_text_replaces_its_beginning() {
        let mut text = Text::default();
        for whole in ["Once", "Once upon ", "Once upon a time"] {
            text.replace_or_push(whole);
        }
        text.replace_or_push(".");
        assert_eq!(text.finish(), "Once upon a time.");
    }
}
