//! Interface of narrators, which outline a story and write it chapter by chapter.

mod error;

use std::{future::Future, sync::Arc};

use serde::{Deserialize, Serialize};

pub(super) use self::error::NarratorError;
use super::research::Research;

/// Material of a story.
#[derive(Clone, Debug)]
pub(super) struct Brief {
    /// The subject's name.
    pub(super) subject: String,
    /// The protagonist.
    pub(super) player: String,
    /// The research text.
    pub(super) text: Arc<str>,
    /// The parsed research text.
    pub(super) research: Arc<Research>,
}

/// Outline of a story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Outline {
    /// Plain text.
    pub(super) title: String,
    /// At least one.
    pub(super) chapters: Vec<Plan>,
}

/// Plan of one chapter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Plan {
    /// Plain text.
    pub(super) title: String,
    /// What happens; empty if the narrator does not need it.
    pub(super) summary: String,
}

/// Report of a narrator while it works.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Report<'a> {
    /// Completed part of the chapter, 0..=1.
    Written(f64),
    /// The model thinks before it writes: tokens so far, estimated.
    Thinking(u64),
    /// Note for the log.
    Note(&'a str),
}

/// Receiver of reports.
pub(super) type Sink<'a> = &'a (dyn Fn(Report<'_>) + Send + Sync);

/// Writes stories. Dropping a future stops its work at once.
pub(super) trait Narrator: Send + Sync {
    /// Credit at the end of the story, in Markdown.
    fn credit(&self, brief: &Brief) -> String;

    /// Plans the story.
    fn outline(
        &self,
        brief: &Brief,
        sink: Sink<'_>,
    ) -> impl Future<Output = Result<Outline, NarratorError>> + Send;

    /// Writes the chapter after those in `done`, in Markdown without its heading.
    fn chapter(
        &self,
        brief: &Brief,
        outline: &Outline,
        done: &[String],
        sink: Sink<'_>,
    ) -> impl Future<Output = Result<String, NarratorError>> + Send;

    /// Maximum cost in tokens of the next call: for the outline if `outline` is `None`, otherwise
    /// for the chapter after those in `done`. Reserved before the call, so that a crash in its
    /// middle forgets nothing. Zero for a narrator without cost.
    fn at_stake(&self, brief: &Brief, outline: Option<&Outline>, done: &[String]) -> u64 {
        let _ = (brief, outline, done);
        0
    }

    /// Tokens used so far and the budget, if any.
    fn spending(&self) -> Option<(u64, Option<u64>)> {
        None
    }
}
