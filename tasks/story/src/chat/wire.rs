//! Bodies of requests, and how they adapt to what an endpoint takes.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    super::settings::{NarratorSettings, Omission, TokenField},
    reply::Fault,
};

/// One message of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Message {
    pub(super) role: &'static str,
    pub(super) content: String,
}

/// What an endpoint takes, as far as known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    completion_tokens: bool,
    temperature: bool,
    stream_options: bool,
    system: bool,
    stream: bool,
    /// Whether the token field is set, or was changed once.
    token_field_fixed: bool,
}

/// Words with which endpoints refuse a part of a request.
const REFUSALS: [&str; 17] = [
    "unsupported",
    "not support",
    "n't support",
    "not permitted",
    "not allowed",
    "unrecognized",
    "unrecognised",
    "unknown",
    "unexpected",
    "extra inputs",
    "additional properties",
    "extra fields",
    "only the default",
    "deprecated",
    "not enabled",
    "invalid",
    "must be verified",
];

impl Dialect {
    /// What the settings ask for.
    pub(super) fn new(settings: &NarratorSettings) -> Self {
        Self {
            completion_tokens: settings.token_field == TokenField::MaxCompletionTokens,
            temperature: !settings.omits(Omission::Temperature),
            stream_options: !settings.omits(Omission::StreamOptions),
            system: !settings.omits(Omission::System),
            stream: !settings.omits(Omission::Stream),
            token_field_fixed: settings.token_field != TokenField::Auto,
        }
    }

