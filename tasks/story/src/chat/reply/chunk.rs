//! One JSON document of a reply: what is needed of it, read leniently.

use serde_json::{Map, Value};

use super::fault::Fault;

/// Figures beyond this are no count of tokens.
const MAX_TOKENS: f64 = 1e12;
/// Keys of what gateways put a reply into.
const ENVELOPES: [&str; 4] = ["data", "result", "output", "response"];
/// Maximum nesting of parts within parts.
const MAX_DEPTH: u32 = 4;

/// What a document adds to a reply.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Chunk {
    /// Whether it has a choice.
    pub(super) choice: bool,
    /// Which choice it is of, if it says so.
    pub(super) index: Option<i64>,
    /// Text to append.
    pub(super) text: String,
    /// All of the text so far.
    pub(super) whole: Option<String>,
    /// Characters of thinking.
    pub(super) thought_chars: u64,
    /// Words with which the model refuses.
    pub(super) refusal: String,
    /// Whether the model calls a tool.
    pub(super) tools: bool,
    /// Why it ended, if it did.
    pub(super) finish: Option<String>,
    /// Whether it ended, though no reason is told.
    pub(super) over: bool,
    /// The provider's own word for that.
    pub(super) native_finish: Option<String>,
    /// All tokens of the call, and those of its prompt.
    pub(super) usage: Option<Usage>,
    /// The error that it reports.
    pub(super) fault: Option<Fault>,
    /// Whether the document is a complete reply and not an event.
    pub(super) complete: bool,
}

/// Tokens of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Prompt and reply together.
    pub(crate) total: u64,
    /// The prompt alone, where the endpoint says so.
    pub(crate) prompt: Option<u64>,
}

/// Reads one document. `error`: its event is named an error; `framed`: it is an event.
pub(super) fn read(root: &Map<String, Value>, error: bool, framed: bool) -> Chunk {
    let mut chunk = Chunk::default();
    let inner = enveloped(root, 0);
    let choice = choice(inner.unwrap_or(root));
    if let Some(choice) = choice {
        chunk.choice = true;
        chunk.index = choice.get("index").and_then(whole_number);
        take_choice(&mut chunk, choice);
    }
    let nested = |key: &str| root.get(key).and_then(|inner| inner.get("usage"));
    let usages = [root.get("usage"), nested("x_groq"), choice.and_then(|it| it.get("usage"))];
    let usages = usages.into_iter().chain([inner.and_then(|it| it.get("usage"))]);
    chunk.usage = usages.flatten().find_map(usage).or_else(|| native_usage(root));
    let inner = choice.and_then(|choice| choice.get("error")).filter(|error| is_error(error));
    chunk.fault = match inner {
        Some(error) => Some(Fault::of(error)),
        None => fault(root, error, framed, choice.is_some() || chunk.usage.is_some()),
    };
    chunk
}

/// The reply within the envelope of a gateway, such as `{"success":true,"data":{…}}`.
fn enveloped(root: &Map<String, Value>, depth: u32) -> Option<&Map<String, Value>> {
    if root.contains_key("choices") || root.contains_key("done") || depth > MAX_DEPTH {
        return None;
    }
    let inner = |key: &&str| match root.get(*key)? {
        Value::Array(items) => items.first()?.as_object(),
        value => value.as_object(),
    };
    let mut envelopes = ENVELOPES.iter().filter_map(inner);
    envelopes.find_map(|inner| {
        let reply = inner.get("choices").is_some_and(|it| it.is_array() || it.is_object());
        if reply { Some(inner) } else { enveloped(inner, depth + 1) }
    })
}

/// The choice of a document; Ollama's own protocol has its fields at the top.
fn choice(root: &Map<String, Value>) -> Option<&Map<String, Value>> {
    match root.get("choices") {
        Some(Value::Array(choices)) => {
            let first = |choice: &&Value| {
                choice.get("index").and_then(whole_number).is_none_or(|index| index == 0)
            };
            choices.iter().find(first).or_else(|| choices.first())?.as_object()
        }
        Some(Value::Object(choice)) => Some(choice),
        _ if root.contains_key("done") && root.get("message").is_some_and(Value::is_object) => {
            Some(root)
        }
        _ => None,
    }
}

fn take_choice(chunk: &mut Chunk, choice: &Map<String, Value>) {
    let object = |key: &str| choice.get(key).and_then(Value::as_object);
    let (delta, message) = (object("delta"), object("message"));
    for (part, whole) in [(delta, false), (message, true)] {
        let Some(part) = part else { continue };
        let Content { text, thought_chars } = content(part);
        if whole && delta.is_some() {
            // Both: the message repeats all of the text, or has it alone.
            chunk.whole = Some(text).filter(|text| !text.is_empty() && chunk.text.is_empty());
            continue;
        }
        if whole && !choice.contains_key("done") {
            chunk.whole = Some(text);
            chunk.complete = true;
        } else {
            chunk.text = text;
        }
        chunk.thought_chars = thought_chars;
        chunk.refusal = string(part, "refusal").unwrap_or_default();
        let calls = ["tool_calls", "function_call"].iter().filter_map(|key| part.get(*key));
        chunk.tools = calls.into_iter().any(is_something);
    }
    if delta.is_none() && message.is_none() {
        // The older protocol of completions, and a delta that is a text.
        let text = ["text", "delta"].iter().find_map(|key| string(choice, key));
        chunk.text = text.unwrap_or_default();
    }
    let reasons = ["finish_reason", "finishReason", "done_reason", "stop_reason"];
    chunk.finish = reasons.iter().find_map(|key| string(choice, key)).filter(|it| is_reason(it));
    chunk.over = chunk.finish.is_none() && choice.get("done") == Some(&Value::Bool(true));
    chunk.native_finish = string(choice, "native_finish_reason").filter(|it| is_reason(it));
}

