//! What this process knows of the tasks that it runs, at once and without the store.
//!
//! The hub is a cache: everything in it is in the store at most [`EngineOptions::flush`] later, and
//! what matters (starts, cancels, ends) was in the store first.
//!
//! [`EngineOptions::flush`]: super::EngineOptions::flush

mod meter;
mod task;

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
    time::Duration,
};

pub use meter::Meter;
pub(crate) use task::{RunningTask, State, Stop};

use super::store::Row;
use crate::task::TaskId;

/// The tasks that run here.
#[derive(Default)]
pub(crate) struct RunningTasks {
    tasks: RwLock<HashMap<TaskId, Arc<RunningTask>>>,
    /// Runs that were given up here while the store may still say that they are at work. What was
    /// told of them is newer than what the store knows.
    lost: RwLock<HashMap<TaskId, Arc<RunningTask>>>,
}

impl RunningTasks {
    /// The run of a task that is here, unless the store is known to have moved on.
    pub(crate) fn get(&self, id: TaskId) -> Option<Arc<RunningTask>> {
        read(&self.tasks).get(&id).filter(|task| !task.is_passed()).cloned()
    }

    pub(crate) fn insert(&self, task: Arc<RunningTask>) {
        write(&self.lost).remove(&task.id);
        let before = write(&self.tasks).insert(task.id, task);
        if let Some(before) = before {
            // A process that slept through a lease may claim a task anew before it hears that it had
            // lost it.
            before.stop(Stop::LeaseLost);
        }
    }

    /// Gives a run up: it does not run here any more. What it said is known until the store has moved
    /// on.
    pub(crate) fn lose(&self, id: TaskId, run_seq: i64) {
        let mut tasks = write(&self.tasks);
        if let Some(task) = tasks.remove(&id) {
            if task.run_seq == run_seq {
                write(&self.lost).insert(id, task);
            } else {
                tasks.insert(id, task);
            }
        }
    }

    /// The run that was given up here and that this row, as old as it may be, still shows.
    pub(crate) fn lost(&self, row: &Row) -> Option<Arc<RunningTask>> {
        let task = read(&self.lost).get(&row.id).cloned()?;
        (row.shows_run(task.run_seq)).then_some(task)
    }

    /// Forgets what was given up so long ago that its lease has ended and was taken.
    pub(crate) fn drop_lost(&self, longest: Duration) {
        write(&self.lost).retain(|_, task| task.last_beat().elapsed() < longest);
    }

    /// Forgets a run; a later run of the same task stays.
    pub(crate) fn remove(&self, id: TaskId, run_seq: i64) {
        let mut tasks = write(&self.tasks);
        if tasks.get(&id).is_some_and(|task| task.run_seq == run_seq) {
            tasks.remove(&id);
        }
    }

    pub(crate) fn all(&self) -> Vec<Arc<RunningTask>> {
        read(&self.tasks).values().cloned().collect()
    }

    /// How many tasks of one kind run here.
    pub(crate) fn running(&self, kind: &str) -> u32 {
        count(read(&self.tasks).values().filter(|task| task.kind == kind).count())
    }

    /// How many tasks run here.
    pub(crate) fn running_in_all(&self) -> u32 {
        count(read(&self.tasks).len())
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

// A poisoned lock means that a panic struck between two plain assignments; what is guarded is still
// whole, so going on is right.
fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(std::sync::PoisonError::into_inner)
}
