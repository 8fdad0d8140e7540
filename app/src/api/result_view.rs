//! A result, or a file, as a page shows it.

use serde::{Deserialize, Serialize};

/// A result as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultView {
    /// Where it can be fetched as it is.
    pub href: String,
    /// The name under which browsers save it.
    pub file_name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size_bytes: i64,
    /// The result as safe HTML, where its media type has a viewer.
    pub html: Option<String>,
    /// Why the viewer could not show it.
    pub problem: Option<String>,
}
