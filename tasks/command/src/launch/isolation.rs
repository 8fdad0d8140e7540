//! Isolation of a run's processes, which holds even if the supervisor is killed, as far as this machine
//! supports it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use super::{
    cgroup::{Cgroup, Limits, Parent},
    mark::Mark,
    namespace::{self, Way},
    orphans::{Reaped, Session, reap_orphans, reap_run},
    stat::Identity,
};
use crate::settings::{IsolationMode, IsolationSettings};

/// Time limit for emptying a group.
const PATIENCE: Duration = Duration::from_secs(4);

/// Isolation in effect in this process.
#[derive(Clone, Debug)]
pub struct Isolation {
    layer: Layer,
    /// Stronger options that are not available, with the reasons.
    tried: Vec<String>,
}

#[derive(Clone, Debug)]
enum Layer {
    Cgroup(Parent),
    Namespace(Way),
    Tree,
}

/// The machine does not support the configured isolation.
#[derive(Debug, thiserror::Error)]
#[error("isolation.mode {mode} cannot be had on this machine: {reason}")]
pub struct IsolationError {
    mode: &'static str,
    reason: String,
}

impl Isolation {
    /// Tries the configured options, the strongest first.
    ///
    /// # Errors
    /// If the settings name an option that this machine does not support.
    pub fn probe(settings: &IsolationSettings, program: &Path) -> Result<Self, IsolationError> {
        let mode = settings.mode;
        let mut tried = Vec::new();
        if matches!(mode, IsolationMode::Auto | IsolationMode::Cgroup) {
            match Parent::find(settings.cgroup.as_deref()) {
                Ok(parent) => return Ok(Self { layer: Layer::Cgroup(parent), tried }),
                Err(reason) if mode == IsolationMode::Cgroup => {
                    return Err(IsolationError { mode: "cgroup", reason });
                }
                Err(reason) => tried.push(format!("no control group ({reason})")),
            }
        }
        if matches!(mode, IsolationMode::Auto | IsolationMode::PidNamespace) {
            match namespace::probe(program) {
                Ok(way) => return Ok(Self { layer: Layer::Namespace(way), tried }),
                Err(reason) if mode == IsolationMode::PidNamespace => {
                    return Err(IsolationError { mode: "pid_namespace", reason });
                }
                Err(reason) => tried.push(format!("no namespace of processes ({reason})")),
            }
        }
        Ok(Self { layer: Layer::Tree, tried })
    }

    /// One line for the log and for `milepost config`.
    pub fn describe(&self) -> String {
        let mut text = match &self.layer {
            Layer::Cgroup(parent) => {
                let limits = match (parent.memory, parent.pids) {
                    (true, true) => "memory and processes of a whole run are limited",
                    (true, false) => {
                        "the memory of a whole run is limited, its processes are counted"
                    }
                    (false, true) => "the processes of a whole run are limited, its memory is not",
                    (false, false) => {
                        "neither memory nor processes of a whole run are limited by it: the \
                         controllers are not enabled there"
                    }
                };
                format!(
                    "cgroup: a control group in {} for each run; {limits}",
                    parent.folder().display()
                )
            }
            Layer::Namespace(Way::Privileged) => {
                "pid_namespace: a namespace of processes for each run".to_owned()
            }
            Layer::Namespace(Way::User) => {
                "pid_namespace: a namespace of processes and of users for \
                 each run; commands with new_privileges run without"
                    .to_owned()
            }
            Layer::Tree => {
                "process_tree: what kills its supervisor is adopted by the server and killed; what \
                 forks without end may escape for seconds"
                    .to_owned()
            }
        };
        if !self.tried.is_empty() {
            text.push_str("; ");
            text.push_str(&self.tried.join(", "));
        }
        text
    }

    /// Whether the total memory of a run can be limited.
    pub const fn limits_memory(&self) -> bool {
        matches!(&self.layer, Layer::Cgroup(parent) if parent.memory)
    }

    /// Creates the isolation of one run. `new_privileges`: whether the command may change its user.
    ///
    /// # Errors
    /// If its control group cannot be created.
    pub(crate) fn of_run(
        &self,
        run: &str,
        new_privileges: bool,
        memory_bytes: Option<u64>,
        processes: u32,
    ) -> io::Result<RunIsolation> {
        let mut isolation = RunIsolation { cgroup: None, namespace: false, mark: Mark::random() };
        match &self.layer {
            Layer::Cgroup(parent) => {
                isolation.cgroup = Some(parent.make(run, Limits { memory_bytes, processes })?);
            }
            Layer::Namespace(way) => {
                isolation.namespace = *way == Way::Privileged || !new_privileges;
            }
            Layer::Tree => {}
        }
        Ok(isolation)
    }
}

