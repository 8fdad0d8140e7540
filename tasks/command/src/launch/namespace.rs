//! PID namespace per run, used if no control group can be created. The supervisor is its first process:
//! the command sees only its own processes and cannot signal the supervisor, and when the supervisor ends for
//! any reason, the kernel kills all others.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
    process::{Command, ExitStatus, Stdio},
};

use nix::sched::CloneFlags;
use rustix::{
    mount::{MountFlags, MountPropagationFlags, mount, mount_change},
    process::{Signal, getegid, geteuid, getpid},
    thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities},
};

use super::{NAMESPACE, PROBE, SUPERVISOR};

/// Output of the probe.
const PRIVILEGED: &str = "privileged";
const USER: &str = "user";

/// How a namespace can be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// As root.
    Privileged,
    /// In a user namespace, in which programs such as `sudo` gain no privileges.
    User,
}

/// Tests whether this process can create a namespace on this machine.
///
/// # Errors
/// Why it cannot.
pub(crate) fn probe(program: &Path) -> Result<Way, String> {
    let mut command = Command::new(program);
    let output = command.args([NAMESPACE, PROBE]).env_clear().stdin(Stdio::null()).output();
    let output = output.map_err(|error| error.to_string())?;
    let output_text = String::from_utf8_lossy(&output.stdout);
    let last = output_text.lines().last().unwrap_or_default();
    match (output.status.success(), last) {
        (true, PRIVILEGED) => Ok(Way::Privileged),
        (true, USER) => Ok(Way::User),
        (_, "" | PRIVILEGED | USER) => Err("no process can be started in one".to_owned()),
        (_, why) => Err(why.to_owned()),
    }
}

/// Creates a namespace, starts the supervisor as its first process, and waits for its end.
pub(super) fn enter(mut args: impl Iterator<Item = std::ffi::OsString>) -> u8 {
    let probing = args.next().is_some_and(|what| what == PROBE);
    match enter_and(if probing { PROBE } else { SUPERVISOR }, probing) {
        Ok(status) if status.success() => 0,
        Ok(_) => 1,
        Err(why) => {
            if probing {
                let _ = write!(io::stdout(), "{why}");
            } else {
                super::socket::fail(&unfit(&why));
            }
            2
        }
    }
}

/// Error of a run without a namespace.
pub(super) fn unfit(why: &str) -> String {
    format!("its processes cannot be kept together: {why}")
}

fn enter_and(what: &str, probing: bool) -> Result<ExitStatus, String> {
    let way = unshare()?;
    if probing {
        let kind = if way == Way::User { USER } else { PRIVILEGED };
        let _ = writeln!(io::stdout(), "{kind}");
    }
    let mut first = Command::new("/proc/self/exe");
    let mut first = first.arg(what).spawn().map_err(|error| error.to_string())?;
    first.wait().map_err(|error| error.to_string())
}

fn unshare() -> Result<Way, String> {
    let flags = CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWNS;
    let Err(refused) = nix::sched::unshare(flags) else { return Ok(Way::Privileged) };
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    nix::sched::unshare(flags | CloneFlags::CLONE_NEWUSER)
        .map_err(|error| format!("no namespace of processes ({refused}) nor of users ({error})"))?;
    let map = |file: &str, text: String| {
        fs::write(format!("/proc/self/{file}"), text).map_err(|error| format!("{file}: {error}"))
    };
    map("setgroups", "deny".to_owned())?;
    map("uid_map", format!("{user} {user} 1"))?;
    map("gid_map", format!("{group} {group} 1"))?;
    // The first process mounts /proc; without this, executing its program would drop the right to
    // do so.
    keep_mounting().map_err(|error| format!("the right to mount: {error}"))?;
    Ok(Way::User)
}

fn keep_mounting() -> rustix::io::Result<()> {
    let sets = capabilities(None)?;
    let inheritable = sets.inheritable | CapabilitySet::SYS_ADMIN;
    set_capabilities(None, CapabilitySets { inheritable, ..sets })?;
    rustix::thread::configure_capability_in_ambient_set(CapabilitySet::SYS_ADMIN, true)
}

/// Prepares the first process of a namespace; does nothing in other processes.
///
/// # Errors
/// Why it cannot act as supervisor.
pub(super) fn settle() -> Result<(), String> {
    if !is_first() {
        return Ok(());
    }
    let failed = |what: &'static str| move |error: rustix::io::Errno| format!("{what}: {error}");
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(failed("PR_SET_PDEATHSIG"))?;
    // The server distinguishes supervisors from orphans by their session.
    rustix::process::setsid().map_err(failed("a session"))?;
    mount_change("/proc", MountPropagationFlags::PRIVATE)
        .map_err(failed("/proc is not private"))?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("proc", "/proc", "proc", flags, None).map_err(failed("/proc cannot be mounted"))?;
    if geteuid().is_root() {
        return Ok(());
    }
    rustix::thread::clear_ambient_capability_set().map_err(failed("ambient capabilities"))?;
    let none = CapabilitySet::empty();
    let nothing = CapabilitySets { effective: none, permitted: none, inheritable: none };
    set_capabilities(None, nothing).map_err(failed("capabilities"))
}

/// Whether this is the first process of a PID namespace.
pub(super) fn is_first() -> bool {
    getpid().is_init()
}

/// First process of a probed namespace.
pub(super) fn try_out() -> u8 {
    let settled = if is_first() { settle() } else { Err("it is not the first".to_owned()) };
    let own = fs::read_link("/proc/self").is_ok_and(|link| link == Path::new("1"));
    match settled {
        Ok(()) if own => 0,
        Ok(()) => complain("/proc shows other processes"),
        Err(why) => complain(&why),
    }
}

fn complain(why: &str) -> u8 {
    let _ = write!(io::stdout(), "{why}");
    1
}
