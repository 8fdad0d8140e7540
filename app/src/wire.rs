//! What pages and server functions exchange, in addition to the library's wire types.

use milepost::task::StartReceipt;
use serde::{Deserialize, Serialize};

/// Name of the hidden form field with the idempotency key, so that a double submit starts one task.
pub(crate) const KEY_FIELD: &str = "_key";

/// Parameter of a task's page: the start led to a task that was already under way.
pub(crate) const EXISTING: &str = "existing";

/// Link to the page of a started task, relative to the root of the site.
pub(crate) fn path_of(receipt: &StartReceipt) -> String {
    let id = receipt.id;
    if receipt.existing { format!("tasks/{id}?{EXISTING}") } else { format!("tasks/{id}") }
}

/// Log lines rendered for a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPiece {
    /// The lines as safe HTML; empty if there are none.
    pub html: String,
    /// Number of the last line.
    pub seq: i64,
}

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
