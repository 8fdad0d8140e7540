//! What models say about a chapter before and after it, and its heading.

use super::reply::has_word;

/// Maximum length of a remark, in characters.
const MAX_CHARS: usize = 300;
/// Maximum number of lines to remove at each end.
const MAX_LINES: u32 = 6;
/// Words that begin a remark before a chapter, in lower case.
const OPENINGS: [&str; 23] = [
    "sure",
    "certainly",
    "of course",
    "absolutely",
    "gladly",
    "great",
    "okay",
    "alright",
    "here is",
    "here's",
    "here you go",
    "below is",
    "hier ist",
    "natürlich",
    "gern",
    "selbstverständlich",
    "voici",
    "bien sûr",
    "certainement",
    "aquí",
    "claro",
    "por supuesto",
    "ecco",
];
/// What such a remark is about.
const SUBJECTS: [&str; 12] = [
    "chapter",
    "story",
    "scene",
    "kapitel",
    "geschichte",
    "chapitre",
    "histoire",
    "capítulo",
    "historia",
    "capitolo",
    "storia",
    "narrative",
];
/// What is none, although a subject stands in it.
const OF_A_STORY: [&str; 3] = ["story of", "history", "storyteller"];
/// Words that begin a remark after a chapter, in lower case.
const CLOSINGS: [&str; 24] = [
    "let me know",
    "would you like",
    "do you want me",
    "i hope",
    "feel free",
    "shall i",
    "should i",
    "please let me",
    "note:",
    "this chapter",
    "word count",
    "end of chapter",
    "lass mich wissen",
    "möchtest du",
    "soll ich",
    "ich hoffe",
    "faites-moi savoir",
    "souhaitez-vous",
    "voulez-vous",
    "n'hésitez pas",
    "avísame",
    "¿te gustaría",
    "¿quieres que",
    "espero que",
];
/// What they are about.
const WISHES: [&str; 23] = [
    "chapter",
    "story",
    "word",
    "revis",
    "adjust",
    "change",
    "edit",
    "expand",
    "continue",
    "feedback",
    "kapitel",
    "geschichte",
    "anpass",
    "ändern",
    "weiter",
    "chapitre",
    "histoire",
    "modif",
    "continu",
    "capítulo",
    "historia",
    "cambi",
    "ajust",
];
/// Words for a chapter, before its number.
const CHAPTER: [&str; 5] = ["chapter ", "kapitel ", "chapitre ", "capítulo ", "capitolo "];
/// Numbers of chapters in words.
const NUMBERS: [&str; 12] =
    ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eins", "zwei"];
/// Marks of Markdown and brackets around a line.
const AROUND: [char; 9] = ['¡', '*', '_', '(', ')', '[', ']', '#', ' '];

/// A chapter without remarks, headings and rules at its beginning and its end. A text of nothing else is empty.
pub(super) fn without_remarks(text: &str) -> &str {
    let mut rest = text.trim();
    for _ in 0..MAX_LINES {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let blank = after.trim_start_matches([' ', '\r']).starts_with('\n');
        if !(is_opening(line) || is_rule(line) || is_heading(line, blank)) {
            break;
        }
        rest = after.trim_start();
    }
    for _ in 0..MAX_LINES {
        let Some((before, line)) = rest.rsplit_once('\n') else { break };
        let blank = before.trim_end_matches([' ', '\r']).ends_with('\n');
        if !(blank && is_closing(line) || is_rule(line)) || !has_word(before) {
            break;
        }
        rest = before.trim_end();
    }
    rest
}

fn plain(line: &str) -> Option<String> {
    let line = line.trim().trim_matches(AROUND);
    let short = line.chars().count() <= MAX_CHARS;
    short.then(|| line.to_lowercase().replace('\u{2019}', "'"))
}

fn is_opening(line: &str) -> bool {
    let ends = line.trim().trim_end_matches(AROUND).ends_with([':', '!', '.']);
    let said = |line: String| {
        let about = OF_A_STORY.iter().fold(line.clone(), |line, other| line.replace(other, ""));
        OPENINGS.iter().any(|opening| line.starts_with(opening))
            && SUBJECTS.iter().any(|subject| about.contains(subject))
    };
    ends && plain(line).is_some_and(said)
}

