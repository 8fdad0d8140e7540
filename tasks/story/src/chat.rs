//! Narrator behind an OpenAI-compatible endpoint.

mod call;
mod cap;
mod check;
mod daily;
mod endpoint;
mod ledger;
mod outline;
mod prompt;
mod refusal;
mod remarks;
mod reply;
mod retry;
mod stream;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::atomic::AtomicBool;

use milepost::task::TaskId;

use self::{
    call::{Length, prompt_tokens},
    daily::Daily,
    ledger::Ledger,
    wire::Message,
};
pub use self::{
    check::{NarratorCheck, check},
    endpoint::{Endpoint, InvalidEndpoint},
};
use super::narrator::{Brief, Narrator, NarratorError, Outline, Report, Sink};

/// Minimum tokens of an outline; models that think need as many as for a chapter.
const OUTLINE_TOKENS: u64 = 1_500;
/// Usual length of an outline in characters.
const OUTLINE_CHARS: f64 = 1_600.0;
/// Characters of a chapter per token of its limit, before any is written.
const CHARS_PER_TOKEN: f64 = 3.0;

/// Narrator of one story.
pub(super) struct Chat {
    endpoint: Endpoint,
    ledger: Ledger,
    daily: Option<Daily>,
    /// The story, for the server's log.
    task: Option<TaskId>,
    /// Whether the log says that the context window is too small.
    warned: AtomicBool,
}

impl Narrator for Chat {
    fn credit(&self, _: &Brief) -> String {
        let model = super::builtin::plain(self.endpoint.settings.model.trim());
        format!("Written by the model “{model}” from the research file.")
    }

    async fn outline(&self, brief: &Brief, sink: Sink<'_>) -> Result<Outline, NarratorError> {
        let settings = &self.endpoint.settings;
        let messages = prompt::outline(brief, settings.chapters, settings.research_tokens);
        let length =
            Length { tokens: self.outline_tokens(), expected_chars: OUTLINE_CHARS, prose: false };
        let reply = self.call(&messages, length, sink).await?;
        Ok(outline::read(&reply.text, brief, settings.chapters).unwrap_or_else(|| {
            sink(Report::Note(
                "The model's outline could not be read; the research file's own headings are used.",
            ));
            outline::own(brief, settings.chapters)
        }))
    }

    async fn chapter(
        &self,
        brief: &Brief,
        outline: &Outline,
        done: &[String],
        sink: Sink<'_>,
    ) -> Result<String, NarratorError> {
        let messages = self.chapter_messages(brief, outline, done);
        let tokens = self.chapter_tokens();
        let length = Length { tokens, expected_chars: expected_chars(tokens, done), prose: true };
        let reply = self.call(&messages, length, sink).await?;
        let text = prompt::tidy(&reply.text, reply.cut);
        if !reply::has_word(&text) {
            return Err(NarratorError::Empty { thought: 0 });
        }
        Ok(text)
    }

    fn at_stake(&self, brief: &Brief, outline: Option<&Outline>, done: &[String]) -> u64 {
        let settings = &self.endpoint.settings;
        let (messages, reply) = match outline {
            Some(outline) => (self.chapter_messages(brief, outline, done), self.chapter_tokens()),
            None => {
                let messages = prompt::outline(brief, settings.chapters, settings.research_tokens);
                (messages, self.outline_tokens())
            }
        };
        prompt_tokens(&messages) + reply
    }

    fn spending(&self) -> Option<(u64, Option<u64>)> {
        Some((self.ledger.spent(), self.ledger.budget()))
    }
}

impl Chat {
    fn chapter_messages(&self, brief: &Brief, outline: &Outline, done: &[String]) -> Vec<Message> {
        let settings = &self.endpoint.settings;
        prompt::chapter(brief, outline, done, settings.research_tokens, self.chapter_tokens())
    }

    /// Maximum tokens of a chapter.
    fn chapter_tokens(&self) -> u64 {
        self.endpoint.dialect().capped(self.endpoint.settings.chapter_tokens)
    }

    /// Maximum tokens of an outline.
    fn outline_tokens(&self) -> u64 {
        let tokens = self.endpoint.settings.chapter_tokens.max(OUTLINE_TOKENS);
        self.endpoint.dialect().capped(tokens)
    }
}

/// Expected characters of a chapter: as many as the finished ones have.
fn expected_chars(tokens: u64, done: &[String]) -> f64 {
    let written: usize = done.iter().map(|text| text.chars().count()).sum();
    if written == 0 { tokens as f64 * CHARS_PER_TOKEN } else { written as f64 / done.len() as f64 }
}
