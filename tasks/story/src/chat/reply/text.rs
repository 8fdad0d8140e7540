//! Text that arrives in pieces, whose characters may be split between two events.

use super::json::HALF;

/// Joins pieces; half a character without its other half becomes U+FFFD.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    joined: String,
    /// The first half of a surrogate pair that waits for its second.
    high: Option<u32>,
}

impl Text {
    pub(super) fn push(&mut self, piece: &str) {
        for c in piece.chars() {
            let unit = u32::from(c).checked_sub(HALF).filter(|unit| *unit < 0x800);
            let Some(unit) = unit.map(|unit| unit + 0xD800) else {
                self.flush();
                self.joined.push(c);
                continue;
            };
            if unit < 0xDC00 {
                self.flush();
                self.high = Some(unit);
                continue;
            }
            let whole = self.high.take().and_then(|high| {
                char::from_u32(0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00))
            });
            self.joined.push(whole.unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }

    /// Replaces the text by one that contains all of it; otherwise appends it.
    pub(super) fn replace_or_push(&mut self, whole: &str) {
        if whole.starts_with(&self.joined) {
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

    fn flush(&mut self) {
        if self.high.take().is_some() {
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
    fn a_repeated_whole_text_replaces_its_beginning() {
        let mut text = Text::default();
        for whole in ["Once", "Once upon", "Once upon a time"] {
            text.replace_or_push(whole);
        }
        text.replace_or_push(".");
        assert_eq!(text.finish(), "Once upon a time.");
    }
}
