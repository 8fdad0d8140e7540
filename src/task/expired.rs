//! A task whose time is over.

use serde::Serialize;

use super::Status;

/// What is still known of a task that was removed because its time was over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ExpiredTask {
    /// Its kind, such as `story`.
    pub kind: String,
    /// What people called it.
    pub title: String,
    /// How it ended.
    pub status: Status,
    /// When it ended (RFC 3339).
    pub finished_at: String,
    /// When its time was over (RFC 3339).
    pub expired_at: String,
}
