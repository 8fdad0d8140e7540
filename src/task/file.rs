//! Files that tasks make, and uploads.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Identifies one upload. 122 random bits as a hyphenated UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct UploadId(Uuid);

impl UploadId {
    /// Wraps an existing UUID.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// Returns the UUID.
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

/// The text is not an upload id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidUploadId;

impl fmt::Display for InvalidUploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the id of an upload is a UUID such as 4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55")
    }
}

impl std::error::Error for InvalidUploadId {}

impl FromStr for UploadId {
    type Err = InvalidUploadId;

    /// Parses the hyphenated form only, so that each id has one spelling.
    fn from_str(text: &str) -> Result<Self, InvalidUploadId> {
        if text.len() != uuid::fmt::Hyphenated::LENGTH {
            return Err(InvalidUploadId);
        }
        Uuid::try_parse(text).map(Self).map_err(|_| InvalidUploadId)
    }
}

/// A file that a task made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
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
pub struct FileList {
    /// The files.
    pub files: Vec<FileInfo>,
}

/// An uploaded file, to be named in the input of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
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
