//! Escape sequences: patterns match the text without them.

use std::borrow::Cow;

const ESCAPE: char = '\u{1b}';
const BELL: char = '\u{7}';

/// Removes escape sequences. An unterminated sequence ends the text.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
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
}
