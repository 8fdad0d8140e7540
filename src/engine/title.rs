//! Titles as they are stored and shown.

/// A title without characters that hide or reorder what a person reads. Blanks, line ends and
/// control characters become one blank each run; a title of which nothing remains is `fallback`.
pub(super) fn readable_title(title: &str, fallback: &str) -> String {
    let seen = title.chars().filter(|c| !is_hidden(*c));
    let spaced: String = seen.map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words: Vec<_> = spaced.split_whitespace().collect();
    if words.is_empty() { fallback.to_owned() } else { words.join(" ") }
}

/// Text direction, line and paragraph separators, and characters without width. The joiners of
/// emoji and of Persian (U+200C, U+200D) change what is seen, and remain.
fn is_hidden(c: char) -> bool {
    reorders(c)
        || matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{e0000}'..='\u{e007f}')
}

/// Text direction, line and paragraph separators, byte order mark.
pub(super) fn reorders(c: char) -> bool {
    matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_shows_what_it_contains() {
        for (title, shown) in [
            ("Archive docs", "Archive docs"),
            ("  a \t b\r\nc\u{2028}d ", "a b cd"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("\u{2066}a\u{2069}\u{200f}b\u{feff}", "ab"),
            ("Gho\u{200b}st\u{ad}s\u{2060}", "Ghosts"),
            ("tag\u{e0041}", "tag"),
            (
                "\u{1f469}\u{200d}\u{1f4bb} \u{646}\u{645}\u{6cc}\u{200c}\u{62e}",
                "\u{1f469}\u{200d}\u{1f4bb} \u{646}\u{645}\u{6cc}\u{200c}\u{62e}",
            ),
            ("a\0\u{7f}\u{1b}[31mb", "a [31mb"),
            ("\u{200b}\u{202e} ", "kind"),
            ("", "kind"),
        ] {
            assert_eq!(readable_title(title, "kind"), shown, "{title:?}");
        }
    }
}
