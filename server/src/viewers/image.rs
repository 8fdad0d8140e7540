//! Pictures: the browser fetches them, as pictures and nothing else.

use milepost_app::viewers::Beginning;

use super::ViewError;
use crate::html::escape;

/// In an `img` no picture runs a script, whatever it holds.
pub(super) fn view(beginning: &Beginning<'_>) -> Result<String, ViewError> {
    let (href, name) = (escape(beginning.href), escape(beginning.name));
    Ok(format!("<p class=\"picture\"><img src=\"{href}\" alt=\"{name}\"></p>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_markup() {
        let beginning =
            Beginning { bytes: b"", is_whole: false, href: "/a?b&c", name: "\"><script>" };
        assert_eq!(
            view(&beginning).unwrap(),
            "<p class=\"picture\"><img src=\"/a?b&amp;c\" \
             alt=\"&quot;&gt;&lt;script&gt;\"></p>"
        );
    }
}
