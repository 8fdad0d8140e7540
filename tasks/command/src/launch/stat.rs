//! Process information from the kernel.

use std::fs;

use serde::{Deserialize, Serialize};

use super::wire::Remaining;

/// Unique identity of a process: its id, which the kernel reuses, and its start time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) id: i32,
    pub(crate) since: u64,
}

impl Identity {
    /// Identity of a running process.
    pub(crate) fn of(pid: i32) -> Option<Self> {
        Some(Self { id: pid, since: start_time(pid)? })
    }

    /// Identity of this process.
    pub(crate) fn own() -> Option<Self> {
        Self::of(rustix::process::getpid().as_raw_pid())
    }

    /// Whether the process exists and is no zombie.
    pub(super) fn is_alive(self) -> bool {
        Self::of(self.id) == Some(self) && is_alive(self.id)
    }

    /// Whether the process was stopped by a signal.
    pub(super) fn is_stopped(self) -> bool {
        Self::of(self.id) == Some(self) && field(self.id, 3).is_some_and(|state| state == "T")
    }
}

/// Field of `/proc/PID/stat` by its number in the manual, from 3.
fn field(pid: i32, number: usize) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may contain anything; the text after the last parenthesis does not.
    let rest = stat.rsplit_once(')')?.1;
    rest.split_ascii_whitespace().nth(number.checked_sub(3)?).map(str::to_owned)
}

pub(super) fn parent(pid: i32) -> Option<i32> {
    field(pid, 4)?.parse().ok()
}

/// Start time in clock ticks since boot.
pub(super) fn start_time(pid: i32) -> Option<u64> {
    field(pid, 22)?.parse().ok()
}

/// Session of the process; also works for zombies.
pub(super) fn session(pid: i32) -> Option<i32> {
    field(pid, 6)?.parse().ok()
}

/// Whether the process exists and is no zombie.
pub(super) fn is_alive(pid: i32) -> bool {
    field(pid, 3).is_some_and(|state| !matches!(&*state, "Z" | "X"))
}

fn user(pid: i32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Whether the process has the same effective user as this one.
pub(super) fn is_of_this_user(pid: i32) -> bool {
    user(pid) == Some(rustix::process::geteuid().as_raw())
}

/// Describes why a process still exists after it was signalled.
pub(super) fn remaining(pid: i32, refused: bool) -> Remaining {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let reason = match (refused, user(pid)) {
        (true, Some(0)) => "may not be signalled: it runs as root".to_owned(),
        (true, Some(user)) => format!("may not be signalled: it runs as user {user}"),
        (true, None) => "may not be signalled".to_owned(),
        _ => "does not react to KILL".to_owned(),
    };
    Remaining { pid, name: name.trim().chars().filter(|c| !c.is_control()).collect(), reason }
}
