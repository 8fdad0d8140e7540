//! Files that tasks make, and uploads.

use serde::{Deserialize, Serialize};

use super::UploadId;

/// A file that a task made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct FileInfo {
    /// Its name, unique within the task.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size_bytes: i64,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// When it was stored (RFC 3339).
    pub created_at: String,
    /// Path of the file on this server. The HTTP layer fills it in: the service knows no URLs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "http", schema(value_type = String, required))]
    pub href: Option<String>,
}

/// The files of a task, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct FileList {
    /// The files.
    pub files: Vec<FileInfo>,
}

/// An uploaded file, to be named in the input of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Upload {
    /// The id to use in the input of a task.
    pub id: UploadId,
    /// Its name as sent, cleaned of characters that are not permitted.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size_bytes: i64,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// When it expires, unless a task that has not ended uses it (RFC 3339).
    pub expires_at: String,
}
