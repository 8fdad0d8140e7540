//! A result or a file rendered for a page.

use serde::{Deserialize, Serialize};

/// A result or a file rendered for a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultView {
    /// Download URL.
    pub href: String,
    /// File name for the download.
    pub file_name: String,
    /// Media type.
    pub media_type: String,
    /// Size in bytes.
    pub size_bytes: i64,
    /// The content as safe HTML, if its media type has a viewer.
    pub html: Option<String>,
    /// Why the viewer could not show it.
    pub problem: Option<String>,
}
