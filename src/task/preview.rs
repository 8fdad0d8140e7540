//! What is finished so far of a running task.

use serde::{Deserialize, Serialize};

use super::TaskId;

/// The preview of a running task, or the part of it that changed. A client puts it together: cut what it
/// has at `offset`, then append `text`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Preview {
    /// The task.
    pub id: TaskId,
    /// Grows with each change: the next request's `preview_after`.
    pub version: i64,
    /// Media type of the whole.
    pub media_type: String,
    /// Where `text` begins in the whole, in bytes of UTF-8.
    pub offset: i64,
    /// The text from there to the end.
    pub text: String,
    /// Size of the whole, in bytes.
    pub size_bytes: i64,
}

impl Preview {
    /// Creates a preview of the task `id` that is whole: it begins at offset 0.
    pub fn new(id: TaskId, version: i64, media_type: String, text: String) -> Self {
        let size_bytes = i64::try_from(text.len()).unwrap_or(i64::MAX);
        Self { id, version, media_type, offset: 0, text, size_bytes }
    }

    /// The same preview from this offset on, in bytes; within a character, from its beginning.
    #[must_use]
    pub fn from(mut self, offset: i64) -> Self {
        let at =
            usize::try_from(offset.saturating_sub(self.offset)).unwrap_or(0).min(self.text.len());
        let at = self.text.floor_char_boundary(at);
        self.text.drain(..at);
        self.offset += i64::try_from(at).unwrap_or(0);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_begins_with_a_whole_character_and_within_the_text() {
        let id = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55".parse().expect("an id");
        let whole = Preview::new(id, 7, "text/plain".to_owned(), "aüb".to_owned());
        for (from, offset, text) in [
            (i64::MIN, 0, "aüb"),
            (-1, 0, "aüb"),
            (0, 0, "aüb"),
            (1, 1, "üb"),
            (2, 1, "üb"),
            (3, 3, "b"),
            (4, 4, ""),
            (i64::MAX, 4, ""),
        ] {
            let part = whole.clone().from(from);
            assert_eq!(
                (part.offset, part.text.as_str(), part.size_bytes),
                (offset, text, 4),
                "{from}"
            );
        }
    }
}
