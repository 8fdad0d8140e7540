//! Free disk space: running tasks may need some to finish, so new tasks and uploads are refused
//! when little is left.

use std::{io, sync::Arc, time::Duration};

/// Time limit for reading the free space.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// On a small disk, at most the total size divided by this is reserved.
const SMALL: u64 = 10;

/// Size and free space of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiskSpace {
    /// Bytes that can still be written.
    pub free: u64,
    /// Total size in bytes.
    pub total: u64,
}

impl DiskSpace {
    /// Creates a reading of `free` bytes of `total`.
    pub const fn new(free: u64, total: u64) -> Self {
        Self { free, total }
    }
}

/// Reports the disk space where data is stored.
pub trait Disk: std::fmt::Debug + Send + Sync + 'static {
    /// Returns the file system with the least free space. May block.
    ///
    /// # Errors
    /// When the file system cannot be read.
    fn space(&self) -> io::Result<DiskSpace>;
}

/// Too little free disk space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LittleSpace {
    /// Bytes that can still be written.
    pub free: u64,
    /// Bytes that must stay free.
    pub min: u64,
}

/// Returns the shortage if there is too little space for anything new; `None` also if the space
/// cannot be read.
pub(super) async fn little_space(disk: &Arc<dyn Disk>, min_free_bytes: u64) -> Option<LittleSpace> {
    if min_free_bytes == 0 {
        return None;
    }
    let disk = Arc::clone(disk);
    let asked = tokio::task::spawn_blocking(move || disk.space());
    let space = match tokio::time::timeout(ANSWERS_WITHIN, asked).await {
        Ok(Ok(Ok(space))) => space,
        Ok(Ok(Err(error))) => {
            tracing::warn!(%error, "the free space of the disk cannot be read");
            return None;
        }
        Ok(Err(_)) | Err(_) => {
            tracing::warn!("the free space of the disk cannot be read in time");
            return None;
        }
    };
    let min = min_free_bytes.min(space.total / SMALL);
    (space.free < min).then_some(LittleSpace { free: space.free, min })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Fixed(DiskSpace);

    impl Disk for Fixed {
        fn space(&self) -> io::Result<DiskSpace> {
            Ok(self.0)
        }
    }

    #[tokio::test]
    async fn so_many_bytes_stay_free_and_of_a_small_disk_a_tenth() {
        for (free, total, min_free, expected) in [
            (600, 10_000, 512, None),
            (512, 10_000, 512, None),
            (511, 10_000, 512, Some(512)),
            (200, 1_000, 512, None),
            (99, 1_000, 512, Some(100)),
            (0, 10_000, 0, None),
            (0, 0, 512, None),
        ] {
            let disk: Arc<dyn Disk> = Arc::new(Fixed(DiskSpace { free, total }));
            let little = little_space(&disk, min_free).await;
            let expected = expected.map(|min| LittleSpace { free, min });
            assert_eq!(little, expected, "{free} of {total}, {min_free}");
        }
    }
}
