//! The fields of an input that go in and never come out: those that the schema calls `writeOnly`.

use serde_json::Value;

use crate::engine::ValidationError;

/// A shorter secret is looked for in quotation marks only: its letters are everywhere.
const MIN_BYTES: usize = 4;

/// Whether a field is a secret.
pub(crate) fn is_secret(schema: &Value, field: &str) -> bool {
    schema["properties"][field]["writeOnly"] == true
}

/// The secrets of an input as they may be told, the longest first.
pub(super) fn values(schema: &Value, input: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in input.as_object().into_iter().flatten() {
        if is_secret(schema, name) {
            collect(value, &mut found);
        }
    }
    found.sort_by_key(|text| std::cmp::Reverse(text.len()));
    found.dedup();
    found
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if !text.is_empty() => {
            // Messages quote texts as Rust and as JSON do.
            let quoted = [format!("{text:?}"), value.to_string()];
            found.extend(quoted.iter().map(|quoted| quoted.trim_matches('"').to_owned()));
            found.push(text.clone());
        }
        Value::Number(number) => found.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, found)),
        Value::String(_) | Value::Bool(_) | Value::Null => {}
    }
}

/// The refusal without these texts.
pub(super) fn hide(mut refusal: ValidationError, secrets: &[String]) -> ValidationError {
    let hide = |text: &mut String| {
        for secret in secrets {
            if secret.len() >= MIN_BYTES {
                *text = text.replace(secret, "***");
            } else {
                for mark in ['"', '`', '\''] {
                    *text =
                        text.replace(&format!("{mark}{secret}{mark}"), &format!("{mark}***{mark}"));
                }
            }
        }
    };
    hide(&mut refusal.detail);
    refusal.errors.iter_mut().for_each(|error| hide(&mut error.detail));
    refusal
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_does_not_quote_the_secrets_of_its_input() {
        let schema = json!({"properties": {
            "key": {"type": "string", "writeOnly": true}, "pin": {"writeOnly": true}, "name": {},
        }});
        let told = |input: Value, detail: &str| {
            hide(ValidationError::field("key", detail), &values(&schema, &input)).errors[0]
                .detail
                .clone()
        };
        let key = json!({"key": "hu\"sh", "name": "expected"});
        let detail = "invalid type: string \"hu\\\"sh\", expected u32";
        assert_eq!(told(key, detail), "invalid type: string \"***\", expected u32");
        let pin = json!({"pin": {"now": [12345, "e"]}});
        let detail = "unknown variant `e`, expected one of `x`; not 12345";
        assert_eq!(told(pin, detail), "unknown variant `***`, expected one of `x`; not ***");
        assert_eq!(told(json!({"name": "shown"}), "not shown"), "not shown");
    }
}
