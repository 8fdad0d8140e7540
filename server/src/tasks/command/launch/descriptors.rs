//! What a guard and its command have open: the standard streams and the channel of progress. Whoever
//! started the server may have left more open for everybody, and so may a library.

use std::{fs, io, os::fd::RawFd};

/// Closes all but the standard streams. For the first moment of a process, before it opens anything.
///
/// # Errors
/// When they cannot be listed.
pub(super) fn close_inherited() -> io::Result<()> {
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse::<RawFd>().ok();
    // The folder that lists them is closed with the last entry, before any of them is.
    let open: Vec<_> = fs::read_dir("/proc/self/fd")?.flatten().filter_map(number).collect();
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
        // It fails where it is closed already, as that folder is.
        let _ = nix::unistd::close(descriptor);
    }
    Ok(())
}
