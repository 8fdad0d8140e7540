//! What a follower sees of a task, and what must hold of it: nothing goes back.

use milepost::{
    engine::store::GENERATION_SHIFT,
    task::{Snapshot, Status},
};

pub(crate) const KNOWN: &str = "accepted tasks known to every server";
pub(crate) const VERSIONS: &str = "versions that never went back";
pub(crate) const BARS: &str = "bars that never fell within an attempt";
pub(crate) const ENDS: &str = "ends that stayed the end";

/// What followers saw of one task.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    last: Option<Snapshot>,
    /// Highest attempt, and its bar. An attempt that was given back is repeated.
    attempt: u32,
    bar: Option<f64>,
}

impl Seen {
    /// Adds a snapshot; returns an error if something went back. `strict`: servers report the state of
    /// the store. Otherwise a server also reports progress that it has not written yet and that is
    /// lost if it is killed; then the bar is compared only while the task runs.
    pub(crate) fn add(
        &mut self,
        snapshot: Snapshot,
        strict: bool,
    ) -> Option<(&'static str, String)> {
        let wrong = self.last.as_ref().and_then(|last| compare(last, &snapshot));
        let at_work =
            matches!(snapshot.status, Status::Running | Status::Cancelling | Status::Completed);
        let mut fell = None;
        if snapshot.attempt > self.attempt {
            (self.attempt, self.bar) = (snapshot.attempt, None);
        }
        if (strict || at_work) && snapshot.attempt == self.attempt {
            match (self.bar, snapshot.progress) {
                (Some(bar), Some(now)) if now < bar - 1e-9 => {
                    fell = Some((BARS, format!("{}: {bar} %, then {now} %", snapshot.id)));
                }
                (bar, now) => self.bar = now.or(bar),
            }
        }
        self.last = Some(snapshot);
        wrong.or(fell)
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.last.as_ref().is_some_and(|last| last.status.is_terminal())
    }

    pub(crate) fn is(&self, status: &str) -> bool {
        self.last.as_ref().is_some_and(|last| last.status.as_str() == status)
    }

    pub(crate) fn version(&self) -> i64 {
        self.last.as_ref().map_or(0, |last| last.version)
    }
}

fn compare(last: &Snapshot, snapshot: &Snapshot) -> Option<(&'static str, String)> {
    let both = format!(
        "{}: {} of version {}, then {} of version {}",
        snapshot.id, last.status, last.version, snapshot.status, snapshot.version
    );
    if last.status.is_terminal()
        && (last.status, last.version) != (snapshot.status, snapshot.version)
    {
        return Some((ENDS, both));
    }
    let same = last.version == snapshot.version;
    let changed = (last.status, last.attempt) != (snapshot.status, snapshot.attempt);
    // The version of a queued task contains its queue position, which may increase.
    let both_wait = last.status == Status::Queued && snapshot.status == Status::Queued;
    let part = if both_wait { GENERATION_SHIFT } else { 0 };
    let back = snapshot.version >> part < last.version >> part;
    (back || same && changed).then_some((VERSIONS, both))
}
