//! Folders of runs. Each run has its own folder, and a lock file beside it that its supervisor holds.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use milepost::task::TaskId;

/// Subfolder of preserved run folders.
const KEPT: &str = "kept";
/// How long a start waits for supervisors of an earlier process, and its polling interval.
const PATIENCE: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(20);

/// Folder of one run.
pub(super) struct RunFolder {
    name: String,
    path: PathBuf,
    record: PathBuf,
    lock: PathBuf,
    kept: Option<PathBuf>,
    /// Whether the run has ended and all its processes are gone.
    over: bool,
    /// Whether processes named in the record may remain; the next start checks them.
    keeps_record: bool,
}

impl RunFolder {
    /// Creates an empty folder.
    pub(super) fn make(runs: &Path, id: TaskId, attempt: u32, keep: bool) -> io::Result<Self> {
        make_private(runs)?;
        let runs = fs::canonicalize(runs)?;
        let name = format!("{id}-{attempt}");
        let kept = keep.then(|| runs.join(KEPT).join(&name));
        let path = runs.join(&name);
        let record = record_of(&runs, &name);
        // The same attempt, released by a shutdown and started again.
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        fs::create_dir(&path)?;
        Ok(Self {
            name,
            path,
            record,
            lock: runs.join(format!("{id}.lock")),
            kept,
            over: false,
            keeps_record: false,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// `{id}-{attempt}`
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// File beside the folder that records the isolation of the run.
    pub(super) fn record(&self) -> &Path {
        &self.record
    }

    pub(super) fn lock(&self) -> &Path {
        &self.lock
    }

    /// Marks that processes named in the record remain.
    pub(super) const fn keep_record(&mut self) {
        self.keeps_record = true;
    }

    /// Marks that all processes of the run are gone.
    pub(super) const fn is_over(&mut self) {
        self.over = true;
    }
}

/// Removes or preserves the folder. A folder that may still be written to is left for [`clean`].
impl Drop for RunFolder {
    fn drop(&mut self) {
        if !self.over {
            return;
        }
        let done = match &self.kept {
            Some(kept) => keep(&self.path, kept),
            None => fs::remove_dir_all(&self.path),
        };
        if let Err(error) = done {
            let folder = self.path.display();
            tracing::warn!(%folder, %error, "the folder of a run was not removed");
        }
        if !self.keeps_record {
            let _ = fs::remove_file(&self.record);
        }
        let _ = fs::remove_file(&self.lock);
    }
}

fn record_of(runs: &Path, name: &str) -> PathBuf {
    runs.join(format!("{name}.json"))
}

fn keep(path: &Path, kept: &Path) -> io::Result<()> {
    if let Some(folder) = kept.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::rename(path, kept)
}

fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Kills and removes what runs of an earlier process left behind. Blocks for up to a few seconds
/// while supervisors finish.
pub fn clean(runs: &Path) {
    clean_until(runs, Instant::now() + PATIENCE);
}

fn clean_until(runs: &Path, deadline: Instant) {
    let Ok(runs) = fs::canonicalize(runs) else { return };
    for name in runs_in(&runs) {
        clean_one(&runs, &name, deadline);
    }
}

/// Names of the runs, `{id}-{attempt}`, with a folder or a record here.
fn runs_in(runs: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(runs).into_iter().flatten().flatten();
    let named = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let name = match entry.file_type().ok()?.is_dir() {
            true => &*name,
            false => name.strip_suffix(".json")?,
        };
        let (id, attempt) = name.rsplit_once('-')?;
        (id.parse::<TaskId>().is_ok() && attempt.parse::<u32>().is_ok()).then(|| name.to_owned())
    });
    named.collect()
}

fn clean_one(runs: &Path, name: &str, deadline: Instant) {
    let Some((id, _)) = name.rsplit_once('-') else { return };
    let (folder, record) = (runs.join(name), record_of(runs, name));
    kill_stopped_supervisor(&record);
    let lock = runs.join(format!("{id}.lock"));
    let file = OpenOptions::new().create(true).append(true).open(&lock);
    match file.map(|file| (lock_until(&file, deadline), file)) {
        Ok((Ok(()), _held)) => {
            if !end_what_is_left(&record, name, &folder, &lock) {
                return;
            }
            let _ = fs::remove_file(record);
            match fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(folder = %name, %error, "the folder of a run was not removed");
                }
                _ => {}
            }
            let _ = fs::remove_file(&lock);
        }
        Ok((Err(TryLockError::WouldBlock), _)) => {
            tracing::warn!(folder = %name, "a run of an earlier process is still being ended");
        }
        Ok((Err(TryLockError::Error(error)), _)) | Err(error) => {
            tracing::warn!(folder = %name, %error, "a run cannot be locked");
        }
    }
}

