//! How many files the process may have open, connections included.

/// More than this is of no use here, and some programs close each file that they might have.
#[cfg(target_os = "linux")]
const ENOUGH: u64 = 131_072;

/// Raises the limit as far as it goes without special rights; `None`: there is no limit that is known.
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

/// Nothing is known of such a limit here.
#[cfg(not(target_os = "linux"))]
pub(super) fn raise(_: Option<usize>) -> Option<u64> {
    None
}
