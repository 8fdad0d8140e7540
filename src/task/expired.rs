//! An expired task.

use serde::Serialize;

use super::Status;

/// What is known of a task that was removed after its retention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct ExpiredTask {
    /// Its kind, such as `report`.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// Its final status.
    pub status: Status,
    /// When it ended (RFC 3339).
    pub finished_at: String,
    /// When it expired (RFC 3339).
    pub expired_at: String,
}
