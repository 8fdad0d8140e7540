//! Guard of one command; see [`super`]. It prints nothing, because standard output and standard
//! error belong to the command.

mod watch;

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{IoSliceMut, Read as _, Write as _},
    mem::MaybeUninit,
    os::fd::{AsRawFd as _, IntoRawFd as _, OwnedFd},
    process::{Command, Stdio},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{MemfdFlags, memfd_create},
    io::{Errno, FdFlags, fcntl_setfd, read, write},
    net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg},
    process::{DumpableBehavior, Pid, Signal, getpid, set_child_subreaper, set_dumpable_behavior},
    stdio::stdin,
};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use self::watch::Watch;
use super::{
    EXEC,
    exec::{Settings, StdinAt},
    namespace,
    wire::{End, GUARD_ENDED, MAX_SPAWN_REQUEST, SpawnRequest, Word},
};
use crate::stdin::Input;

/// Interval of counting processes and reaping adopted ones.
const LOOK: Duration = Duration::from_millis(50);

/// Runs one command for the server at the other end of standard input. The exit code is not used.
pub(super) fn guard() -> u8 {
    let asked = listen_to_signals();
    // The request contains the run's secrets, so protect this process, too.
    let settled = namespace::settle();
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let Ok(channel) = receive_channel() else { return 2 };
    let Ok(request) = receive_request() else { return 2 };
    if let Err(why) = settled {
        fail(&namespace::unfit(&why));
        return 2;
    }
    let Some(lock) = lock(&request) else { return 2 };
    match start(&request, channel) {
        Ok((leader, errors)) => {
            let why = complaint(errors);
            if why.is_none() {
                say(&Word::Started(leader.as_raw_pid()));
            }
            let mut watch = Watch::new(&request, leader, asked);
            let end = watch.until_all_is_gone();
            say(&why.map_or(Word::Ended(end), Word::Failed));
            // The next attempt must wait until nothing of this one remains, however long that
            // takes.
            watch.wait_for_what_remains();
            watch.remove_what_nobody_else_will();
        }
        Err(why) => say(&Word::Failed(why)),
    }
    end_well(lock);
    0
}

/// Marks the lock file and releases it. The mark tells a server that finds it after a crash that
/// nothing remained.
fn end_well(mut lock: File) {
    let _ = lock.write_all(GUARD_ENDED);
}

/// Reports that nothing was started.
pub(super) fn fail(why: &str) {
    say(&Word::Failed(why.to_owned()));
}

/// On SIGTERM, SIGINT or SIGHUP, for example from an operator or a service manager, the command is
/// stopped in order.
fn listen_to_signals() -> Arc<AtomicBool> {
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        // Without the handler, the signal kills the guard, and the server kills the command.
        let _ = signal_hook::flag::register(signal, Arc::clone(&asked));
    }
    asked
}

/// Receives the writing end of the command's progress channel.
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

fn receive_request() -> std::io::Result<SpawnRequest> {
    let mut length = [0; 4];
    read_exactly(&mut length)?;
    let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > MAX_SPAWN_REQUEST {
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
    // Standard input is a socket, so it can be written. The server may be gone.
    while !rest.is_empty() {
        match write(stdin(), rest) {
            Ok(n) => rest = &rest[n..],
            Err(Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

/// Waits until nothing of an earlier attempt remains. `None` if the server is gone or has
/// cancelled.
fn lock(request: &SpawnRequest) -> Option<File> {
    let file = OpenOptions::new().create(true).append(true).open(&request.lock);
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
            Ok(()) => {
                // Left by an earlier attempt.
                let _ = file.set_len(0);
                return Some(file);
            }
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

/// Starts the command. Also returns a pipe that contains an error message if exec fails.
fn start(request: &SpawnRequest, channel: OwnedFd) -> Result<(Pid, std::io::PipeReader), String> {
    let me = getpid();
    set_child_subreaper(Some(me)).map_err(|error| format!("no guard can be set: {error}"))?;
    let settings = Settings {
        guard: me.as_raw_pid(),
        pty: request.pty,
        limits: request.limits,
        umask: request.umask,
        new_privileges: request.new_privileges,
        cgroup: request.cgroup.clone(),
        mark: request.mark,
        stdin: stdin_of(&request.stdin)?,
    };
    let settings = serde_json::to_string(&settings).map_err(|error| error.to_string())?;
    let (errors, complaints) = std::io::pipe().map_err(|error| error.to_string())?;
    // Stays open in the command. As the first descriptor received, its number has one digit; shells
    // support no others.
    fcntl_setfd(&channel, FdFlags::empty()).map_err(|error| error.to_string())?;
    let number = channel.as_raw_fd().to_string();
    let mut command = Command::new("/proc/self/exe");
    command.arg(EXEC).arg(settings).args(&request.argv);
    command.env_clear().envs(request.env.iter().map(|(name, value)| (name, value)));
    command.env("MILEPOST_PROGRESS_FD", number);
    command.current_dir(&request.folder).stdin(Stdio::from(complaints));
    let child = command.spawn().map_err(|error| {
        let folder = request.folder.display();
        format!("it cannot be started in the folder {folder}: {error}")
    })?;
    let leader = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    Ok((leader.ok_or("it has no process id")?, errors))
}

/// Where the command finds its standard input. A text is put into memory that the command inherits,
/// never into a file or an argument: it may hold secrets.
fn stdin_of(input: &Input) -> Result<Option<StdinAt>, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("no standard input: {error}");
    match input {
        Input::Closed => Ok(None),
        Input::File(path) => Ok(Some(StdinAt::File(path.clone()))),
        Input::Text(text) => {
            let memory = memfd_create("stdin", MemfdFlags::empty()).map_err(|e| wrong(&e))?;
            let number = memory.as_raw_fd();
            let mut memory = File::from(memory);
            memory.write_all(text.as_bytes()).map_err(|e| wrong(&e))?;
            // Stays open until this process ends: the command opens it by its number.
            let _ = memory.into_raw_fd();
            Ok(Some(StdinAt::Memory(number)))
        }
    }
}

/// Reads why exec failed; `None` if it succeeded.
fn complaint(mut errors: std::io::PipeReader) -> Option<String> {
    let mut why = String::new();
    let _ = errors.read_to_string(&mut why);
    Some(why).filter(|why| !why.is_empty())
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
