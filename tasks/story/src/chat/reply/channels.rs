//! Texts in the channels of gpt-oss, of which `final` is the story.

use std::borrow::Cow;

use super::thinking::chars;

/// Begins a message of gpt-oss: the name of its channel, a mark, and the message.
pub(super) const CHANNEL: &str = "<|channel|>";
/// The channels that a message can be in.
const CHANNELS: [&str; 3] = ["analysis", "commentary", "final"];

/// A text in the channels of gpt-oss. The first mark may be missing, because it stood in the prompt.
pub(super) fn channels(text: &str) -> Option<Cow<'_, str>> {
    let begins = |name: &&str| {
        text.trim_start().strip_prefix(*name).is_some_and(|text| text.starts_with("<|message|>"))
    };
    if CHANNELS.iter().any(begins) {
        return Some(Cow::Owned(format!("{CHANNEL}{}", text.trim_start())));
    }
    text.contains(CHANNEL).then_some(Cow::Borrowed(text))
}

/// The same channels, from a server that drops their marks: the thinking, and the story once it has begun.
pub(super) fn bare_channels(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some((thought, story)) = text.split_once("assistantfinal") {
        return Some((thought, Some(story)));
    }
    let thought = text.trim_start().strip_prefix("analysis")?;
    thought.starts_with(char::is_uppercase).then_some((thought, None))
}

/// Keeps the channel `final`. What stands before the first channel is thinking if that channel comes; otherwise
/// nothing says so.
pub(super) fn without_channels(text: &str) -> (String, u64) {
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
