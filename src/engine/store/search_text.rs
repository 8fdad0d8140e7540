//! Texts as searches compare them.

use unicode_normalization::UnicodeNormalization as _;

/// Converts a text for a comparison that ignores case (`Ä` is `ä`, `ß` is `SS`) and how a character
/// is composed (`ä` as one character or as two, `ﬁ` as `fi`).
pub(super) fn searchable(text: &str) -> String {
    // Changing the case may make characters that can be composed.
    text.nfkc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::searchable;

    #[test]
    fn the_same_text_is_found_however_it_is_written() {
        for (one, other) in [
            ("Ägypten", "ägypten"),
            ("ÄGYPTEN", "A\u{308}gypten"),
            ("Straße", "STRASSE"),
            ("ΟΔΟΣ", "οδος"),
            ("ﬁle", "FILE"),
            ("Ｆｕｌｌ", "full"),
            ("Ǆ", "ǆ"),
            ("Ё", "е\u{308}"),
        ] {
            assert_eq!(searchable(one), searchable(other), "{one} {other}");
        }
        for (one, other) in [("Ägypten", "agypten"), ("a", "b")] {
            assert_ne!(searchable(one), searchable(other));
        }
    }
}
