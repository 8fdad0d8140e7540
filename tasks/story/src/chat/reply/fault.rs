//! An endpoint's error in its own words, from whatever form it has: JSON of a dozen dialects, a
//! page of a gateway, or plain text.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{
    decide::{duration, spoken},
    json,
    words::{clean, page_title},
};

/// Keys of a message, in the order of their worth.
const MESSAGES: [&str; 23] = [
    "message",
    "Message",
    "msg",
    "error_message",
    "errorMessage",
    "error_msg",
    "errmsg",
    "err_msg",
    "status_msg",
    "faultstring",
    "detail",
    "details",
    "error",
    "errors",
    "fault",
    "Fault",
    "error_description",
    "errorDescription",
    "description",
    "title",
    "reason",
    "text",
    "raw",
];
/// Keys of what an error of one word, such as `invalid_request`, means.
const DESCRIPTIONS: [&str; 4] = ["error_description", "errorDescription", "description", "reason"];
/// Keys of a code or a type.
const CODES: [&str; 8] =
    ["code", "type", "status", "error_code", "errorCode", "errorcode", "error_type", "__type"];
/// Keys of an HTTP status.
const STATUSES: [&str; 8] = [
    "code",
    "status",
    "status_code",
    "statusCode",
    "http_status",
    "error_code",
    "http_code",
    "error",
];
/// Maximum nesting of errors within errors.
const MAX_DEPTH: u32 = 5;

/// An error as the endpoint describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fault {
    /// For people: one line without markup, shortened; empty if the endpoint sent no message.
    pub(crate) message: String,
    /// Its codes and types, in lower case.
    pub(crate) codes: Vec<String>,
    /// The HTTP status that it names, 400 to 599.
    pub(crate) status: Option<u16>,
    /// The parameter that it concerns.
    pub(crate) param: Option<String>,
    /// The delay that it asks for.
    pub(crate) retry_after: Option<Duration>,
}

impl Fault {
    /// Reads the body of a refusal, or a body that is no reply.
    pub(crate) fn read(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim_start_matches('\u{feff}').trim();
        // An event of a stream may carry the error, too.
        let data = text.lines().find_map(|line| line.trim_start().strip_prefix("data:"));
        let parsed = json::parse(text).or_else(|| json::parse(data?));
        match parsed {
            Some(value @ (Value::Object(_) | Value::Array(_) | Value::String(_))) => {
                Self::of(&value)
            }
            _ => Self::plain(page_title(text).unwrap_or_else(|| text.to_owned())),
        }
    }

    /// An error without a form.
    pub(super) fn plain(text: String) -> Self {
        Self { message: clean(&text), ..Self::default() }
    }

    /// The error in a JSON value.
    pub(super) fn of(value: &Value) -> Self {
        let found = message(value, 0);
        // No key is known: the words are wherever there are some.
        let found = if found.trim().is_empty() { words_in(value, 0) } else { found };
        let mut fault = Self { message: clean(&found), ..Self::default() };
        fault.collect(value, 0);
        fault
    }

    /// Its message, or else its code; empty if it has neither.
    pub(crate) fn words(&self) -> String {
        let code = || self.codes.first().cloned().or_else(|| Some(self.status?.to_string()));
        match code().filter(|_| self.message.is_empty()) {
            Some(code) => format!("code {}", clean(&code)),
            None => self.message.clone(),
        }
    }

    /// Whether one of its codes is `word`.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.codes.iter().any(|code| code == word)
    }

    /// Collects codes, status, parameter and delay from an error and those within it.
    fn collect(&mut self, value: &Value, depth: u32) {
        let inner = match value {
            Value::Array(items) => items.first(),
            Value::String(text) => {
                if let Some(inner) = embedded(text).filter(|_| depth < MAX_DEPTH) {
                    self.collect(&inner, depth + 1);
                }
                return;
            }
            Value::Object(object) => {
                self.take(object);
                let errors = [
                    "error",
                    "errors",
                    "fault",
                    "Fault",
                    "detail",
                    "message",
                    "metadata",
                    "details",
                    "base_resp",
                ];
                for inner in errors.iter().filter_map(|key| object.get(*key)) {
                    if depth < MAX_DEPTH {
                        self.collect(inner, depth + 1);
                    }
                }
                return;
            }
            _ => None,
        };
        if let Some(inner) = inner.filter(|_| depth < MAX_DEPTH) {
            self.collect(inner, depth + 1);
        }
    }

    fn take(&mut self, object: &Map<String, Value>) {
        for code in CODES.iter().filter_map(|key| object.get(*key)) {
            let code = match code {
                Value::String(code) => code.to_lowercase(),
                Value::Number(code) => code.to_string(),
                _ => continue,
            };
            if !code.is_empty() && code.len() <= 100 && !self.codes.contains(&code) {
                self.codes.push(code);
            }
        }
        let mut statuses = STATUSES.iter().filter_map(|key| object.get(*key)).filter_map(status);
        self.status = self.status.or_else(|| statuses.next());
        let param = object.get("param").and_then(Value::as_str).filter(|param| !param.is_empty());
        let param = param.map(str::to_owned).or_else(|| field_path(object));
        self.param = self.param.take().or(param);
        let delays =
            ["retry_after", "retryAfter", "retryDelay", "retry_after_seconds", "estimated_time"];
        let delay =
            delays.iter().filter_map(|key| object.get(*key)).find_map(|value| match value {
                Value::String(text) => {
                    spoken(text.trim()).or_else(|| duration(text.trim().parse().ok()?))
                }
                value => duration(value.as_f64()?),
            });
        self.retry_after = self.retry_after.or(delay);
    }
}

