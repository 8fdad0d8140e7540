//! Tags and the note of a task.

use serde::{Deserialize, Serialize};

/// Body of `POST /api/v1/tasks/{id}/annotate`: what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Annotate {
    /// The new tags, in place of all that the task has. By default at most 10 with 1 to 50 characters each, without
    /// commas and control characters; white space around a tag is removed, and a repeated one is taken once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// The new note, by default at most 2,000 characters; an empty text removes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

crate::with::with!(Annotate);
