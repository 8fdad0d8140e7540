//! What the kernel says of one process.

use std::fs;

use serde::{Deserialize, Serialize};

use super::wire::Remaining;

/// A process for good: its number, which the kernel gives anew, and when it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) id: i32,
    pub(crate) since: u64,
}

impl Identity {
    /// That of a process that is there.
    pub(crate) fn of(pid: i32) -> Option<Self> {
        Some(Self { id: pid, since: start_time(pid)? })
    }

    /// That of this process.
    pub(crate) fn own() -> Option<Self> {
        Self::of(rustix::process::getpid().as_raw_pid())
    }

    /// Whether it is there and has not ended.
    pub(super) fn is_alive(self) -> bool {
        Self::of(self.id) == Some(self) && is_alive(self.id)
    }

    /// Whether it was stopped by a signal and waits to be told to go on.
    pub(super) fn is_stopped(self) -> bool {
        Self::of(self.id) == Some(self) && field(self.id, 3).is_some_and(|state| state == "T")
    }
}

/// The field of `/proc/PID/stat` with this number, from 1 as in the manual; from 3 on.
fn field(pid: i32, number: usize) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in brackets, may hold anything; what follows its last bracket does not.
    let rest = stat.rsplit_once(')')?.1;
    rest.split_ascii_whitespace().nth(number.checked_sub(3)?).map(str::to_owned)
}

pub(super) fn parent(pid: i32) -> Option<i32> {
    field(pid, 4)?.parse().ok()
}

/// When it began, in ticks since the machine did. With the id it names a process for good.
pub(super) fn start_time(pid: i32) -> Option<u64> {
    field(pid, 22)?.parse().ok()
}

/// The session that it is in; also of one that has ended and was not waited for yet.
pub(super) fn session(pid: i32) -> Option<i32> {
    field(pid, 6)?.parse().ok()
}

/// Whether it is there and has not ended.
pub(super) fn is_alive(pid: i32) -> bool {
    field(pid, 3).is_some_and(|state| !matches!(&*state, "Z" | "X"))
}

/// How many file locks it may have: a limit that no kernel has looked at since 2.4.
pub(super) fn most_file_locks(pid: i32) -> Option<u64> {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max file locks"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

fn user(pid: i32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Whether its effective user is that of this process.
pub(super) fn is_of_this_user(pid: i32) -> bool {
    user(pid) == Some(rustix::process::geteuid().as_raw())
}

/// Why a process that was told to end has not.
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
