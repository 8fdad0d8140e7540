//! Control group (version 2) per run. Processes cannot leave it by forking, one write kills all of
//! them, and memory and processes are limited in total.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use super::{stat, wire::Remaining};

/// Interval of checks whether a group is empty.
const LOOK: Duration = Duration::from_millis(5);
/// Name prefix of groups, followed by task and attempt.
const PREFIX: &str = "milepost-";
/// Hard limit on processes and threads of a run, per allowed process. The supervisor stops a run beyond
/// its allowed processes; this limit stops forks that are faster than the supervisor counts.
const THREADS: u64 = 16;

/// Group in which this process may create others.
#[derive(Clone, Debug)]
pub(crate) struct Parent {
    folder: PathBuf,
    /// Whether its groups can have memory limits.
    pub(crate) memory: bool,
    /// Whether its groups can have process limits.
    pub(crate) pids: bool,
}

/// Limits of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) processes: u32,
}

impl Parent {
    /// Finds the parent group: the one named by the operator, or else that of this process.
    ///
    /// # Errors
    /// Why no group can be created in it.
    pub(crate) fn find(named: Option<&Path>) -> Result<Self, String> {
        let folder = match named {
            Some(named) => named.to_owned(),
            None => own().ok_or("this process is in no control group of version 2")?,
        };
        let told = |what: &str, error: &io::Error| format!("{}: {what}: {error}", folder.display());
        let probe = folder.join(format!("{PREFIX}probe-{}", std::process::id()));
        fs::create_dir(&probe).map_err(|error| told("no group can be made", &error))?;
        let can_kill = probe.join("cgroup.kill").exists();
        let _ = fs::remove_dir(&probe);
        if !can_kill {
            return Err(format!(
                "{}: a group cannot be killed; that needs Linux 5.14 and version 2",
                folder.display()
            ));
        }
        enable_controllers(&folder);
        let on = names(&folder.join("cgroup.subtree_control"));
        let has = |name: &str| on.iter().any(|it| it == name);
        Ok(Self { memory: has("memory"), pids: has("pids"), folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Creates the group of a run.
    ///
    /// # Errors
    /// If it cannot be created or limited.
    pub(crate) fn make(&self, run: &str, limits: Limits) -> io::Result<Cgroup> {
        let group = Cgroup { folder: self.folder.join(format!("{PREFIX}{run}")) };
        match fs::create_dir(&group.folder) {
            // The same attempt, released by a shutdown and started again.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                group.end(Instant::now() + Duration::from_secs(1));
            }
            made => made?,
        }
        if self.pids {
            let most = u64::from(limits.processes).saturating_mul(THREADS);
            fs::write(group.folder.join("pids.max"), most.to_string())?;
        }
        if let Some(bytes) = limits.memory_bytes.filter(|_| self.memory) {
            fs::write(group.folder.join("memory.max"), bytes.to_string())?;
            // Out of memory kills the whole group, because a partial command is useless. Not every
            // kernel limits swap.
            let _ = fs::write(group.folder.join("memory.oom.group"), "1");
            let _ = fs::write(group.folder.join("memory.swap.max"), "0");
        }
        Ok(group)
    }
}

/// Group of one run.
#[derive(Debug)]
pub(crate) struct Cgroup {
    folder: PathBuf,
}

impl Cgroup {
    pub(crate) const fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Group of this run that an earlier process created; `None` if the recorded folder is not one.
    pub(crate) fn of_run(folder: PathBuf, run: &str) -> Option<Self> {
        let named = folder.file_name().and_then(|name| name.to_str());
        let is_group = folder.join("cgroup.kill").exists();
        (is_group && named == Some(&format!("{PREFIX}{run}"))).then_some(Self { folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Moves this process into the group.
    pub(crate) fn join(&self) -> io::Result<()> {
        fs::write(self.folder.join("cgroup.procs"), "0")
    }

    /// All processes in the group and its subgroups.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let mut found = Vec::new();
        for folder in self.folders() {
            let ids = names(&folder.join("cgroup.procs"));
            found.extend(ids.iter().filter_map(|id| id.parse::<i32>().ok()));
        }
        found
    }

    /// Kills all processes at once, including forking ones and those of other users.
    pub(crate) fn kill(&self) -> io::Result<()> {
        fs::write(self.folder.join("cgroup.kill"), "1")
    }

    /// Kills all processes, waits until they are gone, and removes the group. Returns what remains.
    pub(crate) fn end(&self, until: Instant) -> Vec<Remaining> {
        loop {
            let left: Vec<_> =
                self.processes().into_iter().filter(|pid| stat::is_alive(*pid)).collect();
            if left.is_empty() && self.remove().is_ok() {
                return Vec::new();
            }
            if Instant::now() > until {
                return left.into_iter().map(|pid| stat::remaining(pid, false)).collect();
            }
            let _ = self.kill();
            thread::sleep(LOOK);
        }
    }

    /// Whether the kernel killed a process of the group for lack of memory.
    pub(crate) fn ran_out_of_memory(&self) -> bool {
        let events = fs::read_to_string(self.folder.join("memory.events")).unwrap_or_default();
        let killed = events.lines().find_map(|line| line.strip_prefix("oom_kill "));
        killed.is_some_and(|number| number.trim() != "0")
    }

    /// Whether the group exists.
    pub(crate) fn is_there(&self) -> bool {
        self.folder.exists()
    }

    /// Removes the group; fails while processes are ending in it.
    pub(super) fn remove(&self) -> io::Result<()> {
        for folder in self.folders().iter().rev() {
            match fs::remove_dir(folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// The group and all its subgroups, parents first.
    fn folders(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.folder.clone()];
        let mut at = 0;
        while let Some(folder) = folders.get(at) {
            let entries: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().collect();
            let below = entries.iter().filter(|entry| entry.file_type().is_ok_and(|t| t.is_dir()));
            folders.extend(below.map(fs::DirEntry::path));
            at += 1;
        }
        folders
    }
}

fn names(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_ascii_whitespace().map(str::to_owned).collect()
}

/// Group of this process.
fn own() -> Option<PathBuf> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    own_folder(&mounts, path)
}

/// Folder of the group `path` in the given mounts.
fn own_folder(mounts: &str, path: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        let mut fields = mount.split(' ').skip(3);
        let (root, place) = (fields.next()?, fields.next()?);
        // Groups outside the mount are not accessible, for example in a container that shares its
        // group.
        let within = Path::new(path).strip_prefix(root).ok()?;
        let leaves = path.split('/').any(|part| part == "..");
        (kind.starts_with("cgroup2 ") && !leaves).then(|| Path::new(place).join(within))
    })
}

/// Enables controllers for subgroups if this group supports them and is delegated to this process.
/// A group with limited subgroups must not contain processes, so this process moves to a subgroup
/// first.
fn enable_controllers(folder: &Path) {
    let control = folder.join("cgroup.subtree_control");
    let there = names(&folder.join("cgroup.controllers"));
    let on = names(&control);
    for name in ["memory", "pids"] {
        if !there.iter().any(|it| it == name) || on.iter().any(|it| it == name) {
            continue;
        }
        let enable = format!("+{name}");
        if fs::write(&control, &enable).is_err() && is_ours_alone(folder) {
            let aside = Cgroup::at(folder.join(format!("{PREFIX}server")));
            let _ = fs::create_dir(&aside.folder);
            if aside.join().is_ok() {
                let _ = fs::write(&control, &enable);
            }
        }
    }
}

/// Whether a service manager delegated this group (`Delegate=yes`) and it contains only this
/// process.
fn is_ours_alone(folder: &Path) -> bool {
    let delegated = ["user.delegate", "trusted.delegate"].iter().any(|name| {
        let mut value = [0_u8; 8];
        rustix::fs::getxattr(folder, *name, &mut value[..]).is_ok_and(|n| value[..n] == *b"1")
    });
    delegated && names(&folder.join("cgroup.procs")) == [std::process::id().to_string()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_group_is_found_among_the_mounts() {
        let mounts = "25 30 0:23 / /sys rw shared:7 - sysfs sysfs rw\n\
                      33 25 0:29 / /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw\n";
        let found = |path: &str| own_folder(mounts, path);
        assert_eq!(found("/"), Some(PathBuf::from("/sys/fs/cgroup/unified/")));
        let service = PathBuf::from("/sys/fs/cgroup/unified/system.slice/milepost.service");
        assert_eq!(found("/system.slice/milepost.service"), Some(service));
        assert_eq!(found("/../outside"), None);
        let part = mounts.replace("0:29 / ", "0:29 /docker/a ");
        assert_eq!(own_folder(&part, "/docker/a/b"), Some("/sys/fs/cgroup/unified/b".into()));
        assert_eq!(own_folder(&part, "/docker/c"), None);
        assert_eq!(own_folder("", "/"), None);
    }

    #[test]
    fn a_folder_that_is_no_group_is_never_taken_for_one() {
        let place = tempfile::tempdir().unwrap();
        assert!(Cgroup::of_run(place.path().to_owned(), "a-1").is_none());
        let other = place.path().join("milepost-b-1");
        fs::create_dir(&other).unwrap();
        fs::write(other.join("cgroup.kill"), "").unwrap();
        assert!(Cgroup::of_run(other.clone(), "a-1").is_none());
        assert!(Cgroup::of_run(other, "b-1").is_some());
    }
}
