//! What HTML is made with: texts from outside, and formatted text.

/// Escapes a text for element content and quoted attributes. Control characters that HTML forbids
/// become the replacement character.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' => escaped.push(character),
            control if control.is_control() => escaped.push(char::REPLACEMENT_CHARACTER),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Appends formatted text. Writing to a `String` cannot fail.
macro_rules! put {
    ($html:expr, $($arg:tt)*) => {{
        use std::fmt::Write as _;
        let _ = write!($html, $($arg)*);
    }};
}
pub(crate) use put;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_that_html_would_read_as_markup() {
        assert_eq!(
            escape("<a href='x' b=\"y\">&\0"),
            "&lt;a href=&#39;x&#39; b=&quot;y&quot;&gt;&amp;\u{fffd}"
        );
    }
}
