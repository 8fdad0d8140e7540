//! The guard of one command: see [`super`]. It prints nothing: the standard output and the standard
//! error are the command's.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{IoSliceMut, Read as _},
    mem::MaybeUninit,
    os::fd::{AsRawFd as _, OwnedFd},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{Errno, FdFlags, fcntl_setfd, read, write},
    net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg},
    process::{
        Pid, PidfdFlags, Signal, WaitOptions, getpid, kill_process, pidfd_open,
        set_child_subreaper, wait,
    },
    stdio::stdin,
};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::{
    EXEC, descendants,
    exec::Settings,
    wire::{End, KILL, LONGEST_ORDER, Order, TERMINATE, Word},
};

/// How often the processes are counted, and what was adopted is let go of.
const LOOK: Duration = Duration::from_millis(50);
/// Between two tries to end what does not end.
const AGAIN: Duration = Duration::from_millis(5);

/// Runs one command for the server at the other end of the standard input. The exit code is of no
/// meaning to anybody.
pub(super) fn guard() -> u8 {
    let asked = listen_to_signals();
    let Ok(channel) = receive_channel() else { return 2 };
    let Ok(order) = receive_order() else { return 2 };
    let Some(lock) = lock(&order) else { return 2 };
    match start(&order, channel) {
        Ok((leader, errors)) => {
            let why = complaint(errors);
            if why.is_none() {
                say(&Word::Started(leader.as_raw_pid()));
            }
            let end = Watch::new(&order, leader, asked).until_all_is_gone();
            say(&why.map_or(Word::Ended(end), Word::Failed));
        }
        Err(why) => say(&Word::Failed(why)),
    }
    drop(lock);
    0
}

/// Somebody may end the guard by hand, or a service manager everything at once: then the command is
/// ended in order, too.
fn listen_to_signals() -> Arc<AtomicBool> {
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        // Without it the signal ends the guard, and the server the command.
        let _ = signal_hook::flag::register(signal, Arc::clone(&asked));
    }
    asked
}

/// The writing end of the command's channel of progress.
fn receive_channel() -> rustix::io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(stdin(), &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let received = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    received.ok_or(Errno::BADF)
}

fn receive_order() -> std::io::Result<Order> {
    let mut length = [0; 4];
    read_exactly(&mut length)?;
    let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > LONGEST_ORDER {
        return Err(Errno::TOOBIG.into());
    }
    let mut json = vec![0; length];
    read_exactly(&mut json)?;
    Ok(serde_json::from_slice(&json)?)
}

