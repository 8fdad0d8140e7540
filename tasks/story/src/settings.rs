//! Settings of stories. Each field names its variable and its default.

use std::{fmt, path::PathBuf, time::Duration};

use milepost::engine::DailyBudget;
use serde::{Deserialize, Serialize, Serializer};

use super::{chat::MIN_REPLY, input::MAX_CHARS};

/// `[story]`: settings of the kind `story` for both narrators.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
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
    /// Maximum wait for the first text, in seconds. `MILEPOST_NARRATOR_FIRST_TOKEN_TIMEOUT_S`.
    /// Default: 120.
    pub first_token_timeout_s: f64,
    /// Maximum silence of the stream, in seconds. `MILEPOST_NARRATOR_IDLE_TIMEOUT_S`. Default: 30.
    pub idle_timeout_s: f64,
    /// Maximum number of retries of a call after 429, 5xx or a lost connection, before its first
    /// text. `MILEPOST_NARRATOR_RETRIES`. Default: 5.
    pub retries: u32,
    /// Maximum delay between two tries, in seconds. If the endpoint requests more, the task returns
    /// to the queue for that time. `MILEPOST_NARRATOR_MAX_WAIT_S`. Default: 60.
    pub max_wait_s: f64,
}

impl Default for NarratorSettings {
    fn default() -> Self {
        Self {
            url: None,
            model: String::new(),
            key: None,
            key_file: None,
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
            retries: 5,
            max_wait_s: 60.0,
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
pub type Faults = Vec<(&'static str, String)>;

fn faults<const N: usize>(rules: [(bool, &'static str, &str); N]) -> Faults {
    let broken = rules.into_iter().filter(|(fine, ..)| !fine);
    broken.map(|(_, key, right)| (key, right.to_owned())).collect()
}

impl StorySettings {
    /// Validates the values.
    pub fn faults(&self) -> Faults {
        let words = self.words_per_second;
        faults([
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

    /// Daily budget of all stories.
    pub(super) fn daily_budget(&self) -> DailyBudget {
        DailyBudget::new("narrator_tokens", "language model's budget")
            .total(self.daily_tokens, "narrator.daily_tokens")
            .per_owner(self.daily_tokens_per_owner, "narrator.daily_tokens_per_owner")
            .least(MIN_REPLY)
            .anonymous(self.allow_anonymous)
    }

    /// Validates the values. Settings that only an endpoint needs are checked only with one.
    pub fn faults(&self) -> Faults {
        let Some(endpoint) = self.endpoint() else { return Vec::new() };
        let url = reqwest::Url::parse(endpoint);
        let reachable =
            url.is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let sendable = |key: &ApiKey| key.expose().bytes().all(|byte| byte.is_ascii_graphic());
        let seconds = |value: f64| value.is_finite() && value > 0.0 && value <= 86_400.0;
        const SECONDS: &str = "above 0 and at most 86400";
        faults([
            (reachable, "narrator.url", "an address such as http://127.0.0.1:8080/v1"),
            (!self.model.trim().is_empty(), "narrator.model", "a model that the endpoint offers"),
            (
                self.key.as_ref().is_none_or(sendable),
                "narrator.key",
                "free of spaces, line ends and anything outside ASCII",
            ),
            (self.research_tokens >= 1, "narrator.research_tokens", "at least 1"),
            (self.chapter_tokens >= 1, "narrator.chapter_tokens", "at least 1"),
            ((1..=20).contains(&self.chapters), "narrator.chapters", "1 to 20"),
            (seconds(self.connect_timeout_s), "narrator.connect_timeout_s", SECONDS),
            (seconds(self.first_token_timeout_s), "narrator.first_token_timeout_s", SECONDS),
            (seconds(self.idle_timeout_s), "narrator.idle_timeout_s", SECONDS),
            (seconds(self.max_wait_s), "narrator.max_wait_s", SECONDS),
        ])
    }

    /// Converts a setting in seconds to a duration.
    pub(super) fn seconds(value: f64) -> Duration {
        Duration::try_from_secs_f64(value).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint() -> NarratorSettings {
        NarratorSettings {
            url: Some("http://localhost/v1".to_owned()),
            model: "m".to_owned(),
            ..NarratorSettings::default()
        }
    }

    #[test]
    fn the_defaults_make_sense_and_need_no_endpoint() {
        assert_eq!(StorySettings::default().faults(), []);
        assert_eq!(NarratorSettings::default().faults(), []);
        assert_eq!(NarratorSettings::default().endpoint(), None);
        assert_eq!(endpoint().faults(), []);
    }

    #[test]
    fn what_makes_no_sense_is_told_by_its_key() {
        let wrong = [
            (NarratorSettings { url: Some("localhost".to_owned()), ..endpoint() }, "narrator.url"),
            (NarratorSettings { model: " ".to_owned(), ..endpoint() }, "narrator.model"),
            (NarratorSettings { key: Some(ApiKey::new("a\nb")), ..endpoint() }, "narrator.key"),
            (NarratorSettings { chapters: 0, ..endpoint() }, "narrator.chapters"),
            (NarratorSettings { max_wait_s: f64::NAN, ..endpoint() }, "narrator.max_wait_s"),
        ];
        for (settings, key) in wrong {
            let keys: Vec<_> = settings.faults().into_iter().map(|(key, _)| key).collect();
            assert_eq!(keys, [key]);
        }
        let story = StorySettings { words_per_second: f64::NAN, ..StorySettings::default() };
        assert_eq!(story.faults().len(), 1);
    }

    #[test]
    fn a_key_is_shown_nowhere() {
        let settings = NarratorSettings { key: Some(ApiKey::new("sk-secret")), ..endpoint() };
        assert!(!format!("{settings:?}").contains("secret"));
        assert!(!serde_json::to_string(&settings).unwrap().contains("secret"));
    }
}
