//! Entity tags in `If-None-Match`.

use axum::http::HeaderValue;

/// What proxies append to an entity tag when they compress the body: Apache `-gzip` and `;gzip`,
/// Jetty `--gzip`, others the name of the coding.
const CODINGS: [&str; 5] = ["gzip", "br", "zstd", "deflate", "compress"];

/// One entry of `If-None-Match`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known<'h> {
    /// `*`.
    Any,
    /// The value between the quotes, as this server sent it. The comparison is weak, as the header
    /// requires.
    Value(&'h str),
}

/// Entries of all lines of `If-None-Match`.
pub(super) fn known<'h>(
    lines: impl IntoIterator<Item = &'h HeaderValue>,
) -> impl Iterator<Item = Known<'h>> {
    let lines = lines.into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|tag| match tag.trim() {
        "*" => Known::Any,
        tag => Known::Value(as_sent(tag)),
    })
}

/// The value of a tag without what a proxy made of it.
fn as_sent(tag: &str) -> &str {
    let tag = tag.strip_prefix("W/").or_else(|| tag.strip_prefix("w/")).unwrap_or(tag);
    // Some proxies append to the tag as a whole, others within its quotes.
    without_coding(without_coding(tag).trim_matches('"'))
}

fn without_coding(tag: &str) -> &str {
    let rest = CODINGS.iter().find_map(|coding| {
        let rest = tag.strip_suffix(coding)?;
        rest.strip_suffix("--").or_else(|| rest.strip_suffix(['-', ';', ':', '+']))
    });
    rest.unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_whatever_a_proxy_made_of_it() {
        for tag in [
            "\"12\"",
            "W/\"12\"",
            "w/\"12\"",
            "12",
            "\"12-gzip\"",
            "W/\"12-gzip\"",
            "\"12\"-gzip",
            "\"12;gzip\"",
            "\"12--gzip\"",
            "\"12-br\"",
            "\"12+zstd\"",
            "W/\"12-deflate\"",
        ] {
            let line = HeaderValue::from_static(tag);
            assert_eq!(known([&line]).collect::<Vec<_>>(), [Known::Value("12")], "{tag}");
        }
        let lines =
            [HeaderValue::from_static("\"a\", W/\"b-gzip\""), HeaderValue::from_static("*")];
        let expected = [Known::Value("a"), Known::Value("b"), Known::Any];
        assert_eq!(known(&lines).collect::<Vec<_>>(), expected);
        // Not a coding: part of the value.
        for (tag, value) in [("\"gzip\"", "gzip"), ("\"12-x\"", "12-x"), ("\"\"", ""), ("", "")] {
            let line = HeaderValue::from_static(tag);
            assert_eq!(known([&line]).collect::<Vec<_>>(), [Known::Value(value)], "{tag}");
        }
    }
}
