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
#[non_exhaustive]
pub struct FileOptions {
    /// Maximum size of one file that a task makes, in bytes. Default: 4 GiB.
    pub max_file_bytes: u64,
    /// Maximum number of files per task. Default: 1,000.
    pub max_files_per_task: u32,
    /// Maximum size of one upload, in bytes. Default: 4 GiB.
    pub max_upload_bytes: u64,
    /// Maximum number of uploads per owner. Default: 1,000.
    pub max_uploads_per_owner: u32,
    /// Maximum size of all files and uploads of one owner, or of one client address for callers
    /// without a session, in bytes. Default: 64 GiB.
    pub max_bytes_per_owner: u64,
    /// Maximum size of all files and uploads from one client address, in bytes. Default: 128 GiB.
    pub max_bytes_per_client: u64,
    /// Maximum size of all files and uploads, in bytes. Default: 512 GiB.
    pub max_bytes: u64,
    /// Retention of an upload after it was stored, and after the last start of a task with it, in
    /// seconds; it is also retained until such a task has ended. Default: 86,400 (a day).
    #[serde(rename = "keep_uploads_s", with = "seconds")]
    pub keep_uploads: Duration,
    /// Maximum number of concurrent uploads to this process. Default: 64.
    pub max_concurrent_uploads: usize,
    /// Maximum number of concurrent uploads to this process per client address. Default: 16.
    pub max_concurrent_uploads_per_client: usize,
    /// An upload that sends nothing for this long is aborted, in seconds. Default: 60.
    #[serde(rename = "upload_idle_timeout_s", with = "seconds")]
    pub upload_idle_timeout: Duration,
    /// A writer that is silent for this long is considered lost, and its bytes are removed, in
    /// seconds. Default: 900.
    #[serde(rename = "writer_idle_timeout_s", with = "seconds")]
    pub writer_idle_timeout: Duration,
}

crate::with::with!(FileOptions);

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
    /// Returns settings that are out of range: the key and the accepted values.
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

    /// Slots for uploads in progress.
    pub(in crate::engine) fn max_places(&self) -> MaxPlaces {
        MaxPlaces {
            in_all: self.max_concurrent_uploads,
            per_client: self.max_concurrent_uploads_per_client,
        }
    }
}
