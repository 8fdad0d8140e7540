//! Fragments of a text in Base64. A program that writes Base64 in lines may begin each with a
//! prefix (`> `, `key: `, a time) or end it with one; each line is then searched on its own.

use super::{Found, MIN_RUN};

/// Number of characters of a fragment. Fewer hold less than four bytes, but occur in other texts.
const LENGTH: usize = 5;
/// Bits of a character.
const BITS: usize = 6;

/// All runs of [`LENGTH`] characters of some texts, in order; each as a number.
#[derive(Default)]
pub(super) struct Fragments(Vec<u32>);

impl Fragments {
    /// The fragments of these texts. Characters that are not Base64 separate them.
    pub(super) fn new<'t>(texts: impl IntoIterator<Item = &'t [u8]>) -> Self {
        let mut all = Vec::new();
        for text in texts {
            for run in text.windows(LENGTH) {
                let number = |number, byte: &u8| Some(number << BITS | value(*byte)?);
                all.extend(run.iter().try_fold(0, number));
            }
        }
        all.sort_unstable();
        all.dedup();
        Self(all)
    }

    /// Looks for a fragment at the beginning of a text.
    pub(super) fn look_at(&self, text: &[u8]) -> Found {
        let mut number = 0;
        for (seen, place) in (0..LENGTH).enumerate() {
            let Some(byte) = text.get(place) else {
                let begun = seen >= MIN_RUN && self.begins_with(number, seen);
                return if begun { Found::Begun(seen) } else { Found::Nothing };
            };
            let Some(value) = value(*byte) else { return Found::Nothing };
            number = number << BITS | value;
        }
        match self.0.binary_search(&number) {
            Ok(_) => Found::Whole(LENGTH),
            Err(_) => Found::Nothing,
        }
    }

    /// Whether a fragment begins with so many characters.
    fn begins_with(&self, number: u32, characters: usize) -> bool {
        let missing = BITS * (LENGTH - characters);
        let first = self.0.partition_point(|fragment| fragment >> missing < number);
        self.0.get(first).is_some_and(|fragment| fragment >> missing == number)
    }
}

/// The value of a character, in either alphabet.
const fn value(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    };
    Some(value as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_is_found_in_either_alphabet_and_its_beginning_is_held_back() {
        let fragments = Fragments::new([&b"ab+/cd"[..], b"xyz%2Bxyz"]);
        for (text, found) in [
            (&b"ab+/cd"[..], Found::Whole(5)),
            (b"b-_cd", Found::Whole(5)),
            (b"ab+/", Found::Begun(4)),
            (b"b+", Found::Begun(2)),
            (b"a", Found::Nothing),
            (b"", Found::Nothing),
            (b"ab+/x", Found::Nothing),
            (b"ab +/c", Found::Nothing),
            (b"xyz", Found::Nothing),
            (b"cd", Found::Nothing),
        ] {
            assert_eq!(fragments.look_at(text), found, "{text:?}");
        }
    }
}
