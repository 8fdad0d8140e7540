//! Limits of stored data.

use std::sync::Arc;

use crate::engine::Disk;

/// Limits of stored data. At a limit, new tasks and uploads are refused; tasks already accepted may
/// finish. `Default` gives the documented values.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StorageOptions {
    /// Maximum number of bytes in the database for all tasks of one owner: inputs, logs,
    /// checkpoints and results, plus 1,024 for each task. Default: 1 GiB.
    pub max_bytes_per_owner: u64,
    /// The same for all tasks of one client address. Default: 4 GiB.
    pub max_bytes_per_client: u64,
    /// The same in total. Default: 64 GiB.
    pub max_bytes: u64,
    /// Free disk space reserved for running tasks, in bytes; on a small disk, a tenth of it. 0:
    /// none. Default: 512 MiB.
    pub min_free_bytes: u64,
    /// Reports the free disk space; without it, no space is reserved. Default: none.
    pub disk: Option<Arc<dyn Disk>>,
}

crate::with::with!(StorageOptions);

impl Default for StorageOptions {
    fn default() -> Self {
        Self {
            max_bytes_per_owner: 1 << 30,
            max_bytes_per_client: 4 << 30,
            max_bytes: 64 << 30,
            min_free_bytes: 512 << 20,
            disk: None,
        }
    }
}
