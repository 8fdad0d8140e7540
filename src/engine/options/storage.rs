//! Limits of what is stored.

use std::sync::Arc;

use crate::engine::Disk;

/// How much may be stored before nothing new is taken in. What was taken in may come to its end.
/// `Default` gives the documented values.
#[derive(Clone, Debug)]
pub struct StorageOptions {
    /// Bytes in the database of all tasks of one owner: inputs, logs, checkpoints and results, and
    /// 1,024 for each task. Default: 1 GiB.
    pub max_bytes_per_owner: u64,
    /// The same of all who come from one client address. Default: 4 GiB.
    pub max_bytes_per_client: u64,
    /// The same in all. Default: 64 GiB.
    pub max_bytes: u64,
    /// Bytes of the disk that stay free for what runs; of a small disk a tenth. 0: none. Default:
    /// 512 MiB.
    pub min_free_bytes: u64,
    /// Who knows how much of the disk is free; without anybody nothing is kept free. Default: none.
    pub disk: Option<Arc<dyn Disk>>,
}

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