fn lock_until(file: &File, deadline: Instant) -> Result<(), TryLockError> {
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(AGAIN),
            done => return done,
        }
    }
}

#[cfg(target_os = "linux")]
fn kill_stopped_supervisor(record: &Path) {
    super::launch::Record::read(record).kill_stopped_supervisor();
}

/// Kills the remaining processes of a run and logs the outcome. Returns whether all are gone.
#[cfg(target_os = "linux")]
fn end_what_is_left(record: &Path, run: &str, folder: &Path, lock: &Path) -> bool {
    use super::launch::{Record, wire};
    let record = Record::read(record);
    let ended_well = fs::read(lock).is_ok_and(|text| text.ends_with(wire::SUPERVISOR_ENDED));
    let can_miss = !ended_well && record.can_miss();
    let reaped = record.end_what_is_left(run, folder);
    let ended = reaped.ended;
    if can_miss {
        tracing::warn!(
            ended,
            run,
            "a command lost its server and its supervisor at once; ended what was found by its \
             session, its environment and its limits: a process that has changed all three on \
             purpose is not known of"
        );
    } else if ended > 0 {
        tracing::warn!(
            ended,
            run,
            "ended processes that a command of an earlier process left behind"
        );
    }
    if !reaped.remaining.is_empty() {
        let processes = wire::list(&reaped.remaining);
        tracing::error!(%processes, run, "processes of an earlier command could not be stopped");
    }
    reaped.remaining.is_empty()
}

#[cfg(not(target_os = "linux"))]
const fn kill_stopped_supervisor(_: &Path) {}

#[cfg(not(target_os = "linux"))]
const fn end_what_is_left(_: &Path, _: &str, _: &Path, _: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> TaskId {
        TaskId::from_uuid(uuid::Uuid::new_v4())
    }

    #[test]
    fn a_run_that_is_over_leaves_nothing_and_a_kept_one_its_folder() {
        let place = tempfile::tempdir().unwrap();
        for keep in [false, true] {
            let id = id();
            let mut folder = RunFolder::make(place.path(), id, 1, keep).unwrap();
            fs::write(folder.path().join("x"), "").unwrap();
            fs::write(folder.lock(), "").unwrap();
            folder.is_over();
            drop(folder);
            assert_eq!(place.path().join(KEPT).join(format!("{id}-1/x")).exists(), keep);
            assert!(!place.path().join(format!("{id}-1")).exists());
            assert!(!place.path().join(format!("{id}.lock")).exists());
        }
    }

    #[test]
    fn what_an_earlier_process_left_is_removed_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let (left, busy) = (id(), id());
        let path = |id: TaskId| place.path().join(format!("{id}-1"));
        drop(RunFolder::make(place.path(), left, 1, false).unwrap());
        let folder = RunFolder::make(place.path(), busy, 1, false).unwrap();
        let held = fs::File::create(folder.lock()).unwrap();
        held.lock().unwrap();
        fs::create_dir_all(place.path().join(KEPT).join("a-1")).unwrap();
        fs::create_dir(place.path().join("other-1")).unwrap();
        clean_until(place.path(), Instant::now());
        assert!(!path(left).exists() && path(busy).exists());
        assert!(place.path().join("kept/a-1").exists() && place.path().join("other-1").exists());
    }
}
