//! Open descriptors of a supervisor and its command: the standard streams and the progress channel. The
//! server's parent or a library may have left more descriptors inheritable.

use std::{fs, io, os::fd::RawFd};

/// Closes all descriptors but the standard streams. Call it first in a process, before anything is
/// opened.
///
/// # Errors
/// If they cannot be listed.
pub(super) fn close_inherited() -> io::Result<()> {
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse::<RawFd>().ok();
    // The directory handle is closed after the last entry, before the loop below.
    let open: Vec<_> = fs::read_dir("/proc/self/fd")?.flatten().filter_map(number).collect();
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
        // Fails for closed descriptors, such as the directory handle.
        let _ = nix::unistd::close(descriptor);
    }
    Ok(())
}
