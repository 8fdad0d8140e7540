//! Starts commands so that they can be killed reliably.
//!
//! A small supervisor process of this program, the guard, runs between the server and the command.
//! As a "child subreaper" it adopts all processes that the command leaves behind, even those that
//! start a session of their own. It kills all of them when the server asks for it, when the command
//! has ended, or when the socket to the server closes, which includes a `kill -9` of the server.
//! While any process remains, it holds the lock of the run, for which the next attempt waits.
//!
//! A command that runs as the same user may kill its guard. [`Isolation`] covers that case: each
//! run gets a control group or a PID namespace, which no process can leave. If the machine supports
//! neither, the server adopts the orphaned processes and kills them.
//!
//! * `Process`: the server's side.
//! * `isolation`, `cgroup`, `namespace`, `hunt`: kill a run without its guard.
//! * `guard`, `exec`: the guard, and the process that becomes the command.
//! * `wire`: the protocol between server and guard.

mod cgroup;
mod descendants;
mod descriptors;
mod exec;
mod guard;
mod hunt;
mod isolation;
mod namespace;
mod process;
mod stat;
mod stream;
pub(super) mod wire;

pub(super) use hunt::Hunt;
pub use isolation::{Isolation, IsolationError};
pub(super) use isolation::{Record, RunIsolation};
pub(super) use process::Process;

/// Hidden subcommands of this program.
const GUARD: &str = "__guard-command";
const EXEC: &str = "__exec-command";
const NAMESPACE: &str = "__enter-namespace";
const PROBE: &str = "__probe-namespace";

/// Runs the guard, or another helper of commands, if this process was started for that; `None`
/// otherwise. Call it before anything else.
pub fn run_guard_if_asked(mut args: impl Iterator<Item = std::ffi::OsString>) -> Option<u8> {
    let what = args.next()?;
    if (what == GUARD || what == NAMESPACE)
        && let Err(error) = descriptors::close_inherited()
    {
        guard::fail(&format!("descriptors of the server cannot be closed: {error}"));
        return Some(2);
    }
    match what.to_str()? {
        GUARD => Some(guard::guard()),
        EXEC => Some(exec::exec(args)),
        NAMESPACE => Some(namespace::enter(args)),
        PROBE => Some(namespace::try_out()),
        _ => None,
    }
}