/// Isolation of one run.
#[derive(Debug)]
pub(crate) struct RunIsolation {
    cgroup: Option<Cgroup>,
    /// Whether its supervisor is the first process of a PID namespace.
    pub(crate) namespace: bool,
    /// Mark by which its processes are found without server and supervisor.
    pub(crate) mark: Option<Mark>,
}

impl RunIsolation {
    /// Folder of its control group.
    pub(crate) fn cgroup(&self) -> Option<PathBuf> {
        self.cgroup.as_ref().map(|group| group.folder().to_owned())
    }

    /// Whether the kernel killed a process of the run for lack of memory.
    pub(crate) fn ran_out_of_memory(&self) -> bool {
        self.cgroup.as_ref().is_some_and(Cgroup::ran_out_of_memory)
    }

    /// Kills what remains of a run after its supervisor is gone; blocks for some seconds at most. In a
    /// namespace, everything is gone with the supervisor.
    pub(crate) fn end_what_is_left(&self) -> Reaped {
        let mut ended = 0;
        if let Some(group) = &self.cgroup {
            ended = group.processes().len();
            let remaining = group.end(Instant::now() + PATIENCE);
            if !remaining.is_empty() {
                return Reaped { ended: ended.saturating_sub(remaining.len()), remaining };
            }
        }
        let reaped = reap_orphans();
        Reaped { ended: ended.max(reaped.ended), ..reaped }
    }

    /// Removes the group of a run without processes. Returns whether it is gone.
    pub(crate) fn remove(&self) -> bool {
        let Some(group) = &self.cgroup else { return true };
        group.end(Instant::now() + PATIENCE);
        let stays = group.is_there();
        if stays {
            let group = group.folder().display();
            tracing::warn!(%group, "the control group of a run was not removed");
        }
        !stays
    }
}

/// For a run that did not start or was dropped.
impl Drop for RunIsolation {
    fn drop(&mut self) {
        if let Some(group) = &self.cgroup {
            // Fails while processes remain, which its supervisor will kill.
            let _ = group.remove();
        }
    }
}

/// Record beside a run's folder, for a server that finds it after a crash.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Boot id to which the process ids belong.
    boot: String,
    cgroup: Option<PathBuf>,
    session: Option<Session>,
    /// Whether the supervisor is the first process of a PID namespace, which nothing outlives.
    #[serde(default)]
    namespace: bool,
    #[serde(default)]
    mark: Option<Mark>,
    #[serde(default)]
    server: Option<Identity>,
    #[serde(default)]
    supervisor: Option<Identity>,
}

impl Record {
    /// Record of a run that is starting.
    pub(crate) fn new(isolation: &RunIsolation) -> Self {
        Self {
            boot: boot(),
            cgroup: isolation.cgroup(),
            namespace: isolation.namespace,
            mark: isolation.mark,
            server: Identity::own(),
            ..Self::default()
        }
    }

    /// Adds the processes of a started command: its session leader and its supervisor. In a namespace
    /// the leader has another id here, and nothing outlives the supervisor.
    pub(crate) fn with_processes(self, leader: i32, supervisor: Option<i32>) -> Self {
        let session = Identity::of(leader).filter(|_| !self.namespace).map(Session);
        Self { session, supervisor: supervisor.and_then(Identity::of), ..self }
    }

    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        fs::write(path, serde_json::to_vec(self)?)
    }

    /// Reads the record of an earlier process; empty if it cannot be read.
    pub(crate) fn read(path: &Path) -> Self {
        let bytes = fs::read(path).ok();
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Kills a supervisor that its command had stopped (SIGSTOP) before the server was killed: nothing
    /// else would continue it, and it holds the lock of the run.
    pub(crate) fn kill_stopped_supervisor(&self) {
        let alone = !self.server.is_some_and(Identity::is_alive);
        let supervisor = self
            .supervisor
            .filter(|supervisor| alone && self.boot == boot() && supervisor.is_stopped());
        if let Some(pid) = supervisor.and_then(|supervisor| Pid::from_raw(supervisor.id)) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }

    /// Whether processes may be missed of a command that outlived both server and supervisor.
    pub(crate) const fn can_miss(&self) -> bool {
        self.session.is_some() && self.cgroup.is_none() && !self.namespace
    }

    /// Kills what remains of the run `run` in this folder after a crash.
    pub(crate) fn end_what_is_left(self, run: &str, folder: &Path) -> Reaped {
        let same_boot = self.boot == boot();
        let group = self.cgroup.and_then(|folder| Cgroup::of_run(folder, run));
        let mut ended = 0;
        if let Some(group) = group {
            ended = group.processes().len();
            let remaining = group.end(Instant::now() + PATIENCE);
            if !remaining.is_empty() {
                return Reaped { ended: ended.saturating_sub(remaining.len()), remaining };
            }
        }
        let (session, mark) = (self.session, self.mark);
        let reaped = reap_run(folder, session.filter(|_| same_boot), mark.filter(|_| same_boot));
        Reaped { ended: ended + reaped.ended, ..reaped }
    }
}

fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}
