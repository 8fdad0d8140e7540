//! Plain text, or the beginning of a long one.

use milepost_app::viewers::Preview;

use super::{ViewError, text_of};
use milepost::html::Html;

/// Maximum size of a text in bytes; more makes a page slow.
const MAX_BYTES: usize = 256 << 10;

/// Renders the text as is, with invalid bytes as U+FFFD.
pub(super) fn view(beginning: &Preview<'_>, html: &mut Html) -> Result<(), ViewError> {
    let (text, is_whole) = text_of(beginning, MAX_BYTES);
    if !is_whole {
        html.is_only_the_beginning();
    }
    // Browsers drop the first line feed after the tag, so add one.
    html.push_str("<pre class=\"plain\" tabindex=\"0\">\n");
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
            "<pre class=\"plain\" tabindex=\"0\">\n\n&lt;script&gt;alert(1)&lt;/script&gt;&amp;\u{fffd}[31m\u{fffd}</pre>"
        );
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
