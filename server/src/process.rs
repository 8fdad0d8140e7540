//! Protection of this process: file modes and access to its memory.

use std::io;

/// Restricts new files of this process to its user, and protects its memory and environment, which
/// may hold secrets, from other processes of that user. Debugging it then requires root.
///
/// # Errors
/// If the kernel refuses.
#[cfg(target_os = "linux")]
pub fn protect() -> io::Result<()> {
    use rustix::{
        fs::Mode,
        process::{DumpableBehavior, set_dumpable_behavior, umask},
    };
    let before = umask(Mode::RWXG | Mode::RWXO);
    let _ = UMASK_AT_START.set(before.bits());
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Does nothing: the protection is specific to Linux.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn protect() -> io::Result<()> {
    Ok(())
}

static UMASK_AT_START: std::sync::OnceLock<u32> = std::sync::OnceLock::new();

/// The umask that the process was started with; `None` if it was never changed.
pub(crate) fn umask_at_start() -> Option<u32> {
    UMASK_AT_START.get().copied()
}
