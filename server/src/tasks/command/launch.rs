//! Starting a command so that it can be ended for certain.
//!
//! Between the server and the command stands a small process of this program, the guard. It adopts
//! whatever the command leaves behind (a "child subreaper"), so that nothing can hide from it, not
//! even what starts a session of its own. It ends all of it when the server says so, when the command
//! has ended, or when the socket to the server closes: also after a `kill -9` of the server. While
//! anything is left it holds the lock of the run, which the next attempt waits for.
//!
//! A command of the same user may kill its guard. What holds then is [`Isolation`]: a control group or a
//! namespace of processes for each run, which nothing leaves; where the machine allows neither, the
//! server adopts what the guard had and hunts it down.
//!
//! * `Process`: the server's side.
//! * `isolation`, `cgroup`, `namespace`, `hunt`: what ends a run without its guard.
//! * `guard`, `exec`: what the guard does, and what becomes the command.
//! * `wire`: what they say to each other.

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

/// The hidden subcommands of this program.
const GUARD: &str = "__guard-command";
const EXEC: &str = "__exec-command";
const NAMESPACE: &str = "__enter-namespace";
const PROBE: &str = "__probe-namespace";

/// What this program does instead of everything else, if it was started by itself for a command.
/// `None` where it was not.
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
