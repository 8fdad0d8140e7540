//! Plain text, or the beginning of a long one.

use milepost_app::viewers::{NotShown, Preview};

use super::{ViewError, text_of};
use milepost::html::Html;

/// Maximum size of a text in bytes; more makes a page slow.
const MAX_BYTES: usize = 256 << 10;

/// Number of bytes by which it is judged whether a content is text.
const SAMPLE_BYTES: usize = 64 << 10;
/// Maximum share of control characters in a text, as one in so many characters.
const CHARS_PER_CONTROL: usize = 100;

/// Renders content of any media type if it is text.
pub(super) fn view_if_text(beginning: &Preview<'_>, html: &mut Html) -> Result<(), ViewError> {
    if is_text(beginning) { view(beginning, html) } else { Err(ViewError::Binary(NotShown)) }
}

/// Whether the beginning has no NUL and hardly a control character besides those of a terminal. A PDF
/// may begin with much text.
fn is_text(beginning: &Preview<'_>) -> bool {
    if beginning.bytes.starts_with(b"%PDF-") {
        return false;
    }
    let (text, _) = text_of(beginning, SAMPLE_BYTES);
    let (mut chars, mut controls) = (0, 0);
    for char in text.chars() {
        let is_odd = char.is_control() && !matches!(char, '\t'..='\r' | '\x08' | '\x1b');
        controls += usize::from(is_odd || char == '\u{fffd}');
        chars += 1;
    }
    !text.contains('\0') && controls * CHARS_PER_CONTROL <= chars
}

/// Renders the text as is.
pub(super) fn view(beginning: &Preview<'_>, html: &mut Html) -> Result<(), ViewError> {
    if beginning.bytes.is_empty() {
        html.push_str("<p>There is nothing in it.</p>");
        return Ok(());
    }
    let (text, is_whole) = text_of(beginning, MAX_BYTES);
    if !is_whole {
        html.is_only_the_beginning();
    }
    // Browsers drop the first line feed after the tag, so add one.
    html.push_str("<pre class=\"plain\" dir=\"auto\" tabindex=\"0\">\n");
    html.text(&text)?;
    html.push_str("</pre>");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{shown, view_beginning},
        *,
    };

    #[test]
    fn markup_is_shown_and_not_obeyed() {
        let html = shown(view, b"\n<script>alert(1)</script>&\x1b[31m\xff").unwrap();
        assert_eq!(
            html,
            "<pre class=\"plain\" dir=\"auto\" tabindex=\"0\">\n\n&lt;script&gt;alert(1)&lt;/script&gt;&amp;\u{fffd}[31mÿ</pre>"
        );
    }

    /// The text in the HTML of a viewer.
    fn inner(html: &str) -> &str {
        html.split_once(">\n").and_then(|(_, rest)| rest.split_once("</pre>")).expect("a text").0
    }

    #[test]
    fn a_text_is_read_in_its_encoding() {
        let utf_16 =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        let marked = [b"\xff\xfe".as_slice(), &utf_16("Grüße, 世界\n")].concat();
        for (bytes, text) in [
            (b"caf\xe9, fran\xe7ais".as_slice(), "café, français"),
            (&marked, "Grüße, 世界\n"),
            (&utf_16("id;name\n1;Ada\n2;Bo\n"), "id;name\n1;Ada\n2;Bo\n"),
            (b"\xef\xbb\xbfBOM", "BOM"),
            ("schön".as_bytes(), "schön"),
        ] {
            for viewer in [view, view_if_text] {
                assert_eq!(inner(&shown(viewer, bytes).unwrap()), text);
            }
        }
        assert!(shown(view, b"").unwrap().contains("nothing in it"));
    }

    #[test]
    fn content_of_any_type_is_shown_if_it_is_text() {
        for text in [
            b"const x: number = 1;\n".as_slice(),
            b"#!/bin/sh\necho \x1b[1mhi\x1b[0m\n",
            b"SELECT 1;\r\n",
            b"{\"a\":1}\n{\"a\":2}\n",
            b"all:\n\tcc x.c\n",
            b"M\xfcller",
            b"",
        ] {
            assert!(shown(view_if_text, text).is_ok(), "{text:?}");
        }
        let noise: Vec<u8> =
            (0..20_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let no_nul: Vec<u8> = noise.iter().map(|byte| byte | 1).collect();
        for binary in [
            b"\x7fELF\x02\x01\x01\0\0\0".as_slice(),
            b"PK\x03\x04\x14\0",
            b"\x1f\x8b\x08\0\x01",
            b"%PDF-1.7\n1 0 obj\n",
            b"GG\0\x11\x10\0B\xf0%",
            &noise,
            &no_nul,
        ] {
            let refused = shown(view_if_text, binary);
            assert!(matches!(refused, Err(ViewError::Binary(_))), "{:?}", &binary[..4]);
        }
    }

    #[test]
    fn of_a_long_text_the_beginning_is_shown_and_said_to_be_that() {
        let html = view_beginning(view, "aä".as_bytes().split_last().unwrap().1).unwrap();
        assert!(html.contains(">\na</pre><p class=\"part\">Only the beginning"), "{html}");
        let html = shown(view, "ä".repeat(MAX_BYTES).as_bytes()).unwrap();
        assert!(html.contains("Only the beginning") && !html.contains('\u{fffd}'));
        assert!(html.len() < MAX_BYTES + 400, "{}", html.len());
    }
}
