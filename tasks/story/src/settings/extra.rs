//! Settings that are objects: a table of the file, or JSON in a text.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::{Map, Value};

/// Fields to add to the body of each request.
#[derive(Clone, Debug, PartialEq)]
pub struct ExtraBody(pub(in super::super) Map<String, Value>);

/// Headers to add to each request. Their values may be secrets: they are never displayed.
#[derive(Clone, PartialEq)]
pub struct ExtraHeaders(pub(in super::super) Vec<(String, String)>);

/// A table, or JSON of one in a text, as a variable has it.
fn object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    let wrong = || D::Error::custom("must be a table, or a JSON object in a text");
    match Value::deserialize(deserializer)? {
        Value::Object(object) => Ok(object),
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(Value::Object(object)) => Ok(object),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

impl<'de> Deserialize<'de> for ExtraBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object(deserializer).map(Self)
    }
}

impl Serialize for ExtraBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Value::Object(self.0.clone()))
    }
}

impl<'de> Deserialize<'de> for ExtraHeaders {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let headers = object(deserializer)?.into_iter().map(|(name, value)| match value {
            Value::String(text) => Ok((name, text)),
            Value::Number(_) | Value::Bool(_) => Ok((name, value.to_string())),
            _ => Err(D::Error::custom(format!("the header {name} must be a text"))),
        });
        headers.collect::<Result<_, _>>().map(Self)
    }
}

impl Serialize for ExtraHeaders {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("…")
    }
}

impl fmt::Debug for ExtraHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_and_a_text_are_the_same() {
        let table: ExtraBody = serde_json::from_value(json!({"top_k": 5})).unwrap();
        let text: ExtraBody = serde_json::from_value(json!("{\"top_k\":5}")).unwrap();
        assert_eq!(table, text);
        assert_eq!(serde_json::to_value(&text).unwrap(), json!("{\"top_k\":5}"));
        for wrong in [json!("[]"), json!("{"), json!(5), json!([1])] {
            assert!(serde_json::from_value::<ExtraBody>(wrong).is_err());
        }
    }

    #[test]
    fn headers_are_texts_and_never_shown() {
        let headers: ExtraHeaders =
            serde_json::from_value(json!({"x-key": "hush", "x-number": 5})).unwrap();
        assert_eq!(headers.0.len(), 2);
        let shown = format!("{headers:?} {}", serde_json::to_string(&headers).unwrap());
        assert!(!shown.contains("hush") && shown.contains("x-key"), "{shown}");
        assert!(serde_json::from_value::<ExtraHeaders>(json!({"a": []})).is_err());
    }
}
