//! What this process is to the machine: who may read the files it makes, and who may look into it.

use std::{fs::File, io};

/// Makes every file of this process its user's alone, and closes its memory and its environment to
/// other processes of that user: both may hold secrets. A debugger needs root then.
///
/// # Errors
/// When the kernel refuses.
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

/// What protects is Linux's.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn protect() -> io::Result<()> {
    Ok(())
}

static OPERATORS_UMASK: std::sync::OnceLock<u32> = std::sync::OnceLock::new();

/// The mask that this process was started with; `None` where it was never changed.
pub(crate) fn operators_umask() -> Option<u32> {
    OPERATORS_UMASK.get().copied()
}

/// Gives a file the mode that it would have without [`protect`]: other programs read it.
pub(crate) fn share(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(umask) = operators_umask() {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(std::fs::Permissions::from_mode(0o666 & !umask))?;
    }
    Ok(())
}
