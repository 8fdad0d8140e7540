//! Error responses: RFC 9457 problem documents.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};

use super::ExpiredTask;

mod code;

pub use code::ProblemCode;

/// A problem document (RFC 9457). Also the error type of the server functions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Problem {
    /// URI of the documentation of `code`.
    #[serde(rename = "type", default)]
    #[cfg_attr(feature = "hydrate", serde(skip_deserializing))]
    #[cfg_attr(feature = "http", schema(required))]
    pub kind: String,
    /// A stable code for programs, such as `queue_full`; see [`ProblemCode`].
    #[serde(default, skip_serializing_if = "str::is_empty")]
    #[cfg_attr(feature = "hydrate", serde(skip_deserializing))]
    #[cfg_attr(feature = "http", schema(required))]
    pub code: Cow<'static, str>,
    /// A short summary, the same for each problem of the type.
    pub title: String,
    /// The HTTP status.
    #[cfg_attr(feature = "http", schema(minimum = 400, maximum = 599))]
    pub status: u16,
    /// A sentence for people: what is wrong, where, and what is accepted.
    pub detail: String,
    /// Errors of single fields of the input.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// When to retry, in milliseconds; also sent as `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<i64>,
    /// With 410: the expired task. Serialized only; clients use `detail`.
    #[serde(default, deserialize_with = "unread", skip_serializing_if = "Option::is_none")]
    pub task: Option<Box<ExpiredTask>>,
}

/// An error of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct FieldError {
    /// The field's path in the input, such as `subject`.
    pub field: String,
    /// What is accepted.
    pub detail: String,
}

impl FieldError {
    /// Creates an error of this field.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), detail: detail.into() }
    }
}

/// Skips the value: browsers do not use it and need not load its deserializer.
fn unread<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Box<ExpiredTask>>, D::Error> {
    IgnoredAny::deserialize(value).map(|_| None)
}

impl Problem {
    /// Creates a problem. Its code follows from the status when it is sent; for one of its own, see
    /// [`Problem::with_code`].
    pub fn new(status: u16, title: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank".to_owned(),
            code: Cow::Borrowed(""),
            title: title.to_owned(),
            status,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after_ms: None,
            task: None,
        }
    }

    /// Sets the code, and the type that documents it.
    #[must_use]
    pub fn with_code(mut self, code: ProblemCode) -> Self {
        self.code = Cow::Borrowed(code.as_str());
        self.kind = code.documentation();
        self
    }

    /// The response for a task that does not exist or belongs to another owner.
    pub fn task_not_found() -> Self {
        Self::new(404, "Not Found", "Task not found")
    }

    /// The response for a batch that does not exist or belongs to another owner.
    pub fn batch_not_found() -> Self {
        Self::new(404, "Not Found", "Batch not found")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Problem {}
