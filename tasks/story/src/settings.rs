//! Settings of stories. Each field names its variable and its default.

mod address;
mod extra;

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;

use std::{fmt, path::PathBuf, time::Duration};

use milepost::engine::DailyBudget;
use reqwest::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize, Serializer};

use super::input::MAX_CHARS;

pub(super) use self::address::Address;
pub use self::extra::{ExtraBody, ExtraHeaders};

/// Size in bytes that any reply may have.
const REPLY_BYTES: u64 = 1 << 20;
/// Minimum length of a reply for which the model is called at all, in tokens.
pub(super) const MIN_REPLY: u64 = 128;

/// `[story]`: settings of the kind `story` for both narrators.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct StorySettings {
    /// Maximum size of a research file in bytes. `MILEPOST_STORY_MAX_RESEARCH_BYTES`. Default:
    /// 2,000,000.
    pub max_research_bytes: u64,
    /// Maximum length of a subject and of a player's name in characters, 1 to 100.
    /// `MILEPOST_STORY_MAX_NAME_CHARS`. Default: 100.
    pub max_name_chars: usize,
    /// Speed of the built-in narrator in words per second; 0: unlimited.
    /// `MILEPOST_STORY_WORDS_PER_SECOND`. Default: 120.
    pub words_per_second: f64,
}

impl Default for StorySettings {
    fn default() -> Self {
        Self { max_research_bytes: 2_000_000, max_name_chars: MAX_CHARS, words_per_second: 120.0 }
    }
}

