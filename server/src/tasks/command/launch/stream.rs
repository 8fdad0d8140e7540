//! What a command writes, as it comes.

use std::{io, os::fd::OwnedFd};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use tokio::{io::AsyncReadExt as _, net::unix::pipe::Receiver};

/// The reading end of a pipe or of a terminal.
pub(crate) struct Stream {
    /// `None` once it has ended.
    receiver: Option<Receiver>,
}

impl Stream {
    pub(super) fn new(descriptor: OwnedFd) -> io::Result<Self> {
        fcntl_setfl(&descriptor, fcntl_getfl(&descriptor)? | OFlags::NONBLOCK)?;
        // Unchecked: a terminal is no pipe, and is read in the same way.
        Ok(Self { receiver: Some(Receiver::from_owned_fd_unchecked(descriptor)?) })
    }

    /// Whether nothing more comes.
    pub(crate) const fn has_ended(&self) -> bool {
        self.receiver.is_none()
    }

    /// The next bytes; 0 at the end, once. May be dropped while it waits.
    pub(crate) async fn read(&mut self, buffer: &mut [u8]) -> usize {
        let Some(receiver) = &mut self.receiver else { return std::future::pending().await };
        // A terminal ends with an error.
        let read = receiver.read(buffer).await.unwrap_or(0);
        if read == 0 {
            self.receiver = None;
        }
        read
    }
}