/// An HTTP status of an error, as a number or a text.
fn status(value: &Value) -> Option<u16> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    let whole = (400.0..600.0).contains(&number) && number.fract() == 0.0;
    whole.then_some(number as u16)
}

/// JSON within a text, as proxies pass on the error of an endpoint behind them.
fn embedded(text: &str) -> Option<Value> {
    let text = text.trim();
    matches!(text.as_bytes().first(), Some(b'{' | b'['))
        .then(|| json::parse(text))?
        .filter(|value| value.is_object() || value.is_array())
}

/// The message in a value.
fn message(value: &Value, depth: u32) -> String {
    if depth > MAX_DEPTH {
        return String::new();
    }
    match value {
        Value::String(text) => match embedded(text).map(|inner| message(&inner, depth + 1)) {
            Some(inner) if !inner.is_empty() => inner,
            _ => page_title(text).unwrap_or_else(|| text.clone()),
        },
        Value::Array(items) => {
            let parts = items.iter().take(3).map(|item| message(item, depth + 1));
            parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
        }
        Value::Object(object) => of_object(object, depth),
        _ => String::new(),
    }
}

fn of_object(object: &Map<String, Value>, depth: u32) -> String {
    let inner = object.get("base_resp").map(|inner| message(inner, depth + 1));
    let found = MESSAGES.iter().filter_map(|key| object.get(*key)).map(|it| message(it, depth + 1));
    let found = inner.into_iter().chain(found).find(|text| !text.trim().is_empty());
    let mut text = found.unwrap_or_default();
    // OAuth: a code, and beside it what it means.
    if object.get("error").and_then(Value::as_str) == Some(text.as_str()) {
        let meanings = DESCRIPTIONS.iter().filter_map(|key| object.get(*key));
        let meaning = meanings.map(|it| message(it, depth + 1)).find(|it| !it.trim().is_empty());
        if let Some(meaning) = meaning.filter(|it| !text.contains(it.trim())) {
            text = format!("{text}: {meaning}");
        }
    }
    // FastAPI: which field is meant.
    if let Some(field_path) = field_path(object) {
        text = format!("{field_path}: {text}");
    }
    // OpenRouter: the message of the provider behind it.
    if let Some(raw) = object.get("metadata").and_then(|metadata| metadata.get("raw")) {
        let raw = message(raw, depth + 1);
        if !raw.trim().is_empty() && !text.contains(raw.trim()) {
            text = format!("{text}: {raw}");
        }
    }
    text
}

/// The longest text of several words in a value.
fn words_in(value: &Value, depth: u32) -> String {
    let longest = |values: &mut dyn Iterator<Item = &Value>| {
        values.map(|it| words_in(it, depth + 1)).max_by_key(String::len).unwrap_or_default()
    };
    match value {
        Value::String(text) if text.trim().contains(char::is_whitespace) => text.clone(),
        Value::Array(items) if depth < MAX_DEPTH => longest(&mut items.iter()),
        Value::Object(object) if depth < MAX_DEPTH => longest(&mut object.values()),
        _ => String::new(),
    }
}

