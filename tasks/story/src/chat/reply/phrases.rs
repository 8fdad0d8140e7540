//! Thinking between phrases instead of marks, at the beginning of a reply.

use super::{labels, unmarked};

/// Phrases around the thinking, in lower case.
struct Phrases {
    /// Those that begin it.
    open: &'static [&'static str],
    /// Those that end it.
    close: &'static [&'static str],
    /// Whether each of them is a line of its own.
    lines: bool,
}

const PHRASES: [Phrases; 2] = [
    // Ollama's own display.
    Phrases {
        open: &["thinking...", "thinking…"],
        close: &["...done thinking.", "…done thinking."],
        lines: true,
    },
    // Granite.
    Phrases {
        open: &[
            "here is my thought process:",
            "here's my thought process:",
            "here’s my thought process:",
        ],
        close: &["here is my response:", "here's my response:", "here’s my response:"],
        lines: false,
    },
];
/// Marks of Markdown around a phrase.
const EMPHASIS: [char; 4] = ['*', '#', '_', ' '];

/// A reply that begins with such thinking.
pub(super) struct Prose<'t> {
    /// The thinking.
    pub(super) thought: &'t str,
    /// What follows it; `None` if it has not ended.
    pub(super) story: Option<&'t str>,
}

/// Finds thinking at the beginning of a reply.
pub(super) fn find(text: &str) -> Option<Prose<'_>> {
    let text = text.trim_start();
    let plain = text.trim_start_matches(EMPHASIS);
    let phrase = PHRASES.iter().find_map(|phrases| phrases.find(plain));
    phrase.or_else(|| labels::find(text))
}

/// Finds thinking whose beginning stood in the prompt, before a line that ends it.
pub(super) fn closed(text: &str) -> Option<Prose<'_>> {
    PHRASES.iter().find_map(|phrases| {
        let (start, end) = phrases.end(text).filter(|(start, end)| is_line(text, *start, *end))?;
        let (thought, story) = (&text[..start], trimmed(&text[end..]));
        let ended = !story.trim().is_empty() && !thought.trim().is_empty();
        (ended && (phrases.lines || unmarked::is_thinking(thought)))
            .then_some(Prose { thought, story: Some(story) })
    })
}

/// Whether a text, as far as it has come, may begin with a phrase.
pub(super) fn may_begin(text: &str) -> bool {
    let text = text.trim_start();
    if labels::may_begin(text) {
        return true;
    }
    let text = text.trim_start_matches(EMPHASIS);
    let opens = PHRASES.iter().flat_map(|phrases| phrases.open);
    opens.into_iter().any(|open| {
        let pairs = || text.bytes().zip(open.bytes());
        pairs().all(|(a, b)| a.eq_ignore_ascii_case(&b))
    })
}

impl Phrases {
    fn find<'t>(&self, text: &'t str) -> Option<Prose<'t>> {
        let length = self.open.iter().find_map(|open| {
            let begins = text.get(..open.len())?.eq_ignore_ascii_case(open);
            let fits = !self.lines || ends_line(&text[open.len()..]);
            (begins && fits).then_some(open.len())
        });
        let rest = &text[length?..];
        let (thought, story) = match self.end(rest) {
            Some((start, end)) => (&rest[..start], Some(trimmed(&rest[end..]))),
            None => (rest, None),
        };
        Some(Prose { thought, story })
    }

    /// Where the thinking ends, and where the text begins.
    fn end(&self, text: &str) -> Option<(usize, usize)> {
        // ASCII only: positions stay the same.
        let lower = text.to_ascii_lowercase();
        let found = self.close.iter().flat_map(|close| {
            lower.match_indices(close).map(|(start, close)| (start, start + close.len()))
        });
        found.filter(|(start, end)| !self.lines || is_line(text, *start, *end)).min()
    }
}

/// Whether a phrase is a line of its own.
fn is_line(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].trim_end_matches(EMPHASIS);
    before.ends_with(['\n', '\r']) && ends_line(&text[end..])
}

fn ends_line(after: &str) -> bool {
    let after = after.trim_start_matches(EMPHASIS);
    after.is_empty() || after.starts_with(['\n', '\r'])
}

/// What follows a phrase, without the marks that close its emphasis.
fn trimmed(text: &str) -> &str {
    let marks = text.len() - text.trim_start_matches('*').len();
    if marks > 0 { &text[marks..] } else { text }
}