fn read_exactly(mut buffer: &mut [u8]) -> std::io::Result<()> {
    while !buffer.is_empty() {
        match read(stdin(), &mut *buffer) {
            Ok(0) => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => buffer = &mut buffer[n..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn say(word: &Word) {
    let mut line = serde_json::to_vec(word).unwrap_or_default();
    line.push(b'\n');
    let mut rest = &*line;
    // The standard input is a socket: it goes both ways. Nobody may listen any more.
    while !rest.is_empty() {
        match write(stdin(), rest) {
            Ok(n) => rest = &rest[n..],
            Err(Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

/// Waits until nothing of an earlier attempt is left. `None` where the server has gone or changed its
/// mind.
fn lock(order: &Order) -> Option<File> {
    let file = OpenOptions::new().create(true).append(true).open(&order.lock);
    let file = match file {
        Ok(file) => file,
        Err(error) => {
            say(&Word::Failed(format!("the lock of the run cannot be opened: {error}")));
            return None;
        }
    };
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Some(file),
            Err(TryLockError::WouldBlock) if !told => {
                told = true;
                say(&Word::Waiting);
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => {
                say(&Word::Failed(format!("the run cannot be locked: {error}")));
                return None;
            }
        }
        let mut descriptors = [PollFd::from_borrowed_fd(stdin(), PollFlags::IN)];
        if poll(&mut descriptors, Some(&timespec(LOOK))) == Ok(1) {
            say(&Word::Ended(End { signal: Some(Signal::TERM.as_raw()), ..End::default() }));
            return None;
        }
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}

/// Starts the command; also where its complaint can be read if it did not become one.
fn start(order: &Order, channel: OwnedFd) -> Result<(Pid, std::io::PipeReader), String> {
    let me = getpid();
    set_child_subreaper(Some(me)).map_err(|error| format!("no guard can be set: {error}"))?;
    let settings = Settings { guard: me.as_raw_pid(), pty: order.pty, limits: order.limits };
    let settings = serde_json::to_string(&settings).map_err(|error| error.to_string())?;
    let (errors, complaints) = std::io::pipe().map_err(|error| error.to_string())?;
    // It stays open in the command. As the first descriptor that the guard was given it has one
    // digit: shells know no others.
    fcntl_setfd(&channel, FdFlags::empty()).map_err(|error| error.to_string())?;
    let number = channel.as_raw_fd().to_string();
    let mut command = Command::new("/proc/self/exe");
    command.arg(EXEC).arg(settings).args(&order.argv);
    command.env_clear().envs(order.env.iter().map(|(name, value)| (name, value)));
    command.env("MILEPOST_PROGRESS_FD", number);
    command.current_dir(&order.folder).stdin(Stdio::from(complaints));
    let child = command.spawn().map_err(|error| {
        let folder = order.folder.display();
        format!("it cannot be started in the folder {folder}: {error}")
    })?;
    let leader = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    Ok((leader.ok_or("it has no process id")?, errors))
}

/// Why it did not become the command; `None` where it did.
fn complaint(mut errors: std::io::PipeReader) -> Option<String> {
    let mut why = String::new();
    let _ = errors.read_to_string(&mut why);
    Some(why).filter(|why| !why.is_empty())
}

/// What the guard knows while it watches.
struct Watch<'o> {
    order: &'o Order,
    me: i32,
    leader: Pid,
    /// Readable once the leader has ended.
    leader_fd: Option<OwnedFd>,
    leader_ended: bool,
    end: End,
    /// When grace is over, once it was told to end.
    kill_at: Option<Instant>,
    /// Nobody speaks any more.
    deaf: bool,
    /// Whether a signal asked to end it.
    asked: Arc<AtomicBool>,
}

impl<'o> Watch<'o> {
    fn new(order: &'o Order, leader: Pid, asked: Arc<AtomicBool>) -> Self {
        Self {
            order,
            me: getpid().as_raw_pid(),
            leader,
            leader_fd: pidfd_open(leader, PidfdFlags::empty()).ok(),
            leader_ended: false,
            end: End::default(),
            kill_at: None,
            deaf: false,
            asked,
        }
    }

    /// Returns when nothing is left of the command.
    fn until_all_is_gone(mut self) -> End {
        loop {
            if self.reap() {
                return self.end;
            }
            if self.kill_at.is_none() && self.asked.load(Ordering::Relaxed) {
                self.terminate();
            }
            let killing = self.kill_at.is_some_and(|at| at <= Instant::now());
            if killing {
                self.kill_all();
            } else if !self.leader_ended && self.count() > self.order.processes {
                self.end.too_many = true;
                self.kill_at = Some(Instant::now());
                continue;
            }
            self.listen(if killing { AGAIN } else { LOOK });
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
                    let left = descendants::of(self.me).len();
                    if self.kill_at.is_none() && left > 0 {
                        self.end.left = u32::try_from(left).unwrap_or(u32::MAX);
                        self.terminate();
                    }
                }
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    }

    fn count(&self) -> u32 {
        u32::try_from(descendants::of(self.me).len()).unwrap_or(u32::MAX)
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
                        KILL => self.kill_at = Some(Instant::now()),
                        _ => {}
                    }
                }
            }
            Err(Errno::INTR) => {}
            // The server is gone, or has dropped the run.
            _ => {
                self.deaf = true;
                self.kill_at = Some(Instant::now());
            }
        }
    }

    /// TERM to everything there is, and a limit to its patience.
    fn terminate(&mut self) {
        self.kill_at = Instant::now().checked_add(Duration::from_millis(self.order.grace_ms));
        for process in descendants::of(self.me) {
            signal(process, Signal::TERM);
            // What is stopped does not hear.
            signal(process, Signal::CONT);
        }
    }

    /// First nothing may make anything new, then nothing may be left.
    fn kill_all(&self) {
        let mut stopped = Vec::new();
        loop {
            let all = descendants::of(self.me);
            let new: Vec<_> = all.into_iter().filter(|id| !stopped.contains(id)).collect();
            if new.is_empty() {
                break;
            }
            for process in new {
                signal(process, Signal::STOP);
                stopped.push(process);
            }
        }
        for process in stopped {
            signal(process, Signal::KILL);
        }
    }
}

/// To a process that may have ended meanwhile. Its id is not another's: only this process reaps what
/// is below it, but for children of those below, which are then signalled at worst a moment late.
fn signal(process: i32, signal: Signal) {
    if let Some(process) = Pid::from_raw(process) {
        let _ = kill_process(process, signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_told_in_seconds_and_nanoseconds() {
        let spec = timespec(Duration::from_millis(2_050));
        assert_eq!((spec.tv_sec, spec.tv_nsec), (2, 50_000_000));
    }
}