/// The field that FastAPI means, such as `temperature` for `["body", "temperature"]`.
fn field_path(object: &Map<String, Value>) -> Option<String> {
    let field_path = object.get("loc")?.as_array()?;
    let names = field_path.iter().filter_map(Value::as_str).filter(|name| *name != "body");
    let names = names.collect::<Vec<_>>().join(".");
    (!names.is_empty()).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message_of(body: &str) -> String {
        Fault::read(body.as_bytes()).message
    }

    #[test]
    fn the_words_are_found_in_every_form() {
        let cases = [
            (r#"{"error":{"message":"no","type":"x"}}"#, "no"),
            (r#"{"error":"no"}"#, "no"),
            (r#"{"object":"error","message":"no","code":40303}"#, "no"),
            (r#"[{"error":{"code":429,"message":"no","status":"RESOURCE_EXHAUSTED"}}]"#, "no"),
            (r#"{"detail":"no"}"#, "no"),
            (r#"{"detail":{"error":"no"}}"#, "no"),
            (
                r#"{"detail":[{"loc":["body","max_tokens"],"msg":"must be positive","type":"x"}]}"#,
                "max_tokens: must be positive",
            ),
            (
                r#"{"message":{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}}"#,
                "stream_options: Extra inputs are not permitted",
            ),
            (r#"{"message":"no"}"#, "no"),
            (r#"{"msg":"no","code":500}"#, "no"),
            (r#"{"Message":"no"}"#, "no"),
            (r#"{"errors":["no","never"]}"#, "no; never"),
            (
                r#"{"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}"#,
                "insufficient balance",
            ),
            (r#"{"title":"Bad","detail":"no"}"#, "no"),
            (r#""no""#, "no"),
            ("no\n  way", "no way"),
            ("", ""),
            ("data: {\"error\":{\"message\":\"no\"}}\n\n", "no"),
            (r#"{"error":{"message":"{\"error\":{\"message\":\"inner\"}}"}}"#, "inner"),
            (
                r#"{"error":{"message":"Provider returned error","code":502,"metadata":{"raw":"{\"detail\":\"upstream is down\"}"}}}"#,
                "Provider returned error: upstream is down",
            ),
            (
                "<html><head><title>502 Bad Gateway</title></head><body>x</body></html>",
                "502 Bad Gateway",
            ),
            ("<!DOCTYPE html><h1>Not &amp; here</h1>", "Not & here"),
            (r#"{"error":"<html><title>504</title></html>"}"#, "504"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
        ];
        for (body, words) in cases {
            assert_eq!(message_of(body), words, "{body}");
        }
    }

    #[test]
    fn the_words_of_gateways_are_found_beside_codes_and_under_any_key() {
        let cases = [
            (
                r#"{"fault":{"faultstring":"Invalid ApiKey","detail":{"errorcode":"oauth.v2.InvalidApiKey"}}}"#,
                "Invalid ApiKey",
            ),
            (r#"{"fault":{"code":900901,"message":"no","description":"x"}}"#, "no"),
            (r#"{"Fault":{"faultcode":"x","faultstring":"no"}}"#, "no"),
            (
                r#"{"error":"invalid_request","error_description":"The deployment is retired"}"#,
                "invalid_request: The deployment is retired",
            ),
            (r#"{"error":"no","error_description":"no"}"#, "no"),
            (r#"{"error":"no","error_description":""}"#, "no"),
            (r#"{"error":{"error":"bad","description":"no"}}"#, "bad: no"),
            (r#"{"error_description":"no"}"#, "no"),
            (r#"{"errorCode":"x","errorMessage":"no"}"#, "no"),
            (r#"{"errcode":40001,"errmsg":"no"}"#, "no"),
            (r#"{"outcome":{"why":["x","no way"],"id":"a-b"}}"#, "no way"),
            (r#"{"success":true,"data":{}}"#, ""),
        ];
        for (body, words) in cases {
            assert_eq!(message_of(body), words, "{body}");
        }
    }

    #[test]
    fn codes_status_parameter_and_delay_are_found() {
        let fault = Fault::read(
            br#"{"error":{"message":"m","type":"Rate_Limit","code":"429","param":"max_tokens",
                "details":[{"@type":"x","retryDelay":"34s"}]}}"#,
        );
        assert_eq!(fault.codes, ["429", "rate_limit"]);
        assert_eq!((fault.status, fault.retry_after), (Some(429), Some(Duration::from_secs(34))));
        assert_eq!(fault.param.as_deref(), Some("max_tokens"));
        assert_eq!(Fault::read(b"[{\"error\":{\"code\":503.0}}]").status, Some(503));
        assert_eq!(Fault::read(b"{\"code\":0}").status, None);
        assert!(Fault::read(b"{\"error\":{\"type\":\"Overloaded_Error\"}}").is("overloaded_error"));
    }

    #[test]
    fn a_long_message_is_shortened_and_deep_ones_end() {
        let long = message_of(&format!("{{\"error\":\"{}\"}}", "word ".repeat(500)));
        assert!(long.chars().count() <= 301 && long.ends_with('…'), "{long}");
        let deep = format!("{}\"no\"{}", "{\"error\":".repeat(60), "}".repeat(60));
        assert_eq!(message_of(&deep), "");
    }
}
