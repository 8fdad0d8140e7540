//! What is ended without a guard.
//!
//! A process whose parent ends becomes a child of the nearest "child subreaper" above: of the guard,
//! and where that was killed, of the server. A command is in a session of its own, and what it starts
//! never comes back into the server's; so a child of the server in another session has outlived its
//! guard. What outlived the server too is found by its session, by its environment, or by a [`Mark`].

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    process::{
        Pid, Resource, Rlimit, Signal, WaitOptions, getrlimit, kill_process, set_child_subreaper,
        setrlimit, waitpid,
    },
};
use serde::{Deserialize, Serialize};

use super::{
    descendants,
    stat::{self, Identity},
    wire::Remaining,
};

/// How long it is tried at once; the engine gives a run a little longer for its last words.
const PATIENCE: Duration = Duration::from_secs(4);
/// Tries without a pause: what forks and ends at once has to be caught in between.
const AT_ONCE: u32 = 1_000;
/// Between later tries: doubles from the first to the second.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(100));

/// What a hunt came to.
#[derive(Debug, Default)]
pub(crate) struct Hunt {
    /// How many processes it ended.
    pub(crate) ended: usize,
    /// What it could not end.
    pub(crate) remaining: Vec<Remaining>,
}

/// Whatever outlives its guard from now on becomes a child of this process.
pub(super) fn adopt_orphans() -> rustix::io::Result<()> {
    set_child_subreaper(Some(rustix::process::getpid()))
}

/// Ends every process that outlived its guard.
pub(crate) fn end_orphans() -> Hunt {
    let me = rustix::process::getpid().as_raw_pid();
    let own_session = stat::session(me);
    hunt(|| {
        let mut found = Vec::new();
        for child in descendants::children(me) {
            let Some(pid) = Pid::from_raw(child) else { continue };
            if stat::session(child) == own_session {
                continue;
            }
            // One that has ended is let go of.
            if !matches!(waitpid(Some(pid), WaitOptions::NOHANG), Ok(Some(_)) | Err(Errno::CHILD)) {
                found.push(child);
                found.extend(descendants::of(child));
            }
        }
        found
    })
}

/// Ends every process whose `MILEPOST_RUN_DIR` is this folder, or that is in the session of the run, or
/// has its mark.
pub(crate) fn end_all_of(folder: &Path, session: Option<Session>, mark: Option<Mark>) -> Hunt {
    let variable = format!("MILEPOST_RUN_DIR={}", folder.display());
    let me = rustix::process::getpid().as_raw_pid();
    hunt(|| {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let is_of = |pid: i32| {
            session.is_some_and(|session| session.has(pid))
                || mark.is_some_and(|mark| mark.is_on(pid))
                || has(pid, variable.as_bytes())
        };
        let found = ids.filter(|pid| *pid != me && is_of(*pid));
        found.filter(|pid| stat::is_alive(*pid)).collect()
    })
}

/// The session of a command: its first process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session(pub(crate) Identity);

impl Session {
    /// A number that the kernel has given anew is another session's: then its first process is there
    /// and began at another time.
    fn has(self, pid: i32) -> bool {
        let Identity { id, since } = self.0;
        let anew = stat::start_time(id).is_some_and(|began| began != since);
        !anew
            && stat::session(pid) == Some(id)
            && stat::start_time(pid).is_some_and(|began| began >= since)
            && stat::is_of_this_user(pid)
    }
}

/// What a run's processes inherit whatever they make of their session and their environment: a number
/// of its own as the most file locks that they may have (`RLIMIT_LOCKS`). No kernel looks at it, and
/// without rights a process can make it less, but never what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark(u64);

impl Mark {
    /// Below this no number is another one's by chance only.
    const MIN: u64 = 1 << 40;

    /// A new one; `None` where the limit of this process itself leaves no room.
    pub(crate) fn random() -> Option<Self> {
        let below = getrlimit(Resource::Locks).maximum.unwrap_or(u64::MAX) / 2;
        (below >= Self::MIN).then(|| Self(below + rand::random::<u64>() % below))
    }

    /// Puts it on this process.
    pub(super) fn put_on(self) {
        let limit = Rlimit { current: Some(self.0), maximum: Some(self.0) };
        // Where that is not allowed the run has no mark.
        let _ = setrlimit(Resource::Locks, limit);
    }

    fn is_on(self, pid: i32) -> bool {
        stat::most_file_locks(pid) == Some(self.0)
    }
}

/// A process that has ended has no environment any more.
fn has(process: i32, mark: &[u8]) -> bool {
    let environment = fs::read(format!("/proc/{process}/environ"));
    environment.is_ok_and(|all| all.split(|byte| *byte == 0).any(|variable| variable == mark))
}

/// Kills what is found until nothing is, or for as long as it has patience.
fn hunt(find: impl Fn() -> Vec<i32>) -> Hunt {
    let until = Instant::now() + PATIENCE;
    let (mut told, mut tries, mut pause) = (Vec::new(), 0_u32, PAUSES.0);
    loop {
        let found = find();
        if found.is_empty() {
            return Hunt { ended: told.len(), remaining: Vec::new() };
        }
        let mut refused = Vec::new();
        for process in &found {
            let Some(pid) = Pid::from_raw(*process) else { continue };
            if !told.contains(process) {
                told.push(*process);
            }
            if kill_process(pid, Signal::KILL) == Err(Errno::PERM) {
                refused.push(*process);
            }
        }
        if Instant::now() > until {
            let why = |pid: &i32| stat::remaining(*pid, refused.contains(pid));
            let remaining: Vec<_> = found.iter().map(why).collect();
            return Hunt { ended: told.len().saturating_sub(remaining.len()), remaining };
        }
        tries = tries.saturating_add(1);
        // Nothing else may be done than wait for what refuses.
        if tries > AT_ONCE || refused.len() == found.len() {
            thread::sleep(pause);
            pause = (pause * 2).min(PAUSES.1);
        }
    }
}
