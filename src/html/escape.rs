//! HTML escaping.

use std::fmt;

/// Escapes a text for element content and quoted attributes, including elements whose text is not
/// parsed for tags (`<textarea>`, `<title>`). Line endings become line feeds; other control
/// characters, which HTML forbids, become the replacement character.
pub const fn escape(text: &str) -> Escaped<'_> {
    Escaped(text)
}

/// Result of [`escape`]: escapes while it is displayed, without a copy.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'t>(&'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some((at, special)) = rest.char_indices().find(|(_, c)| is_special(*c)) {
            f.write_str(&rest[..at])?;
            rest = &rest[at + special.len_utf8()..];
            f.write_str(match special {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\'' => "&#39;",
                // The line feed that follows is the line ending.
                '\r' if rest.starts_with('\n') => "",
                '\r' => "\n",
                _ => "\u{fffd}",
            })?;
        }
        f.write_str(rest)
    }
}

fn is_special(c: char) -> bool {
    matches!(c, '&' | '<' | '>' | '"' | '\'') || (c.is_control() && !matches!(c, '\t' | '\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_that_html_would_read_as_markup() {
        for (text, escaped) in [
            ("<a href='x' b=\"y\">&", "&lt;a href=&#39;x&#39; b=&quot;y&quot;&gt;&amp;"),
            ("</title></textarea>&lt;", "&lt;/title&gt;&lt;/textarea&gt;&amp;lt;"),
            ("a\0b\u{1b}c\u{7f}d\u{9f}", "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}"),
            ("\r\na\rb\tc\nd\r", "\na\nb\tc\nd\n"),
            ("größe \u{1f980}", "größe \u{1f980}"),
            ("", ""),
        ] {
            assert_eq!(escape(text).to_string(), escaped, "{text:?}");
        }
    }
}
