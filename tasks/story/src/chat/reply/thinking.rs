//! Finds and removes the thinking that models write into their text.

use std::borrow::Cow;

use super::{clean::begun, phrases, unmarked};

/// Names of elements such as `<think>`, besides those that [`is_named`] knows by their end.
const NAMES: [&str; 6] =
    ["thought", "thoughts", "reasoning", "reflection", "analysis", "scratchpad"];
/// Ends of names, after any prefix, such as that of `<mm:think>`.
const NAME_ENDS: [&str; 2] = ["think", "thinking"];
/// Other marks of models: the text, and whether it ends the thinking.
const MARKS: [(&str, bool); 20] = [
    ("[think]", false),
    ("[/think]", true),
    ("◁think▷", false),
    ("◁/think▷", true),
    ("<|begin_of_thought|>", false),
    ("<|end_of_thought|>", true),
    ("<|start_thinking|>", false),
    ("<|end_thinking|>", true),
    ("<|inner_prefix|>", false),
    ("<|inner_suffix|>", true),
    ("<|cot_start|>", false),
    ("<|cot_end|>", true),
    ("<|dummy_86|>", false),
    ("<|dummy_87|>", true),
    ("<special_12>", false),
    ("<special_13>", true),
    ("<unused94>", false),
    ("<unused95>", true),
    ("<|channel>thought", false),
    ("<channel|>", true),
];
/// An element of a proxy's pages around the thinking.
const DETAILS: &str = "<details type=\"reasoning\"";
const DETAILS_END: &str = "</details>";
/// Ends a message of a template: the text is another one.
const MESSAGE_END: &str = "<|end|>";
/// Maximum length of a mark with its attributes, in bytes.
const MAX_MARK: usize = 120;
/// Maximum number of marks to look at.
const MAX_MARKS: usize = 1_000;

/// A mark in a text.
struct Mark {
    start: usize,
    end: usize,
    closes: bool,
}

/// Whether the text begins with thinking, whether that has ended or not.
pub(super) fn begins(text: &str) -> bool {
    let text = begun(text);
    let marked = || mark_at(text).is_some_and(|(_, closes)| !closes);
    let in_channels = || channels(text).is_some_and(|text| text.starts_with(CHANNEL));
    in_channels() || bare_channels(text).is_some() || phrases::find(text).is_some() || marked()
}

/// Whether the text, as far as it has come, is thinking only.
pub(super) fn is_thinking(text: &str) -> bool {
    if let Some(text) = channels(text) {
        return !text.contains("<|channel|>final");
    }
    if let Some((_, story)) = bare_channels(text) {
        return story.is_none();
    }
    let text = begun(text);
    if let Some(prose) = phrases::find(text) {
        return prose.story.is_none();
    }
    match mark_at(text) {
        Some((end, false)) => close_of(text, &Mark { start: 0, end, closes: false }).is_none(),
        _ => false,
    }
}

/// The text without thinking, and the number of characters of thinking. `cut`: the reply was ended
/// by its maximum length, perhaps while the model was thinking.
pub(super) fn without_thinking(text: &str, cut: bool) -> (String, u64) {
    if let Some(text) = channels(text) {
        return without_channels(&text);
    }
    if let Some((thought, story)) = bare_channels(text) {
        return (story.unwrap_or_default().to_owned(), chars(thought));
    }
    let text = begun(text);
    let (text, mut thought) = match phrases::find(text) {
        Some(prose) => (prose.story.unwrap_or_default(), chars(prose.thought)),
        None => (text, 0),
    };
    let mut story = String::new();
    let mut at = 0;
    for _ in 0..MAX_MARKS {
        let Some(mark) = next(text, at, |_| true) else { break };
        let before = &text[at..mark.start];
        story.push_str(before);
        if mark.closes {
            // Its beginning stood in the prompt.
            thought += chars(&story);
            story.clear();
            at = mark.end;
            continue;
        }
        match close_of(text, &mark) {
            Some(close) => {
                thought += chars(&text[mark.end..close.start]);
                at = close.end;
            }
            None if cut || story.trim().is_empty() || story.ends_with('\n') => {
                thought += chars(&text[mark.end..]);
                at = text.len();
            }
            // A word of the story.
            None => {
                story.push_str(&text[mark.start..mark.end]);
                at = mark.end;
            }
        }
    }
    story.push_str(&text[at..]);
    if cut && unmarked::is_thinking(&story) {
        return (String::new(), thought + chars(&story));
    }
    (story, thought)
}

/// Whether a name is one of an element of thinking.
pub(super) fn is_named(name: &str) -> bool {
    let last = name.rsplit([':', '_', '-', '.']).next().unwrap_or(name);
    NAMES.contains(&last) || NAME_ENDS.iter().any(|end| name.ends_with(end))
}

/// The mark of a template with which a text begins, such as `<|think|>` or `<|/think|>`.
fn template_mark(text: &str) -> Option<(usize, bool)> {
    let inner = &text.strip_prefix("<|")?[..text.find("|>")?.checked_sub(2)?];
    let closes = inner.starts_with('/') || inner.starts_with("end");
    let name = inner.trim_start_matches('/');
    (name.chars().all(is_of_name) && is_named(name)).then_some((inner.len() + 4, closes))
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-' | '.')
}

