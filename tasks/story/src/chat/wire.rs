//! Bodies of requests, and how they adapt to what an endpoint takes.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    super::settings::{NarratorSettings, Omission, TokenField},
    cap,
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
    /// Most tokens that a reply may be asked to have; `None`: no limit is known.
    most_tokens: Option<u64>,
}

/// Words with which endpoints refuse a part of a request.
const REFUSALS: [&str; 21] = [
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
    "both be specified",
    "cannot both",
    "mutually exclusive",
    "no longer supported",
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
            most_tokens: None,
        }
    }

    /// At most `tokens`, and no more than the endpoint takes.
    pub(super) fn capped(&self, tokens: u64) -> u64 {
        self.most_tokens.map_or(tokens, |most| tokens.min(most))
    }

    /// Leaves out what a refusal names, or asks for less than `tokens`; says what changed. `None` if
    /// the refusal is about something else: each part changes once only.
    pub(super) fn adapt(&mut self, status: u16, fault: &Fault, tokens: u64) -> Option<String> {
        if !matches!(status, 200 | 400 | 404 | 422 | 500 | 501) {
            return None;
        }
        if let Some(most) = cap::read(fault, tokens) {
            self.most_tokens = Some(most);
            return Some(format!("it is asked for at most {most} tokens"));
        }
        self.leave_out(status, fault).map(str::to_owned)
    }

    fn leave_out(&mut self, status: u16, fault: &Fault) -> Option<&'static str> {
        // A code of any bad request, such as `invalid_request`, says nothing about a field.
        let text = fault.message.to_lowercase().replace("invalid_request", "");
        let param = fault.param.as_deref().unwrap_or_default();
        let refused = REFUSALS.iter().any(|word| text.contains(word));
        // A field that is named as the parameter needs no words.
        let about = |name: &str| {
            refused && (text.contains(name) || param.starts_with(name))
                || matches!(status, 400 | 422) && param == name
        };
        if self.stream_options && about("stream_options") {
            self.stream_options = false;
            return Some("it is asked without stream_options");
        }
        let (tokens, other) = match self.completion_tokens {
            true => ("max_completion_tokens", "max_tokens"),
            false => ("max_tokens", "max_completion_tokens"),
        };
        // "This model uses max_completion_tokens."
        let other = text.contains("use") && text.contains(other) && !text.contains(tokens);
        let renames = (about(tokens) || other) && !cap::refuses_length(fault);
        if !self.token_field_fixed && renames {
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
        if self.system && (about("system") || refuses_system(&text)) {
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

/// Whether an endpoint names the roles that it takes, and `system` is none of them.
fn refuses_system(text: &str) -> bool {
    let has = |word: &str| text.contains(word);
    let roles = has("role") || has("should be") || has("must be") || has("one of");
    let named = roles && has("user") && has("assistant") && !has("system");
    named || has("roles must alternate") || has("developer instruction")
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
            assert!(dialect.adapt(400, &fault, 50).is_some(), "{refusal}");
        }
        for refusal in refusals {
            let fault = Fault::read(refusal.as_bytes());
            assert_eq!(dialect.adapt(400, &fault, 50), None, "{refusal}");
        }
        let expected = json!({
            "model": "m", "max_completion_tokens": 50, "stream": false,
            "messages": [{"role": "user", "content": "Be good.\n\nTell."}],
        });
        assert_eq!(body(&dialect), expected);
    }

    #[test]
    fn an_endpoint_that_names_the_roles_it_takes_gets_no_other() {
        for (status, refusal) in [
            (
                400,
                r#"{"error":"Error rendering prompt with jinja template: \"Only user and assistant roles are supported!\""}"#,
            ),
            (200, "Only user and assistant roles are supported!"),
            (500, "Only user, assistant and tool roles are supported"),
            (
                422,
                r#"{"detail":[{"loc":["body","messages",0,"role"],"msg":"Input should be 'user' or 'assistant'"}]}"#,
            ),
            (400, "Input should be 'user' or 'assistant'"),
            (400, "messages.0.role: must be one of: user, assistant"),
            (400, "Conversation roles must alternate user/assistant/user/assistant/..."),
        ] {
            let mut dialect = Dialect::new(&settings());
            let fault = Fault::read(refusal.as_bytes());
            let change = dialect.adapt(status, &fault, 50);
            assert_eq!(change.as_deref(), Some("it is asked without the role system"), "{refusal}");
            assert_eq!(dialect.adapt(status, &fault, 50), None, "{refusal}");
            assert_eq!(body(&dialect)["messages"][0]["role"], "user");
        }
        for other in [
            "Input should be 'system', 'user' or 'assistant'",
            "The user has no assistant",
            "a message must be of the user",
        ] {
            let fault = Fault::read(other.as_bytes());
            assert_eq!(Dialect::new(&settings()).adapt(400, &fault, 50), None, "{other}");
        }
    }

    #[test]
    fn a_field_is_left_out_or_renamed_whatever_words_refuse_it() {
        let cases = [
            (
                400,
                "`temperature` and `top_p` cannot both be specified for this model",
                "temperature",
            ),
            (400, "temperature and top_p cannot both be specified", "temperature"),
            (
                422,
                r#"{"detail":[{"loc":["body","temperature"],"msg":"Input should be less than 1"}]}"#,
                "temperature",
            ),
            (
                422,
                r#"{"detail":[{"loc":["body","temperature"],"type":"value_error"}]}"#,
                "temperature",
            ),
            (400, "temperature is no longer supported by this model", "temperature"),
            (
                400,
                r#"{"error":"invalid_request","error_description":"temperature is not supported"}"#,
                "temperature",
            ),
            (400, "this model uses max_completion_tokens", "max_tokens"),
            (400, "Please use `max_completion_tokens` instead.", "max_tokens"),
            (422, r#"{"detail":[{"loc":["body","max_tokens"],"msg":"x"}]}"#, "max_tokens"),
        ];
        for (status, refusal, gone) in cases {
            let mut dialect = Dialect::new(&settings());
            let fault = Fault::read(refusal.as_bytes());
            assert!(dialect.adapt(status, &fault, 50).is_some(), "{refusal}");
            let body = body(&dialect);
            assert!(body.get(gone).is_none(), "{refusal}: {body}");
            let renamed = body.get("max_completion_tokens").is_some();
            assert_eq!(renamed, gone == "max_tokens", "{refusal}: {body}");
        }
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
            (400, "max_completion_tokens is too large: use at most 100"),
            (
                422,
                r#"{"detail":[{"loc":["body","max_tokens"],"msg":"Input should be less than 100"}]}"#,
            ),
            (400, r#"{"error":"invalid_request","error_description":"The upstream is gone"}"#),
            (400, ""),
        ] {
            let fault = Fault::read(text.as_bytes());
            assert_eq!(dialect.adapt(status, &fault, 50), None, "{text}");
        }
        assert_eq!(dialect, before);
        let mut fixed =
            Dialect::new(&NarratorSettings { token_field: TokenField::MaxTokens, ..settings() });
        let fault = Fault::read(b"Unsupported parameter: 'max_tokens'");
        assert_eq!(fixed.adapt(400, &fault, 50), None);
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
