//! Plain text, and the beginning of a long one.

use milepost_app::viewers::Beginning;

use super::ViewError;
use crate::html::escape;

/// More text than this makes a page slow.
const MOST_BYTES: usize = 256 << 10;

/// The text as it is; bytes that make no sense as U+FFFD.
pub(super) fn view(beginning: &Beginning<'_>) -> Result<String, ViewError> {
    Ok(shown(beginning.bytes, beginning.is_whole))
}

/// A text, and a note where it is not all.
pub(super) fn shown(bytes: &[u8], is_whole: bool) -> String {
    let cut = bytes.len().min(MOST_BYTES);
    let is_whole = is_whole && cut == bytes.len();
    // A character that the cut has split would look like a wrong byte.
    let cut = match (is_whole, bytes[..cut].iter().rposition(|byte| byte & 0xc0 != 0x80)) {
        (false, Some(last)) if cut - last < 4 && bytes[last] >= 0x80 => last,
        _ => cut,
    };
    let text = String::from_utf8_lossy(&bytes[..cut]);
    let note = if is_whole { "" } else { "<p>Only the beginning is shown.</p>" };
    // The first line feed after the tag is dropped by browsers; so the text gets one of its own.
    format!("<pre class=\"plain\" tabindex=\"0\">\n{}</pre>{note}", escape(&text))
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{begun, shown},
        *,
    };

    #[test]
    fn markup_is_shown_and_not_obeyed() {
        let html = shown(view, b"\n<script>alert(1)</script>&\x1b[31m\xff").unwrap();
        assert_eq!(
            html,
            "<pre class=\"plain\" tabindex=\"0\">\n\n&lt;script&gt;alert(1)&lt;/script&gt;&amp;\u{fffd}[31m\u{fffd}</pre>"
        );
    }

    #[test]
    fn of_a_long_text_the_beginning_is_shown_and_said_to_be_that() {
        let html = begun(view, "aä".as_bytes().split_last().unwrap().1).unwrap();
        assert!(html.contains(">\na</pre><p>Only the beginning"), "{html}");
        let html = shown(view, "ä".repeat(MOST_BYTES).as_bytes()).unwrap();
        assert!(html.contains("Only the beginning") && !html.contains('\u{fffd}'));
        assert!(html.len() < MOST_BYTES + 200, "{}", html.len());
    }
}
