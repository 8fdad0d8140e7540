//! Reads a reply of the chat completions protocol: bytes in, in any split, and a typed result out.
//! No clock and no I/O; all bytes are untrusted.
//!
//! What is needed is read from whatever form an endpoint gives it, and what is not needed does no
//! harm. A reply counts as complete as soon as its end was announced, whatever follows.

mod channels;
mod chunk;
mod clean;
mod decide;
mod documents;
mod end;
mod fault;
mod finish;
pub(super) mod json;
mod labels;
mod marks;
mod object;
mod phrases;
mod said;
mod sentence;
mod signs;
mod templates;
mod text;
mod thinking;
mod unmarked;
mod words;
mod wrapped;

#[cfg(test)]
mod tests;

use serde_json::Value;

use self::{
    chunk::Chunk,
    documents::{Document, Documents},
    end::{other, shorten},
    finish::Finish,
    said::Said,
    text::Text,
};
pub(crate) use self::{
    chunk::Usage,
    clean::{Cleaned, clean, has_word},
    decide::{Cause, Verdict, asked, decide, duration, spoken},
    end::{Bounds, End, Reply},
    fault::Fault,
    object::prose_in,
    sentence::last_end,
};

/// Characters of thinking per token, for the page.
const CHARS_PER_TOKEN: u64 = 4;
/// Characters after which a text that may begin with a mark of thinking does not.
const BEGUN_CHARS: usize = 40;

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
    said: Said,
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
            said: Said::default(),
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
            Document::Line(text) => return self.said.line(&text),
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
        // Half a document is the reply's own.
        if !text.starts_with(['{', '[']) {
            self.said.data(text);
        }
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
        if !figures && !has_choice {
            self.said.event(value);
        }
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
        self.done |= chunk.over || chunk.complete && !frame.framed;
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

    /// Whether the reply has all the tokens that were asked for: its limit may have ended it.
    fn is_full(&self, received_chars: u64) -> bool {
        let told = self.usage.and_then(|usage| Some(usage.total.saturating_sub(usage.prompt?)));
        told.unwrap_or(received_chars / CHARS_PER_TOKEN) >= self.bounds.tokens
    }

    /// Finds out whether the text is thinking so far.
    fn look(&mut self, added: &str) {
        let text = self.text.as_str();
        let ends = || added.contains(['>', ']', '▷', '|', '.', ':', '\n']);
        if self.thinking == Thinking::No || self.thinking == Thinking::Yes && !ends() {
            return;
        }
        let text = templates::begun(text);
        let may_think = text.starts_with(['<', '[', '◁', '&']) || phrases::may_begin(text);
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
        let (limit, raw) = (self.max_text(), std::mem::take(&mut self.text).finish());
        let open = |text: &str| self.finish.is_none() && !sentence::is_whole(text);
        let cut = self.finish == Some(Finish::Length) || !complete || open(&raw);
        let Cleaned { mut text, thought_chars } = clean(&raw, cut);
        if !has_word(&text) {
            text.clear();
        }
        let unsaid = open(&text);
        if complete && shorten(&mut text, limit) {
            self.finish = self.finish.take().max(Some(Finish::Length));
        }
        let received_chars = self.thought_chars.saturating_add(raw.chars().count() as u64);
        let thought_chars = self.thought_chars.saturating_add(thought_chars);
        let full = self.is_full(received_chars);
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
            // What stands before a call of a tool is no whole text.
            Some(Finish::Tool) => End::Failed("tool_calls".to_owned()),
            _ if self.tools => End::Failed("tool_calls".to_owned()),
            _ if self.too_long => End::Thought,
            Some(Finish::Length) => End::Length,
            _ if text.is_empty() && thinking::is_thinking(&raw) => End::Thought,
            _ if text.is_empty() => End::Empty,
            None if unsaid && full => End::Length,
            None if unsaid => End::Unsaid,
            _ => End::Stop,
        };
        let said = self.said.last();
        Reply { text, thought_chars, received_chars, usage: self.usage, end, said }
    }
}
