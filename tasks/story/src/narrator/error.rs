//! Why a narrator stopped.

use std::time::Duration;

/// Why a narrator stopped. The message is for the user or the operator; the endpoint's own words
/// are part of it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub(in super::super) enum NarratorError {
    /// The key is wrong or missing.
    #[error(
        "the narrator's endpoint refused the key ({status}){}; set MILEPOST_NARRATOR_KEY to a valid \
         one",
        words(.detail)
    )]
    WrongKey {
        /// The status.
        status: u16,
        /// The endpoint's words.
        detail: String,
    },
    /// The endpoint knows no such model.
    #[error(
        "the narrator's endpoint does not know the model “{model}” ({status}){}; check \
         MILEPOST_NARRATOR_MODEL; `milepost check` lists the models",
        words(.detail)
    )]
    UnknownModel {
        /// The requested model.
        model: String,
        /// The status.
        status: u16,
        /// The endpoint's words.
        detail: String,
    },
    /// Nothing answers chat completions at the address.
    #[error(
        "no chat completions at {address} ({status}){}; check MILEPOST_NARRATOR_URL, which usually \
         ends with the version, such as /v1, and that the model “{model}” exists",
        words(.detail)
    )]
    WrongAddress {
        /// The address, without secrets.
        address: String,
        /// The requested model.
        model: String,
        /// The status.
        status: u16,
        /// The endpoint's words.
        detail: String,
    },
    /// The connection could not be established.
    #[error("cannot connect to the narrator at {address}: {detail}; {hint}")]
    Unreachable {
        /// Host and port.
        address: String,
        /// The innermost cause.
        detail: String,
        /// What to check.
        hint: &'static str,
        /// Whether the connection was refused.
        refused: bool,
        /// Whether it answered before, so that it may come back.
        passing: bool,
    },
    /// The account has no credit left; waiting does not help.
    #[error("the narrator's endpoint says that the account's quota is used up{}", words(.0))]
    Quota(String),
    /// Prompt and reply do not fit into the model's context window.
    #[error(
        "the prompt is too long for the model's context window{}; raise the window, or lower \
         MILEPOST_NARRATOR_RESEARCH_TOKENS or MILEPOST_NARRATOR_CHAPTER_TOKENS",
        words(.0)
    )]
    Context(String),
    /// The machine of the endpoint has too little memory for the model.
    #[error("the narrator's endpoint cannot load the model{}; use a smaller one", words(.0))]
    Memory(String),
    /// The model only thought: up to the end of its reply, or far beyond it.
    #[error(
        "the model only thought and wrote nothing, with {limit} tokens for both; raise \
         narrator.chapter_tokens (MILEPOST_NARRATOR_CHAPTER_TOKENS), or use a model that thinks less"
    )]
    OnlyThought {
        /// Tokens of the reply that were asked for.
        limit: u64,
    },
    /// Too many requests.
    #[error("the narrator's endpoint is too busy ({status}){}", words(.detail))]
    Busy {
        /// The status.
        status: u16,
        /// The endpoint's words.
        detail: String,
        /// Requested delay.
        after: Option<Duration>,
    },
    /// The model is being loaded.
    #[error("the narrator's endpoint is still loading the model ({status}){}", words(.detail))]
    Loading {
        /// The status.
        status: u16,
        /// The endpoint's words.
        detail: String,
        /// Requested delay.
        after: Option<Duration>,
    },
    /// The endpoint, or what is behind it, failed.
    #[error("the narrator's endpoint failed ({status}){}", words(.detail))]
    Server {
        /// The status.
        status: u16,
        /// The endpoint's words.
        detail: String,
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
    /// The reply ended well, but without a word.
    #[error("the narrator's endpoint sent a reply without a word{}", instead(*.thought))]
    Empty {
        /// Tokens of thinking that came instead, estimated.
        thought: u64,
    },
    /// The reply ended for a reason that is no good end.
    #[error("the narrator's endpoint ended the reply early: {0}")]
    Ended(String),
    /// A part of the reply could not be read.
    #[error("a part of the narrator's reply cannot be read: {0}")]
    Garbled(String),
    /// The connection was lost before the first text.
    #[error("the connection to the narrator was lost: {0}")]
    Lost(String),
    /// The stream ended before the text was complete.
    #[error("the narrator's answer was cut off in the middle{}", words(.0))]
    Cut(String),
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

/// How much a model thought instead of writing, as the end of a sentence.
fn instead(tokens: u64) -> String {
    if tokens == 0 { String::new() } else { format!(", only {tokens} tokens of thinking") }
}

/// The endpoint's words as the end of a sentence.
fn words(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(": {detail}") }
}

