//! The tasks that run in this process, available without the store.
//!
//! [`RunningTasks`] is a cache: everything in it is in the store at most [`EngineOptions::flush`]
//! later, and what matters (starts, cancels, ends) was in the store first.
//!
//! [`EngineOptions::flush`]: super::EngineOptions::flush

mod meter;
mod task;

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::RwLock;

pub use meter::Meter;
pub(crate) use task::{RunningTask, State, Stop};

use super::store::Row;
use crate::task::TaskId;

/// The tasks that run in this process.
#[derive(Default)]
pub(crate) struct RunningTasks {
    tasks: RwLock<HashMap<TaskId, Arc<RunningTask>>>,
    /// Lost runs that the store may still show as running. What was reported of them is newer than
    /// what the store knows.
    lost: RwLock<HashMap<TaskId, Arc<RunningTask>>>,
}

impl RunningTasks {
    /// Returns the run of a task, unless the store is known to have moved on.
    pub(crate) fn get(&self, id: TaskId) -> Option<Arc<RunningTask>> {
        self.tasks.read().get(&id).filter(|task| !task.is_passed()).cloned()
    }

    pub(crate) fn insert(&self, task: Arc<RunningTask>) {
        self.lost.write().remove(&task.id);
        let before = self.tasks.write().insert(task.id, task);
        if let Some(before) = before {
            // A process that slept through a lease may claim a task anew before it learns that it
            // lost the first run.
            before.stop(Stop::LeaseLost);
        }
    }

    /// Removes a run whose lease was lost. Its last state is retained until the store has moved on.
    pub(crate) fn lose(&self, id: TaskId, run_seq: i64) {
        let mut tasks = self.tasks.write();
        if let Some(task) = tasks.remove(&id) {
            if task.run_seq == run_seq {
                self.lost.write().insert(id, task);
            } else {
                tasks.insert(id, task);
            }
        }
    }

    /// Returns the lost run that this row, however old, still shows.
    pub(crate) fn lost(&self, row: &Row) -> Option<Arc<RunningTask>> {
        let task = self.lost.read().get(&row.id).cloned()?;
        (row.shows_run(task.run_seq)).then_some(task)
    }

    /// Drops lost runs whose lease expired and was reclaimed long ago.
    pub(crate) fn drop_lost(&self, longest: Duration) {
        self.lost.write().retain(|_, task| task.renewed_at().elapsed() < longest);
    }

    /// Removes a run; a later run of the same task is not affected.
    pub(crate) fn remove(&self, id: TaskId, run_seq: i64) {
        let mut tasks = self.tasks.write();
        if tasks.get(&id).is_some_and(|task| task.run_seq == run_seq) {
            tasks.remove(&id);
        }
    }

    pub(crate) fn all(&self) -> Vec<Arc<RunningTask>> {
        self.tasks.read().values().cloned().collect()
    }

    /// Number of running tasks of one kind.
    pub(crate) fn running(&self, kind: &str) -> u32 {
        count(self.tasks.read().values().filter(|task| task.kind == kind).count())
    }

    /// Number of running tasks.
    pub(crate) fn running_in_all(&self) -> u32 {
        count(self.tasks.read().len())
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
