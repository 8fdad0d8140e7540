//! Bodies of the simple calls: JSON objects of texts, whatever the declared content type.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use milepost::http::ApiError;
use serde_json::{Map, Value};

/// UTF-8 byte order mark, which some editors and languages prepend.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// JSON object.
pub(super) struct Object(Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for Object {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await?;
        read(&bytes).map(Self).map_err(ApiError::bad_request)
    }
}

impl Object {
    /// Removes and returns the text in a field.
    ///
    /// # Errors
    /// If the field is missing or not a text; the message names it.
    pub(super) fn text(&mut self, field: &str) -> Result<String, ApiError> {
        let found = match self.0.remove(field) {
            Some(Value::String(text)) => return Ok(text),
            None => return Err(ApiError::bad_request(format!("{field}: is required, a text"))),
            Some(other) => kind(&other),
        };
        Err(ApiError::bad_request(format!("{field}: must be a text, not {found}")))
    }
}

fn read(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    if bytes.trim_ascii().is_empty() {
        return Err("The body is empty; a JSON object was expected".to_owned());
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(format!("The body must be a JSON object, not {}", kind(&other))),
        Err(error) => Err(format!("The body is not JSON: {error}")),
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &[u8]) -> Result<String, String> {
        let mut object = Object(read(body)?);
        object.text("data").map_err(|error| error.0.detail)
    }

    #[test]
    fn a_text_is_read_whatever_stands_around_it() {
        for body in [
            &br#"{"data":"a"}"#[..],
            b"\xef\xbb\xbf{\"data\":\"a\"}",
            b" \n{\"data\":\"a\", \"more\": [1]}\r\n",
        ] {
            assert_eq!(text(body).as_deref(), Ok("a"));
        }
    }

    #[test]
    fn what_is_none_is_refused_in_words_that_name_the_field() {
        for (body, expected) in [
            (&b""[..], "The body is empty; a JSON object was expected"),
            (b"\xef\xbb\xbf", "The body is empty; a JSON object was expected"),
            (b"null", "The body must be a JSON object, not null"),
            (b"[1]", "The body must be a JSON object, not a list"),
            (b"\"a\"", "The body must be a JSON object, not a text"),
            (b"{}", "data: is required, a text"),
            (b"{\"data\":7}", "data: must be a text, not a number"),
            (b"{\"data\":null}", "data: must be a text, not null"),
            (b"{\"data\":[\"a\"]}", "data: must be a text, not a list"),
            (b"{\"data\":{}}", "data: must be a text, not an object"),
            (b"{\"data\":true}", "data: must be a text, not true or false"),
        ] {
            assert_eq!(text(body).unwrap_err(), expected);
        }
        for body in [
            &b"data=a"[..],
            b"{\"data\":\"a\"",
            b"{'data':'a'}",
            b"\xff",
            b"{\"data\":\"\\ud800\"}",
        ] {
            let detail = text(body).unwrap_err();
            assert!(detail.starts_with("The body is not JSON: "), "{detail}");
        }
    }
}
