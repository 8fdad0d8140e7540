//! A command that runs: waits for its end, or brings it about, with all that came from it.
//! Child and grandchild alike get TERM, then KILL after the grace.

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

use super::{
    super::{
        cgroup::Cgroup,
        descendants, namespace, stat,
        wire::{End, KILL, Remaining, SpawnRequest, TERMINATE, Word},
    },
    LOOK, say, timespec,
};

/// Between two tries to end what does not end: doubles from the first to the second.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));
/// What has not gone for so long after the first KILL is told to the server as what it is.
const GIVE_UP: Duration = Duration::from_secs(5);
/// Looks for more before a KILL. What forks and ends at once would be looked for without end.
const LOOKS: usize = 8;

/// What the guard knows while it watches.
pub(super) struct Watch<'o> {
    request: &'o SpawnRequest,
    cgroup: Option<Cgroup>,
    me: i32,
    leader: Pid,
    /// Readable once the leader has ended.
    leader_fd: Option<OwnedFd>,
    leader_ended: bool,
    end: End,
    /// When grace is over, once it was told to end.
    kill_at: Option<Instant>,
    /// Before the next KILL.
    pause: Duration,
    /// Those that may not be signalled were told of.
    told: bool,
    /// Nobody speaks any more.
    deaf: bool,
    /// Whether a signal asked to end it.
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
            told: false,
            deaf: false,
            asked,
        }
    }

    /// Returns when nothing is left of the command, or nothing that can be ended.
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
                self.tell_of(&refused);
            } else if !self.leader_ended && self.count() > self.request.processes {
                self.end.too_many = true;
                self.kill_now();
                continue;
            }
            let longest = if killing { self.next_pause() } else { LOOK };
            self.listen(longest);
        }
    }

    /// Waits for what could not be ended, and tries again now and then.
    pub(super) fn wait_for_what_remains(&mut self) {
        if self.end.remaining.is_empty() {
            return;
        }
        while !(self.reap() && self.cgroup_is_empty()) {
            self.kill_all();
            let _ = poll(&mut [], Some(&timespec(PAUSES.1)));
        }
    }

    /// Removes the control group where the server has gone, or has dropped the run.
    pub(super) fn remove_what_nobody_else_will(&self) {
        if let Some(group) =
            self.cgroup.as_ref().filter(|_| self.deaf || !self.end.remaining.is_empty())
        {
            let _ = group.remove();
        }
    }

    /// Lets go of what has ended; whether that was all. What a process leaves behind when it ends is
    /// the guard's child from then on, so that without children nothing is left.
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

    /// What left the guard's family, as a child of a child of another's, is in the group still.
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

    /// Waits for the server, for the end of the command, or for this long.
    fn listen(&mut self, longest: Duration) {
        let mut descriptors = Vec::with_capacity(2);
        if !self.deaf {
            descriptors.push(PollFd::from_borrowed_fd(stdin(), PollFlags::IN));
        }
        if let Some(leader) = &self.leader_fd {
            descriptors.push(PollFd::new(leader, PollFlags::IN));
        }
        let ready = poll(&mut descriptors, Some(&timespec(longest)));
        let heard = ready.is_ok() && !self.deaf && !descriptors[0].revents().is_empty();
        if !heard {
            return;
        }
        let mut words = [0; 16];
        match read(stdin(), &mut words) {
            Ok(n) if n > 0 => {
                for word in &words[..n] {
                    match *word {
                        TERMINATE if self.kill_at.is_none() => self.terminate(),
                        KILL => self.kill_now(),
                        _ => {}
                    }
                }
            }
            Err(Errno::INTR) => {}
            // The server is gone, or has dropped the run.
            _ => {
                self.deaf = true;
                self.kill_now();
            }
        }
    }

    fn kill_now(&mut self) {
        self.end.stopped = self.end.stopped.max(self.count());
        let now = Instant::now();
        // Grace that is over already is not begun anew.
        if self.kill_at.is_none_or(|at| at > now) {
            self.kill_at = Some(now);
        }
    }

    /// TERM to everything there is, and a limit to its patience.
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
            // What is stopped does not hear.
            let _ = signal(process, Signal::CONT);
        }
        self.tell_of(&refused);
    }

    /// First nothing may make anything new, then nothing may be left. Those that may not be signalled.
    fn kill_all(&self) -> Vec<i32> {
        // At a stroke, where the kernel does it: nothing forks in between.
        if let Some(group) = &self.cgroup {
            let _ = group.kill();
        } else if namespace::is_first() {
            let everybody = nix::unistd::Pid::from_raw(-1);
            let _ = nix::sys::signal::kill(everybody, nix::sys::signal::Signal::SIGKILL);
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

    /// Longer after each try: what does not end at once may take a while, or never end.
    fn next_pause(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(PAUSES.1);
        pause
    }

    /// Says once which processes may not be signalled.
    fn tell_of(&mut self, refused: &[i32]) {
        if !self.told && !refused.is_empty() {
            self.told = true;
            let why = |pid: &i32| stat::remaining(*pid, true);
            let named: Vec<Remaining> = refused.iter().map(why).collect();
            say(&Word::Refused(named));
        }
    }
}

/// To a process that may have ended meanwhile. Its id is not another's: only this process reaps what
/// is below it, but for children of those below, which are then signalled at worst a moment late.
fn signal(process: i32, signal: Signal) -> rustix::io::Result<()> {
    match Pid::from_raw(process) {
        Some(process) => kill_process(process, signal),
        None => Ok(()),
    }
}
