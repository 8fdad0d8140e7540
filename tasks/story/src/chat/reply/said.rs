//! What an endpoint says besides the reply: an event that tells something, data that is no JSON, or a gateway's page within the stream.
//! It matters only if the reply then breaks off.

use serde_json::Value;

use super::{Fault, words::page_title};

/// Maximum bytes to retain of lines outside events.
const MAX_BYTES: usize = 4 << 10;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Of the last event with words.
    event: Option<Fault>,
    /// Lines outside events since then.
    lines: String,
}

impl Said {
    /// Notes an event that is no part of a reply.
    pub(super) fn event(&mut self, value: &Value) {
        self.replace(Fault::of(value));
    }

    /// Notes data that is no JSON.
    pub(super) fn data(&mut self, text: &str) {
        self.replace(Fault::plain(page_title(text).unwrap_or_else(|| text.to_owned())));
    }

    /// Notes a line outside events.
    pub(super) fn line(&mut self, text: &str) {
        if self.lines.len() + text.len() < MAX_BYTES {
            self.lines.push_str(text);
            self.lines.push('\n');
        }
    }

    fn replace(&mut self, fault: Fault) {
        if !fault.message.is_empty() {
            *self = Self { event: Some(fault), lines: String::new() };
        }
    }

    /// The last words; `None`: there were none.
    pub(super) fn last(self) -> Option<Fault> {
        let lines = Fault::read(self.lines.as_bytes());
        Some(lines).filter(|fault| !fault.message.is_empty()).or(self.event)
    }
}
