//! Limit of open files of the process, which includes connections.

/// Default goal. A higher limit has no use here, and some programs close every possible descriptor
/// at start.
#[cfg(target_os = "linux")]
const ENOUGH: u64 = 131_072;

/// Raises the limit as far as possible without privileges; `None` means that no limit is known.
#[cfg(target_os = "linux")]
pub(super) fn raise(wanted: Option<usize>) -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let current = current?;
    // Half of them are for connections.
    let wanted = wanted.map_or(0, |wanted| (wanted as u64).saturating_mul(2)).max(ENOUGH);
    let goal = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if current >= goal {
        return Some(current);
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(goal), maximum }) {
        Ok(()) => Some(goal),
        Err(error) => {
            tracing::warn!(%error, "the limit of open files stays at {current}");
            Some(current)
        }
    }
}

/// Does nothing: no such limit is known here.
#[cfg(not(target_os = "linux"))]
pub(super) fn raise(_: Option<usize>) -> Option<u64> {
    None
}
