//! The story as text: its Markdown, its file's name, and the line about a finished chapter.

use super::super::{
    builtin::plain,
    library::UNFINISHED,
    narrator::{Brief, Narrator, Outline},
};

pub(super) fn finished<N: Narrator>(
    narrator: &N,
    number: usize,
    outline: &Outline,
    text: &str,
) -> String {
    let total = outline.chapters.len();
    let title = outline.chapters.get(number - 1).map_or("", |plan| plan.title.as_str());
    let words = text.split_whitespace().count();
    let line = format!("Chapter {number} of {total} is finished: “{title}”, {words} words");
    match narrator.spending() {
        Some((spent, Some(budget))) => format!("{line}; {spent} of {budget} tokens used."),
        Some((spent, None)) => format!("{line}; {spent} tokens used."),
        None => format!("{line}."),
    }
}

/// The story as Markdown; with `credit` once it is finished.
pub(super) fn manuscript(
    brief: &Brief,
    outline: &Outline,
    chapters: &[String],
    credit: Option<&str>,
) -> String {
    let total = outline.chapters.len();
    let plural = if total == 1 { "chapter" } else { "chapters" };
    let mut out = body(brief, outline, chapters);
    out.push_str("---\n\n");
    match credit {
        Some(credit) => out.push_str(&format!("*{credit}*\n")),
        None => {
            out.push_str(&format!("{UNFINISHED}{} of {total} {plural} so far.*\n", chapters.len()))
        }
    }
    out
}

/// Title and chapters; grows with each chapter.
pub(super) fn body(brief: &Brief, outline: &Outline, chapters: &[String]) -> String {
    let total = outline.chapters.len();
    let plural = if total == 1 { "chapter" } else { "chapters" };
    let mut out = format!(
        "# {}\n\n*A story for {} in {total} {plural}*\n\n",
        plain(&outline.title),
        plain(&brief.player)
    );
    for (plan, text) in outline.chapters.iter().zip(chapters) {
        out.push_str(&format!("## {}\n\n{}\n\n", plain(&plan.title), text.trim()));
    }
    out
}

/// Maximum length of the subject in a file name, in characters.
const MAX_NAME: usize = 60;

/// File name of letters, digits and dashes.
pub(super) fn file_name(subject: &str) -> String {
    let letters = subject.chars().map(|c| if c.is_alphanumeric() { c } else { '-' });
    let safe: String = letters.take(MAX_NAME).collect();
    let name = safe.trim_matches('-');
    if name.is_empty() { "story.md".to_owned() } else { format!("{name}-story.md") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_safe_everywhere() {
        assert_eq!(file_name("the old light"), "the-old-light-story.md");
        assert_eq!(file_name("Ägypten 海"), "Ägypten-海-story.md");
        assert_eq!(file_name("!?"), "story.md");
        assert_eq!(file_name(&"海".repeat(100)).len(), 60 * 3 + "-story.md".len());
        assert_eq!(file_name("a\"b; x"), "a-b--x-story.md");
    }
}
