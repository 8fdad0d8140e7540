//! Images, loaded by the browser as images only.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use milepost_app::viewers::Preview;

use super::ViewError;
use milepost::html::{Html, escape, put};

/// An `img` element never runs a script, whatever the image contains.
pub(super) fn view(beginning: &Preview<'_>, html: &mut Html) -> Result<(), ViewError> {
    let (href, name) = (escape(beginning.href), escape(beginning.name));
    put!(html, "<p class=\"picture\"><img src=\"{href}\" alt=\"{name}\"></p>");
    Ok(())
}

/// SVG is XML, which the server never sends as an image; therefore it is embedded in the page.
pub(super) fn view_svg(beginning: &Preview<'_>, html: &mut Html) -> Result<(), ViewError> {
    // Base64 makes four bytes of three; the rest is room for the tag.
    let max = html.limits().max_bytes / 4 * 3;
    if !beginning.is_whole || beginning.bytes.len() + 4_096 > max {
        return Err(ViewError::TooLarge(max));
    }
    let data = STANDARD.encode(beginning.bytes);
    let name = escape(beginning.name);
    put!(
        html,
        "<p class=\"picture\"><img src=\"data:image/svg+xml;base64,{data}\" alt=\"{name}\"></p>"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::viewers::tests::{shown, view_beginning};

    #[test]
    fn a_name_is_no_markup() {
        let beginning =
            Preview { bytes: b"", is_whole: false, href: "/a?b&c", name: "\"><script>" };
        let mut html = Html::new(milepost::html::HtmlLimits::default(), "");
        view(&beginning, &mut html).unwrap();
        assert_eq!(
            html.finish(),
            "<p class=\"picture\"><img src=\"/a?b&amp;c\" \
             alt=\"&quot;&gt;&lt;script&gt;\"></p>"
        );
    }

    #[test]
    fn a_drawing_is_data_in_the_page_or_not_shown() {
        let html = shown(view_svg, b"<svg onload='x'/>").unwrap();
        assert_eq!(
            html,
            "<p class=\"picture\"><img src=\"data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9J3gnLz4=\" \
             alt=\"a\"></p>"
        );
        assert!(matches!(shown(view_svg, &vec![b'<'; 1 << 20]), Err(ViewError::TooLarge(_))));
        assert!(matches!(view_beginning(view_svg, b"<svg"), Err(ViewError::TooLarge(_))));
    }
}
