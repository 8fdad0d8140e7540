//! `[isolation]`: how the processes of a command are isolated.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How the processes of a command are isolated, even if the command kills its supervisor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct IsolationSettings {
    /// `auto`, or one of `cgroup`, `pid_namespace`, `process_tree`; the server does not start if
    /// the machine does not support the chosen one. `MILEPOST_ISOLATION_MODE`. Default: `auto`, the
    /// first of the three that the machine supports.
    pub mode: IsolationMode,
    /// Control group (version 2) in which each run gets its own, as a folder such as
    /// `/sys/fs/cgroup/milepost`. `MILEPOST_ISOLATION_CGROUP`. Default: the server's own control
    /// group.
    pub cgroup: Option<PathBuf>,
}

/// See [`IsolationSettings::mode`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IsolationMode {
    /// The strongest that the machine supports.
    #[default]
    Auto,
    /// A control group per run.
    Cgroup,
    /// A PID namespace per run.
    PidNamespace,
    /// The server adopts processes that outlive their supervisor and kills them.
    ProcessTree,
}
