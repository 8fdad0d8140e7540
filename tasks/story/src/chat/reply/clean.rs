//! The text of a reply without what is none of the story: thinking, marks of templates, a fence.

use super::{templates::without_marks, thinking::without_thinking, wrapped::unwrapped};

/// Languages of a fence around prose.
const PROSE: [&str; 7] = ["", "markdown", "md", "mdx", "text", "txt", "plaintext"];
/// Maximum number of characters of the remarks around a fence.
const REMARK_CHARS: usize = 200;

/// What is left of a reply, and what was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cleaned {
    /// The text itself.
    pub(crate) text: String,
    /// Characters of thinking that stood in it.
    pub(crate) thought_chars: u64,
}

/// Removes thinking, marks of templates, and an element or a Markdown fence around all of it. `cut`: the reply
/// was ended by its maximum length.
pub(crate) fn clean(text: &str, cut: bool) -> Cleaned {
    let (text, thought_chars) = without_thinking(text, cut);
    let text = unwrapped(unfenced(unwrapped(without_marks(&text)))).trim().replace("\r\n", "\n");
    let text: String =
        text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let text = if text.chars().all(is_invisible) { String::new() } else { text };
    Cleaned { text, thought_chars }
}

/// Whether a text has a word, or a number: letters of any script. Marks and signs alone are none.
pub(crate) fn has_word(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// Whether nothing is seen of a character: a text of nothing else is none.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        )
        || matches!(c, '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}')
        || matches!(c, '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// A line that begins or ends a fenced block.
struct Fence<'t> {
    /// Position of the line, and of what follows it.
    start: usize,
    end: usize,
    mark: &'t str,
    language: &'t str,
}

impl Fence<'_> {
    fn closes(&self, open: &Self) -> bool {
        let same = self.mark.starts_with(&open.mark[..1]) && self.mark.len() >= open.mark.len();
        same && self.language.is_empty()
    }
}

fn fences(text: &str) -> Vec<Fence<'_>> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        let content = line.trim();
        let marks = content.len() - content.trim_start_matches(['`', '~']).len();
        let mark = &content[..marks];
        let info = content[marks..].trim();
        let (language, attributes) = info.split_once(char::is_whitespace).unwrap_or((info, ""));
        let uniform = mark.chars().all(|c| mark.starts_with(c));
        if marks >= 3 && uniform && !info.contains('`') && are_attributes(attributes) {
            found.push(Fence { start, end, mark, language });
        }
        start = end;
    }
    found
}

/// Whether what follows the language of a fence is none of a sentence: `title="x"`, `{.wide}`, a number.
fn are_attributes(text: &str) -> bool {
    let word =
        |word: &str| word.trim_end_matches(['.', ',', '!', '?']).chars().all(char::is_alphabetic);
    text.split_whitespace().filter(|part| word(part)).count() < 2
}

/// The inside of a Markdown fence that is around all of a text, or all but a short remark.
fn unfenced(text: &str) -> &str {
    let fences = fences(text);
    let Some(open) = fences.first() else { return text };
    let language = open.language.to_ascii_lowercase();
    let named = matches!(language.as_str(), "markdown" | "md" | "mdx");
    let before = text[..open.start].trim();
    let prose = PROSE.contains(&language.as_str());
    let small = |remark: &str| remark.chars().count() <= REMARK_CHARS;
    if !prose || !(before.is_empty() || named && small(before)) {
        return text;
    }
    let close = fences[1..].iter().rev().find(|fence| fence.closes(open));
    let Some(close) = close else {
        // Never closed: cut, or forgotten.
        return if fences.len() == 1 { &text[open.end..] } else { text };
    };
    let (inside, after) = (&text[open.end..close.start], text[close.end..].trim());
    let pair = fences.len() == 2;
    let around = after.is_empty() || pair && small(after);
    let max = inside.trim().len() > before.len() + after.len();
    if around && max && (named || pair) { inside } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story_of(text: &str) -> String {
        clean(text, false).text
    }

    #[test]
    fn a_fence_around_the_text_is_removed_and_one_within_it_stays() {
        let cases = [
            ("```markdown\nIt rose.\n```", "It rose."),
            ("```\nIt rose.\n\nIt fell.\n```\n", "It rose.\n\nIt fell."),
            ("~~~md\nIt rose.\n~~~", "It rose."),
            (
                "````markdown\nIt rose.\n```rust\nx\n```\nIt fell.\n````",
                "It rose.\n```rust\nx\n```\nIt fell.",
            ),
            (
                "```markdown\nIt rose.\n```rust\nx\n```\nIt fell.\n```",
                "It rose.\n```rust\nx\n```\nIt fell.",
            ),
            ("```markdown\nIt rose", "It rose"),
            (
                "Here is the chapter:\n\n```markdown\nIt rose and rose until the sun was up.\n```\nEnjoy!",
                "It rose and rose until the sun was up.",
            ),
            ("It rose.\n```\ncode\n```\nIt fell.", "It rose.\n```\ncode\n```\nIt fell."),
            ("```rust\nfn main() {}\n```", "```rust\nfn main() {}\n```"),
            ("```\na\n```\nIt rose.\n```\nb\n```", "```\na\n```\nIt rose.\n```\nb\n```"),
            ("`x` rose.", "`x` rose."),
            ("```", ""),
            (
                "```markdown was scratched on the door, and it rose.",
                "```markdown was scratched on the door, and it rose.",
            ),
            ("```markdown title=\"Ebb\"\nIt rose.\n```", "It rose."),
        ];
        for (text, clean) in cases {
            assert_eq!(story_of(text), clean, "{text}");
        }
    }

    #[test]
    fn a_text_of_invisible_characters_is_none() {
        for text in [
            "\u{200b}",
            " \u{200b}\u{200d}\n\u{feff}",
            "\u{2060}\u{ad}",
            "\u{3164}\u{2800}",
            "\u{fe0f}\u{e0020}",
            "<think>Hm.</think>\u{200b}",
            "```\n\u{200b}\n```",
        ] {
            assert_eq!(story_of(text), "", "{text:?}");
        }
        assert_eq!(story_of("\u{200b}It rose."), "\u{200b}It rose.");
        assert_eq!(story_of("…"), "…");
    }

    #[test]
    fn marks_and_signs_alone_are_no_word() {
        for text in ["", "...", "…", "— * * * —", "***\n---", "?!", "\u{200b}.", "😀", "| | |"]
        {
            assert!(!has_word(text), "{text:?}");
        }
        for text in ["x", "It rose.", "潮", "वह", "42.", "...é"] {
            assert!(has_word(text), "{text:?}");
        }
    }
}