fn chars(text: &str) -> u64 {
    text.trim().chars().count() as u64
}

/// The end of the thinking that a mark begins.
fn close_of(text: &str, open: &Mark) -> Option<Mark> {
    let mark = &text[open.start..open.end];
    if mark.get(..8).is_none_or(|mark| !mark.eq_ignore_ascii_case(&DETAILS[..8])) {
        let close = next(text, open.end, |closes| closes);
        let end = text[open.end..].find(MESSAGE_END).filter(|_| mark.starts_with("<|"));
        let start = open.end + end.unwrap_or_default();
        let end = end.map(|_| Mark { start, end: start + MESSAGE_END.len(), closes: true });
        return close.into_iter().chain(end).min_by_key(|mark| mark.start);
    }
    let start = open.end + text[open.end..].find(DETAILS_END)?;
    Some(Mark { start, end: start + DETAILS_END.len(), closes: true })
}

/// The next mark from a position on, outside of code spans.
fn next(text: &str, from: usize, wanted: impl Fn(bool) -> bool) -> Option<Mark> {
    let starts = text.get(from..)?.match_indices(['<', '[', '◁', '&']);
    starts.map(|(at, _)| from + at).find_map(|start| {
        let (length, closes) = mark_at(&text[start..]).filter(|(_, closes)| wanted(*closes))?;
        let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let quoted = text[line..start].matches('`').count() % 2 == 1;
        (!quoted).then_some(Mark { start, end: start + length, closes })
    })
}

/// The mark with which a text begins: its length, and whether it ends the thinking.
fn mark_at(text: &str) -> Option<(usize, bool)> {
    let mut end = text.len().min(MAX_MARK);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // ASCII only: positions stay the same.
    let text = text[..end].to_ascii_lowercase();
    if let Some((mark, closes)) = MARKS.iter().find(|(mark, _)| text.starts_with(mark)) {
        return Some((mark.len(), *closes));
    }
    if text.starts_with(DETAILS) {
        return Some((text.find('>')? + 1, false));
    }
    if text.starts_with("<|") {
        return template_mark(&text);
    }
    // Escaped, as for a page.
    if let Some(inner) = text.strip_prefix("&lt;") {
        let name = inner.split_once("&gt;")?.0;
        let (length, closes) = mark_at(&format!("<{name}>"))?;
        return (length == name.len() + 2).then_some((name.len() + 8, closes));
    }
    let inner = text.strip_prefix('<')?.trim_start_matches(' ');
    let (inner, closes) = inner.strip_prefix('/').map_or((inner, false), |inner| (inner, true));
    let inner = inner.trim_start_matches(' ');
    let before = text.len() - inner.len();
    let length = inner.find(|c: char| !is_of_name(c))?;
    let (name, rest) = inner.split_at(length);
    let close = rest.find('>')?;
    let plain = rest.starts_with('>') || rest.starts_with(char::is_whitespace);
    let empty = rest[..close].ends_with('/') || rest[..close].contains('<');
    (is_named(name) && plain && !empty).then_some((before + length + close + 1, closes))
}

/// Begins a message of gpt-oss: the name of its channel, a mark, and the message.
const CHANNEL: &str = "<|channel|>";
/// The channels that a message can be in.
const CHANNELS: [&str; 3] = ["analysis", "commentary", "final"];

/// A text in the channels of gpt-oss. The first mark may be missing, because it stood in the prompt.
fn channels(text: &str) -> Option<Cow<'_, str>> {
    let begins = |name: &&str| {
        text.trim_start().strip_prefix(*name).is_some_and(|text| text.starts_with("<|message|>"))
    };
    if CHANNELS.iter().any(begins) {
        return Some(Cow::Owned(format!("{CHANNEL}{}", text.trim_start())));
    }
    text.contains(CHANNEL).then_some(Cow::Borrowed(text))
}

/// The same channels, from a server that drops their marks: the thinking, and the story once it has begun.
fn bare_channels(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some((thought, story)) = text.split_once("assistantfinal") {
        return Some((thought, Some(story)));
    }
    let thought = text.trim_start().strip_prefix("analysis")?;
    thought.starts_with(char::is_uppercase).then_some((thought, None))
}

/// Keeps the channel `final`. What stands before the first channel is thinking if that channel comes; otherwise
/// nothing says so.
fn without_channels(text: &str) -> (String, u64) {
    let mut parts = text.split(CHANNEL);
    let first = parts.next().unwrap_or_default().replace("<|start|>assistant", "");
    let (mut story, mut thought, mut is_final) = (String::new(), 0, false);
    for part in parts {
        let (channel, content) = part.split_once("<|message|>").unwrap_or((part, ""));
        let ends = ["<|end|>", "<|start|>", "<|return|>", "<|call|>"];
        let end = ends.iter().filter_map(|mark| content.find(mark)).min();
        let content = &content[..end.unwrap_or(content.len())];
        if channel.trim_start().starts_with("final") {
            is_final = true;
            story.push_str(content);
        } else {
            thought += chars(content);
        }
    }
    match is_final {
        true => (story, thought + chars(&first)),
        false => (first, thought),
    }
}

#[cfg(test)]
#[path = "thinking_tests.rs"]
mod tests;
