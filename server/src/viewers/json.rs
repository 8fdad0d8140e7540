//! JSON, indented. Numbers and texts stay as they are written: a reader that made values of them
//! could change them.

use milepost_app::viewers::Beginning;
use serde::de::IgnoredAny;

use super::{ViewError, text};
use crate::html::escape;

/// More than this is shown as it is written.
const MOST_BYTES: usize = 1 << 20;
/// Spaces of a level, and the level from which on nothing moves further to the right.
const STEP: usize = 2;
const DEEPEST: usize = 40;

/// The value over many lines; what is too long, or no JSON, as a text.
pub(super) fn view(beginning: &Beginning<'_>) -> Result<String, ViewError> {
    let json = std::str::from_utf8(beginning.bytes).ok();
    let json = json.filter(|json| beginning.is_whole && json.len() <= MOST_BYTES);
    let is_json = |json: &&str| serde_json::from_str::<IgnoredAny>(json).is_ok();
    Ok(match json.filter(is_json) {
        Some(json) => {
            format!("<pre class=\"plain\" tabindex=\"0\">\n{}</pre>", escape(&indented(json)))
        }
        None => text::shown(beginning.bytes, beginning.is_whole),
    })
}

/// Text that is JSON, with line feeds and indents.
fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    let mut all = json.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', STEP * depth.min(DEEPEST)));
    };
    while let Some(c) = all.next() {
        if in_text {
            out.push(c);
            in_text = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '"' => {
                in_text = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                while all.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = all.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            blank if blank.is_ascii_whitespace() => {}
            other => out.push(other),
        }
    }
    out
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
        assert_eq!(indented(json), expected);
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
