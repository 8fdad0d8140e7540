//! Elements that models put around their text, such as `<response>…</response>`.

/// Names of such elements, in lower case.
const NAMES: [&str; 15] = [
    "answer",
    "final_answer",
    "final",
    "response",
    "final_response",
    "reply",
    "output",
    "result",
    "solution",
    "story",
    "chapter",
    "narrative",
    "prose",
    "text",
    "content",
];
/// Maximum number of elements around one another.
const MAX_DEPTH: u32 = 4;
/// Maximum length of a mark with its attributes, in bytes.
const MAX_MARK: usize = 120;
/// Maximum number of characters of the remarks around an element.
const REMARK_CHARS: usize = 200;

/// The inside of the elements that are around all of a text, or all but a short remark.
pub(super) fn unwrapped(text: &str) -> &str {
    let mut text = text.trim();
    for _ in 0..MAX_DEPTH {
        let Some(inner) = inside(text).or_else(|| before_close(text)) else { break };
        text = inner.trim();
    }
    text
}

fn inside(text: &str) -> Option<&str> {
    let starts = text.match_indices('<').map(|(start, _)| start);
    let begins_line = |start: usize| text[..start].trim_end_matches([' ', '\t']);
    let mut starts = starts.filter(|start| {
        let before = begins_line(*start);
        before.is_empty() || before.ends_with('\n')
    });
    let (start, open) = starts.find_map(|start| Some((start, opened(&text[start..])?)))?;
    let (before, rest) = (text[..start].trim(), &text[start + open.length..]);
    // ASCII only: positions stay the same.
    let close = format!("</{}>", open.name);
    let Some(at) = rest.to_ascii_lowercase().rfind(&close) else {
        // Never closed: cut, or forgotten.
        return before.is_empty().then_some(rest);
    };
    let (inner, after) = (&rest[..at], rest[at + close.len()..].trim());
    let small = |remark: &str| remark.chars().count() <= REMARK_CHARS;
    let around = small(before) && small(after) && inner.len() > before.len() + after.len();
    around.then_some(inner)
}

/// The text before a mark that closes an element whose beginning stood in the prompt.
fn before_close(text: &str) -> Option<&str> {
    let start = text.rfind("</")?;
    let name = text[start + 2..].strip_suffix('>')?.to_ascii_lowercase();
    NAMES.contains(&name.as_str()).then_some(&text[..start])
}

struct Open {
    name: &'static str,
    length: usize,
}

/// The mark of an element with which a text begins.
fn opened(text: &str) -> Option<Open> {
    let inner = text.strip_prefix('<')?;
    let end = inner.find('>').filter(|end| *end < MAX_MARK)?;
    let (word, attributes) =
        inner[..end].split_at(inner[..end].find(char::is_whitespace).unwrap_or(end));
    let name = NAMES.iter().find(|name| word.eq_ignore_ascii_case(name))?;
    let plain = !attributes.contains('<') && !attributes.ends_with('/');
    plain.then_some(Open { name, length: end + 2 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_around_a_text_are_removed_and_those_within_it_stay() {
        for (text, inner) in [
            ("<response>\nIt rose.\n</response>", "It rose."),
            ("<Output>It rose.</OUTPUT>", "It rose."),
            ("<chapter number=\"1\">It rose.</chapter>", "It rose."),
            ("<response><story>It rose.</story></response>", "It rose."),
            ("<final_answer>It rose.", "It rose."),
            ("It rose.</answer>", "It rose."),
            ("Sure!\n\n<story>\nIt rose and rose.\n</story>\nEnjoy!", "It rose and rose."),
        ] {
            assert_eq!(unwrapped(text), inner, "{text}");
        }
        for text in [
            "It rose.",
            "She typed <output>x</output> and it rose.",
            "<b>It</b> rose.",
            "<texts>It rose.</texts>",
            "It rose and rose and rose.\n<output>\nx\n</output>\nIt fell.",
            "I <3 you > me.",
            "",
        ] {
            assert_eq!(unwrapped(text), text);
        }
    }
}
