//! Finds and removes the thinking that models write into their text.

use super::{
    channels::{CHANNEL, bare_channels, channels, without_channels},
    marks::{Mark, Name, begins_line, close_of, is_word, mark_at, next},
    phrases,
    templates::begun,
    unmarked,
};

/// Maximum number of marks to look at.
const MAX_MARKS: usize = 1_000;

/// Whether the text begins with thinking, whether that has ended or not.
pub(super) fn begins(text: &str) -> bool {
    let text = begun(text);
    let marked = || opening(text).is_some();
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
    opening(text).is_some_and(|mark| close_of(text, &mark).is_none())
}

/// The mark at the beginning of a text that begins thinking.
fn opening(text: &str) -> Option<Mark> {
    let (end, kind) = mark_at(text)?;
    (!kind.closes).then_some(Mark { start: 0, end, kind })
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
    let (text, mut thought) = match phrases::find(text).or_else(|| phrases::closed(text)) {
        Some(prose) => (prose.story.unwrap_or_default(), chars(prose.thought)),
        None => (text, 0),
    };
    let mut story = String::new();
    let mut at = 0;
    for _ in 0..MAX_MARKS {
        let Some(mark) = next(text, at, |_| true) else { break };
        story.push_str(&text[at..mark.start]);
        match role(text, &mark, &story, cut) {
            Role::Word => {
                story.push_str(&text[mark.start..mark.end]);
                at = mark.end;
            }
            Role::Opens { end, after } => {
                thought += chars(&text[mark.end..end]);
                at = after;
            }
            Role::Closes => {
                thought += chars(&story);
                story.clear();
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

/// What a mark does in its text.
enum Role {
    /// It is a word of the story.
    Word,
    /// It begins thinking: the end of it, and where the text goes on.
    Opens { end: usize, after: usize },
    /// It ends thinking whose beginning stood in the prompt.
    Closes,
}

/// The role of a mark. `story`: the text before it without thinking.
fn role(text: &str, mark: &Mark, story: &str, cut: bool) -> Role {
    let weak = mark.kind.name == Name::Weak;
    let is_word = is_word(text, mark);
    if mark.kind.closes {
        return if weak || is_word { Role::Word } else { Role::Closes };
    }
    let begins = story.trim().is_empty();
    match close_of(text, mark) {
        _ if weak && !begins_line(text, mark) => Role::Word,
        Some(close) if is_word && !text[mark.end..close.start].contains('\n') => Role::Word,
        Some(close) => Role::Opens { end: close.start, after: close.end },
        None if weak && !(cut && begins && text[mark.start..].starts_with('<')) => Role::Word,
        None if cut || begins || begins_line(text, mark) => {
            Role::Opens { end: text.len(), after: text.len() }
        }
        None => Role::Word,
    }
}

/// Number of characters of a part, without the blanks around it.
pub(super) fn chars(text: &str) -> u64 {
    text.trim().chars().count() as u64
}

#[cfg(test)]
#[path = "thinking_tests.rs"]
mod tests;
