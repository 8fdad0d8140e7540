//! Log lines rendered for a page.

use serde::{Deserialize, Serialize};

/// Log lines rendered for a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPiece {
    /// The lines as safe HTML; empty if there are none.
    pub html: String,
    /// Number of the last line.
    pub seq: i64,
}
