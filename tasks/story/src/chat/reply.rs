//! Reads a reply of the chat completions protocol: bytes in, in any split, and a typed result out.
//! No clock and no I/O; all bytes are untrusted.
//!
//! What is needed is read from whatever form an endpoint gives it, and what is not needed does no
//! harm. A reply counts as complete as soon as its end was announced, whatever follows.

mod chunk;
mod clean;
mod decide;
mod documents;
mod fault;
mod finish;
mod json;
mod phrases;
mod signs;
mod text;
mod thinking;
mod unmarked;
mod words;

#[cfg(test)]
mod tests;

use serde_json::Value;

use self::{
    chunk::Chunk,
    documents::{Document, Documents},
    finish::Finish,
    text::Text,
};
pub(crate) use self::{
    chunk::Usage,
    clean::{Cleaned, clean},
    decide::{Cause, Verdict, asked, decide, duration, spoken},
    fault::Fault,
};

/// Characters of thinking per token, for the page.
const CHARS_PER_TOKEN: u64 = 4;
/// What servers say at an address that is not the one of chat completions.
const GREETINGS: [&str; 3] = ["ollama is running", "lm studio is running", "it works!"];
/// Characters after which a text that may begin with a mark of thinking does not.
const BEGUN_CHARS: usize = 40;

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
    const NONE: Self =
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

/// Reads one reply.
pub(crate) struct Reader {
    documents: Documents,
    /// Tokens that were asked for.
    bounds: Bounds,
    text: Text,
    thinking: Thinking,
    thought_chars: u64,
    /// Bytes of thinking with which the text began.
    thought_bytes: usize,
    /// Whether it thought for longer than is allowed.
    too_long: bool,
    refusal: String,
    tools: bool,
    usage: Option<Usage>,
    finish: Option<Finish>,
    fault: Option<Fault>,
    /// The choice that is read.
    index: Option<i64>,
    /// Whether `[DONE]` or a whole reply came.
    done: bool,
    /// Whether the figures came after the end.
    settled: bool,
    /// Whether the last document announced the end by its figures.
    closed: bool,
    /// Whether there was any document of the protocol.
    known: bool,
    /// The first document that could not be read.
    odd: Option<String>,
    /// Whether it was a part of the text.
    garbled: bool,
}

/// How a document was sent.
#[derive(Clone, Copy)]
struct Frame {
    /// As an event that is named an error.
    error: bool,
    /// As an event, and not as a body of its own.
    framed: bool,
}

/// What the text is, as far as it has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Thinking {
    Unknown,
    Yes,
    No,
}

impl Reader {
    /// Reads at most `max_bytes`, after decompression.
    pub(crate) fn new(max_bytes: u64) -> Self {
        Self {
            documents: Documents::new(max_bytes),
            bounds: Bounds::NONE,
            text: Text::default(),
            thinking: Thinking::Unknown,
            thought_chars: 0,
            thought_bytes: 0,
            too_long: false,
            refusal: String::new(),
            tools: false,
            usage: None,
            finish: None,
            fault: None,
            index: None,
            done: false,
            settled: false,
            closed: false,
            known: false,
            odd: None,
            garbled: false,
        }
    }

