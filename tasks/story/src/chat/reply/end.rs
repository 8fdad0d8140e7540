//! What is left of a reply at its end.

use super::{chunk::Usage, fault::Fault, words::page_title};

/// What servers say at an address that is not the one of chat completions.
const GREETINGS: [&str; 3] = ["ollama is running", "lm studio is running", "it works!"];

/// Bounds of a reply whose endpoint does not keep to the tokens that were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Tokens that were asked for.
    pub(crate) tokens: u64,
    /// Maximum bytes of text for each of them; the text is cut there.
    pub(crate) text_bytes_per_token: u64,
    /// Maximum tokens of thinking for each of them. Some endpoints count thinking apart from the
    /// text.
    pub(crate) thinking_per_token: u64,
}

impl Bounds {
    /// No bounds.
    pub(super) const NONE: Self =
        Self { tokens: u64::MAX, text_bytes_per_token: u64::MAX, thinking_per_token: u64::MAX };
}

/// A reply as far as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The text without thinking, marks and fence.
    pub(crate) text: String,
    /// Characters of thinking, whether within the text or beside it.
    pub(crate) thought_chars: u64,
    /// Characters that were received, with what was removed.
    pub(crate) received_chars: u64,
    /// Tokens that the call cost, if the endpoint reports them.
    pub(crate) usage: Option<Usage>,
    /// How it ended.
    pub(crate) end: End,
    /// What the endpoint said besides, such as why it broke off.
    pub(crate) said: Option<Fault>,
}

/// How a reply ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Complete.
    Stop,
    /// Cut at its maximum length.
    Length,
    /// Complete, but without a word of text.
    Empty,
    /// Nothing but thinking, which had no end, or was longer than any is allowed to be.
    Thought,
    /// A filter of contents, or the model itself, refused: the word for it.
    Refused(String),
    /// The endpoint reported an error.
    Fault(Fault),
    /// The endpoint ended it for another reason: its word.
    Failed(String),
    /// The endpoint did not say why it ended, and the text ends within a sentence.
    Unsaid,
    /// The body ended before the reply.
    Cut,
    /// A part of the text could not be read.
    Garbled(String),
    /// The body is no reply but, for example, the page of a gateway.
    Other(Fault),
    /// The body is a page for people: there is no endpoint at the address.
    Page(Fault),
    /// More bytes than any reply of its length has.
    TooLarge,
}

/// Cuts a text to a number of bytes; whether it was longer.
pub(super) fn shorten(text: &mut String, limit: u64) -> bool {
    if text.len() as u64 <= limit {
        return false;
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    text.truncate(text.floor_char_boundary(limit));
    true
}

/// A body without any document of the protocol.
pub(super) fn other(head: &[u8]) -> End {
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim();
    let greets = || GREETINGS.iter().any(|it| text.to_ascii_lowercase().starts_with(it));
    if text.is_empty() {
        End::Cut
    } else if page_title(text).is_some() || greets() {
        End::Page(Fault::read(head))
    } else {
        End::Other(Fault::read(head))
    }
}
