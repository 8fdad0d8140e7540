//! Reads JSON that clients send. A structure is read from an object only, although serde accepts a
//! list of its fields, too. Errors are in plain words: they contain neither names of Rust types nor
//! values, and no name of a field that the structure does not have.

mod fault;
mod node;
mod strict;

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_path_to_error::{Path, Segment};

use crate::task::FieldError;

pub use self::fault::kind_of;
use self::{fault::Fault, node::Node, strict::StrictError};

/// UTF-8 byte order mark, which some editors and languages prepend.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Why JSON does not match what is expected. [`fmt::Display`] calls the whole "The body".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// Path of the value concerned, such as `watch[2].id`; empty for the whole.
    field: String,
    /// Name of the unknown field in it. Chosen by the sender; may be a secret.
    unknown: Option<String>,
    detail: String,
}

impl JsonError {
    /// An error of the whole.
    pub(crate) fn whole(detail: impl Into<String>) -> Self {
        Self { field: String::new(), unknown: None, detail: detail.into() }
    }

    fn at(path: &Path, fault: Fault) -> Self {
        let mut segments: Vec<_> = path.iter().collect();
        let (unknown, missing, detail) = match fault {
            Fault::Wrong(detail) => (None, None, detail),
            Fault::Missing(name) => (None, Some(name), "is required".to_owned()),
            Fault::Unknown { name, known } => {
                // The path ends with the unknown field.
                segments.pop();
                (Some(name), None, format!("there are: {}", known.join(", ")))
            }
        };
        let mut field = String::new();
        for segment in segments {
            match segment {
                Segment::Seq { index } => field.push_str(&format!("[{index}]")),
                Segment::Map { key } | Segment::Enum { variant: key } => append(&mut field, key),
                Segment::Unknown => append(&mut field, "?"),
            }
        }
        if let Some(name) = missing {
            append(&mut field, name);
        }
        Self { field, unknown, detail }
    }

    /// The field concerned and what is wrong, for an error that may name the sender's fields.
    /// `None` instead of the field if the error concerns the whole.
    pub fn into_field(self) -> (Option<String>, String) {
        let Self { mut field, unknown, detail } = self;
        let detail = match unknown {
            Some(name) => {
                append(&mut field, &name);
                format!("unknown; {detail}")
            }
            None => detail,
        };
        (Some(field).filter(|field| !field.is_empty()), detail)
    }

    /// The error as one of a field that the structure has; `None` if it concerns the whole.
    pub fn field_error(&self) -> Option<FieldError> {
        let Self { field, unknown, detail } = self;
        let detail = match unknown {
            Some(_) => format!("has an unknown field; {detail}"),
            None => detail.clone(),
        };
        (!field.is_empty()).then(|| FieldError { field: field.clone(), detail })
    }

    /// The error as a sentence; `whole` is the name of the whole.
    pub fn sentence(&self, whole: &str) -> String {
        let Self { field, unknown, detail } = self;
        let place = if field.is_empty() { whole } else { field };
        match unknown {
            Some(_) => format!("{place} has an unknown field; {detail}"),
            None if field.is_empty() => format!("{place} {detail}"),
            None => format!("{place}: {detail}"),
        }
    }
}

fn append(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence("The body"))
    }
}

impl std::error::Error for JsonError {}

/// Reads a JSON object.
///
/// # Errors
/// If the bytes are not JSON, or not an object, or an object in it has a key twice.
pub fn object(bytes: &[u8]) -> Result<Map<String, Value>, JsonError> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    if bytes.trim_ascii().is_empty() {
        return Err(JsonError::whole("is empty; a JSON object was expected"));
    }
    match strict::value(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => {
            Err(JsonError::whole(format!("must be a JSON object, not {}", kind_of(&other))))
        }
        Err(StrictError::Syntax(error)) => Err(JsonError::whole(format!("is not JSON: {error}"))),
        Err(StrictError::Twice(field)) => {
            let detail = "is given twice; give it once".to_owned();
            Err(JsonError { field, unknown: None, detail })
        }
    }
}

/// Reads a structure from a JSON object.
///
/// # Errors
/// If the bytes are not JSON, not an object, or do not match the structure.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    from_value(Value::Object(object(bytes)?))
}

/// Reads a value.
///
/// # Errors
/// If the JSON does not match the type.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, JsonError> {
    read(Node::of_json(value))
}

/// Reads a structure from the parameters of a query string, whose numbers are texts.
///
/// # Errors
/// If the parameters do not match the structure, or one is given twice.
pub fn from_query<T: DeserializeOwned>(pairs: Vec<(String, String)>) -> Result<T, JsonError> {
    let mut object = Map::new();
    for (name, text) in pairs {
        if object.insert(name, Value::String(text)).is_some() {
            return Err(JsonError::whole("gives one parameter twice"));
        }
    }
    read(Node::of_query(Value::Object(object)))
}

fn read<T: DeserializeOwned>(node: Node) -> Result<T, JsonError> {
    serde_path_to_error::deserialize(node).map_err(|error| {
        let path = error.path().clone();
        JsonError::at(&path, error.into_inner())
    })
}

#[cfg(test)]
#[path = "read_json_tests.rs"]
mod tests;
