//! Hides secrets in a command's output, wherever chunks end. Secrets are searched before anything
//! is truncated, so that no part of one remains.

mod fragments;

use std::{fmt, sync::Arc};

use self::fragments::Fragments;
use super::escape::plain;

/// Replacement of a secret.
const HIDDEN: &[u8] = b"***";
/// Minimum length in bytes of a secret's beginning that is hidden at the end of truncated text.
const MIN_PIECE: usize = 4;
/// Maximum number of bytes between two characters of a loose text; more are not a line break.
const MAX_GAP: usize = 64;
/// Characters of a loose text before its first gap. With fewer, many lines would be delayed until
/// the next one arrives.
const MIN_RUN: usize = 2;
/// Minimum length of the rest of a loose text whose beginning is missing.
const MIN_REST: usize = 5;

/// Texts to hide. Cheap to clone.
#[derive(Clone, Default)]
pub struct Mask(Arc<Needles>);

/// What is searched for.
#[derive(Default)]
struct Needles {
    /// The texts by their first byte.
    texts: Vec<(u8, Vec<Needle>)>,
    /// Fragments of the loose texts.
    fragments: Fragments,
}

/// A text to search for. Never displayed.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Needle {
    text: Vec<u8>,
    /// Number of bytes after which line breaks may occur between any two; `None`: nowhere.
    loose_after: Option<usize>,
}

/// Match of a needle at the beginning of a text.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    /// The text ended after this many bytes of the needle.
    Partial(usize),
    /// A complete match of this many bytes of the text.
    Whole(usize),
}

impl Needle {
    const fn exact(text: Vec<u8>) -> Self {
        Self { text, loose_after: None }
    }

    /// The text, and its suffixes without the first few characters: if a line ends after those, the
    /// rest is matched on its own.
    fn loose(text: &[u8]) -> impl Iterator<Item = Self> {
        let run = |text: &[u8]| text.len().saturating_sub(MIN_REST).clamp(1, MIN_RUN);
        (0..run(text).min(text.len())).filter_map(move |missing| {
            let text = text.get(missing..)?.to_vec();
            Some(Self { loose_after: Some(run(&text)), text })
        })
    }

    fn look_at(&self, text: &[u8]) -> Found {
        let mut at = 0;
        for (seen, byte) in self.text.iter().enumerate() {
            let may_break = self.loose_after.is_some_and(|run| seen >= run);
            if may_break {
                at += match gap(&text[at..]) {
                    Some(gap) => gap,
                    None => return Found::Nothing,
                };
            }
            match &text[at..] {
                [] => return Found::Partial(seen),
                b"\\" | b"%" | b"%0" if may_break => return Found::Partial(seen),
                [next, ..] if next == byte => at += 1,
                _ => return Found::Nothing,
            }
        }
        Found::Whole(at)
    }
}

/// Length of line breaks and blanks at the beginning of a text, including JSON and URL escapes;
/// `None`: too many.
fn gap(text: &[u8]) -> Option<usize> {
    let mut length = 0;
    loop {
        length += match text.get(length..)? {
            [b' ' | b'\t' | b'\r' | b'\n', ..] => 1,
            [b'\\', b'n' | b'r' | b't' | b'\n', ..] => 2,
            // Escaped slash.
            [b'\\', b'/', ..] => 1,
            [b'%', b'0', b'a' | b'A' | b'd' | b'D', ..] => 3,
            _ => return Some(length),
        };
        if length > MAX_GAP {
            return None;
        }
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mask(…)")
    }
}

/// What follows the given bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// More bytes: a possible secret is held back.
    Open,
    /// Nothing.
    Whole,
    /// Truncated text: the beginning of a secret counts as one.
    Cut,
}

impl Needles {
    fn beginning_with(&self, first: u8) -> &[Needle] {
        let found = self.texts.binary_search_by_key(&first, |(first, _)| *first);
        found.ok().and_then(|index| self.texts.get(index)).map_or(&[], |(_, needles)| needles)
    }

    /// Writes the bytes without secrets and returns how many were processed. The first `covered`
    /// bytes belong to a secret that was already replaced.
    fn hide(&self, bytes: &[u8], covered: &mut usize, end: End, out: &mut Vec<u8>) -> usize {
        for (at, first) in bytes.iter().enumerate() {
            let rest = &bytes[at..];
            let (mut started, mut whole) = (0, None);
            let texts = self.beginning_with(*first).iter().map(|needle| needle.look_at(rest));
            for found in texts.chain([self.fragments.look_at(rest)]) {
                match found {
                    Found::Nothing => {}
                    Found::Partial(seen) => started = started.max(seen),
                    Found::Whole(length) => whole = whole.max(Some(length)),
                }
            }
            if end == End::Open && started > 0 {
                *covered = covered.saturating_sub(at);
                return at;
            }
            let cut = (end == End::Cut && started >= MIN_PIECE).then_some(rest.len());
            if let Some(length) = cut.or(whole) {
                // Overlapping secrets are replaced once.
                if at >= *covered {
                    out.extend_from_slice(HIDDEN);
                }
                *covered = (*covered).max(at + length);
            } else if at >= *covered {
                out.push(*first);
            }
        }
        *covered = covered.saturating_sub(bytes.len());
        bytes.len()
    }
}

impl Mask {
    /// Hides these texts; empty ones are ignored.
    pub fn new(texts: impl IntoIterator<Item = String>) -> Self {
        Self::with_loose(texts, [])
    }

