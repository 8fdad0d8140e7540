//! Thinking in a fenced block, or under a label in bold or as a heading, before the text.

use super::{marks::Name, phrases::Prose};

/// Labels of thinking, in lower case.
const THINKING: [&str; 8] = [
    "thinking",
    "thinking process",
    "thought",
    "thoughts",
    "thought process",
    "reasoning",
    "reasoning process",
    "chain of thought",
];
/// Labels of the text that follows it.
const ANSWER: [&str; 12] = [
    "answer",
    "final answer",
    "response",
    "final response",
    "output",
    "final output",
    "result",
    "story",
    "the story",
    "chapter",
    "the chapter",
    "final chapter",
];
/// Marks of Markdown before a label.
const MARKS: [char; 4] = ['*', '_', '#', ' '];

/// Finds such thinking at the beginning of a text.
pub(super) fn find(text: &str) -> Option<Prose<'_>> {
    fenced(text).or_else(|| labelled(text))
}

/// Whether a text, as far as it has come, may begin with such thinking.
pub(super) fn may_begin(text: &str) -> bool {
    if text.starts_with(['`', '~']) {
        return !text.contains('\n');
    }
    let marked = text.starts_with(['*', '_', '#']);
    let name = text.trim_start_matches(MARKS);
    let fits =
        |label: &&str| name.bytes().zip(label.bytes()).all(|(a, b)| a.eq_ignore_ascii_case(&b));
    marked && THINKING.iter().any(fits)
}

/// A block whose language is thinking; those within it end before it does.
fn fenced(text: &str) -> Option<Prose<'_>> {
    let (line, rest) = text.split_once('\n')?;
    let language = line.trim_start_matches(['`', '~']);
    let mark = &line[..line.len() - language.len()];
    let name = language.trim().to_ascii_lowercase();
    if mark.len() < 3 || Name::of(&name).is_none() {
        return None;
    }
    let (mut depth, mut at) = (0_u32, 0);
    for line in rest.split_inclusive('\n') {
        let after = line.trim().strip_prefix(mark);
        match after.map(|after| after.trim_start_matches(['`', '~']).is_empty()) {
            Some(true) if depth == 0 => {
                return Some(Prose { thought: &rest[..at], story: Some(&rest[at + line.len()..]) });
            }
            Some(true) => depth -= 1,
            Some(false) => depth += 1,
            None => {}
        }
        at += line.len();
    }
    Some(Prose { thought: rest, story: None })
}

/// Thinking under a label, up to that of the text.
fn labelled(text: &str) -> Option<Prose<'_>> {
    let rest = &text[label(text, &THINKING)?..];
    let starts = rest.match_indices(['*', '_', '#']).map(|(start, _)| start);
    let close =
        starts.filter(|start| !rest[..*start].ends_with(['*', '_', '#'])).find_map(|start| {
            let begins_line = rest[..start].trim_end_matches(' ').ends_with(['\n', '\r']);
            let fits = begins_line || !rest[start..].starts_with('#');
            let length = label(&rest[start..], &ANSWER).filter(|_| fits)?;
            Some((start, start + length))
        });
    match close {
        Some((start, end)) => {
            Some(Prose { thought: &rest[..start], story: Some(rest[end..].trim_start()) })
        }
        // A heading alone is one of the story.
        None if text.starts_with('#') => None,
        None => Some(Prose { thought: rest, story: None }),
    }
}

/// Length of the label with which a text begins: `**Name:**`, `**Name**` or `# Name` and a line end.
fn label(text: &str, names: &[&str]) -> Option<usize> {
    let marked = ["**", "__", "#"].iter().any(|mark| text.starts_with(mark));
    let body = text.trim_start_matches(MARKS);
    let fits =
        |name: &&&str| body.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name));
    let name = names.iter().filter(fits).max_by_key(|name| name.len()).filter(|_| marked)?;
    let after = &body[name.len()..];
    let mut rest = after.trim_start_matches(':');
    rest = rest.trim_start_matches(['*', '_', '#']);
    rest = rest.trim_start_matches(':');
    let between = &after[..after.len() - rest.len()];
    let line_ends = rest.trim_start_matches(' ').starts_with(['\n', '\r']);
    let bare = text.starts_with('#') || !between.is_empty();
    (between.contains(':') || line_ends && bare).then_some(text.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story_of(text: &str) -> Option<Option<&str>> {
        find(text).map(|prose| prose.story.map(str::trim))
    }

    #[test]
    fn thinking_in_a_block_or_under_a_label_is_found() {
        for text in [
            "```thinking\nHm.\n```\n\nIt rose.",
            "~~~Thought\nHm.\n~~~\nIt rose.",
            "````reasoning\nHm.\n```\n````\nIt rose.",
            "```think\nHm.\n```json\n{}\n```\nHm.\n```\nIt rose.",
            "**Thinking:** Hm.\n\n**Answer:**\nIt rose.",
            "**Thinking:** Hm. **Answer:** It rose.",
            "**Thinking**\nHm.\n**Final Answer**\nIt rose.",
            "__Thought process__: Hm.\n__Response__: It rose.",
            "***Reasoning:*** Hm.\n\n***Story:*** It rose.",
            "## Thinking\nHm, **so**.\n## Answer\nIt rose.",
            "# Reasoning:\r\nHm.\r\n# Chapter:\r\nIt rose.",
        ] {
            assert_eq!(story_of(text), Some(Some("It rose.")), "{text}");
        }
        for text in ["```thinking\nHm.", "**Thinking:** Hm, so", "**Thoughts**\nHm"] {
            assert_eq!(story_of(text), Some(None), "{text}");
        }
    }

    #[test]
    fn other_beginnings_are_none() {
        for text in [
            "It rose.",
            "```thinking",
            "```\nIt rose.\n```",
            "```rust\nlet x;\n```",
            "``thinking\nHm.",
            "**Thinking** of it, she rose.\n\n**Answer:** none.",
            "*Thinking:* she rose.",
            "Thinking: she rose.",
            "## Thinking\nShe rose.\nThe answer: it fell.",
            "**Thoughtful:** she rose.",
            "**The Answer:** It rose.",
        ] {
            assert_eq!(story_of(text), None, "{text}");
        }
    }

    #[test]
    fn a_beginning_is_known_as_it_comes() {
        for text in ["`", "```thin", "*", "**Thi", "## Rea", "**Thinking"] {
            assert!(may_begin(text), "{text}");
        }
        for text in ["It", "```\nIt", "**It", "Thinking: a", "# It"] {
            assert!(!may_begin(text), "{text}");
        }
    }
}
