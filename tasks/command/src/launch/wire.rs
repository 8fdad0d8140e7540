//! Protocol between the server and the supervisor of a command.

use std::path::PathBuf;

use milepost::task::plain;
use serde::{Deserialize, Serialize};

use super::mark::Mark;
use crate::stdin::Input;

/// What to run: the server's first message, after its length in four bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SpawnRequest {
    /// Program and arguments.
    pub(crate) argv: Vec<String>,
    /// Complete environment, except for the progress channel.
    pub(crate) env: Vec<(String, String)>,
    /// Working directory.
    pub(crate) folder: PathBuf,
    /// File that stays locked while any process of the run remains.
    pub(crate) lock: PathBuf,
    /// Time between SIGTERM and SIGKILL, in milliseconds.
    pub(crate) grace_ms: u64,
    /// Whether its output is a terminal.
    pub(crate) pty: bool,
    /// Standard input; with a terminal, that.
    #[serde(default)]
    pub(crate) stdin: Input,
    /// Umask; `None`: that of this process.
    pub(crate) umask: Option<u32>,
    /// Whether it may change its user, as `sudo` does.
    pub(crate) new_privileges: bool,
    /// Control group of the run, if any.
    pub(crate) cgroup: Option<PathBuf>,
    /// Mark that identifies its processes.
    pub(crate) mark: Option<Mark>,
    /// Maximum number of concurrent processes.
    pub(crate) processes: u32,
    /// Limits enforced by the kernel.
    pub(crate) limits: KernelLimits,
}

/// Limits of each process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KernelLimits {
    /// Address space in bytes.
    pub(crate) memory_bytes: Option<u64>,
    /// CPU time in seconds.
    pub(crate) cpu_s: Option<u64>,
    /// Size of each written file in bytes.
    pub(crate) file_bytes: Option<u64>,
}

/// Message of the supervisor, one line of JSON each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SupervisorMessage {
    /// Processes of an earlier attempt remain; the command starts when they are gone.
    Waiting,
    /// The command runs, as the leader of this session.
    Started(i32),
    /// These processes may not be signalled; the supervisor waits a little longer.
    Refused(Vec<Remaining>),
    /// The command could not be started.
    Failed(String),
    /// The command has ended, and only the named processes remain.
    Ended(End),
}

impl SupervisorMessage {
    /// Whether this is the last message of a supervisor that keeps running because processes remain.
    pub(crate) const fn names_what_remains(&self) -> bool {
        matches!(self, Self::Ended(End { remaining, .. }) if !remaining.is_empty())
    }
}

/// How a command ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct End {
    /// Exit code, if any.
    pub(crate) code: Option<i32>,
    /// Signal that terminated it, if any.
    pub(crate) signal: Option<i32>,
    /// Number of processes that it left behind and that were killed.
    pub(crate) left: u32,
    /// Whether it was killed for exceeding the maximum number of processes.
    pub(crate) too_many: bool,
    /// Number of processes when stopping began.
    #[serde(default)]
    pub(crate) stopped: u32,
    /// Processes that could not be killed.
    #[serde(default)]
    pub(crate) remaining: Vec<Remaining>,
}

/// Process that could not be killed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remaining {
    /// Process id.
    pub(crate) pid: i32,
    /// Program name.
    pub(crate) name: String,
    /// Why it still exists.
    pub(crate) reason: String,
}

impl std::fmt::Display for Remaining {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { pid, name, reason } = self;
        // The process chose its name.
        let name: String = plain(name).chars().filter(|c| !c.is_control()).collect();
        write!(f, "{pid} ({name}) {reason}")
    }
}

/// Formats the first few processes for a message.
pub(crate) fn list(remaining: &[Remaining]) -> String {
    const FEW: usize = 5;
    let named: Vec<_> = remaining.iter().take(FEW).map(ToString::to_string).collect();
    let more = if remaining.len() > FEW { ", …" } else { "" };
    format!("{}{more}", named.join(", "))
}

/// Later messages of the server, one byte each: stop everything, with grace.
pub(crate) const TERMINATE: u8 = b'T';
/// Kill everything at once; closing the connection has the same effect.
pub(crate) const KILL: u8 = b'K';
/// Byte that accompanies the descriptor.
pub(crate) const HANDSHAKE: u8 = b'H';

/// Content of a run's lock file when nothing remains.
pub(crate) const SUPERVISOR_ENDED: &[u8] = b"ended\n";

/// Maximum size of a request: more than the kernel allows for a command line and its environment.
pub(crate) const MAX_SPAWN_REQUEST: usize = 8 << 20;
