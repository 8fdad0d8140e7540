//! Interface of narrators, which outline a story and write it chapter by chapter.

use std::{future::Future, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

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

/// Why a narrator stopped. The message is for the user or the operator.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub(super) enum NarratorError {
    /// 401 or 403.
    #[error(
        "the narrator's endpoint refused the key ({status}); set MILEPOST_NARRATOR_KEY to a valid one"
    )]
    WrongKey {
        /// The status.
        status: u16,
    },
    /// 404, or 400 with the protocol's code for it.
    #[error(
        "the narrator's endpoint does not know the model “{model}” ({status}); check \
         MILEPOST_NARRATOR_MODEL, and that MILEPOST_NARRATOR_URL ends with the version, such as /v1"
    )]
    UnknownModel {
        /// The requested model.
        model: String,
        /// The status.
        status: u16,
    },
    /// The connection could not be established.
    #[error("cannot connect to the narrator at {address}: {detail}; check MILEPOST_NARRATOR_URL")]
    Unreachable {
        /// Host and port.
        address: String,
        /// The innermost cause.
        detail: String,
    },
    /// The account has no credit left; waiting does not help.
    #[error("the narrator's endpoint says that the account's quota is used up")]
    Quota,
    /// 429 even after the retries.
    #[error("the narrator's endpoint is too busy (429)")]
    Busy {
        /// Requested delay.
        after: Option<Duration>,
    },
    /// 5xx even after the retries.
    #[error("the narrator's endpoint failed ({status})")]
    Server {
        /// The status.
        status: u16,
        /// Requested delay.
        after: Option<Duration>,
    },
    /// Any other refusal.
    #[error("the narrator's endpoint refused the request ({status}): {detail}")]
    Rejected {
        /// The status.
        status: u16,
        /// Its message, shortened.
        detail: String,
    },
    /// The story would exceed its token budget.
    #[error(
        "the story's token budget is used up: {spent} of {budget} tokens; raise \
         MILEPOST_NARRATOR_TOKEN_BUDGET or shorten the research"
    )]
    Budget {
        /// Tokens used so far.
        spent: u64,
        /// Tokens allowed.
        budget: u64,
    },
    /// The daily budget is used up; the message says which.
    #[error("{0}")]
    Daily(String),
    /// The tokens of the day cannot be counted, so none are spent.
    #[error("the tokens of the day cannot be counted: {0}")]
    Uncounted(String),
    /// The answer violates the protocol.
    #[error("the narrator's endpoint sent something that is no chat completion: {0}")]
    Malformed(String),
    /// The connection was lost before the first text.
    #[error("the connection to the narrator was lost: {0}")]
    Lost(String),
    /// The stream ended before the text was complete.
    #[error("the narrator's answer was cut off in the middle")]
    Cut,
    /// The built-in narrator stopped, because of a defect or because the server is stopping.
    #[error("the built-in narrator stopped: {0}")]
    Composing(String),
    /// A timeout expired.
    #[error("the narrator sent {what} for {seconds} s")]
    TimedOut {
        /// What was missing.
        what: &'static str,
        /// The timeout in seconds.
        seconds: f64,
    },
}

impl NarratorError {
    /// Stable error code.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::WrongKey { .. } => "narrator_key",
            Self::UnknownModel { .. } => "narrator_model",
            Self::Unreachable { .. } => "narrator_unreachable",
            Self::Quota => "narrator_quota",
            Self::Busy { .. } => "narrator_busy",
            Self::Server { .. } => "narrator_failed",
            Self::Rejected { .. } => "narrator_rejected",
            Self::Budget { .. } => "token_budget",
            Self::Daily(_) => "daily_budget",
            Self::Uncounted(_) => "store",
            Self::Malformed(_) => "narrator_malformed",
            Self::Lost(_) => "narrator_lost",
            Self::Cut => "narrator_cut",
            Self::Composing(_) => "narrator_stopped",
            Self::TimedOut { .. } => "narrator_timeout",
        }
    }

    /// Whether the same call may succeed later.
    pub(super) const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Busy { .. }
                | Self::Server { .. }
                | Self::Uncounted(_)
                | Self::Lost(_)
                | Self::Cut
                | Self::TimedOut { .. }
        )
    }

    /// Whether a call that failed before its answer may still have cost tokens.
    pub(super) const fn may_have_cost(&self) -> bool {
        matches!(self, Self::TimedOut { .. } | Self::Lost(_))
    }

    /// Delay requested by the endpoint.
    pub(super) const fn after(&self) -> Option<Duration> {
        match self {
            Self::Busy { after } | Self::Server { after, .. } => *after,
            _ => None,
        }
    }
}
