//! Bodies of the chat completions protocol, as far as used.

use serde::{Deserialize, Serialize};

/// Body of `POST /chat/completions`.
#[derive(Debug, Serialize)]
pub(super) struct Request<'a> {
    pub(super) model: &'a str,
    pub(super) messages: &'a [Message],
    pub(super) max_tokens: u64,
    pub(super) temperature: f64,
    pub(super) stream: bool,
    pub(super) stream_options: StreamOptions,
}

/// Requests the token counts at the end of the stream.
#[derive(Debug, Serialize)]
pub(super) struct StreamOptions {
    pub(super) include_usage: bool,
}

/// One message of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Message {
    pub(super) role: &'static str,
    pub(super) content: String,
}

/// One event of the stream, or the complete answer of an endpoint that does not stream.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Chunk {
    pub(super) choices: Option<Vec<Choice>>,
    #[serde(default)]
    pub(super) usage: Option<Usage>,
    #[serde(default)]
    pub(super) error: Option<ErrorBody>,
}

/// Part of the reply.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Choice {
    #[serde(default, alias = "message")]
    pub(super) delta: Option<Delta>,
    #[serde(default)]
    pub(super) finish_reason: Option<String>,
}

/// Text added by the part.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Delta {
    #[serde(default)]
    pub(super) content: Option<String>,
}

/// Cost of a call.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct Usage {
    #[serde(default)]
    pub(super) total_tokens: u64,
}

/// Body of a refusal.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Refusal {
    pub(super) error: ErrorBody,
}

/// Endpoints differ in its form: an object, or only a text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum ErrorBody {
    Object {
        #[serde(default)]
        message: Option<String>,
        #[serde(default)]
        code: Option<serde_json::Value>,
        #[serde(default, rename = "type")]
        kind: Option<String>,
    },
    Text(String),
}

impl Default for ErrorBody {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl ErrorBody {
    /// Message for people.
    pub(super) fn message(&self) -> &str {
        match self {
            Self::Object { message, .. } => message.as_deref().unwrap_or_default(),
            Self::Text(text) => text,
        }
    }

    /// Whether its code or type is `word`.
    pub(super) fn is(&self, word: &str) -> bool {
        match self {
            Self::Object { code, kind, .. } => {
                let code = code.as_ref().and_then(serde_json::Value::as_str);
                code == Some(word) || kind.as_deref() == Some(word)
            }
            Self::Text(_) => false,
        }
    }
}
