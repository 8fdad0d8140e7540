//! Lines of a log as a page shows them.

use serde::{Deserialize, Serialize};

/// Lines of a log as a page shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPiece {
    /// The lines as safe HTML; empty where there are none.
    pub html: String,
    /// The number of the last line.
    pub seq: i64,
}
