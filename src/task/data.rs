//! All data of an owner.

use serde::{Deserialize, Serialize};

/// What one call deleted of all data of an owner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct DataDeleted {
    /// Tasks, with all that they had.
    pub tasks: u32,
    /// Uploads, also those that went with a task.
    pub uploads: u32,
    /// Tokens.
    pub tokens: u32,
    /// Sessions that were ended.
    pub sessions: u32,
    /// Whether all is deleted. If not, the same call goes on with the rest.
    pub complete: bool,
}

crate::with::with!(DataDeleted);
