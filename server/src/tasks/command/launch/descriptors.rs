//! What a guard and its command have open: the standard streams and the channel of progress. Whoever
//! started the server may have left more open for everybody, and so may a library.

use std::{fs, io, os::fd::RawFd};

/// Closes all but the standard streams. For the first moment of a process, before it opens anything.
///
/// # Errors
/// When they cannot be listed.
pub(super) fn close_inherited() -> io::Result<()> {
    // Listed first: among them is the one that lists them, closed by then.
    let names: Vec<_> = fs::read_dir("/proc/self/fd")?.collect::<io::Result<_>>()?;
    let open = names.iter().filter_map(|entry| entry.file_name().to_str()?.parse::<RawFd>().ok());
    for descriptor in open.filter(|descriptor| *descriptor > 2) {
        // It fails where it is closed already.
        let _ = nix::unistd::close(descriptor);
    }
    Ok(())
}
