//! What keeps the processes of a command together.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What keeps the processes of a command together, also when it kills the process that guards it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IsolationSettings {
    /// `auto`, or one of `cgroup`, `pid_namespace`, `process_tree`: then the server does not start where
    /// the machine does not allow it. `MILEPOST_ISOLATION_MODE`. Default: `auto`, the first of the
    /// three that the machine allows.
    pub mode: IsolationMode,
    /// The control group (version 2) in which each run gets one of its own, as a folder such as
    /// `/sys/fs/cgroup/milepost`. `MILEPOST_ISOLATION_CGROUP`. Default: the one that the server is in.
    pub cgroup: Option<PathBuf>,
}

/// See [`IsolationSettings::mode`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IsolationMode {
    /// The strongest that the machine allows.
    #[default]
    Auto,
    /// A control group for each run.
    Cgroup,
    /// A namespace of process ids for each run.
    PidNamespace,
    /// The server adopts what outlives its guard, and hunts it down.
    ProcessTree,
}
