//! Process that becomes the command: sets its session and limits, then executes the program.

use std::{
    ffi::OsString, io::Write as _, os::unix::process::CommandExt as _, path::PathBuf,
    process::Command,
};

use rustix::{
    io::fcntl_dupfd_cloexec,
    process::{Pid, Resource, Rlimit, Signal, getppid, setrlimit, setsid},
    stdio,
};
use serde::{Deserialize, Serialize};

use super::{cgroup::Cgroup, hunt::Mark, wire::KernelLimits};

/// Settings, passed as the first argument; the command line follows.
#[derive(Serialize, Deserialize)]
pub(super) struct Settings {
    pub(super) guard: i32,
    pub(super) pty: bool,
    pub(super) limits: KernelLimits,
    pub(super) umask: Option<u32>,
    pub(super) new_privileges: bool,
    pub(super) cgroup: Option<PathBuf>,
    pub(super) mark: Option<Mark>,
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
    if getppid().map(Pid::as_raw_pid) != Some(settings.guard) {
        return Err("its guard is gone".to_owned());
    }
    if let Some(group) = settings.cgroup {
        let joined = Cgroup::at(group).join();
        joined.map_err(|error| format!("its control group cannot be entered: {error}"))?;
    }
    take_input(settings.pty).map_err(|error| format!("no standard input: {error}"))?;
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

/// Makes the terminal, or else /dev/null, the standard input.
fn take_input(pty: bool) -> rustix::io::Result<()> {
    if pty {
        rustix::process::ioctl_tiocsctty(stdio::stdout())?;
        return stdio::dup2_stdin(stdio::stdout());
    }
    let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::CLOEXEC;
    stdio::dup2_stdin(rustix::fs::open("/dev/null", flags, rustix::fs::Mode::empty())?)
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
