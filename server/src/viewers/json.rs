//! Indented JSON. Numbers and texts are preserved as written; parsing them into values could change
//! them.

use std::fmt;

use milepost_app::viewers::Preview;
use serde::de::IgnoredAny;

use super::{ViewError, text};
use milepost::html::Html;

/// Spaces per level.
const STEP: usize = 2;

/// Renders complete, valid JSON over several lines; other content as text.
pub(super) fn view(beginning: &Preview<'_>, html: &mut Html) -> Result<(), ViewError> {
    let json = std::str::from_utf8(beginning.bytes).ok().filter(|_| beginning.is_whole);
    let json = json.map(|json| json.strip_prefix('\u{feff}').unwrap_or(json));
    let is_json = |json: &&str| serde_json::from_str::<IgnoredAny>(json).is_ok();
    let Some(json) = json.filter(is_json) else { return text::view(beginning, html) };
    html.push_str("<pre class=\"plain\" tabindex=\"0\">\n");
    indent(json, html.limits().max_depth, |piece| html.text(piece))?;
    html.push_str("</pre>");
    Ok(())
}

/// Writes valid JSON with line feeds and indentation, which stops growing at `max_depth`.
fn indent(json: &str, max_depth: usize, mut write: impl FnMut(&str) -> fmt::Result) -> fmt::Result {
    let spaces = " ".repeat(STEP * max_depth);
    let line = |write: &mut dyn FnMut(&str) -> fmt::Result, depth: usize| {
        write("\n").and_then(|()| write(&spaces[..STEP * depth.min(max_depth)]))
    };
    let (mut depth, mut rest) = (0_usize, json.trim_ascii_start());
    while let Some(first) = rest.chars().next() {
        let len = token_len(rest, first);
        let (token, after) = rest.split_at(len);
        rest = after.trim_ascii_start();
        match first {
            '{' | '[' => {
                write(token)?;
                if rest.starts_with(['}', ']']) {
                    write(&rest[..1])?;
                    rest = rest[1..].trim_ascii_start();
                } else {
                    depth += 1;
                    line(&mut write, depth)?;
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut write, depth)?;
                write(token)?;
            }
            ',' => {
                write(token)?;
                line(&mut write, depth)?;
            }
            ':' => write(": ")?,
            _ => write(token)?,
        }
    }
    Ok(())
}

/// Length in bytes of the first token: punctuation, a string, or a literal.
fn token_len(rest: &str, first: char) -> usize {
    let bytes = rest.as_bytes();
    match first {
        '"' => {
            let mut escaped = false;
            let end = bytes.iter().skip(1).position(|byte| {
                let ends = *byte == b'"' && !escaped;
                escaped = *byte == b'\\' && !escaped;
                ends
            });
            end.map_or(rest.len(), |end| end + 2)
        }
        '{' | '[' | '}' | ']' | ',' | ':' => 1,
        _ => {
            let ends = |c: char| c.is_ascii_whitespace() || "{}[],:\"".contains(c);
            rest.find(ends).filter(|end| *end > 0).unwrap_or(rest.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{begun, shown},
        *,
    };

    #[test]
    fn a_value_is_indented_and_stays_what_it_is() {
        let json = r#" {"a" :[1,2.50, {}],"b":{"c\"":"x:, {\\"} , "d" : 12345678901234567890123, "e":[ ]}"#;
        let expected = "{\n  \"a\": [\n    1,\n    2.50,\n    {}\n  ],\n  \"b\": {\n    \
            \"c\\\"\": \"x:, {\\\\\"\n  },\n  \"d\": 12345678901234567890123,\n  \"e\": []\n}";
        let mut indented = String::new();
        indent(json, 32, |piece| {
            indented.push_str(piece);
            Ok(())
        })
        .unwrap();
        assert_eq!(indented, expected);
        let value = |text| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(expected), value(json));
    }

    #[test]
    fn what_is_no_json_and_a_part_of_one_are_shown_as_text() {
        for html in [
            shown(view, b"{<script>").unwrap(),
            begun(view, b"{<script>").unwrap(),
            shown(view, b"\"<script>\"").unwrap(),
        ] {
            assert!(html.contains("&lt;script&gt;") && !html.contains("<script"), "{html}");
        }
        let deep = "[".repeat(100_000);
        assert!(shown(view, deep.as_bytes()).unwrap().contains("[[[["), "no end of the stack");
    }
}
