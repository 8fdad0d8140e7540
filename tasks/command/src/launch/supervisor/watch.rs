//! Watches a running command, and stops it with all its descendants: child and grandchild alike get
//! SIGTERM, then SIGKILL after the grace.

use std::{
    os::fd::OwnedFd,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::{Errno, read},
    process::{Pid, PidfdFlags, Signal, WaitOptions, getpid, kill_process, pidfd_open, wait},
    stdio::stdin,
};

use super::super::{
    cgroup::Cgroup,
    descendants, namespace,
    socket::{send, timespec},
    stat,
    wire::{End, KILL, Remaining, SpawnRequest, SupervisorMessage, TERMINATE},
};

/// Interval of counting processes and reaping adopted ones.
pub(super) const LOOK: Duration = Duration::from_millis(50);

/// Pause between attempts to kill what does not end; doubles from the first value to the second.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));
/// Processes that remain this long after the first SIGKILL are reported to the server.
const GIVE_UP: Duration = Duration::from_secs(5);
/// Maximum number of searches for new processes before a SIGKILL; processes that fork and exit at
/// once would otherwise prolong them forever.
const LOOKS: usize = 8;

/// State of the supervisor while it watches.
pub(super) struct Watch<'o> {
    request: &'o SpawnRequest,
    cgroup: Option<Cgroup>,
    me: i32,
    leader: Pid,
    /// Readable once the command's first process has ended.
    leader_fd: Option<OwnedFd>,
    leader_ended: bool,
    end: End,
    /// When the grace ends, once the command was asked to stop.
    kill_at: Option<Instant>,
    /// Pause before the next kill.
    pause: Duration,
    /// Whether processes that may not be signalled were reported.
    reported: bool,
    /// Whether the connection to the server is closed.
    disconnected: bool,
    /// Whether a signal asked the supervisor to stop.
    asked: Arc<AtomicBool>,
}

impl<'o> Watch<'o> {
    pub(super) fn new(request: &'o SpawnRequest, leader: Pid, asked: Arc<AtomicBool>) -> Self {
        Self {
            request,
            cgroup: request.cgroup.clone().map(Cgroup::at),
            me: getpid().as_raw_pid(),
            leader,
            leader_fd: pidfd_open(leader, PidfdFlags::empty()).ok(),
            leader_ended: false,
            end: End::default(),
            kill_at: None,
            pause: PAUSES.0,
            reported: false,
            disconnected: false,
            asked,
        }
    }

    /// Returns when all processes are gone, or the rest cannot be killed.
    pub(super) fn until_all_is_gone(&mut self) -> End {
        loop {
            if self.reap() && self.cgroup_is_empty() {
                return self.end.clone();
            }
            if self.kill_at.is_none() && self.asked.load(Ordering::Relaxed) {
                self.terminate();
            }
            let now = Instant::now();
            let killing = self.kill_at.is_some_and(|at| at <= now);
            if killing {
                let refused = self.kill_all();
                if self.kill_at.is_some_and(|at| now.duration_since(at) > GIVE_UP) {
                    let why = |pid: &i32| stat::remaining(*pid, refused.contains(pid));
                    let alive = self.all().into_iter().filter(|pid| stat::is_alive(*pid));
                    self.end.remaining = alive.map(|pid| why(&pid)).collect();
                    if !self.end.remaining.is_empty() {
                        return self.end.clone();
                    }
                }
                self.report(&refused);
            } else if !self.leader_ended && self.count() > self.request.processes {
                self.end.too_many = true;
                self.kill_now();
                continue;
            }
            let timeout = if killing { self.next_pause() } else { LOOK };
            self.listen(timeout);
        }
    }

    /// Waits for processes that could not be killed, and retries periodically.
    pub(super) fn wait_for_what_remains(&mut self) {
        if self.end.remaining.is_empty() {
            return;
        }
        while !(self.reap() && self.cgroup_is_empty()) {
            self.kill_all();
            let _ = poll(&mut [], Some(&timespec(PAUSES.1)));
        }
    }

    /// Removes the control group if the server will not: it is gone, or has given up on processes
    /// that could not be killed.
    pub(super) fn remove_cgroup_unless_server_will(&self) {
        if let Some(group) =
            self.cgroup.as_ref().filter(|_| self.disconnected || !self.end.remaining.is_empty())
        {
            let _ = group.remove();
        }
    }

