//! Kills processes without a supervisor.
//!
//! An orphaned process becomes a child of the nearest "child subreaper": of its supervisor, or of the
//! server if the supervisor was killed. A command has a session of its own, and its descendants can
//! never return to the server's session. Therefore a child of the server in another session has
//! outlived its supervisor. Processes that also outlived the server are found by their session, their
//! environment, or a [`Mark`].

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    process::{Pid, Signal, WaitOptions, kill_process, set_child_subreaper, waitpid},
};
use serde::{Deserialize, Serialize};

use super::{
    descendants,
    mark::Mark,
    stat::{self, Identity},
    wire::Remaining,
};

/// Time limit of the attempts; the engine gives a run a little longer to report its end.
const TIME_LIMIT: Duration = Duration::from_secs(4);
/// Number of attempts without a pause, to catch processes that fork and exit at once.
const AT_ONCE: u32 = 1_000;
/// Pause between later attempts; doubles from the first value to the second.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(100));

/// Result of killing processes.
#[derive(Debug, Default)]
pub(crate) struct Reaped {
    /// Number of processes killed.
    pub(crate) ended: usize,
    /// Processes that could not be killed.
    pub(crate) remaining: Vec<Remaining>,
}

/// Makes this process adopt everything that outlives its supervisor from now on.
pub(super) fn adopt_orphans() -> rustix::io::Result<()> {
    set_child_subreaper(Some(rustix::process::getpid()))
}

/// Kills all processes that outlived their supervisor.
pub(crate) fn reap_orphans() -> Reaped {
    let me = rustix::process::getpid().as_raw_pid();
    let own_session = stat::session(me);
    reap(|| {
        let mut scan = Scan::default();
        for child in descendants::children(me) {
            let Some(pid) = Pid::from_raw(child) else { continue };
            if stat::session(child) == own_session {
                continue;
            }
            // Reap processes that have ended. Their children were adopted after the list was read.
            if matches!(waitpid(Some(pid), WaitOptions::NOHANG), Ok(Some(_)) | Err(Errno::CHILD)) {
                scan.reaped = true;
            } else {
                scan.alive.push(child);
                scan.alive.extend(descendants::of(child));
            }
        }
        scan
    })
}

/// Kills all processes whose `MILEPOST_RUN_DIR` is this folder, that are in the run's session, or
/// that have its mark.
pub(crate) fn reap_run(folder: &Path, session: Option<Session>, mark: Option<Mark>) -> Reaped {
    let variable = format!("MILEPOST_RUN_DIR={}", folder.display());
    let me = rustix::process::getpid().as_raw_pid();
    reap(|| {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let is_of = |pid: i32| {
            session.is_some_and(|session| session.has(pid))
                || mark.is_some_and(|mark| mark.is_on(pid))
                || has(pid, variable.as_bytes())
        };
        let found = ids.filter(|pid| *pid != me && is_of(*pid));
        Scan { alive: found.filter(|pid| stat::is_alive(*pid)).collect(), reaped: false }
    })
}

/// Session of a command, identified by its first process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session(pub(crate) Identity);

impl Session {
    /// Whether the process is in this session. If the kernel has reused the id, its first process
    /// exists with another start time.
    fn has(self, pid: i32) -> bool {
        let Identity { id, since } = self.0;
        let reused = stat::start_time(id).is_some_and(|began| began != since);
        !reused
            && stat::session(pid) == Some(id)
            && stat::start_time(pid).is_some_and(|began| began >= since)
            && stat::is_of_this_user(pid)
    }
}

/// Whether the process has this variable. Ended processes have no environment.
fn has(process: i32, mark: &[u8]) -> bool {
    let environment = fs::read(format!("/proc/{process}/environ"));
    environment.is_ok_and(|all| all.split(|byte| *byte == 0).any(|variable| variable == mark))
}

/// What one look at the processes found.
#[derive(Default)]
struct Scan {
    alive: Vec<i32>,
    /// Whether a process had ended. It may have started others that this look did not see.
    reaped: bool,
}

/// Kills what `find` returns until two looks in a row find nothing, within the time limit. One is not
/// enough: a process that forks and exits can be between the two.
fn reap(find: impl Fn() -> Scan) -> Reaped {
    let until = Instant::now() + TIME_LIMIT;
    let (mut killed, mut tries, mut pause) = (Vec::new(), 0_u32, PAUSES.0);
    let mut quiet = false;
    loop {
        let Scan { alive: found, reaped } = find();
        if found.is_empty() {
            if quiet || Instant::now() > until {
                return Reaped { ended: killed.len(), remaining: Vec::new() };
            }
            quiet = !reaped;
            continue;
        }
        quiet = false;
        let mut refused = Vec::new();
        for process in &found {
            let Some(pid) = Pid::from_raw(*process) else { continue };
            if !killed.contains(process) {
                killed.push(*process);
            }
            if kill_process(pid, Signal::KILL) == Err(Errno::PERM) {
                refused.push(*process);
            }
        }
        if Instant::now() > until {
            let why = |pid: &i32| stat::remaining(*pid, refused.contains(pid));
            let remaining: Vec<_> = found.iter().map(why).collect();
            return Reaped { ended: killed.len().saturating_sub(remaining.len()), remaining };
        }
        tries = tries.saturating_add(1);
        // Processes that refuse signals can only be waited for.
        if tries > AT_ONCE || refused.len() == found.len() {
            thread::sleep(pause);
            pause = (pause * 2).min(PAUSES.1);
        }
    }
}
