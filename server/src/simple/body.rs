//! Bodies of the simple calls: JSON objects of texts, whatever the declared content type.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use milepost::{http::ApiError, read_json};
use serde_json::{Map, Value};

/// JSON object.
pub(super) struct Object(Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for Object {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await?;
        Ok(read_json::object(&bytes).map(Self)?)
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
            Some(other) => read_json::kind_of(&other),
        };
        Err(ApiError::bad_request(format!("{field}: must be a text, not {found}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &[u8]) -> Result<String, String> {
        let object = read_json::object(body).map_err(|error| error.to_string())?;
        let mut object = Object(object);
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