fn is_closing(line: &str) -> bool {
    let Some(said) = plain(line) else { return false };
    let bracketed = line.trim().starts_with(['(', '[', '*']);
    let is_count =
        bracketed && said.ends_with(" words") && said.starts_with(|c: char| !c.is_alphabetic());
    let begins = CLOSINGS.iter().any(|closing| said.starts_with(closing));
    is_count || begins && WISHES.iter().any(|wish| said.contains(wish))
}

/// A rule of Markdown: three marks or more.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3 && ["-", "*", "_"].iter().any(|mark| line.replace(mark, "").trim().is_empty())
}

/// A heading with `#`, a line in bold, or a chapter's number. `alone`: whether an empty line follows it.
fn is_heading(line: &str, alone: bool) -> bool {
    let line = line.trim();
    let level = line.len() - line.trim_start_matches('#').len();
    let text = &line[level..];
    if (1..=6).contains(&level) && (text.is_empty() || text.starts_with([' ', '\t'])) {
        return true;
    }
    let bold = line.strip_prefix("**").and_then(|line| line.strip_suffix("**"));
    let is_title =
        |title: &str| !title.contains("**") && !title.ends_with(['.', '!', '?', '"', '”', ',']);
    if alone && bold.is_some_and(is_title) {
        return true;
    }
    plain(line).is_some_and(|line| is_number(&line))
}

/// `chapter 3`, `chapter three: the tide`; not a sentence about one.
fn is_number(line: &str) -> bool {
    let Some(rest) = CHAPTER.iter().find_map(|word| line.strip_prefix(word)) else { return false };
    let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
    let (number, after) = rest.split_at(end);
    let roman = |c: char| matches!(c, 'i' | 'v' | 'x' | 'l');
    let counts = number.chars().all(|c| c.is_ascii_digit()) || number.chars().all(roman);
    let is_number = !number.is_empty() && (counts || NUMBERS.contains(&number));
    let after = after.trim_start_matches(AROUND);
    is_number && (after.is_empty() || after.starts_with([':', '-', '–', '—', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_and_headings_are_none_of_a_chapter() {
        for text in [
            "Here is chapter 1:\n\nIt rose.",
            "Sure! Here's the first chapter of the story:\nIt rose.",
            "Certainly! Below is chapter 2.\n\n---\n\nIt rose.\n\n---\n\nLet me know if you would like me to revise it!",
            "Hier ist das erste Kapitel:\n\nIt rose.\n\nMöchtest du, dass ich das nächste Kapitel schreibe?",
            "Voici le chapitre 1 :\n\nIt rose.",
            "¡Claro! Aquí está el capítulo 1:\n\nIt rose.",
            "# Ebb\n\n## Chapter 1\n\nIt rose.",
            "**Chapter 1: The Tide**\n\nIt rose.",
            "**The Tide**\n\nIt rose.",
            "Chapter One\n\nIt rose.",
            "Chapter IV – The Tide\nIt rose.",
            "It rose.\n\n(Word count: 523)",
            "It rose.\n\n*(523 words)*",
            "It rose.\n\n[End of Chapter 1]",
            "It rose.\n\n**Word count:** 523 words",
            "It rose.\n\nWould you like me to continue with chapter 2?\n",
            "It rose.\n\nNote: this chapter keeps to the facts of the research.",
        ] {
            assert_eq!(without_remarks(text), "It rose.", "{text}");
        }
    }

    #[test]
    fn sentences_of_a_chapter_stay() {
        for text in [
            "Here is the story of how it rose:\n\nIt rose.",
            "Sure, said Ada, and it rose.\n\nIt fell.",
            "Chapter 1 of her life was over.\n\nIt rose.",
            "**It rose.**\n\nIt fell.",
            "#1 stood on the door.\n\nIt rose.",
            "**Ada** rose.\n\nIt fell.",
            "It rose.\n\nLet me know when it falls, said Ada.",
            "It rose.\n\n“Would you like me to continue?” asked Ada.",
            "It rose.\n\n(It fell.)",
            "It rose.\n***\nIt fell.",
            "",
        ] {
            assert_eq!(without_remarks(text), text);
        }
        for text in ["# Ebb", "Here is chapter 1:", "**Ebb**\n\n---"] {
            assert_eq!(without_remarks(text), "", "{text}");
        }
    }
}
