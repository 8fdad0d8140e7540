//! Limits of files.

use std::time::Duration;

use milepost::engine::{EngineOptions, FileOptions};
use serde::{Deserialize, Serialize};

/// Limits of the files that tasks make and of those that are given to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileSettings {
    /// Bytes of one file that a task makes. `MILEPOST_FILES_MAX_FILE_BYTES`. Default:
    /// 4,294,967,296.
    pub max_file_bytes: u64,
    /// Files of one task. `MILEPOST_FILES_MAX_FILES_PER_TASK`. Default: 1,000.
    pub max_files_per_task: u32,
    /// Bytes of one upload. `MILEPOST_FILES_MAX_UPLOAD_BYTES`. Default: 4,294,967,296.
    pub max_upload_bytes: u64,
    /// Uploads of one owner that are there at once. `MILEPOST_FILES_MAX_UPLOADS_PER_OWNER`.
    /// Default: 1,000.
    pub max_uploads_per_owner: u32,
    /// Bytes of all files and uploads of one owner; without a session, of one client address.
    /// `MILEPOST_FILES_MAX_BYTES_PER_OWNER`. Default: 68,719,476,736.
    pub max_bytes_per_owner: u64,
    /// Bytes of all files and uploads of all who come from one client address (IPv6: one /64
    /// network), whatever their owners. `MILEPOST_FILES_MAX_BYTES_PER_CLIENT`. Default:
    /// 137,438,953,472 (128 GiB).
    pub max_bytes_per_client: u64,
    /// Bytes of all files and uploads. `MILEPOST_FILES_MAX_BYTES`. Default: 549,755,813,888
    /// (512 GiB).
    pub max_bytes: u64,
    /// How long an upload is kept after it came, or after the last start of a task with it, in
    /// seconds; longer where such a task has not ended. `MILEPOST_FILES_KEEP_UPLOADS_S`. Default:
    /// 86,400 (a day).
    pub keep_uploads_s: u64,
    /// Uploads that are taken in at once. `MILEPOST_FILES_MAX_CONCURRENT_UPLOADS`. Default: 64.
    pub max_concurrent_uploads: usize,
    /// Uploads that are taken in at once from one client, by its address.
    /// `MILEPOST_FILES_MAX_CONCURRENT_UPLOADS_PER_CLIENT`. Default: 16.
    pub max_concurrent_uploads_per_client: usize,
    /// An upload of which nothing comes for so many seconds is cut off.
    /// `MILEPOST_FILES_UPLOAD_IDLE_TIMEOUT_S`. Default: 60.
    pub upload_idle_timeout_s: u64,
    /// What a process was writing that is not heard of for so many seconds is removed.
    /// `MILEPOST_FILES_WRITER_IDLE_TIMEOUT_S`. Default: 900.
    pub writer_idle_timeout_s: u64,
}

impl Default for FileSettings {
    fn default() -> Self {
        Self {
            max_file_bytes: 4 << 30,
            max_files_per_task: 1_000,
            max_upload_bytes: 4 << 30,
            max_uploads_per_owner: 1_000,
            max_bytes_per_owner: 64 << 30,
            max_bytes_per_client: 128 << 30,
            max_bytes: 512 << 30,
            keep_uploads_s: 86_400,
            max_concurrent_uploads: 64,
            max_concurrent_uploads_per_client: 16,
            upload_idle_timeout_s: 60,
            writer_idle_timeout_s: 900,
        }
    }
}

impl FileSettings {
    /// The engine's options with these.
    pub fn options(&self, rest: EngineOptions) -> EngineOptions {
        let files = FileOptions {
            max_file_bytes: self.max_file_bytes,
            max_files_per_task: self.max_files_per_task,
            max_upload_bytes: self.max_upload_bytes,
            max_uploads_per_owner: self.max_uploads_per_owner,
            max_bytes_per_owner: self.max_bytes_per_owner,
            max_bytes_per_client: self.max_bytes_per_client,
            max_bytes: self.max_bytes,
            keep_uploads: Duration::from_secs(self.keep_uploads_s),
            max_concurrent_uploads: self.max_concurrent_uploads,
            max_concurrent_uploads_per_client: self.max_concurrent_uploads_per_client,
            upload_idle_timeout: Duration::from_secs(self.upload_idle_timeout_s),
            writer_idle_timeout: Duration::from_secs(self.writer_idle_timeout_s),
        };
        EngineOptions { files, ..rest }
    }

    /// Finds values that are well-formed and make no sense: the key and what would be right.
    pub(super) fn faults(&self) -> Vec<(&'static str, String)> {
        const MAX_S: u64 = 365 * 86_400;
        let ranges = [
            (self.keep_uploads_s, 60, MAX_S, "files.keep_uploads_s"),
            (self.upload_idle_timeout_s, 1, 3_600, "files.upload_idle_timeout_s"),
            // Who is still writing is heard of every 16 MiB.
            (self.writer_idle_timeout_s, 5, 86_400, "files.writer_idle_timeout_s"),
            (self.max_concurrent_uploads as u64, 1, 10_000, "files.max_concurrent_uploads"),
            (
                self.max_concurrent_uploads_per_client as u64,
                1,
                10_000,
                "files.max_concurrent_uploads_per_client",
            ),
        ];
        let wrong = ranges.into_iter().filter(|(value, low, high, _)| value < low || value > high);
        wrong.map(|(_, low, high, key)| (key, format!("{low} to {high}"))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_engines() {
        let settings = FileSettings::default();
        assert_eq!(settings.options(EngineOptions::default()).files, FileOptions::default());
        assert_eq!(settings.faults(), []);
        let settings = FileSettings { writer_idle_timeout_s: 1, ..settings };
        assert_eq!(settings.faults(), [("files.writer_idle_timeout_s", "5 to 86400".to_owned())]);
    }
}
