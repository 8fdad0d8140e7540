//! Room on the disk: what runs may need some to come to its end, so nothing new is taken in when
//! little is left.

use std::{io, sync::Arc, time::Duration};

/// How long the file system may take to say how much room there is.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// Of a small disk no more than one part in so many is kept free.
const SMALL: u64 = 10;

/// A file system as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskSpace {
    /// Bytes that may still be written.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
}

/// Says how much room there is where data is stored.
pub trait Disk: std::fmt::Debug + Send + Sync + 'static {
    /// The file system with the least room. May block.
    ///
    /// # Errors
    /// When it cannot be told.
    fn space(&self) -> io::Result<DiskSpace>;
}

/// Too little room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LittleSpace {
    /// Bytes that may still be written.
    pub free: u64,
    /// Bytes that must stay free.
    pub min: u64,
}

/// Whether there is too little room for anything new. Who cannot say is believed to have enough.
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
