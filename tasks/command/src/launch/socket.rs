//! The supervisor's connection to the server: its standard input, a socket.

use std::{io::IoSliceMut, mem::MaybeUninit, os::fd::OwnedFd, time::Duration};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{Errno, read, write},
    net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg},
    stdio::stdin,
};

use super::wire::{MAX_SPAWN_REQUEST, SpawnRequest, SupervisorMessage};

/// Reports that nothing was started.
pub(super) fn fail(why: &str) {
    send(&SupervisorMessage::Failed(why.to_owned()));
}

/// Receives the writing end of the command's progress channel.
pub(super) fn receive_channel() -> rustix::io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(stdin(), &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let received = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    received.ok_or(Errno::BADF)
}

/// Receives what to run.
pub(super) fn receive_request() -> std::io::Result<SpawnRequest> {
    let mut length = [0; 4];
    read_exactly(&mut length)?;
    let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > MAX_SPAWN_REQUEST {
        return Err(Errno::TOOBIG.into());
    }
    let mut json = vec![0; length];
    read_exactly(&mut json)?;
    Ok(serde_json::from_slice(&json)?)
}

fn read_exactly(mut buffer: &mut [u8]) -> std::io::Result<()> {
    while !buffer.is_empty() {
        match read(stdin(), &mut *buffer) {
            Ok(0) => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => buffer = &mut buffer[n..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Sends a message to the server, which may be gone.
pub(super) fn send(message: &SupervisorMessage) {
    let mut line = serde_json::to_vec(message).unwrap_or_default();
    line.push(b'\n');
    let mut rest = &*line;
    // Standard input is a socket, so it can be written.
    while !rest.is_empty() {
        match write(stdin(), rest) {
            Ok(n) => rest = &rest[n..],
            Err(Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

/// Waits this long for a message of the server, or the end of the connection.
pub(super) fn is_readable_within(duration: Duration) -> bool {
    let mut descriptors = [PollFd::from_borrowed_fd(stdin(), PollFlags::IN)];
    poll(&mut descriptors, Some(&timespec(duration))) == Ok(1)
}

/// A duration as the kernel takes it.
pub(super) fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_becomes_seconds_and_nanoseconds() {
        let spec = timespec(Duration::from_millis(2_050));
        assert_eq!((spec.tv_sec, spec.tv_nsec), (2, 50_000_000));
    }
}
