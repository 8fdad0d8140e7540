//! Errors on the wire: RFC 9457 problem documents.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};

use super::ExpiredTask;

/// A problem document (RFC 9457). Also the error type of the server functions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A URI that names the sort of problem; `about:blank` where the status says it all.
    #[serde(rename = "type")]
    pub kind: String,
    /// A few words, the same for each problem of the sort.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A sentence: what, where, what would be right.
    pub detail: String,
    /// What is wrong with single fields of the input.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// When to try again, in milliseconds; also told as `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<i64>,
    /// With 410: what it was. Told, and not read: `detail` says it in words.
    #[serde(default, deserialize_with = "unread", skip_serializing_if = "Option::is_none")]
    pub task: Option<Box<ExpiredTask>>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// The field's path in the input, such as `subject`.
    pub field: String,
    /// What would be right.
    pub detail: String,
}

/// A browser has no use for it, and need not load what would read it.
fn unread<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Box<ExpiredTask>>, D::Error> {
    IgnoredAny::deserialize(value).map(|_| None)
}

impl Problem {
    /// A problem whose status says it all.
    pub fn new(status: u16, title: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank".to_owned(),
            title: title.to_owned(),
            status,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after_ms: None,
            task: None,
        }
    }

    /// The answer for a task that is not there and for one that is not yours.
    pub fn task_not_found() -> Self {
        Self::new(404, "Not Found", "Task not found")
    }

    /// The answer for a batch that is not there and for one that is not yours.
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