impl NarratorError {
    /// Stable error code.
    pub(in super::super) const fn code(&self) -> &'static str {
        match self {
            Self::WrongKey { .. } => "narrator_key",
            Self::UnknownModel { .. } => "narrator_model",
            Self::WrongAddress { .. } => "narrator_address",
            Self::Unreachable { .. } => "narrator_unreachable",
            Self::Quota(_) => "narrator_quota",
            Self::Context(_) => "narrator_context",
            Self::Memory(_) => "narrator_memory",
            Self::OnlyThought { .. } => "narrator_thinking",
            Self::Busy { .. } => "narrator_busy",
            Self::Loading { .. } => "narrator_loading",
            Self::Server { .. } => "narrator_failed",
            Self::Rejected { .. } => "narrator_rejected",
            Self::Budget { .. } => "token_budget",
            Self::Daily(_) => "daily_budget",
            Self::Uncounted(_) => "store",
            Self::Malformed(_) | Self::Garbled(_) => "narrator_malformed",
            Self::Empty { .. } => "narrator_empty",
            Self::Lost(_) => "narrator_lost",
            Self::Ended(_) | Self::Cut(_) => "narrator_cut",
            Self::Composing(_) => "narrator_stopped",
            Self::TimedOut { .. } => "narrator_timeout",
        }
    }

    /// Whether the same call may succeed later.
    pub(in super::super) const fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { passing, .. } => *passing,
            Self::Busy { .. }
            | Self::Loading { .. }
            | Self::Server { .. }
            | Self::Uncounted(_)
            | Self::Empty { .. }
            | Self::Ended(_)
            | Self::Garbled(_)
            | Self::Lost(_)
            | Self::Cut(_)
            | Self::TimedOut { .. } => true,
            _ => false,
        }
    }

    /// Whether a new start is known to end in the same way, whatever happens to the endpoint.
    pub(in super::super) const fn is_hopeless(&self) -> bool {
        matches!(self, Self::Budget { .. } | Self::Context(_) | Self::OnlyThought { .. })
    }

    /// Whether a call that failed before its answer may still have cost tokens.
    pub(in super::super) const fn may_have_cost(&self) -> bool {
        matches!(self, Self::TimedOut { .. } | Self::Lost(_))
    }

    /// Whether the call had started to write, so that each retry costs tokens.
    pub(in super::super) const fn had_begun(&self) -> bool {
        matches!(self, Self::Empty { .. } | Self::Ended(_) | Self::Garbled(_) | Self::Cut(_))
    }

    /// Delay requested by the endpoint.
    pub(in super::super) const fn after(&self) -> Option<Duration> {
        match self {
            Self::Busy { after, .. } | Self::Loading { after, .. } | Self::Server { after, .. } => {
                *after
            }
            _ => None,
        }
    }

    /// Changes the endpoint's words.
    pub(in super::super) fn map_words(mut self, change: impl FnOnce(&str) -> String) -> Self {
        match &mut self {
            Self::WrongKey { detail, .. }
            | Self::UnknownModel { detail, .. }
            | Self::WrongAddress { detail, .. }
            | Self::Unreachable { detail, .. }
            | Self::Busy { detail, .. }
            | Self::Loading { detail, .. }
            | Self::Server { detail, .. }
            | Self::Rejected { detail, .. }
            | Self::Quota(detail)
            | Self::Context(detail)
            | Self::Memory(detail)
            | Self::Ended(detail)
            | Self::Garbled(detail)
            | Self::Malformed(detail)
            | Self::Cut(detail)
            | Self::Lost(detail) => *detail = change(detail),
            _ => {}
        }
        self
    }
}
