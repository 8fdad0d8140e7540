//! Supervisor of one command; see [`super`]. It prints nothing, because standard output and standard
//! error belong to the command.

mod watch;

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Write as _},
    os::fd::{AsRawFd as _, IntoRawFd as _, OwnedFd},
    process::{Command, Stdio},
    sync::{Arc, atomic::AtomicBool},
};

use rustix::{
    fs::{MemfdFlags, memfd_create},
    io::{FdFlags, fcntl_setfd},
    process::{DumpableBehavior, Pid, Signal, getpid, set_child_subreaper, set_dumpable_behavior},
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use self::watch::{LOOK, Watch};
use super::{
    EXEC,
    exec::{Settings, StdinAt},
    namespace,
    socket::{self, receive_channel, receive_request, send},
    wire::{End, SUPERVISOR_ENDED, SpawnRequest, SupervisorMessage},
};
use crate::stdin::Input;

/// Runs one command for the server at the other end of standard input. The exit code is not used.
pub(super) fn supervise() -> u8 {
    let asked = listen_to_signals();
    // The request contains the run's secrets, so protect this process, too.
    let settled = namespace::settle();
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let Ok(channel) = receive_channel() else { return 2 };
    let Ok(request) = receive_request() else { return 2 };
    if let Err(why) = settled {
        socket::fail(&namespace::unfit(&why));
        return 2;
    }
    let Some(lock) = lock(&request) else { return 2 };
    match start(&request, channel) {
        Ok((leader, errors)) => {
            let why = complaint(errors);
            if why.is_none() {
                send(&SupervisorMessage::Started(leader.as_raw_pid()));
            }
            let mut watch = Watch::new(&request, leader, asked);
            let end = watch.until_all_is_gone();
            send(&why.map_or(SupervisorMessage::Ended(end), SupervisorMessage::Failed));
            // The next attempt must wait until nothing of this one remains, however long that
            // takes.
            watch.wait_for_what_remains();
            watch.remove_cgroup_unless_server_will();
        }
        Err(why) => send(&SupervisorMessage::Failed(why)),
    }
    end_well(lock);
    0
}

/// Marks the lock file and releases it. The mark tells a server that finds it after a crash that
/// nothing remained.
fn end_well(mut lock: File) {
    let _ = lock.write_all(SUPERVISOR_ENDED);
}

/// On SIGTERM, SIGINT or SIGHUP, for example from an operator or a service manager, the command is
/// stopped in order.
fn listen_to_signals() -> Arc<AtomicBool> {
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        // Without the handler, the signal kills the supervisor, and the server kills the command.
        let _ = signal_hook::flag::register(signal, Arc::clone(&asked));
    }
    asked
}

/// Waits until nothing of an earlier attempt remains. `None` if the server is gone or has
/// cancelled.
fn lock(request: &SpawnRequest) -> Option<File> {
    let file = OpenOptions::new().create(true).append(true).open(&request.lock);
    let file = match file {
        Ok(file) => file,
        Err(error) => {
            send(&SupervisorMessage::Failed(format!(
                "the lock of the run cannot be opened: {error}"
            )));
            return None;
        }
    };
    let mut reported = false;
    loop {
        match file.try_lock() {
            Ok(()) => {
                // Left by an earlier attempt.
                let _ = file.set_len(0);
                return Some(file);
            }
            Err(TryLockError::WouldBlock) if !reported => {
                reported = true;
                send(&SupervisorMessage::Waiting);
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => {
                send(&SupervisorMessage::Failed(format!("the run cannot be locked: {error}")));
                return None;
            }
        }
        if socket::is_readable_within(LOOK) {
            send(&SupervisorMessage::Ended(End {
                signal: Some(Signal::TERM.as_raw()),
                ..End::default()
            }));
            return None;
        }
    }
}

/// Starts the command. Also returns a pipe that contains an error message if exec fails.
fn start(request: &SpawnRequest, channel: OwnedFd) -> Result<(Pid, std::io::PipeReader), String> {
    let me = getpid();
    set_child_subreaper(Some(me)).map_err(|error| format!("no supervisor can be set: {error}"))?;
    let settings = Settings {
        supervisor: me.as_raw_pid(),
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
