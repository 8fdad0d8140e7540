//! Starts commands so that they can be killed reliably.
//!
//! A small process of this program, the supervisor, runs between the server and the command.
//! As a "child subreaper" it adopts all processes that the command leaves behind, even those that
//! start a session of their own. It kills all of them when the server asks for it, when the command
//! has ended, or when the socket to the server closes, which includes a `kill -9` of the server.
//! While any process remains, it holds the lock of the run, for which the next attempt waits.
//!
//! A command that runs as the same user may kill its supervisor. [`Isolation`] covers that case: each
//! run gets a control group or a PID namespace, which no process can leave. If the machine supports
//! neither, the server adopts the orphaned processes and kills them.
//!
//! * `Process`: the server's side.
//! * `isolation`, `cgroup`, `namespace`, `orphans`: kill a run without its supervisor.
//! * `supervisor`, `exec`: the supervisor, and the process that becomes the command.
//! * `wire`: the protocol between server and supervisor; `socket`: the supervisor's end of it.

mod cgroup;
mod descendants;
mod descriptors;
mod exec;
mod isolation;
mod mark;
mod namespace;
mod orphans;
mod process;
mod socket;
mod stat;
mod stream;
mod supervisor;
pub(super) mod wire;

pub use isolation::{Isolation, IsolationError};
pub(super) use isolation::{Record, RunIsolation};
pub(super) use orphans::Reaped;
pub(super) use process::Process;

/// Hidden subcommands of this program.
const SUPERVISOR: &str = "__supervise-command";
const EXEC: &str = "__exec-command";
const NAMESPACE: &str = "__enter-namespace";
const PROBE: &str = "__probe-namespace";

/// Runs the supervisor, or another helper of commands, if this process was started for that; `None`
/// otherwise. Call it before anything else.
pub fn run_supervisor_if_asked(mut args: impl Iterator<Item = std::ffi::OsString>) -> Option<u8> {
    let what = args.next()?;
    if (what == SUPERVISOR || what == NAMESPACE)
        && let Err(error) = descriptors::close_inherited()
    {
        socket::fail(&format!("descriptors of the server cannot be closed: {error}"));
        return Some(2);
    }
    match what.to_str()? {
        SUPERVISOR => Some(supervisor::supervise()),
        EXEC => Some(exec::exec(args)),
        NAMESPACE => Some(namespace::enter(args)),
        PROBE => Some(namespace::try_out()),
        _ => None,
    }
}
