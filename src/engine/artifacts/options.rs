//! Limits of files, each with its default.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::engine::{
    MaxPlaces,
    options::{Invalid, in_range, seconds},
};

/// Limits of files. `Default` gives the documented values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileOptions {
    /// Bytes of one file that a task makes. Default: 4 GiB.
    pub max_file_bytes: u64,
    /// Files of one task. Default: 1,000.
    pub max_files_per_task: u32,
    /// Bytes of one upload. Default: 4 GiB.
    pub max_upload_bytes: u64,
    /// Uploads of one owner that are there at once. Default: 1,000.
    pub max_uploads_per_owner: u32,
    /// Bytes of all files and uploads of one owner; without a session, of one client address.
    /// Default: 64 GiB.
    pub max_bytes_per_owner: u64,
    /// Bytes of all files and uploads of all who come from one client address. Default: 128 GiB.
    pub max_bytes_per_client: u64,
    /// Bytes of all files and uploads. Default: 512 GiB.
    pub max_bytes: u64,
    /// How long an upload is kept after it came, or after the last start of a task with it, unless
    /// such a task has not ended, in seconds. Default: 86,400 (a day).
    #[serde(rename = "keep_uploads_s", with = "seconds")]
    pub keep_uploads: Duration,
    /// Uploads that this process takes in at once. Default: 64.
    pub max_concurrent_uploads: usize,
    /// Uploads that this process takes in at once from one client, by its address. Default: 16.
    pub max_concurrent_uploads_per_client: usize,
    /// An upload of which nothing arrives for this long is cut off, in seconds. Default: 60.
    #[serde(rename = "upload_idle_timeout_s", with = "seconds")]
    pub upload_idle_timeout: Duration,
    /// A writer that is silent for this long is lost, and what it wrote is removed, in seconds. Default: 900.
    #[serde(rename = "writer_idle_timeout_s", with = "seconds")]
    pub writer_idle_timeout: Duration,
}

impl Default for FileOptions {
    fn default() -> Self {
        Self {
            max_file_bytes: 4 << 30,
            max_files_per_task: 1_000,
            max_upload_bytes: 4 << 30,
            max_uploads_per_owner: 1_000,
            max_bytes_per_owner: 64 << 30,
            max_bytes_per_client: 128 << 30,
            max_bytes: 512 << 30,
            keep_uploads: Duration::from_secs(24 * 3600),
            max_concurrent_uploads: 64,
            max_concurrent_uploads_per_client: 16,
            upload_idle_timeout: Duration::from_secs(60),
            writer_idle_timeout: Duration::from_secs(15 * 60),
        }
    }
}

impl FileOptions {
    /// Settings that are out of range: the key, and what would be right.
    pub fn invalid(&self) -> Vec<Invalid> {
        in_range([
            ("keep_uploads_s", self.keep_uploads.as_secs(), 60, 365 * 86_400),
            ("upload_idle_timeout_s", self.upload_idle_timeout.as_secs(), 1, 3_600),
            // A writer reports every 16 MiB.
            ("writer_idle_timeout_s", self.writer_idle_timeout.as_secs(), 5, 86_400),
            ("max_concurrent_uploads", self.max_concurrent_uploads as u64, 1, 10_000),
            (
                "max_concurrent_uploads_per_client",
                self.max_concurrent_uploads_per_client as u64,
                1,
                10_000,
            ),
        ])
    }

    /// Places for uploads that are under way.
    pub(in crate::engine) fn max_places(&self) -> MaxPlaces {
        MaxPlaces {
            in_all: self.max_concurrent_uploads,
            per_client: self.max_concurrent_uploads_per_client,
        }
    }
}
