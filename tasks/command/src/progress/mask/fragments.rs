//! Fragments of a text in Base64. A program that writes Base64 in lines may begin each with a
//! prefix (`> `, `key: `, a time) or end it with one; each line is then searched on its own.

use super::Found;

/// Number of characters of a fragment. Fewer hold less than four bytes, but occur in other texts.
const LENGTH: usize = 5;
/// Bits of a character.
const BITS: usize = 6;

/// Number of pairs of characters.
const PAIRS: usize = 1 << (2 * BITS);

/// All runs of [`LENGTH`] characters of some texts, each as a number.
#[derive(Default)]
pub(super) struct Fragments {
    /// In order.
    all: Vec<u32>,
    /// For each pair of characters, how many fragments begin with a smaller one. Most texts are
    /// passed over by it.
    starts: Vec<usize>,
}

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
        let pair = |fragment: &u32| (fragment >> (BITS * (LENGTH - 2))) as usize;
        let start = |before| all.partition_point(|fragment| pair(fragment) < before);
        let starts = if all.is_empty() { Vec::new() } else { (0..=PAIRS).map(start).collect() };
        Self { all, starts }
    }

    /// Looks for a fragment at the beginning of a text. Its first character alone is not held back:
    /// too many texts end like it.
    pub(super) fn look_at(&self, text: &[u8]) -> Found {
        let Some([first, second]) = text.first_chunk() else { return Found::Nothing };
        let (Some(first), Some(second)) = (value(*first), value(*second)) else {
            return Found::Nothing;
        };
        let mut number = first << BITS | second;
        let pair = number as usize;
        let bounds = self.starts.get(pair).zip(self.starts.get(pair + 1));
        let candidates = bounds.and_then(|(from, to)| self.all.get(*from..*to));
        let Some(candidates) = candidates.filter(|all| !all.is_empty()) else {
            return Found::Nothing;
        };
        for seen in 2..LENGTH {
            let Some(byte) = text.get(seen) else {
                let missing = BITS * (LENGTH - seen);
                let started = candidates.iter().any(|fragment| fragment >> missing == number);
                return if started { Found::Partial(seen) } else { Found::Nothing };
            };
            let Some(value) = value(*byte) else { return Found::Nothing };
            number = number << BITS | value;
        }
        match candidates.binary_search(&number) {
            Ok(_) => Found::Whole(LENGTH),
            Err(_) => Found::Nothing,
        }
    }
}

/// Marks bytes that are not Base64.
const NONE: u8 = u8::MAX;

/// The value of each byte, in either alphabet. Base64 is random: a table is faster than comparisons.
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut at = 0;
    while at < 26 {
        values[b'A' as usize + at] = at as u8;
        values[b'a' as usize + at] = at as u8 + 26;
        if at < 10 {
            values[b'0' as usize + at] = at as u8 + 52;
        }
        at += 1;
    }
    values[b'+' as usize] = 62;
    values[b'-' as usize] = 62;
    values[b'/' as usize] = 63;
    values[b'_' as usize] = 63;
    values
};

const fn value(byte: u8) -> Option<u32> {
    match VALUES[byte as usize] {
        NONE => None,
        value => Some(value as u32),
    }
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
            (b"ab+/", Found::Partial(4)),
            (b"b+", Found::Partial(2)),
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
