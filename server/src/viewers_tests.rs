//! Tests of all viewers with input that could make the output large, slow or wrong.

use milepost::html::HtmlLimits;

use super::*;

fn written(
    viewer: Viewer,
    bytes: &[u8],
    is_whole: bool,
    limits: HtmlLimits,
) -> Result<String, ViewError> {
    let mut html = Html::new(limits, "/file");
    match viewer(&Preview { bytes, is_whole, href: "/file", name: "a" }, &mut html) {
        Err(ViewError::Full(_)) | Ok(()) => Ok(html.finish()),
        Err(error) => Err(error),
    }
}

/// Renders complete bytes.
pub(super) fn shown(viewer: Viewer, bytes: &[u8]) -> Result<String, ViewError> {
    written(viewer, bytes, true, HtmlLimits::default())
}

/// Renders bytes as the beginning of a longer content.
pub(super) fn view_beginning(viewer: Viewer, bytes: &[u8]) -> Result<String, ViewError> {
    written(viewer, bytes, false, HtmlLimits::default())
}

#[test]
fn json_with_a_byte_order_mark_is_json() {
    let view = |bytes: &[u8]| shown(json::view, bytes).unwrap();
    assert_eq!(view(b"\xef\xbb\xbf{\"a\":1}"), view(b"{\"a\":1}"));
    assert!(view(b"\xef\xbb\xbf{\"a\":1}").contains("\n  "), "indented");
}

#[test]
fn what_cannot_be_shown_is_told() {
    assert!(matches!(shown(view_profile, b"{}"), Err(ViewError::Malformed(_))));
    assert!(matches!(shown(view_report, b"[]"), Err(ViewError::Malformed(_))));
    let long = vec![b' '; MAX_BYTES + 1];
    for viewer in [view_profile, view_report] {
        assert!(matches!(shown(viewer, &long), Err(ViewError::TooLarge(MAX_BYTES))));
        assert!(matches!(view_beginning(viewer, b"{}"), Err(ViewError::TooLarge(_))));
    }
}

/// Returns the maximum nesting depth; panics if an element is not closed.
fn depth(html: &str) -> usize {
    let (mut open, mut deepest) = (Vec::new(), 0);
    for tag in html.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap();
        let name = tag.split([' ', '/', '\n']).next().unwrap();
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') && !["br", "hr", "img"].contains(&name) {
            open.push(name);
            deepest = deepest.max(open.len());
        }
    }
    assert!(open.is_empty(), "{open:?}");
    deepest
}

/// Repeats a text up to a number of bytes.
fn again(text: &str, bytes: usize) -> Vec<u8> {
    text.bytes().cycle().take(bytes).collect()
}

fn nested(open: &str, inner: &str, close: &str, levels: usize) -> String {
    [&open.repeat(levels), inner, &close.repeat(levels)].concat()
}

/// Texts whose HTML would be large or deeply nested, or that are slow to parse naively.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let mut all: Vec<(&'static str, Vec<u8>)> = [
        ("quotes", ">"),
        ("spaced quotes", "> "),
        ("lists", "- "),
        ("numbers", "1. "),
        ("lists and quotes", "> - "),
        ("emphasis", "*"),
        ("open emphasis", "*a **a "),
        ("underscores", "_a __a "),
        ("strikes", "~a ~~a "),
        ("brackets", "["),
        ("links", "[a]("),
        ("images", "![a]("),
        ("backquotes", "`a``b"),
        ("references", "&amp;"),
        ("tags", "<a"),
        ("angles", "<"),
        ("headings", "# a\n"),
        ("rules", "---\n"),
        ("cells", "a|"),
        ("table rows", "|a|b|\n|-|-|\n"),
        ("commas", ","),
        ("rows", "a,b\n"),
        ("quoted cells", "\"a\"\"b\","),
        ("arrays", "["),
        ("objects", "{\"a\":"),
        ("one line", "x"),
        ("lines", "\n"),
        ("bytes", "\0"),
        ("definitions", "[a]: b\n"),
        ("backslashes", "\\"),
        ("tabs", "\t- a\n"),
        ("comments", "<!--"),
        ("declarations", "<!a"),
    ]
    .map(|(name, text)| (name, again(text, 1 << 20)))
    .into();
    let lazy = format!("{}a\n{}", ">".repeat(1 << 19), "x\n".repeat(1 << 18));
    all.push(("lines below many quotes", lazy.into_bytes()));
    let lazy = format!("{}a\n{}", "- ".repeat(1 << 18), "x\n".repeat(1 << 18));
    all.push(("lines below many lists", lazy.into_bytes()));
    let deep = nested("[", "1", "]", 100) + ",";
    all.push(("JSON of many deep arrays", format!("[{}0]", deep.repeat(1 << 12)).into_bytes()));
    let deep = nested("{\"a<\":", "1", "}", 100) + ",";
    all.push(("JSON of many deep objects", format!("[{}0]", deep.repeat(1 << 12)).into_bytes()));
    all.push(("JSON deeper than any", nested("[", "", "]", 1 << 19).into_bytes()));
    let mut stairs = String::new();
    for level in 0..2_000 {
        stairs.push_str(&format!("{}- a\n", " ".repeat(2 * level)));
    }
    all.push(("a staircase of lists", stairs.into_bytes()));
    all.push((
        "wide table",
        format!("{}\n{}\n", "|a".repeat(20_000), "|-".repeat(20_000)).into_bytes(),
    ));
    all
}

#[test]
fn every_viewer_ends_within_its_bytes_and_its_depth_whatever_it_shows() {
    let limits = HtmlLimits::default().with(|limits| limits.max_bytes = 100_000);
    for (media_type, viewer) in VIEWERS {
        for (name, bytes) in hostile() {
            for (bytes, is_whole) in [(&bytes[..], true), (&bytes[..bytes.len() - 1], false)] {
                let Ok(html) = written(viewer, bytes, is_whole, limits) else { continue };
                assert!(html.len() <= limits.max_bytes, "{media_type} of {name}: {}", html.len());
                assert!(depth(&html) <= limits.max_depth, "{media_type} of {name}");
                let is_short = html.len() < limits.max_bytes / 10 * 9;
                let is_told = html.contains("Only the beginning is shown");
                assert!(is_told || is_short, "{media_type} of {name} is cut without a word");
            }
        }
    }
}

#[test]
fn four_megabytes_of_quotes_and_one_of_nested_json_are_the_page_they_are_allowed() {
    let html = shown(markdown::view, &again(">", 4 << 20)).unwrap();
    assert!(html.len() <= 1 << 20 && depth(&html) == 32, "{} {}", html.len(), depth(&html));
    assert!(html.contains("Only the beginning is shown"));
    let deep = nested("[", "1", "]", 100) + ",";
    let json = format!("[{}0]", deep.repeat(5_000));
    let html = shown(json::view, json.as_bytes()).unwrap();
    assert!(html.len() <= 1 << 20 && html.contains("Only the beginning is shown"));
}
