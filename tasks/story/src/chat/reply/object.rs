//! A text that a model wrapped in JSON, such as `{"chapter":"…"}`.

use serde_json::Value;

use super::{json, marks::Name, text::Text};

/// What a text that was cut may lack.
const CLOSES: [&str; 6] = ["\"}", "\"]}", "\"}}", "}", "]}", "}}"];
/// Maximum nesting.
const MAX_DEPTH: u32 = 4;

/// The prose in a JSON object: its longest text, if that is most of it. `cut`: the end may be
/// missing.
pub(crate) fn prose_in(text: &str, cut: bool) -> Option<String> {
    let text = unfenced(text.trim());
    if !text.starts_with('{') {
        return None;
    }
    let value = json::parse(text).or_else(|| completed(text).filter(|_| cut))?;
    let mut texts = Vec::new();
    collect(&value, &mut texts, 0);
    let all: usize = texts.iter().map(String::len).sum();
    let longest = texts.into_iter().max_by_key(String::len)?;
    (longest.len() * 2 > all).then_some(longest)
}

/// The inside of a fence around JSON, whether it is closed or not.
fn unfenced(text: &str) -> &str {
    let block = text.strip_prefix("```").and_then(|text| text.split_once('\n'));
    match block {
        Some((_, inside)) if inside.trim_start().starts_with('{') => {
            inside.trim().trim_end_matches('`').trim()
        }
        _ => text,
    }
}

/// The value of JSON whose end is missing.
fn completed(text: &str) -> Option<Value> {
    // Half an escape sequence is left out.
    let text = half_escape(text).map_or(text, |start| &text[..start]);
    CLOSES.iter().find_map(|close| json::parse(&format!("{text}{close}")))
}

/// Position of an escape sequence that the end of a text cuts.
fn half_escape(text: &str) -> Option<usize> {
    let start = text.rfind('\\')?;
    let marks = start + 1 - text[..=start].trim_end_matches('\\').len();
    let rest = &text[start + 1..];
    let half = rest.is_empty() || rest.starts_with('u') && rest.len() < 5;
    (marks % 2 == 1 && half).then_some(start)
}

/// Collects the texts of a value other than thinking; a list of texts is one of paragraphs.
fn collect(value: &Value, texts: &mut Vec<String>, depth: u32) {
    match value {
        Value::String(text) => {
            let mut joined = Text::default();
            joined.push(text);
            texts.push(joined.finish());
        }
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let paragraphs: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            texts.push(paragraphs.join("\n\n"));
        }
        Value::Array(items) if depth < MAX_DEPTH => {
            items.iter().for_each(|item| collect(item, texts, depth + 1));
        }
        Value::Object(object) if depth < MAX_DEPTH => {
            let told = object
                .iter()
                .filter(|(key, _)| Name::of(&key.to_ascii_lowercase()) != Some(Name::Strong));
            told.for_each(|(_, inner)| collect(inner, texts, depth + 1));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prose_of_an_object_is_its_longest_text() {
        for text in [
            r#"{"chapter":"It rose.\n\nIt fell."}"#,
            r#"{"title":"Ebb","chapter":"It rose.\n\nIt fell."}"#,
            r#"{"chapter":{"number":1,"text":"It rose.\n\nIt fell."}}"#,
            r#"{"paragraphs":["It rose.","It fell."]}"#,
            r#"{"thinking":"Hm, the user wants a story of the sea.","text":"It rose.\n\nIt fell."}"#,
            "```json\n{\"chapter\": \"It rose.\\n\\nIt fell.\"}\n```",
            "{\"chapter\": \"It rose.\n\nIt fell.\"}",
        ] {
            assert_eq!(prose_in(text, false).as_deref(), Some("It rose.\n\nIt fell."), "{text}");
        }
        for text in [
            "It rose.",
            "{ It rose. }",
            "{\"chapter\": \"It rose.",
            "{}",
            "\"It rose.\"",
            "```rust\nlet x;\n```",
            r#"{"a":"It rose.","b":"It fell."}"#,
        ] {
            assert_eq!(prose_in(text, false), None, "{text}");
        }
    }

    #[test]
    fn an_object_that_was_cut_is_read_as_far_as_it_came() {
        for text in [
            "{\"chapter\": \"It rose. It fe",
            "{\"chapter\": \"It rose. It fe\\",
            "{\"chapter\": \"It rose. It fe\\u00",
            "{\"chapter\": {\"text\": \"It rose. It fe",
            "```json\n{\"text\": [\"It rose. It fe",
            "{\"chapter\": \"It rose. It fe\"",
        ] {
            assert_eq!(prose_in(text, true).as_deref(), Some("It rose. It fe"), "{text}");
        }
        let escaped = "{\"chapter\": \"It rose. \\\\";
        assert_eq!(prose_in(escaped, true).as_deref(), Some("It rose. \\"));
    }

    #[test]
    fn an_object_is_read_wherever_it_was_cut() {
        let whole = r#"{"chapter": "Das Meer \u00e4\n \"fällt\" \\ 海 \ud83d\ude00."}"#;
        let prose = prose_in(whole, false).expect("prose");
        let begin = whole.find("Das").expect("its text");
        for end in (begin + 1..=whole.len()).filter(|end| whole.is_char_boundary(*end)) {
            let part = prose_in(&whole[..end], true).expect("a part");
            let part = part.trim_end_matches(char::REPLACEMENT_CHARACTER);
            assert!(prose.starts_with(part), "{part}");
        }
    }
}
