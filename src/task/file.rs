//! Files that tasks make, and files that are given to them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Names one uploaded file. 122 random bits in the usual UUID spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct UploadId(Uuid);

impl UploadId {
    /// Wraps a UUID that somebody else made.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID inside.
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

/// The text is not the id of an upload.
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

    /// Reads the hyphenated form only: one upload has one spelling.
    fn from_str(text: &str) -> Result<Self, InvalidUploadId> {
        if text.len() != uuid::fmt::Hyphenated::LENGTH {
            return Err(InvalidUploadId);
        }
        Uuid::try_parse(text).map(Self).map_err(|_| InvalidUploadId)
    }
}

/// A file that a task made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct FileInfo {
    /// Its name, which no other file of the task has.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size_bytes: i64,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// When it was kept (RFC 3339).
    pub created_at: String,
    /// Path of the file on this server.
    pub href: String,
}

/// The files of a task, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct FileList {
    /// The files.
    pub files: Vec<FileInfo>,
}

/// A file that was given, to be named in the input of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Upload {
    /// What the input of a task names it by.
    pub id: UploadId,
    /// The name that it was given with, cleaned of what no name should have.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size_bytes: i64,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// When it is removed, unless a task that has not ended uses it (RFC 3339).
    pub expires_at: String,
}
