//! What people attach to a task: tags and a note.

use serde::{Deserialize, Serialize};

/// Tags and note of a task. They change nothing about how it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Labels {
    /// The tags, each once, in the order in which they were given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The note; `None`: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

crate::with::with!(Labels);

impl Labels {
    /// Whether there is neither a tag nor a note.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.note.is_none()
    }
}

/// A change of a task's labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LabelChange {
    /// The new tags; `None`: unchanged.
    pub tags: Option<Vec<String>>,
    /// The new note, `Some("")`: none; `None`: unchanged.
    pub note: Option<String>,
}

crate::with::with!(LabelChange);

impl LabelChange {
    /// Applies the change.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(super) fn apply(&self, labels: &mut Labels) {
        if let Some(tags) = &self.tags {
            labels.tags.clone_from(tags);
        }
        if let Some(note) = &self.note {
            labels.note = Some(note.clone()).filter(|note| !note.is_empty());
        }
    }
}
