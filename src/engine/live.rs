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
};

pub use meter::Meter;
pub(crate) use task::{LiveTask, State, Stop};

use crate::task::TaskId;

/// The tasks that run here.
#[derive(Default)]
pub(crate) struct Hub {
    tasks: RwLock<HashMap<TaskId, Arc<LiveTask>>>,
}

impl Hub {
    pub(crate) fn get(&self, id: TaskId) -> Option<Arc<LiveTask>> {
        read(&self.tasks).get(&id).cloned()
    }

    pub(crate) fn insert(&self, task: Arc<LiveTask>) {
        write(&self.tasks).insert(task.id, task);
    }

    /// Forgets a run; a later run of the same task stays.
    pub(crate) fn remove(&self, id: TaskId, run_seq: i64) {
        let mut tasks = write(&self.tasks);
        if tasks.get(&id).is_some_and(|task| task.run_seq == run_seq) {
            tasks.remove(&id);
        }
    }

    pub(crate) fn all(&self) -> Vec<Arc<LiveTask>> {
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
