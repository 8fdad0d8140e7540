//! Markdown that anyone may have written, as safe HTML.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// Renders Markdown. HTML in it is shown as text; a link leads to `http`, `https`, `mailto` or
/// within this site, otherwise its text stays alone; of an image its description stays; headings
/// move down one level, because the page has an `h1` of its own.
pub fn markdown_to_html(text: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut html = String::with_capacity(text.len() + text.len() / 4);
    html::push_html(&mut html, tame(Parser::new_ext(text, options)));
    html
}

fn tame<'t>(events: impl Iterator<Item = Event<'t>>) -> impl Iterator<Item = Event<'t>> {
    // Whether each open link was kept: its end must match its start.
    let mut links = Vec::new();
    events.filter_map(move |event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::HtmlBlock) => Some(Event::Start(Tag::Paragraph)),
        Event::End(TagEnd::HtmlBlock) => Some(Event::End(TagEnd::Paragraph)),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        Event::Start(Tag::Link { ref dest_url, .. }) => {
            let kept = is_safe(dest_url);
            links.push(kept);
            kept.then_some(event)
        }
        Event::End(TagEnd::Link) => links.pop().unwrap_or(false).then_some(event),
        Event::Start(Tag::Heading { level, .. }) => {
            let level = lower(level);
            Some(Event::Start(Tag::Heading { level, id: None, classes: vec![], attrs: vec![] }))
        }
        Event::End(TagEnd::Heading(level)) => Some(Event::End(TagEnd::Heading(lower(level)))),
        other => Some(other),
    })
}

/// An address without a scheme is relative. Whatever a browser would strip from a scheme (tabs,
/// control characters) makes it none of the three.
fn is_safe(address: &str) -> bool {
    let scheme_end =
        address.find([':', '/', '?', '#']).filter(|at| address[*at..].starts_with(':'));
    scheme_end.is_none_or(|end| {
        ["http", "https", "mailto"].iter().any(|scheme| address[..end].eq_ignore_ascii_case(scheme))
    })
}

const fn lower(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H2,
        HeadingLevel::H2 => HeadingLevel::H3,
        HeadingLevel::H3 => HeadingLevel::H4,
        HeadingLevel::H4 => HeadingLevel::H5,
        HeadingLevel::H5 | HeadingLevel::H6 => HeadingLevel::H6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_becomes_html() {
        assert_eq!(markdown_to_html("# A\n\n*b*"), "<h2>A</h2>\n<p><em>b</em></p>\n");
        assert_eq!(
            markdown_to_html("[x](https://example.org/?a=b:c \"t\")"),
            "<p><a href=\"https://example.org/?a=b:c\" title=\"t\">x</a></p>\n"
        );
    }

    #[test]
    fn html_is_shown_as_text() {
        for text in ["<script>alert(1)</script>", "a <img src=x onerror=y> b", "<div>\n<b>\n"] {
            let html = markdown_to_html(text);
            for tag in ["<script", "<img", "<div", "<b>"] {
                assert!(!html.contains(tag), "{html}");
            }
            assert!(html.contains("&lt;"), "{html}");
        }
    }

    #[test]
    fn links_lead_nowhere_dangerous() {
        for address in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java&#9;script:alert(1)",
            "&#1;javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
        ] {
            let html = markdown_to_html(&format!("[text](<{address}>)"));
            assert_eq!(html, "<p>text</p>\n", "{address}");
        }
        let auto = markdown_to_html("<javascript:alert(1)>");
        assert!(!auto.contains("href"), "{auto}");
        for address in ["/tasks", "#part", "?a=1", "mailto:a@example.org", "HTTP://example.org"] {
            let html = markdown_to_html(&format!("[text]({address})"));
            assert!(html.contains(&format!("href=\"{address}\"")), "{html}");
        }
    }

    #[test]
    fn an_image_leaves_its_description() {
        assert_eq!(markdown_to_html("![a map](http://example.org/x.png)"), "<p>a map</p>\n");
        let linked = markdown_to_html("[![a](b)](javascript:x) [c](/d)");
        assert_eq!(linked, "<p>a <a href=\"/d\">c</a></p>\n");
    }
}