/// `[narrator]`: endpoint of the OpenAI chat completions protocol. Without a URL the built-in
/// narrator writes the stories.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct NarratorSettings {
    /// Base URL of the endpoint, including its version, such as `http://127.0.0.1:8080/v1`.
    /// `MILEPOST_NARRATOR_URL`. Default: none.
    pub url: Option<String>,
    /// Name of the model; required with a URL. `MILEPOST_NARRATOR_MODEL`. Default: none.
    pub model: String,
    /// API key, sent as a bearer token; omitted for endpoints without keys. Never logged.
    /// `MILEPOST_NARRATOR_KEY`. Default: none.
    pub key: Option<ApiKey>,
    /// File that contains `key` as its only line. `MILEPOST_NARRATOR_KEY_FILE`. Default: none.
    pub key_file: Option<PathBuf>,
    /// Header that carries `key` instead of `Authorization`, such as `api-key`.
    /// `MILEPOST_NARRATOR_KEY_HEADER`. Default: none; for hosts of Azure `api-key`.
    pub key_header: Option<String>,
    /// File of certificates (PEM) to trust besides the usual ones. `MILEPOST_NARRATOR_CA_FILE`.
    /// Default: the file that `SSL_CERT_FILE` names, if any.
    pub ca_file: Option<PathBuf>,
    /// Fields to add to the body of each request, as a table or as JSON in a text; `null` removes a
    /// field. `MILEPOST_NARRATOR_EXTRA_BODY`. Default: none.
    pub extra_body: Option<ExtraBody>,
    /// Headers to add to each request, as a table or as JSON in a text. Never logged.
    /// `MILEPOST_NARRATOR_EXTRA_HEADERS`. Default: none.
    pub extra_headers: Option<ExtraHeaders>,
    /// Sampling temperature, 0 to 2. `MILEPOST_NARRATOR_TEMPERATURE`. Default: 0.8.
    pub temperature: f64,
    /// Field with the maximum length of a reply: `max_tokens`, `max_completion_tokens`, or `auto`
    /// for the first one that the endpoint takes. `MILEPOST_NARRATOR_TOKEN_FIELD`. Default: `auto`.
    pub token_field: TokenField,
    /// What to leave out of requests: `temperature`, `stream_options`, `system` (the instructions
    /// then begin the user's message), `stream`. What an endpoint refuses is left out by itself.
    /// `MILEPOST_NARRATOR_OMIT`. Default: nothing.
    pub omit: Vec<Omission>,
    /// Maximum tokens of one story, including prompts and all attempts; 0: no limit.
    /// `MILEPOST_NARRATOR_TOKEN_BUDGET`. Default: 120,000.
    pub token_budget: u64,
    /// Maximum tokens of all stories per day (UTC), including prompts; 0: no limit.
    /// `MILEPOST_NARRATOR_DAILY_TOKENS`. Default: 2,000,000.
    pub daily_tokens: u64,
    /// Maximum tokens per day for the stories of one owner, and for those from one client address;
    /// 0: no limit. `MILEPOST_NARRATOR_DAILY_TOKENS_PER_OWNER`. Default: 500,000.
    pub daily_tokens_per_owner: u64,
    /// Whether the model also writes for callers without a session; otherwise the built-in narrator
    /// does. `MILEPOST_NARRATOR_ALLOW_ANONYMOUS`. Default: false.
    pub allow_anonymous: bool,
    /// Maximum tokens of the research in each prompt; longer research is included in part.
    /// `MILEPOST_NARRATOR_RESEARCH_TOKENS`. Default: 8,000.
    pub research_tokens: u64,
    /// Maximum tokens of one chapter. `MILEPOST_NARRATOR_CHAPTER_TOKENS`. Default: 1,200.
    pub chapter_tokens: u64,
    /// Maximum number of chapters, 1 to 20. `MILEPOST_NARRATOR_CHAPTERS`. Default: 7.
    pub chapters: u32,
    /// Connection timeout in seconds. `MILEPOST_NARRATOR_CONNECT_TIMEOUT_S`. Default: 10.
    pub connect_timeout_s: f64,
    /// Maximum silence before the first text, in seconds; comments of the stream are no silence.
    /// `MILEPOST_NARRATOR_FIRST_TOKEN_TIMEOUT_S`. Default: 120.
    pub first_token_timeout_s: f64,
    /// Maximum silence after the first text, in seconds. `MILEPOST_NARRATOR_IDLE_TIMEOUT_S`.
    /// Default: 30.
    pub idle_timeout_s: f64,
    /// Maximum time of a whole reply in seconds, thinking included.
    /// `MILEPOST_NARRATOR_REPLY_TIMEOUT_S`. Default: 1,800.
    pub reply_timeout_s: f64,
    /// Maximum wait for the token counts after the end of the text, in seconds.
    /// `MILEPOST_NARRATOR_USAGE_TIMEOUT_S`. Default: 2.
    pub usage_timeout_s: f64,
    /// Maximum size of a reply in bytes for each token asked for, besides 1 MiB for any reply; the
    /// frame around a token is larger than the token. `MILEPOST_NARRATOR_REPLY_BYTES_PER_TOKEN`.
    /// Default: 4,096.
    pub reply_bytes_per_token: u64,
    /// Maximum size of the text in bytes for each token asked for; the text of an endpoint that
    /// sends more is cut there. A token has some four bytes.
    /// `MILEPOST_NARRATOR_TEXT_BYTES_PER_TOKEN`. Default: 16.
    pub text_bytes_per_token: u64,
    /// Maximum tokens of thinking for each token asked for; some endpoints count thinking apart from
    /// the text. `MILEPOST_NARRATOR_THINKING_PER_TOKEN`. Default: 8.
    pub thinking_per_token: u64,
    /// Maximum number of retries of a call after 429, 5xx or a lost connection, before its first
    /// text. `MILEPOST_NARRATOR_RETRIES`. Default: 5.
    pub retries: u32,
    /// Maximum delay between two tries, in seconds. If the endpoint requests more, the task returns
    /// to the queue for that time. `MILEPOST_NARRATOR_MAX_WAIT_S`. Default: 60.
    pub max_wait_s: f64,
    /// Maximum time in seconds that the outline or a chapter waits for an endpoint that fails, is
    /// busy or loads its model, besides the delays that it asks for; each finished chapter begins
    /// it anew. `MILEPOST_NARRATOR_OUTAGE_S`. Default: 900.
    pub outage_s: f64,
    /// Maximum sum of the delays that the endpoint asks for, for the outline or a chapter, in
    /// seconds. `MILEPOST_NARRATOR_MAX_REQUESTED_WAIT_S`. Default: 86,400.
    pub max_requested_wait_s: f64,
}

