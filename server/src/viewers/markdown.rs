//! Untrusted Markdown, rendered as safe HTML.

use std::{borrow::Cow, fmt::Write};

use milepost_app::viewers::Preview;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

use super::{ViewError, text_of};
use milepost::html::Html;

/// Renders the text, or the beginning of a long one.
pub(super) fn view(beginning: &Preview<'_>, html: &mut Html) -> Result<(), ViewError> {
    // HTML is rarely shorter than its Markdown, and parsing more than needed costs time.
    let cut = beginning.bytes.len().min(html.limits().max_bytes);
    let (text, is_whole) = text_of(beginning, cut);
    if !is_whole {
        html.is_only_the_beginning();
    }
    Ok(write_markdown(html, &text)?)
}

/// Renders Markdown as HTML. HTML in it is shown as text. Links are preserved only to `http`,
/// `https`, `mailto` or within this site; images are replaced by their description. Headings move
/// down one level, because the page has its own `h1`.
///
/// # Errors
/// If `html` is full.
pub fn write_markdown(html: &mut impl Write, text: &str) -> std::fmt::Result {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    html::write_html_fmt(html, tame(Parser::new_ext(&shallow(text), options)))
}

/// Maximum nesting depth of quotes and lists, counted by their markers and by two columns of
/// indentation each. For each line the parser examines all open ones, and there may be as many
/// lines as bytes.
const MAX_CONTAINERS: usize = 128;

/// The text, with the markers of deeper quotes and lists escaped.
fn shallow(text: &str) -> Cow<'_, str> {
    let mut shallow = String::new();
    let mut copied = 0;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if let Some(at) = too_deep(line.as_bytes()) {
            shallow.push_str(&text[copied..start + at]);
            shallow.push('\\');
            copied = start + at;
        }
        start += line.len();
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    shallow.push_str(&text[copied..]);
    Cow::Owned(shallow)
}

/// Position at which a line exceeds the depth.
fn too_deep(line: &[u8]) -> Option<usize> {
    let mut half_columns = 0;
    for (at, byte) in line.iter().enumerate() {
        let before_space = line.get(at + 1).is_none_or(u8::is_ascii_whitespace);
        half_columns += match byte {
            b'0'..=b'9' => 0,
            b' ' => 1,
            b'\t' => 4,
            b'>' => 2,
            b'-' | b'+' | b'*' | b'.' | b')' if before_space => 2,
            _ => return None,
        };
        if half_columns > 2 * MAX_CONTAINERS && !byte.is_ascii_whitespace() {
            return Some(at);
        }
    }
    None
}

fn tame<'t>(events: impl Iterator<Item = Event<'t>>) -> impl Iterator<Item = Event<'t>> {
    // Whether each open link was preserved: its end must match its start.
    let mut links = Vec::new();
    events.filter_map(move |event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::HtmlBlock) => Some(Event::Start(Tag::Paragraph)),
        Event::End(TagEnd::HtmlBlock) => Some(Event::End(TagEnd::Paragraph)),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        Event::Start(Tag::Link { ref dest_url, .. }) => {
            let retained = is_safe(dest_url);
            links.push(retained);
            retained.then_some(event)
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

/// A URL without a scheme is relative. Tabs and control characters, which browsers strip from a
/// scheme, make it none of the three.
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
    use crate::viewers::tests::{shown, view_beginning};

    fn markdown_to_html(text: &str) -> String {
        let mut html = String::new();
        write_markdown(&mut html, text).unwrap();
        html
    }

    #[test]
    fn of_a_long_text_the_beginning_is_shown() {
        assert_eq!(shown(view, b"hi").unwrap(), "<p>hi</p>\n");
        assert!(shown(view, b"M\xfcller").unwrap().contains("Müller"));
        let html = view_beginning(view, "aä".as_bytes().split_last().unwrap().1).unwrap();
        assert!(html.starts_with("<p>a</p>\n<p class=\"part\">Only the beginning"), "{html}");
        let html = shown(view, "ä".repeat(1 << 20).as_bytes()).unwrap();
        assert!(html.contains("Only the beginning") && html.len() <= 1 << 20);
    }

    #[test]
    fn prose_becomes_html() {
        assert_eq!(markdown_to_html("# A\n\n*b*"), "<h2>A</h2>\n<p><em>b</em></p>\n");
        assert_eq!(
            markdown_to_html("[x](https://example.org/?a=b:c \"t\")"),
            "<p><a href=\"https://example.org/?a=b:c\" title=\"t\">x</a></p>\n"
        );
    }

    #[test]
    fn marks_of_too_many_containers_are_text_and_other_lines_stay_as_they_are() {
        for line in [
            "> > a\n",
            "    code - a\n",
            "---\n",
            "1. a\n- 2. b",
            "*a* > b\n",
            "",
            "\n",
            "\t\t\t- a",
        ] {
            assert!(matches!(shallow(line), Cow::Borrowed(same) if same == line), "{line}");
        }
        let rule = "-".repeat(999) + "\n";
        assert_eq!(shallow(&rule), rule);
        let quotes = ">".repeat(MAX_CONTAINERS);
        assert_eq!(shallow(&format!("a\n{quotes}>>b\nc\n")), format!("a\n{quotes}\\>>b\nc\n"));
        for mark in ["- ", "> ", "1. ", "+\t", "* "] {
            let html =
                markdown_to_html(&format!("{}a\n{}", mark.repeat(2_000), "x\n".repeat(2_000)));
            let depth = html.matches("<li>").count() + html.matches("<blockquote>").count();
            assert!((40..=MAX_CONTAINERS).contains(&depth), "{mark:?}: {depth}");
        }
        let mut stairs = String::new();
        for level in 0..400 {
            stairs.push_str(&format!("{}- a\n", "  ".repeat(level)));
        }
        let html = markdown_to_html(&stairs);
        let depth = html.matches("<ul>").count();
        assert!((40..=MAX_CONTAINERS).contains(&depth), "{depth}");
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