    /// Leaves out what a refusal names; says what changed. `None` if the refusal is about something
    /// else: each part changes once only.
    pub(super) fn adapt(&mut self, status: u16, fault: &Fault) -> Option<&'static str> {
        if !matches!(status, 200 | 400 | 404 | 422 | 500 | 501) {
            return None;
        }
        let text = fault.message.to_lowercase();
        let param = fault.param.as_deref().unwrap_or_default();
        let refused = REFUSALS.iter().any(|word| text.contains(word));
        let about = |name: &str| refused && (text.contains(name) || param.starts_with(name));
        if self.stream_options && about("stream_options") {
            self.stream_options = false;
            return Some("it is asked without stream_options");
        }
        let tokens = if self.completion_tokens { "max_completion_tokens" } else { "max_tokens" };
        let limit = ["range", "too large", "at most", "less than", "maximum", "greater than"];
        let value = limit.iter().any(|word| text.contains(word));
        if !self.token_field_fixed && about(tokens) && !value {
            self.token_field_fixed = true;
            self.completion_tokens = !self.completion_tokens;
            return Some(match self.completion_tokens {
                true => "it is asked with max_completion_tokens",
                false => "it is asked with max_tokens",
            });
        }
        if self.temperature && about("temperature") {
            self.temperature = false;
            return Some("it is asked without a temperature");
        }
        let alternate =
            text.contains("roles must alternate") || text.contains("developer instruction");
        if self.system
            && (about("system role") || about("system message") || about("system") || alternate)
        {
            self.system = false;
            return Some("it is asked without the role system");
        }
        if self.stream && about("stream") {
            self.stream = false;
            return Some("it is asked for whole replies");
        }
        None
    }

    /// Body of `POST /chat/completions`.
    pub(super) fn body(
        &self,
        settings: &NarratorSettings,
        messages: &[Message],
        max_tokens: u64,
    ) -> Value {
        let mut body = Map::new();
        body.insert("model".to_owned(), json!(settings.model.trim()));
        body.insert("messages".to_owned(), self.messages(messages));
        let tokens = if self.completion_tokens { "max_completion_tokens" } else { "max_tokens" };
        body.insert(tokens.to_owned(), json!(max_tokens));
        if self.temperature {
            body.insert("temperature".to_owned(), json!(settings.temperature));
        }
        body.insert("stream".to_owned(), json!(self.stream));
        if self.stream && self.stream_options {
            body.insert("stream_options".to_owned(), json!({"include_usage": true}));
        }
        for (name, value) in settings.extra_body.iter().flat_map(|extra| &extra.0) {
            if value.is_null() {
                body.remove(name);
            } else {
                body.insert(name.clone(), value.clone());
            }
        }
        Value::Object(body)
    }

    /// The messages; without the role `system`, instructions begin the message of the user.
    fn messages(&self, messages: &[Message]) -> Value {
        if self.system {
            return json!(messages);
        }
        let texts: Vec<&str> = messages.iter().map(|message| message.content.as_str()).collect();
        json!([{"role": "user", "content": texts.join("\n\n")}])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> NarratorSettings {
        NarratorSettings { model: " m ".to_owned(), ..NarratorSettings::default() }
    }

    fn messages() -> Vec<Message> {
        let message = |role, content: &str| Message { role, content: content.to_owned() };
        vec![message("system", "Be good."), message("user", "Tell.")]
    }

    fn body(dialect: &Dialect) -> Value {
        dialect.body(&settings(), &messages(), 50)
    }

    #[test]
    fn each_refusal_of_a_parameter_changes_the_request_once() {
        let refusals = [
            r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","param":"max_tokens","code":"unsupported_parameter"}}"#,
            r#"{"error":{"message":"Unsupported value: 'temperature' does not support 0.8 with this model. Only the default (1) value is supported.","param":"temperature"}}"#,
            r#"{"message":{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}}"#,
            r#"{"error":{"message":"System role not supported"}}"#,
            r#"{"error":{"message":"Your organization must be verified to stream this model.","param":"stream"}}"#,
        ];
        let mut dialect = Dialect::new(&settings());
        for refusal in refusals {
            let fault = Fault::read(refusal.as_bytes());
            assert!(dialect.adapt(400, &fault).is_some(), "{refusal}");
        }
        for refusal in refusals {
            let fault = Fault::read(refusal.as_bytes());
            assert_eq!(dialect.adapt(400, &fault), None, "{refusal}");
        }
        let expected = json!({
            "model": "m", "max_completion_tokens": 50, "stream": false,
            "messages": [{"role": "user", "content": "Be good.\n\nTell."}],
        });
        assert_eq!(body(&dialect), expected);
    }

    #[test]
    fn other_refusals_change_nothing() {
        let mut dialect = Dialect::new(&settings());
        let before = dialect;
        for (status, text) in [
            (400, "max_tokens is too large: 1200. This model supports at most 100"),
            (400, "Invalid max_tokens value, the valid range of max_tokens is [1, 800]"),
            (429, "Unsupported parameter: temperature"),
            (400, "messages must not be empty"),
            (400, ""),
        ] {
            let fault = Fault::read(text.as_bytes());
            assert_eq!(dialect.adapt(status, &fault), None, "{text}");
        }
        assert_eq!(dialect, before);
        let mut fixed =
            Dialect::new(&NarratorSettings { token_field: TokenField::MaxTokens, ..settings() });
        let fault = Fault::read(b"Unsupported parameter: 'max_tokens'");
        assert_eq!(fixed.adapt(400, &fault), None);
    }

    #[test]
    fn settings_decide_from_the_start_and_extra_fields_are_added() {
        let extra = serde_json::from_value(json!({"top_k": 5, "temperature": null})).unwrap();
        let settings = NarratorSettings {
            extra_body: Some(extra),
            omit: vec![Omission::StreamOptions],
            token_field: TokenField::MaxCompletionTokens,
            ..settings()
        };
        let body = Dialect::new(&settings).body(&settings, &messages(), 50);
        let expected = json!({
            "model": "m", "max_completion_tokens": 50, "stream": true, "top_k": 5,
            "messages": [{"role": "system", "content": "Be good."}, {"role": "user", "content": "Tell."}],
        });
        assert_eq!(body, expected);
    }
}