    /// Bounds text and thinking; default: unbounded.
    pub(crate) fn with_bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// Takes the next bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let mut found = Vec::new();
        self.documents.push(bytes, &mut found);
        found.into_iter().for_each(|document| self.take(document));
    }

    /// Whether the reply is complete; at most figures follow.
    pub(crate) fn is_complete(&self) -> bool {
        self.finish.is_some() || self.is_over()
    }

    /// Whether nothing that matters can follow.
    pub(crate) fn is_over(&self) -> bool {
        let failed = self.fault.is_some() || self.documents.is_too_large();
        self.done || failed || self.settled
    }

    /// Characters of the text so far, without thinking.
    pub(crate) fn text_chars(&self) -> usize {
        if self.thinking == Thinking::No { self.text.as_str().chars().count() } else { 0 }
    }

    /// Estimated tokens of thinking so far.
    pub(crate) fn thought_tokens(&self) -> u64 {
        let within = match self.thinking {
            Thinking::Yes => self.text.as_str().chars().count() as u64,
            Thinking::Unknown | Thinking::No => 0,
        };
        (self.thought_chars + within).div_ceil(CHARS_PER_TOKEN)
    }

    /// All text and thinking so far, in characters.
    pub(crate) fn written_chars(&self) -> u64 {
        self.thought_chars + self.text.as_str().chars().count() as u64
    }

    fn take(&mut self, document: Document) {
        if self.done || self.fault.is_some() {
            return;
        }
        let (text, frame) = match document {
            Document::Done => {
                self.done = true;
                return;
            }
            Document::Other { text, error: true } if self.finish.is_none() => {
                self.fault = Some(Fault::plain(text));
                return;
            }
            Document::Other { text, .. } => return self.odd(&text),
            Document::Json { text, error, framed } => (text, Frame { error, framed }),
        };
        match json::parse(&text) {
            Some(Value::Array(items)) => items.iter().for_each(|item| self.value(item, frame)),
            Some(value) => self.value(&value, frame),
            None => self.odd(&text),
        }
    }

    fn odd(&mut self, text: &str) {
        self.garbled |= text.contains("\"content\"") && self.finish.is_none();
        self.odd.get_or_insert_with(|| words::clean(text));
    }

    fn value(&mut self, value: &Value, frame: Frame) {
        let Some(object) = value.as_object() else { return };
        let mut chunk = chunk::read(object, frame.error, frame.framed);
        if let Some(fault) = chunk.fault.take_if(|_| self.finish.is_none()) {
            self.fault = Some(fault);
            return;
        }
        self.known |= chunk.choice || chunk.usage.is_some();
        let (figures, has_choice) = (chunk.usage.is_some(), chunk.choice);
        self.usage = chunk.usage.or(self.usage);
        let ours = self.index.is_none() || chunk.index.is_none() || chunk.index == self.index;
        if chunk.choice && ours {
            self.closed = false;
            self.choice(chunk, frame);
        }
        self.closed |= figures && !has_choice;
        self.settled |= figures && !has_choice && self.finish.is_some();
    }

    fn choice(&mut self, chunk: Chunk, frame: Frame) {
        self.index = self.index.or(chunk.index);
        match &chunk.whole {
            Some(whole) => self.text.replace_or_push(whole),
            None => self.text.push(&chunk.text),
        }
        self.look(chunk.whole.as_deref().unwrap_or(&chunk.text));
        self.thought_chars = self.thought_chars.saturating_add(chunk.thought_chars);
        self.refusal.push_str(&chunk.refusal);
        self.tools |= chunk.tools;
        let native = chunk.native_finish.as_deref().and_then(Finish::read_native);
        let finish = chunk.finish.as_deref().map(Finish::read).max(native);
        // A complete body needs no word for its end.
        let complete = chunk.complete && !frame.framed;
        self.done |= complete;
        let finish = finish.or_else(|| complete.then_some(Finish::Stop));
        self.finish = self.finish.take().max(finish);
        self.bound();
    }

    /// Ends a reply that goes on far beyond the tokens that were asked for.
    fn bound(&mut self) {
        let text = self.text.as_str().len().saturating_sub(self.thought_bytes) as u64;
        let text = if self.thinking == Thinking::Yes { 0 } else { text };
        let thought = self.thought_tokens() > self.max_thinking();
        // A whole body is complete: its text is cut at the end.
        self.too_long |= thought && (text == 0 || !self.done);
        if self.too_long || text > self.max_text() && !self.done {
            self.finish = self.finish.take().max(Some(Finish::Length));
            self.done = true;
        }
    }

    /// Maximum bytes of text.
    const fn max_text(&self) -> u64 {
        self.bounds.tokens.saturating_mul(self.bounds.text_bytes_per_token)
    }

    /// Maximum tokens of thinking.
    const fn max_thinking(&self) -> u64 {
        self.bounds.tokens.saturating_mul(self.bounds.thinking_per_token)
    }

    /// Finds out whether the text is thinking so far.
    fn look(&mut self, added: &str) {
        let text = self.text.as_str();
        let ends = || added.contains(['>', ']', '▷', '|', '.', ':', '\n']);
        if self.thinking == Thinking::No || self.thinking == Thinking::Yes && !ends() {
            return;
        }
        let text = text.trim_start();
        let may_think = text.starts_with(['<', '[', '◁']) || phrases::may_begin(text);
        let started = !may_think || text.chars().nth(BEGUN_CHARS).is_some();
        let thought = self.thinking == Thinking::Yes;
        self.thinking = match thinking::is_thinking(text) {
            true => Thinking::Yes,
            false if started || thought => Thinking::No,
            false => Thinking::Unknown,
        };
        if self.thinking == Thinking::No && thinking::begins(text) {
            self.thought_bytes = self.text.as_str().len();
        }
    }

    /// Ends the reply. `whole`: the body ended by itself, and not by a lost connection.
    pub(crate) fn end(mut self, whole: bool) -> Reply {
        let mut found = Vec::new();
        self.documents.end(&mut found);
        let torn = found
            .iter()
            .any(|it| matches!(it, Document::Other { text, .. } if text.starts_with(['{', '['])));
        found.into_iter().for_each(|document| self.take(document));
        let too_large = self.documents.is_too_large();
        let complete = self.finish.is_some() || self.done || whole && self.closed;
        let cut = self.finish == Some(Finish::Length) || !complete;
        let (limit, raw) = (self.max_text(), self.text.finish());
        let Cleaned { mut text, thought_chars } = clean(&raw, cut);
        if complete && shorten(&mut text, limit) {
            self.finish = self.finish.take().max(Some(Finish::Length));
        }
        let received_chars = self.thought_chars.saturating_add(raw.chars().count() as u64);
        let thought_chars = self.thought_chars.saturating_add(thought_chars);
        let end = match self.finish {
            _ if self.fault.is_some() => End::Fault(self.fault.unwrap_or_default()),
            Some(Finish::Failed(reason)) => End::Failed(reason),
            Some(Finish::Filtered(reason)) => End::Refused(reason),
            _ if too_large && !complete => End::TooLarge,
            _ if !self.known && !self.done && whole && !torn => other(self.documents.head()),
            _ if !complete => End::Cut,
            _ if self.garbled => End::Garbled(self.odd.unwrap_or_default()),
            _ if text.is_empty() && !self.refusal.trim().is_empty() => {
                End::Refused(words::clean(&self.refusal))
            }
            _ if self.too_long => End::Thought,
            _ if text.is_empty() && !cut && thinking::is_thinking(&raw) => End::Thought,
            Some(Finish::Length) => End::Length,
            _ if text.is_empty() && self.tools => End::Failed("tool_calls".to_owned()),
            _ if text.is_empty() => End::Empty,
            _ => End::Stop,
        };
        Reply { text, thought_chars, received_chars, usage: self.usage, end }
    }
}

/// Cuts a text to a number of bytes; whether it was longer.
fn shorten(text: &mut String, limit: u64) -> bool {
    if text.len() as u64 <= limit {
        return false;
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    text.truncate(text.floor_char_boundary(limit));
    true
}

/// A body without any document of the protocol.
fn other(head: &[u8]) -> End {
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim();
    let greets = || GREETINGS.iter().any(|it| text.to_ascii_lowercase().starts_with(it));
    if text.is_empty() {
        End::Cut
    } else if words::page_title(text).is_some() || greets() {
        End::Page(Fault::read(head))
    } else {
        End::Other(Fault::read(head))
    }
}
