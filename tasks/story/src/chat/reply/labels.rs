//! Thinking in a fenced block, or under a label in bold or as a heading, before the text.

use super::{marks::Name, phrases::Prose, unmarked};

/// Labels of thinking, in lower case.
const THINKING: [&str; 10] = [
    "thinking",
    "thinking process",
    "thought",
    "thoughts",
    "thought process",
    "reasoning",
    "reasoning process",
    "chain of thought",
    "my thinking",
    "my thoughts",
];
/// Labels that a story may have too: they count only where one of the text follows.
const WEAK: [&str; 9] = [
    "plan",
    "planning",
    "my plan",
    "analysis",
    "brainstorming",
    "approach",
    "rationale",
    "notes",
    "reflection",
];
/// Labels of the text that follows it.
const ANSWER: [&str; 13] = [
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
    "final story",
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
    let strong = label(text, &THINKING);
    let length = strong.or_else(|| label(text, &WEAK)).or_else(|| plain_label(text, &THINKING));
    let rest = &text[length?..];
    if let Some((start, end)) = answer_label(rest) {
        return Some(Prose { thought: &rest[..start], story: Some(rest[end..].trim_start()) });
    }
    // A heading alone is one of the story, and so is the subject of a sentence.
    let goes_on = rest.trim_start_matches(' ').starts_with(char::is_lowercase);
    let heading = text.starts_with('#');
    let is_thinking = strong.is_some() && !heading && (!goes_on || unmarked::opens(rest));
    is_thinking.then_some(Prose { thought: rest, story: None })
}

/// Where the label of the text begins and ends.
fn answer_label(text: &str) -> Option<(usize, usize)> {
    let marked = text.match_indices(['*', '_', '#']).map(|(start, _)| start);
    let marked = marked.filter(|start| !text[..*start].ends_with(['*', '_', '#']));
    let marked = marked.filter_map(|start| {
        let begins_line = text[..start].trim_end_matches(' ').ends_with(['\n', '\r']);
        let fits = begins_line || !text[start..].starts_with('#');
        Some((start, start + label(&text[start..], &ANSWER).filter(|_| fits)?))
    });
    let lines = text.match_indices('\n').map(|(at, _)| at + 1);
    let plain = lines.filter_map(|at| Some((at, at + plain_label(&text[at..], &ANSWER)?)));
    marked.chain(plain).min()
}

/// Length of the label with which a text begins: `**Name:**`, `**Name**` or `# Name` and a line end.
fn label(text: &str, names: &[&str]) -> Option<usize> {
    let marked = ["**", "__", "#"].iter().any(|mark| text.starts_with(mark));
    let body = text.trim_start_matches(MARKS);
    let name = name_of(body, names).filter(|_| marked)?;
    let after = &body[name.len()..];
    let mut rest = after.trim_start_matches(':');
    rest = rest.trim_start_matches(['*', '_', '#']);
    rest = rest.trim_start_matches(':');
    let between = &after[..after.len() - rest.len()];
    let line_ends = rest.trim_start_matches(' ').starts_with(['\n', '\r']);
    let bare = text.starts_with('#') || !between.is_empty();
    (between.contains(':') || line_ends && bare).then_some(text.len() - rest.len())
}

/// Length of the label with which a text begins, without marks: `Name:`.
fn plain_label(text: &str, names: &[&str]) -> Option<usize> {
    let name = name_of(text, names)?;
    text[name.len()..].starts_with(':').then_some(name.len() + 1)
}

/// The longest of the names with which a text begins.
fn name_of<'n>(text: &str, names: &[&'n str]) -> Option<&'n str> {
    let begins =
        |name: &&str| text.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name));
    names.iter().copied().filter(begins).max_by_key(|name| name.len())
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
            "Thinking:\nHm.\n\nAnswer:\nIt rose.",
            "Thought: Hm, so.\nFinal Answer: It rose.",
            "**Plan:** Hm.\n\n**Chapter:**\nIt rose.",
            "## Analysis\nHm.\n## Final story\nIt rose.",
            "# Reasoning:\r\nHm.\r\n# Chapter:\r\nIt rose.",
        ] {
            assert_eq!(story_of(text), Some(Some("It rose.")), "{text}");
        }
        let lower = "**Thinking:** okay, the user wants";
        for text in [lower, "```thinking\nHm.", "**Thinking:** Hm, so", "**Thoughts**\nHm"] {
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
            "**Thinking:** that was the name of the picture.",
            "**Plan:** She would rise.",
            "Thinking:\nShe rose.",
            "Thinking: she rose. The answer: it fell.",
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
