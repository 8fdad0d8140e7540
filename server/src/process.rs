//! Protection of this process: file modes and access to its memory.

use std::{fs::File, io};

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
    let _ = OPERATORS_UMASK.set(before.bits());
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

static OPERATORS_UMASK: std::sync::OnceLock<u32> = std::sync::OnceLock::new();

/// The umask that the process was started with; `None` if it was never changed.
pub(crate) fn operators_umask() -> Option<u32> {
    OPERATORS_UMASK.get().copied()
}

/// Gives a file the mode that it would have without [`protect`], so that other programs can read
/// it.
pub(crate) fn share(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(umask) = operators_umask() {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(std::fs::Permissions::from_mode(0o666 & !umask))?;
    }
    Ok(())
}
