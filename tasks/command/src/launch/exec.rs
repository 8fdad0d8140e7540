//! Process that becomes the command: sets its session and limits, then executes the program.

use std::{
    ffi::OsString, io::Write as _, os::unix::process::CommandExt as _, path::PathBuf,
    process::Command,
};

use rustix::{
    fs::{FileType, Mode, OFlags, fcntl_setfl, fstat, open},
    io::fcntl_dupfd_cloexec,
    process::{Pid, Resource, Rlimit, Signal, getppid, setrlimit, setsid},
    stdio,
};
use serde::{Deserialize, Serialize};

use super::{cgroup::Cgroup, mark::Mark, wire::KernelLimits};

/// Settings, passed as the first argument; the command line follows.
#[derive(Serialize, Deserialize)]
pub(super) struct Settings {
    pub(super) supervisor: i32,
    pub(super) pty: bool,
    pub(super) limits: KernelLimits,
    pub(super) umask: Option<u32>,
    pub(super) new_privileges: bool,
    pub(super) cgroup: Option<PathBuf>,
    pub(super) mark: Option<Mark>,
    pub(super) stdin: Option<StdinAt>,
}

/// Where the standard input is.
#[derive(Serialize, Deserialize)]
pub(super) enum StdinAt {
    /// Inherited descriptor of this number.
    Memory(i32),
    /// This file.
    File(PathBuf),
}

/// Executes the command. Returns only on failure, after writing the reason to the original standard
/// input.
pub(super) fn exec(args: impl Iterator<Item = OsString>) -> u8 {
    // Closed by a successful exec.
    let Ok(complaints) = fcntl_dupfd_cloexec(stdio::stdin(), 10) else { return 127 };
    let why = match become_it(args) {
        Ok(never) => match never {},
        Err(why) => why,
    };
    let _ = std::fs::File::from(complaints).write_all(why.as_bytes());
    127
}

fn become_it(mut args: impl Iterator<Item = OsString>) -> Result<std::convert::Infallible, String> {
    let settings = args.next().and_then(|json| json.into_string().ok()).unwrap_or_default();
    let settings: Settings = serde_json::from_str(&settings).map_err(|error| error.to_string())?;
    let program = args.next().ok_or("no program")?;
    let mut command = Command::new(&program);
    command.args(args);
    setsid().map_err(|error| format!("no session of its own: {error}"))?;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| error.to_string())?;
    if getppid().map(Pid::as_raw_pid) != Some(settings.supervisor) {
        return Err("its supervisor is gone".to_owned());
    }
    if let Some(group) = settings.cgroup {
        let joined = Cgroup::at(group).join();
        joined.map_err(|error| format!("its control group cannot be entered: {error}"))?;
    }
    take_input(settings.pty, settings.stdin.as_ref())?;
    if let Some(mark) = settings.mark {
        mark.put_on();
    }
    limit(&settings.limits).map_err(|error| format!("the limits cannot be set: {error}"))?;
    if let Some(umask) = settings.umask {
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(umask));
    }
    if !settings.new_privileges {
        rustix::thread::set_no_new_privs(true).map_err(|error| format!("no_new_privs: {error}"))?;
    }
    let error = command.exec();
    Err(match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such program on this machine".to_owned(),
        std::io::ErrorKind::PermissionDenied => {
            "this program may not be run, or its folder not be entered".to_owned()
        }
        _ => error.to_string(),
    })
}

/// Makes the terminal, or else the declared input, or else /dev/null, the standard input.
fn take_input(pty: bool, at: Option<&StdinAt>) -> Result<(), String> {
    let wrong = |error: std::io::Error| format!("no standard input: {error}");
    if pty {
        rustix::process::ioctl_tiocsctty(stdio::stdout()).map_err(|e| wrong(e.into()))?;
        return stdio::dup2_stdin(stdio::stdout()).map_err(|e| wrong(e.into()));
    }
    let (path, memory) = match at {
        None => (PathBuf::from("/dev/null"), None),
        Some(StdinAt::Memory(number)) => (format!("/proc/self/fd/{number}").into(), Some(*number)),
        Some(StdinAt::File(path)) => (path.clone(), None),
    };
    let named = |error: rustix::io::Errno| {
        format!("its standard input {} cannot be read: {error}", path.display())
    };
    // A pipe without a writer would wait for ever.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let input = open(&path, flags, Mode::empty()).map_err(named)?;
    if let Some(number) = memory {
        nix::unistd::close(number).map_err(|error| wrong(error.into()))?;
    }
    let regular = fstat(&input).map(|stat| FileType::from_raw_mode(stat.st_mode).is_file());
    if at.is_some() && regular != Ok(true) {
        return Err(format!("its standard input {} is no regular file", path.display()));
    }
    fcntl_setfl(&input, OFlags::empty()).map_err(named)?;
    stdio::dup2_stdin(&input).map_err(|e| wrong(e.into()))
}

fn limit(limits: &KernelLimits) -> rustix::io::Result<()> {
    let set = |resource, most: Option<u64>, beyond: u64| match most {
        Some(most) => {
            let hard = Some(most.saturating_add(beyond));
            setrlimit(resource, Rlimit { current: Some(most), maximum: hard })
        }
        None => Ok(()),
    };
    set(Resource::Core, Some(0), 0)?;
    // SIGXCPU first, SIGKILL a little later.
    set(Resource::Cpu, limits.cpu_s, 2)?;
    set(Resource::Fsize, limits.file_bytes, 0)?;
    // Set last, because memory may be short afterwards.
    set(Resource::As, limits.memory_bytes, 0)
}
