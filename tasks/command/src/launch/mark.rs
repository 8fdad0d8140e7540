//! A mark that all processes of a run inherit.

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

/// Mark that all processes of a run inherit, whatever they do to their session and environment: a
/// random number as the limit of file locks (`RLIMIT_LOCKS`). No kernel enforces it, and without
/// privileges a process can lower but never restore it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark(u64);

impl Mark {
    /// Minimum, so that no other process has the number by chance.
    const MIN: u64 = 1 << 40;

    /// Creates a random mark; `None` if this process's own limit leaves no room.
    pub(crate) fn random() -> Option<Self> {
        let below = getrlimit(Resource::Locks).maximum.unwrap_or(u64::MAX) / 2;
        (below >= Self::MIN).then(|| Self(below + rand::random::<u64>() % below))
    }

    /// Sets the mark on this process.
    pub(super) fn put_on(self) {
        let limit = Rlimit { current: Some(self.0), maximum: Some(self.0) };
        // If this is not permitted, the run has no mark.
        let _ = setrlimit(Resource::Locks, limit);
    }

    /// Whether the process has the mark.
    pub(super) fn is_on(self, pid: i32) -> bool {
        max_file_locks(pid) == Some(self.0)
    }
}

/// Limit of file locks, which no kernel has enforced since 2.4.
fn max_file_locks(pid: i32) -> Option<u64> {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max file locks"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}