    /// Reaps ended processes; returns whether all are gone. Orphans become children of the supervisor,
    /// so no children means that nothing remains.
    fn reap(&mut self) -> bool {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((ended, status))) if ended == self.leader => {
                    self.leader_ended = true;
                    self.leader_fd = None;
                    self.end.code = status.exit_status();
                    self.end.signal = status.terminating_signal();
                    let left = self.count();
                    if self.kill_at.is_none() && left > 0 {
                        self.end.left = left;
                        self.terminate();
                    }
                }
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    }

    /// The control group still contains processes that left the supervisor's descendants by being
    /// adopted elsewhere.
    fn cgroup_is_empty(&mut self) -> bool {
        let Some(group) = &self.cgroup else { return true };
        let empty = !group.processes().into_iter().any(stat::is_alive);
        if !empty && self.kill_at.is_none() {
            self.terminate();
        }
        empty
    }

    /// All processes of the command.
    fn all(&self) -> Vec<i32> {
        let mut all = descendants::of(self.me);
        for process in self.cgroup.iter().flat_map(Cgroup::processes) {
            if !all.contains(&process) {
                all.push(process);
            }
        }
        all
    }

    fn count(&self) -> u32 {
        u32::try_from(self.all().len()).unwrap_or(u32::MAX)
    }

    /// Waits for the server, the end of the command, or this long.
    fn listen(&mut self, timeout: Duration) {
        let mut descriptors = Vec::with_capacity(2);
        if !self.disconnected {
            descriptors.push(PollFd::from_borrowed_fd(stdin(), PollFlags::IN));
        }
        if let Some(leader) = &self.leader_fd {
            descriptors.push(PollFd::new(leader, PollFlags::IN));
        }
        let ready = poll(&mut descriptors, Some(&timespec(timeout)));
        let readable = ready.is_ok() && !self.disconnected && !descriptors[0].revents().is_empty();
        if !readable {
            return;
        }
        let mut bytes = [0; 16];
        match read(stdin(), &mut bytes) {
            Ok(n) if n > 0 => {
                for byte in &bytes[..n] {
                    match *byte {
                        TERMINATE if self.kill_at.is_none() => self.terminate(),
                        KILL => self.kill_now(),
                        _ => {}
                    }
                }
            }
            Err(Errno::INTR) => {}
            // The server is gone or has dropped the run.
            _ => {
                self.disconnected = true;
                self.kill_now();
            }
        }
    }

    fn kill_now(&mut self) {
        self.end.stopped = self.end.stopped.max(self.count());
        let now = Instant::now();
        // An expired grace must not start again.
        if self.kill_at.is_none_or(|at| at > now) {
            self.kill_at = Some(now);
        }
    }

    /// Sends SIGTERM to all processes and starts the grace.
    fn terminate(&mut self) {
        let all = self.all();
        let number = u32::try_from(all.len()).unwrap_or(u32::MAX);
        self.end.stopped = self.end.stopped.max(number);
        self.kill_at = Instant::now().checked_add(Duration::from_millis(self.request.grace_ms));
        let mut refused = Vec::new();
        for process in all {
            if signal(process, Signal::TERM) == Err(Errno::PERM) {
                refused.push(process);
            }
            // A stopped process handles SIGTERM only after SIGCONT.
            let _ = signal(process, Signal::CONT);
        }
        self.report(&refused);
    }

    /// Stops all processes first, so that they cannot fork, then kills them. Returns those that may
    /// not be signalled.
    fn kill_all(&self) -> Vec<i32> {
        // The kernel can kill all at once, without forks in between.
        if let Some(group) = &self.cgroup {
            let _ = group.kill();
        } else if namespace::is_first() {
            let all = nix::unistd::Pid::from_raw(-1);
            let _ = nix::sys::signal::kill(all, nix::sys::signal::Signal::SIGKILL);
        }
        let mut stopped = Vec::new();
        for _ in 0..LOOKS {
            let new: Vec<_> = self.all().into_iter().filter(|id| !stopped.contains(id)).collect();
            if new.is_empty() {
                break;
            }
            for process in new {
                let _ = signal(process, Signal::STOP);
                stopped.push(process);
            }
        }
        let refuses = |process: &i32| signal(*process, Signal::KILL) == Err(Errno::PERM);
        stopped.into_iter().filter(refuses).collect()
    }

    /// Grows after each attempt: what does not end at once may take long or never end.
    fn next_pause(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(PAUSES.1);
        pause
    }

    /// Reports once which processes may not be signalled.
    fn report(&mut self, refused: &[i32]) {
        if !self.reported && !refused.is_empty() {
            self.reported = true;
            let why = |pid: &i32| stat::remaining(*pid, true);
            let named: Vec<Remaining> = refused.iter().map(why).collect();
            send(&SupervisorMessage::Refused(named));
        }
    }
}

/// Signals a process that may already have ended. The id cannot belong to another process: only the
/// supervisor reaps its children; children of descendants may at worst be signalled a moment late.
fn signal(process: i32, signal: Signal) -> rustix::io::Result<()> {
    match Pid::from_raw(process) {
        Some(process) => kill_process(process, signal),
        None => Ok(()),
    }
}
