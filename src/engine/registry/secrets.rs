//! Secret input fields: those that the schema marks `writeOnly` are accepted but never returned.

use serde_json::Value;

use crate::{engine::ValidationError, task::FieldError};

/// Shorter secrets are hidden only within quotation marks: their letters occur everywhere.
const MIN_BYTES: usize = 4;
/// Replacement text for a secret.
const HIDDEN: &str = "***";

/// Whether the schema marks a field as secret.
pub(crate) fn is_secret(schema: &Value, field: &str) -> bool {
    schema["properties"][field]["writeOnly"] == true
}

/// Returns the secrets of an input in every form in which an error may quote them, longest first.
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
            // Errors quote texts in Rust's and in JSON's notation.
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

/// Removes these texts from the error's detail and from its field names, which are the caller's
/// keys unless the schema knows them.
pub(super) fn hide(
    refusal: ValidationError,
    secrets: &[String],
    schema: &Value,
) -> ValidationError {
    let ValidationError { mut detail, errors } = refusal;
    let hide_in = |error: FieldError| FieldError {
        field: hide_in_field(&error.field, secrets, schema),
        detail: hide_in_text(&error.detail, secrets),
    };
    let hidden: Vec<_> = errors.iter().cloned().map(hide_in).collect();
    let named = |error: &FieldError| format!("{}: {}", error.field, error.detail);
    detail = match errors.iter().position(|error| named(error) == detail) {
        Some(index) => named(&hidden[index]),
        None => hide_in_text(&detail, secrets),
    };
    ValidationError { detail, errors: hidden }
}

fn hide_in_text(text: &str, secrets: &[String]) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        if secret.len() >= MIN_BYTES {
            text = text.replace(secret, HIDDEN);
        } else {
            for mark in ['"', '`', '\''] {
                text = text
                    .replace(&format!("{mark}{secret}{mark}"), &format!("{mark}{HIDDEN}{mark}"));
            }
        }
    }
    text
}

/// Hides secrets in a path such as `a.b[2]`, whose first part may be a field that the schema knows.
fn hide_in_field(field: &str, secrets: &[String], schema: &Value) -> String {
    let first = field.find(['.', '[']).unwrap_or(field.len());
    let known = [field.len(), first].into_iter().find(|end| {
        let name = field.get(..*end).unwrap_or_default();
        schema["properties"].get(name).is_some()
    });
    let (known, rest) = field.split_at(known.unwrap_or_default());
    let bare = rest.trim_start_matches('.');
    let rest = match secrets.iter().any(|secret| secret == bare) {
        true => rest.replace(bare, HIDDEN),
        false => hide_in_text(rest, secrets),
    };
    format!("{known}{rest}")
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
            let secrets = values(&schema, &input);
            hide(ValidationError::field("key", detail), &secrets, &schema).errors[0].detail.clone()
        };
        let key = json!({"key": "hu\"sh", "name": "expected"});
        let detail = "invalid type: string \"hu\\\"sh\", expected u32";
        assert_eq!(told(key, detail), "invalid type: string \"***\", expected u32");
        let pin = json!({"pin": {"now": [12345, "e"]}});
        let detail = "unknown variant `e`, expected one of `x`; not 12345";
        assert_eq!(told(pin, detail), "unknown variant `***`, expected one of `x`; not ***");
        assert_eq!(told(json!({"name": "shown"}), "not shown"), "not shown");
    }

    #[test]
    fn a_key_that_is_a_secret_is_named_nowhere_and_one_of_the_schema_is() {
        let schema = json!({"properties": {"key": {"writeOnly": true}, "size": {}, "a.b": {}}});
        let told = |secret: &str, field: &str| {
            let errors = vec![FieldError { field: field.to_owned(), detail: "unknown".to_owned() }];
            let refusal = ValidationError { detail: format!("{field}: unknown"), errors };
            let secrets = values(&schema, &json!({"key": secret}));
            let hidden = hide(refusal, &secrets, &schema);
            assert_eq!(hidden.detail, format!("{}: unknown", hidden.errors[0].field));
            hidden.errors[0].field.clone()
        };
        for (secret, field, shown) in [
            ("hush-hush", "hush-hush", "***"),
            ("hush-hush", "my hush-hush!", "my ***!"),
            ("hush-hush", "size.hush-hush", "size.***"),
            ("hush-hush", "hush-hush[2].x", "***[2].x"),
            ("ab", "ab", "***"),
            ("ab", "size.ab", "size.***"),
            ("ab", "table", "table"),
            ("size", "size", "size"),
            ("a.b", "a.b", "a.b"),
            ("key", "key", "key"),
            ("x", "", ""),
        ] {
            assert_eq!(told(secret, field), shown, "{secret} {field}");
        }
    }
}
