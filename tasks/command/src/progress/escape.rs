//! Escape sequences: patterns match the text without them.

use std::borrow::Cow;

const ESCAPE: char = '\u{1b}';
const BELL: char = '\u{7}';

/// Maximum length of an escape sequence in bytes; longer ones are dropped.
const MAX_BYTES: usize = 1_024;

/// Effect of a complete escape sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// More bytes belong to it.
    Incomplete,
    /// It changes colours or emphasis.
    Style,
    /// It moves the cursor, or erases the line or the screen: other text follows.
    Moves,
    /// Anything else, such as a window title.
    Nothing,
    /// It was cut off, or is too long; the last byte does not belong to it.
    Broken,
}

/// An escape sequence (ECMA-48) that arrives byte by byte, without the escape character.
#[derive(Debug, Default)]
pub(super) struct Escape(Vec<u8>);

impl Escape {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn push(&mut self, byte: u8) -> Effect {
        let Some(&first) = self.0.first() else {
            return self.begin(byte);
        };
        if matches!(byte, b'\n' | b'\r') || self.0.len() >= MAX_BYTES {
            return Effect::Broken;
        }
        let before = self.0.last().copied();
        self.0.push(byte);
        match first {
            b'[' if matches!(byte, 0x40..=0x7e) => self.control(byte),
            // Control characters do not belong into a control sequence.
            b'[' if byte < 0x20 => Effect::Broken,
            b'[' => Effect::Incomplete,
            b' '..=b'/' if matches!(byte, b' '..=b'/') => Effect::Incomplete,
            b' '..=b'/' => Effect::Nothing,
            // A string, up to BEL or ESC \.
            _ if byte == 7 || before == Some(0x1b) => Effect::Nothing,
            _ => Effect::Incomplete,
        }
    }

    fn begin(&mut self, byte: u8) -> Effect {
        match byte {
            b'[' | b']' | b'P' | b'X' | b'^' | b'_' | b' '..=b'/' => {
                self.0.push(byte);
                Effect::Incomplete
            }
            // Restores the cursor, or moves it by a line.
            b'8' | b'D' | b'E' | b'M' => Effect::Moves,
            0..0x20 | 0x7f.. => Effect::Broken,
            _ => Effect::Nothing,
        }
    }

    /// A control sequence with this final byte.
    fn control(&self, last: u8) -> Effect {
        match last {
            b'm' => Effect::Style,
            // Up, down, left, next line, previous line, column, position, line, restore.
            b'A' | b'B' | b'D'..=b'H' | b'd' | b'f' | b'u' | b'`' => Effect::Moves,
            b'J' => Effect::Moves,
            // Erases the whole line; the other forms erase what a new text covers.
            b'K' if self.0 == b"[2K" => Effect::Moves,
            _ => Effect::Nothing,
        }
    }
}

/// Whether a text without control characters other than colours shows nothing.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    let shows = |b: &u8| !matches!(*b, b' ' | b'\t');
    match bytes.iter().position(shows) {
        None => true,
        Some(at) if bytes[at] == 0x1b => {
            let text = String::from_utf8_lossy(&bytes[at..]);
            plain(&text).trim().is_empty()
        }
        Some(_) => false,
    }
}

/// Removes escape sequences. An unterminated sequence ends the text.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(ESCAPE) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == ESCAPE {
            skip(&mut chars);
        } else {
            plain.push(c);
        }
    }
    Cow::Owned(plain)
}

/// Skips the rest of an escape sequence (ECMA-48).
fn skip(chars: &mut std::str::Chars<'_>) {
    match chars.next() {
        // Control sequence: parameters, then one final character.
        Some('[') => {
            chars.by_ref().find(|c| matches!(c, '\u{40}'..='\u{7e}'));
        }
        // String, such as a window title, up to BEL or ESC \.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(c) = chars.next() {
                if c == BELL || (c == ESCAPE && chars.next() != Some(ESCAPE)) {
                    break;
                }
            }
        }
        // Intermediate characters, as in a character set selection, then one more.
        Some(' '..='/') => {
            chars.by_ref().find(|c| !matches!(c, ' '..='/'));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_taken_out() {
        for (text, seen) in [
            ("plain", "plain"),
            ("\u{1b}[31mred\u{1b}[0m 45%\u{1b}[K", "red 45%"),
            ("\u{1b}]0;title\u{7}x", "x"),
            ("\u{1b}]8;;target\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}(Bx\u{1b}=y", "xy"),
            ("a\u{1b}", "a"),
            ("a\u{1b}[12;3", "a"),
            ("a\u{1b}]never ends", "a"),
        ] {
            assert_eq!(plain(text), seen, "{text:?}");
        }
    }

    fn effect(sequence: &str) -> Effect {
        let mut escape = Escape::default();
        let effects = sequence.bytes().map(|byte| escape.push(byte));
        effects.last().unwrap_or(Effect::Incomplete)
    }

    #[test]
    fn movements_of_the_cursor_are_told_from_colours_and_titles() {
        for moves in
            ["[A", "[12A", "[G", "[1G", "[27G", "[u", "[2K", "[2J", "[H", "[1000D", "8", "M"]
        {
            assert_eq!(effect(moves), Effect::Moves, "{moves:?}");
        }
        assert_eq!(effect("[31;1m"), Effect::Style);
        for nothing in ["[K", "[s", "7", "[?25l", "]0;title\u{7}", "]8;;x\u{1b}\\", "(B", "=", "c"]
        {
            assert_eq!(effect(nothing), Effect::Nothing, "{nothing:?}");
        }
        for open in ["", "[", "[3", "]0;ti", "(", "]x\u{1b}"] {
            assert_eq!(effect(open), Effect::Incomplete, "{open:?}");
        }
        for broken in ["[3\n", "]0;x\r", "\u{1b}", "[3\u{1b}"] {
            assert_eq!(effect(broken), Effect::Broken, "{broken:?}");
        }
        assert_eq!(effect(&format!("]{}", "x".repeat(MAX_BYTES))), Effect::Broken);
    }

    #[test]
    fn colours_and_blanks_show_nothing() {
        for blank in ["", "  ", "\u{1b}[m", " \u{1b}[0m \u{1b}[1m"] {
            assert!(is_blank(blank.as_bytes()), "{blank:?}");
        }
        assert!(!is_blank(b"x") && !is_blank(b"\x1b[mx") && !is_blank(b"  \xff"));
    }
}