/// Field with the maximum length of a reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenField {
    /// `max_tokens`, and the other one if the endpoint refuses it.
    #[default]
    Auto,
    /// `max_tokens`.
    MaxTokens,
    /// `max_completion_tokens`.
    MaxCompletionTokens,
}

/// A part of requests that not every endpoint takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Omission {
    /// `temperature`.
    Temperature,
    /// `stream_options`, which asks for the token counts.
    StreamOptions,
    /// The role `system`.
    System,
    /// `stream`: the reply comes as a whole.
    Stream,
}

impl Default for NarratorSettings {
    fn default() -> Self {
        Self {
            url: None,
            model: String::new(),
            key: None,
            key_file: None,
            key_header: None,
            ca_file: None,
            extra_body: None,
            extra_headers: None,
            temperature: 0.8,
            token_field: TokenField::Auto,
            omit: Vec::new(),
            token_budget: 120_000,
            daily_tokens: 2_000_000,
            daily_tokens_per_owner: 500_000,
            allow_anonymous: false,
            research_tokens: 8_000,
            chapter_tokens: 1_200,
            chapters: 7,
            connect_timeout_s: 10.0,
            first_token_timeout_s: 120.0,
            idle_timeout_s: 30.0,
            reply_timeout_s: 1_800.0,
            usage_timeout_s: 2.0,
            reply_bytes_per_token: 4_096,
            text_bytes_per_token: 16,
            thinking_per_token: 8,
            retries: 5,
            max_wait_s: 60.0,
            outage_s: 900.0,
            max_requested_wait_s: 86_400.0,
        }
    }
}

/// A secret: never displayed, and serialised as `…`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ApiKey(String);

impl ApiKey {
    /// Wraps a key.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The key itself, for sending it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

impl Serialize for ApiKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("…")
    }
}

