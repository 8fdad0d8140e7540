//! Starting a command so that it can be ended for certain.
//!
//! Between the server and the command stands a small process of this program, the guard. It adopts
//! whatever the command leaves behind (a "child subreaper"), so that nothing can hide from it, not
//! even what starts a session of its own. It ends all of it when the server says so, when the command
//! has ended, or when the socket to the server closes: also after a `kill -9` of the server. While
//! anything is left it holds the lock of the run, which the next attempt waits for.
//!
//! * `Process`: the server's side.
//! * `guard`, `exec`: what the guard does, and what becomes the command.
//! * `wire`: what they say to each other.

mod descendants;
mod exec;
mod guard;
mod hunt;
mod process;
mod stream;
pub(super) mod wire;

pub(super) use hunt::end_all_of;
pub(super) use process::Process;

/// The hidden subcommands of this program.
const GUARD: &str = "__guard-command";
const EXEC: &str = "__exec-command";

/// What this program does instead of everything else, if it was started by itself for a command.
/// `None` where it was not.
pub fn instead(mut args: impl Iterator<Item = std::ffi::OsString>) -> Option<u8> {
    match args.next()?.to_str()? {
        GUARD => Some(guard::guard()),
        EXEC => Some(exec::exec(args)),
        _ => None,
    }
}
