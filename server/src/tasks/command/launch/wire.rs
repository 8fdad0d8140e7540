//! What the server and the guard of a command say to each other.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What is to be run: the server's first word, after its length in four bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
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
    /// The command could not be started.
    Failed(String),
    /// The command has ended, and nothing of it is left.
    Ended(End),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct End {
    /// Its exit code, if it had one.
    pub(crate) code: Option<i32>,
    /// The signal that ended it, if one did.
    pub(crate) signal: Option<i32>,
    /// How many processes it left behind, which were ended.
    pub(crate) left: u32,
    /// Whether it had more processes than it may, and was ended for that.
    pub(crate) too_many: bool,
}

/// The server's later words, a byte each: end it, with grace.
pub(crate) const TERMINATE: u8 = b'T';
/// End it at once. The same as saying nothing any more.
pub(crate) const KILL: u8 = b'K';
/// What a descriptor is sent along with.
pub(crate) const HELLO: u8 = b'H';

/// The longest order: more than the kernel takes for a command line and its environment.
pub(crate) const LONGEST_ORDER: usize = 8 << 20;
