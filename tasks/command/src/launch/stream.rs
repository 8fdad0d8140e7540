//! Output stream of a command.

use std::{io, os::fd::OwnedFd};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use tokio::{io::AsyncReadExt as _, net::unix::pipe::Receiver};

/// Reading end of a pipe or a terminal.
pub(crate) struct Stream {
    /// `None` after the end.
    receiver: Option<Receiver>,
}

impl Stream {
    pub(super) fn new(descriptor: OwnedFd) -> io::Result<Self> {
        fcntl_setfl(&descriptor, fcntl_getfl(&descriptor)? | OFlags::NONBLOCK)?;
        // Unchecked, because a terminal is not a pipe but is read in the same way.
        Ok(Self { receiver: Some(Receiver::from_owned_fd_unchecked(descriptor)?) })
    }

    /// Whether the stream has ended.
    pub(crate) const fn has_ended(&self) -> bool {
        self.receiver.is_none()
    }

    /// Reads the next bytes; returns 0 once at the end. Cancel safe.
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