/// Some endpoints send a reason that is none with each event.
fn is_reason(reason: &str) -> bool {
    !matches!(reason.trim().to_ascii_lowercase().as_str(), "" | "null" | "none")
}

/// The text of a message, and how much thinking stands beside it.
struct Content {
    text: String,
    thought_chars: u64,
}

fn content(message: &Map<String, Value>) -> Content {
    let mut content = Content { text: String::new(), thought_chars: 0 };
    if let Some(value) = message.get("content") {
        collect(value, false, &mut content, 0);
    }
    // Endpoints repeat it under several names.
    let names = ["reasoning_content", "reasoning", "thinking", "thought", "reasoning_details"];
    let thoughts = names.iter().filter_map(|name| message.get(*name)).map(|value| {
        let mut thought = Content { text: String::new(), thought_chars: 0 };
        collect(value, true, &mut thought, 0);
        thought.thought_chars
    });
    content.thought_chars += thoughts.max().unwrap_or_default();
    content
}

/// Collects text and thinking from a content: a text, or a list of parts.
fn collect(value: &Value, thinking: bool, into: &mut Content, depth: u32) {
    match value {
        Value::String(text) if thinking => into.thought_chars += text.chars().count() as u64,
        Value::String(text) => into.text.push_str(text),
        // A word of the text that a proxy took for a value.
        Value::Number(number) if !thinking => into.text.push_str(&number.to_string()),
        Value::Bool(value) if !thinking => into.text.push_str(&value.to_string()),
        Value::Array(parts) if depth < MAX_DEPTH => {
            parts.iter().for_each(|part| collect(part, thinking, into, depth + 1));
        }
        Value::Object(part) if depth < MAX_DEPTH => {
            let kind = part.get("type").and_then(Value::as_str).unwrap_or("text");
            let thinking = thinking || kind.contains("think") || kind.contains("reason");
            if !thinking && !kind.contains("text") {
                return;
            }
            let keys = ["text", "thinking", "content", "value", "summary", "reasoning"];
            if let Some(inner) = keys.iter().find_map(|key| part.get(*key)) {
                collect(inner, thinking, into, depth + 1);
            }
        }
        _ => {}
    }
}

/// The error that a document reports. `reply`: it is part of a reply otherwise.
fn fault(root: &Map<String, Value>, named: bool, framed: bool, reply: bool) -> Option<Fault> {
    let whole = || Some(Fault::of(&Value::Object(root.clone())));
    if ["error", "fault", "Fault"].iter().any(|key| root.get(*key).is_some_and(is_error)) {
        return whole();
    }
    let word = |key: &str| root.get(key).and_then(Value::as_str).unwrap_or_default();
    if named || word("object") == "error" || word("type") == "error" {
        return whole();
    }
    if reply {
        return None;
    }
    let code = root.get("base_resp").and_then(|inner| inner.get("status_code"));
    if code.and_then(Value::as_i64).is_some_and(|code| code != 0) {
        return whole();
    }
    let failed = ["success", "ok"].iter().any(|key| root.get(*key) == Some(&Value::Bool(false)));
    let tells = ["detail", "message", "msg", "errors", "error_message", "error_msg", "Message"]
        .iter()
        .any(|key| root.get(*key).is_some_and(|it| is_error(it) && !is_message(it)));
    // An event may just tell something, such as a place in a queue.
    let coded = ["code", "status_code", "error_code", "statusCode"]
        .iter()
        .any(|key| root.get(*key).is_some_and(is_error));
    let tells = tells && (coded || !framed) && !root.contains_key("choices");
    if failed || tells { whole() } else { None }
}

/// Whether a value describes an error; endpoints send empty ones with each event.
fn is_error(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(object) => object.values().any(is_error),
        Value::Bool(true) => true,
    }
}

/// Whether a value is a message of a conversation.
fn is_message(value: &Value) -> bool {
    value.get("role").is_some() || value.get("content").is_some()
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(object) => !object.is_empty(),
        _ => false,
    }
}

fn string(object: &Map<String, Value>, key: &str) -> Option<String> {
    object.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// A number, or a text of one.
fn number(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    (number.is_finite() && (0.0..=MAX_TOKENS).contains(&number)).then_some(number)
}

fn whole_number(value: &Value) -> Option<i64> {
    number(value).map(|number| number as i64)
}

fn usage(value: &Value) -> Option<Usage> {
    let get = |key: &str| value.get(key).and_then(number).map(|tokens| tokens.ceil() as u64);
    let prompt = get("prompt_tokens").or_else(|| get("input_tokens"));
    let reply = get("completion_tokens").or_else(|| get("output_tokens"));
    let sum = prompt.unwrap_or_default() + reply.unwrap_or_default();
    let total = get("total_tokens").filter(|total| *total > 0).unwrap_or(sum);
    (total > 0).then_some(Usage { total, prompt: prompt.filter(|tokens| *tokens > 0) })
}

/// Figures of Ollama's own protocol.
fn native_usage(root: &Map<String, Value>) -> Option<Usage> {
    let get = |key: &str| root.get(key).and_then(number).map(|tokens| tokens as u64);
    let (prompt, reply) = (get("prompt_eval_count"), get("eval_count")?);
    Some(Usage { total: prompt.unwrap_or_default() + reply, prompt }).filter(|it| it.total > 0)
}

#[cfg(test)]
#[path = "chunk_tests.rs"]
mod tests;