    /// Hides `exact` texts verbatim, and `loose` texts, which are Base64, also across line breaks
    /// and in fragments.
    pub fn with_loose(
        exact: impl IntoIterator<Item = String>,
        loose: impl IntoIterator<Item = String>,
    ) -> Self {
        let exact = exact.into_iter().map(|text| Needle::exact(text.into_bytes()));
        let loose: Vec<String> = loose.into_iter().collect();
        let fragments = Fragments::new(loose.iter().map(String::as_bytes));
        let loose = loose.iter().flat_map(|text| Needle::loose(text.as_bytes()));
        let mut all: Vec<Needle> = exact.chain(loose).collect();
        all.sort();
        all.dedup();
        let mut texts: Vec<(u8, Vec<Needle>)> = Vec::new();
        for needle in all {
            let Some(first) = needle.text.first().copied() else { continue };
            match texts.last_mut().filter(|(last, _)| *last == first) {
                Some((_, group)) => group.push(needle),
                None => texts.push((first, vec![needle])),
            }
        }
        Self(Arc::new(Needles { texts, fragments }))
    }

    fn is_empty(&self) -> bool {
        self.0.texts.is_empty()
    }

    /// Hides secrets in a text, including those interrupted by escape sequences.
    pub fn hide(&self, text: &str) -> String {
        self.hide_to(text, End::Whole)
    }

    /// [`Mask::hide`] for truncated text.
    pub(super) fn hide_cut(&self, text: &str) -> String {
        self.hide_to(text, End::Cut)
    }

    fn hide_to(&self, text: &str, end: End) -> String {
        if self.is_empty() {
            return text.to_owned();
        }
        let bare = plain(text);
        let hidden = self.hidden(text, end);
        if bare.len() == text.len() {
            return hidden;
        }
        // Hiding a secret is worth losing its colours.
        let (bare, hidden_bare) = (plain(&hidden), self.hidden(&bare, end));
        if *bare == *hidden_bare { hidden } else { hidden_bare }
    }

    fn hidden(&self, text: &str, end: End) -> String {
        let mut out = Vec::with_capacity(text.len());
        self.0.hide(text.as_bytes(), &mut 0, end, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Hides secrets in bytes that arrive in chunks.
    pub fn stream(&self) -> MaskedStream {
        MaskedStream { mask: self.clone(), held: Vec::new(), covered: 0 }
    }
}

/// Hides secrets in a stream, however it is chunked. Holds back a possible secret until it is
/// decided: fewer bytes than the longest secret and its gaps.
#[derive(Debug)]
pub struct MaskedStream {
    mask: Mask,
    held: Vec<u8>,
    covered: usize,
}

impl MaskedStream {
    /// Returns the bytes that can be shown now.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        if self.mask.is_empty() {
            return bytes.to_vec();
        }
        self.held.extend_from_slice(bytes);
        self.pass_on(End::Open)
    }

    /// Ends the stream, possibly inside a secret, and returns the rest.
    pub fn end(&mut self) -> Vec<u8> {
        self.pass_on(End::Cut)
    }

    fn pass_on(&mut self, end: End) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.held.len());
        let done = self.mask.0.hide(&self.held, &mut self.covered, end, &mut out);
        self.held.drain(..done);
        out
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mask(texts: &[&str]) -> Mask {
        Mask::new(texts.iter().map(|text| (*text).to_owned()))
    }

    fn streamed(mask: &Mask, text: &[u8], chunk: usize) -> String {
        let mut stream = mask.stream();
        let mut out = Vec::new();
        text.chunks(chunk.max(1)).for_each(|chunk| out.extend(stream.push(chunk)));
        out.extend(stream.end());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn secrets_are_hidden_the_longer_ones_first_and_overlapping_ones_as_one() {
        let mask = mask(&["hush", "hush-hush", "", "shell"]);
        for (text, shown) in [
            ("hush-hush hush a", "*** *** a"),
            ("hush-hus", "***-hus"),
            ("hushell", "***"),
            ("hus hhush", "hus h***"),
            ("größe hush ü", "größe *** ü"),
            ("hu\u{1b}[1msh\u{1b}[0m", "***"),
            ("\u{1b}[1mhush\u{1b}[0m!", "\u{1b}[1m***\u{1b}[0m!"),
        ] {
            assert_eq!(mask.hide(text), shown);
        }
        assert_eq!(
            mask.hide_cut("it is hush-h"),
            "it is ***",
            "all of what is left of the longer one"
        );
        assert_eq!(mask.hide_cut("it is hus"), "it is hus", "three bytes say little");
    }

    #[test]
    fn what_may_become_a_secret_is_held_back_and_nothing_else() {
        let mask = mask(&["hush-hush"]);
        let mut stream = mask.stream();
        assert_eq!(stream.push(b"50% hu"), b"50% ");
        assert_eq!(stream.push(b"sh, 51%"), b"hush, 51%");
        assert_eq!(stream.push(b" hush-hus"), b" ");
        assert_eq!(stream.end(), b"***", "the end cut it off");
    }

    #[test]
    fn nothing_is_shown_of_a_mask() {
        assert!(!format!("{:?}", mask(&["hush"]).stream()).contains("hush, "));
        assert_eq!(format!("{:?}", mask(&["hush"])), "Mask(…)");
    }

    proptest! {
        #[test]
        fn how_a_stream_is_cut_changes_nothing_and_no_secret_is_left(
            words in proptest::collection::vec("[ab]{0,6}|aabab|[c-e]{2}", 0..12),
            chunk in 1_usize..9,
        ) {
            let mask = mask(&["aabab", "abba", "bb"]);
            let text = words.concat();
            let shown = streamed(&mask, text.as_bytes(), chunk);
            prop_assert_eq!(&shown, &mask.hide_cut(&text));
            for secret in ["aabab", "abba", "bb"] {
                prop_assert!(!shown.contains(secret), "{} in {}", secret, shown);
            }
        }
    }
}
