//! Values that a start form suggests.

/// A value that the start form of a kind suggests for a field. Other values may be entered, too.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Suggestion {
    /// Name of the field, a text.
    pub field: String,
    /// The value.
    pub value: String,
    /// What it is, shown beside it; may be empty.
    pub note: String,
}

impl Suggestion {
    /// Creates a suggestion.
    pub fn new(
        field: impl Into<String>,
        value: impl Into<String>,
        note: impl Into<String>,
    ) -> Self {
        Self { field: field.into(), value: value.into(), note: note.into() }
    }
}
