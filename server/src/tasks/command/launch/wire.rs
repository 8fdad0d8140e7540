//! What the server and the guard of a command say to each other.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::hunt::Mark;

/// What is to be run: the server's first word, after its length in four bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SpawnRequest {
    /// The program and its arguments.
    pub(crate) argv: Vec<String>,
    /// All of its environment, but for the channel of progress.
    pub(crate) env: Vec<(String, String)>,
    /// Where it works.
    pub(crate) folder: PathBuf,
    /// The file that is locked while anything of it is left.
    pub(crate) lock: PathBuf,
    /// Between TERM and KILL, in milliseconds.
    pub(crate) grace_ms: u64,
    /// Whether its output is a terminal.
    pub(crate) pty: bool,
    /// Which bits its files do not get; `None`: as this process has it.
    pub(crate) umask: Option<u32>,
    /// Whether it may become another user, as `sudo` does.
    pub(crate) new_privileges: bool,
    /// The control group of the run; `None` where it has none.
    pub(crate) cgroup: Option<PathBuf>,
    /// By what its processes are known.
    pub(crate) mark: Option<Mark>,
    /// Processes at once.
    pub(crate) processes: u32,
    /// What the kernel watches over.
    pub(crate) limits: KernelLimits,
}

/// Limits of each process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KernelLimits {
    /// Bytes of address space.
    pub(crate) memory_bytes: Option<u64>,
    /// Seconds of processor time.
    pub(crate) cpu_s: Option<u64>,
    /// Bytes of each written file.
    pub(crate) file_bytes: Option<u64>,
}

/// What the guard says, a line of JSON each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Word {
    /// Something of an earlier attempt is left; the command starts when it is gone.
    Waiting,
    /// The command runs, as the leader of this session.
    Started(i32),
    /// These may not be ended; they are waited for a little longer.
    Refused(Vec<Remaining>),
    /// The command could not be started.
    Failed(String),
    /// The command has ended, and nothing of it is left but what is named.
    Ended(End),
}

impl Word {
    /// Whether it is the last one of a guard that stays, as it could not end everything.
    pub(crate) const fn names_what_remains(&self) -> bool {
        matches!(self, Self::Ended(End { remaining, .. }) if !remaining.is_empty())
    }
}

/// How a command ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct End {
    /// Its exit code, if it had one.
    pub(crate) code: Option<i32>,
    /// The signal that ended it, if one did.
    pub(crate) signal: Option<i32>,
    /// How many processes it left behind, which were ended.
    pub(crate) left: u32,
    /// Whether it had more processes than it may, and was ended for that.
    pub(crate) too_many: bool,
    /// How many processes there were when it began to be ended.
    #[serde(default)]
    pub(crate) stopped: u32,
    /// What could not be ended.
    #[serde(default)]
    pub(crate) remaining: Vec<Remaining>,
}

/// A process that could not be ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remaining {
    /// Its id.
    pub(crate) pid: i32,
    /// The name of its program.
    pub(crate) name: String,
    /// Why it is still there.
    pub(crate) reason: String,
}

impl std::fmt::Display for Remaining {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { pid, name, reason } = self;
        write!(f, "{pid} ({name}) {reason}")
    }
}

/// The first few of them, for a message.
pub(crate) fn list(remaining: &[Remaining]) -> String {
    const FEW: usize = 5;
    let named: Vec<_> = remaining.iter().take(FEW).map(ToString::to_string).collect();
    let more = if remaining.len() > FEW { ", …" } else { "" };
    format!("{}{more}", named.join(", "))
}

/// The server's later words, a byte each: end it, with grace.
pub(crate) const TERMINATE: u8 = b'T';
/// End it at once. The same as saying nothing any more.
pub(crate) const KILL: u8 = b'K';
/// What a descriptor is sent along with.
pub(crate) const HANDSHAKE: u8 = b'H';

/// What a guard writes into the lock of its run when nothing of it is left.
pub(crate) const GUARD_ENDED: &[u8] = b"ended\n";

/// The longest order: more than the kernel takes for a command line and its environment.
pub(crate) const MAX_SPAWN_REQUEST: usize = 8 << 20;
