//! Searching for a text in a log line, ignoring case and colours.

use std::ops::Range;

use super::plain;

/// Whether a line contains a text.
pub fn is_in(line: &str, wanted: &str) -> bool {
    !wanted.is_empty() && folded(&plain(line)).contains(&folded(wanted))
}

/// Returns where a text occurs in a line, as ranges of characters of [`plain`]'s result. The ranges
/// do not overlap.
pub fn hits(line: &str, wanted: &str) -> Vec<Range<usize>> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let (line, wanted) = (folded(&plain(line)), folded(wanted));
    let (length, mut seen, mut place) = (wanted.chars().count(), 0, 0);
    let hit = |(at, _): (usize, &str)| {
        place += line[seen..at].chars().count();
        seen = at;
        place..place + length
    };
    line.match_indices(&wanted).map(hit).collect()
}

/// Converts each character to lower case; the number of characters stays the same.
fn folded(text: &str) -> String {
    text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_whatever_the_case_and_between_colours() {
        let line = "Er\u{1b}[31mror: É ERROR\u{1b}[0m";
        assert!(is_in(line, "error") && is_in(line, "é e"));
        assert_eq!(hits(line, "eRRor"), [0..5, 9..14]);
        assert_eq!(hits("aaaa", "aa"), [0..2, 2..4]);
        for (line, wanted) in [("abc", ""), ("", "x"), ("\u{1b}[31m", "31"), ("abc", "abcd")] {
            assert!(!is_in(line, wanted) && hits(line, wanted).is_empty(), "{line:?} {wanted:?}");
        }
    }
}