/// Well-formed but invalid values: the key, and what would be valid.
pub type Invalid = Vec<(&'static str, String)>;

fn broken<const N: usize>(rules: [(bool, &'static str, &str); N]) -> Invalid {
    let broken = rules.into_iter().filter(|(fine, ..)| !fine);
    broken.map(|(_, key, right)| (key, right.to_owned())).collect()
}

impl StorySettings {
    /// Validates the values.
    pub fn invalid(&self) -> Invalid {
        let words = self.words_per_second;
        broken([
            (self.max_research_bytes >= 1, "story.max_research_bytes", "at least 1"),
            ((1..=MAX_CHARS).contains(&self.max_name_chars), "story.max_name_chars", "1 to 100"),
            (words.is_finite() && words >= 0.0, "story.words_per_second", "0 or more"),
        ])
    }
}

impl NarratorSettings {
    /// The endpoint, if one is configured. An empty text counts as none.
    pub fn endpoint(&self) -> Option<&str> {
        self.url.as_deref().map(str::trim).filter(|url| !url.is_empty())
    }

    /// Who writes stories, for people: the model and its host, or the built-in narrator.
    pub fn writer(&self) -> String {
        match self.endpoint().map(Address::read) {
            Some(Ok(address)) => {
                format!("the model “{}” at {}", self.model.trim(), address.host())
            }
            _ => "the built-in narrator".to_owned(),
        }
    }

    /// The key, if one is configured. An empty text counts as none.
    pub(super) fn key(&self) -> Option<&str> {
        self.key.as_ref().map(|key| key.expose().trim()).filter(|key| !key.is_empty())
    }

    /// Whether requests leave something out.
    pub(super) fn omits(&self, what: Omission) -> bool {
        self.omit.contains(&what)
    }

    /// Daily budget of all stories.
    pub(super) fn daily_budget(&self) -> DailyBudget {
        DailyBudget::new("narrator_tokens", "language model's budget")
            .total(self.daily_tokens, "narrator.daily_tokens")
            .per_owner(self.daily_tokens_per_owner, "narrator.daily_tokens_per_owner")
            .least(MIN_REPLY)
            .anonymous(self.allow_anonymous)
    }

    /// Validates the values. Settings that only an endpoint needs are checked only with one.
    pub fn invalid(&self) -> Invalid {
        let Some(endpoint) = self.endpoint() else { return Vec::new() };
        let address = Address::read(endpoint);
        let once =
            address.as_ref().map_or(true, |it| !it.has_credentials() || self.key().is_none());
        let sendable =
            |key: &ApiKey| key.expose().trim().bytes().all(|byte| byte.is_ascii_graphic());
        let name = |name: &str| HeaderName::try_from(name).is_ok();
        let headers = self.extra_headers.iter().flat_map(|headers| &headers.0);
        let mut headers =
            headers.map(|(it, value)| name(it) && HeaderValue::try_from(value.as_str()).is_ok());
        let body = self.extra_body.as_ref();
        let seconds = |value: f64| value.is_finite() && value > 0.0 && value <= 86_400.0;
        const SECONDS: &str = "above 0 and at most 86400";
        broken([
            (address.is_ok(), "narrator.url", address.err().unwrap_or_default()),
            (once, "narrator.url", "without a user name and a password where narrator.key is set"),
            (!self.model.trim().is_empty(), "narrator.model", "a model that the endpoint offers"),
            (
                self.key.as_ref().is_none_or(sendable),
                "narrator.key",
                "free of spaces, line ends and anything outside ASCII",
            ),
            (
                self.key_header.as_deref().is_none_or(name),
                "narrator.key_header",
                "the name of a header, such as api-key",
            ),
            (headers.all(|fine| fine), "narrator.extra_headers", "names and values of headers"),
            (
                body.is_none_or(|body| !body.0.contains_key("messages")),
                "narrator.extra_body",
                "without the messages, which are the story's",
            ),
            ((0.0..=2.0).contains(&self.temperature), "narrator.temperature", "0 to 2"),
            (self.research_tokens >= 1, "narrator.research_tokens", "at least 1"),
            (self.chapter_tokens >= 1, "narrator.chapter_tokens", "at least 1"),
            ((1..=20).contains(&self.chapters), "narrator.chapters", "1 to 20"),
            (seconds(self.connect_timeout_s), "narrator.connect_timeout_s", SECONDS),
            (seconds(self.first_token_timeout_s), "narrator.first_token_timeout_s", SECONDS),
            (seconds(self.idle_timeout_s), "narrator.idle_timeout_s", SECONDS),
            (seconds(self.reply_timeout_s), "narrator.reply_timeout_s", SECONDS),
            (seconds(self.usage_timeout_s), "narrator.usage_timeout_s", SECONDS),
            (self.reply_bytes_per_token >= 1, "narrator.reply_bytes_per_token", "at least 1"),
            (self.text_bytes_per_token >= 1, "narrator.text_bytes_per_token", "at least 1"),
            (self.thinking_per_token >= 1, "narrator.thinking_per_token", "at least 1"),
            (seconds(self.max_wait_s), "narrator.max_wait_s", SECONDS),
            (seconds(self.outage_s), "narrator.outage_s", SECONDS),
            (seconds(self.max_requested_wait_s), "narrator.max_requested_wait_s", SECONDS),
        ])
    }

    /// Maximum size in bytes of a reply for which so many tokens are asked.
    pub(super) const fn max_reply_bytes(&self, tokens: u64) -> u64 {
        tokens.saturating_mul(self.reply_bytes_per_token).saturating_add(REPLY_BYTES)
    }

    /// Converts a setting in seconds to a duration.
    pub(super) fn seconds(value: f64) -> Duration {
        Duration::try_from_secs_f64(value).unwrap_or_default()
    }
}
