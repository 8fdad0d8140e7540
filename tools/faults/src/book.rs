//! What the kit has asked for and been told: the other side of every comparison with the store.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use crate::watch::Seen;

/// A task that was accepted.
#[derive(Debug)]
pub(crate) struct Accepted {
    /// Which input it has.
    pub(crate) job: usize,
    /// The keys under which it was started.
    pub(crate) keys: Vec<String>,
    /// The status that the answer to a cancel told.
    pub(crate) cancelled: Option<String>,
    /// What a follower has seen of it.
    pub(crate) seen: Seen,
}

/// Everything that is known of the tasks from outside.
#[derive(Default)]
pub(crate) struct Book {
    tasks: Mutex<BTreeMap<String, Accepted>>,
    /// Checkpoints by task and name, with when they were saved.
    pub(crate) checkpoints: Mutex<HashMap<(String, String), i64>>,
    wrong: Mutex<BTreeMap<&'static str, Vec<String>>>,
    looked: Mutex<BTreeMap<&'static str, u64>>,
    no_more_starts: AtomicBool,
    no_more_polls: AtomicBool,
    pub(crate) polls: AtomicU64,
}

impl Book {
    pub(crate) fn tasks(&self) -> MutexGuard<'_, BTreeMap<String, Accepted>> {
        self.tasks.lock().unwrap()
    }

    /// Notes that a start with this key was answered with this task.
    pub(crate) fn accepted(&self, id: &str, job: usize, key: &str) {
        let mut tasks = self.tasks();
        let task = tasks.entry(id.to_owned()).or_insert_with(|| Accepted {
            job,
            keys: Vec::new(),
            cancelled: None,
            seen: Seen::default(),
        });
        if !task.keys.iter().any(|known| known == key) {
            task.keys.push(key.to_owned());
        }
    }

    /// Notes that a check looked at something.
    pub(crate) fn looked(&self, check: &'static str) {
        *self.looked.lock().unwrap().entry(check).or_default() += 1;
    }

    /// Notes that a check found something wrong.
    pub(crate) fn wrong(&self, check: &'static str, what: String) {
        self.wrong.lock().unwrap().entry(check).or_default().push(what);
    }

    /// How often a check looked, and what it found.
    pub(crate) fn found(&self, check: &'static str) -> (u64, Vec<String>) {
        let looked = self.looked.lock().unwrap().get(check).copied().unwrap_or(0);
        (looked, self.wrong.lock().unwrap().get(check).cloned().unwrap_or_default())
    }

    /// Tasks that have not been seen to end.
    pub(crate) fn open(&self) -> Vec<String> {
        let tasks = self.tasks();
        tasks.iter().filter(|(_, task)| !task.seen.has_ended()).map(|(id, _)| id.clone()).collect()
    }

    /// Tasks that have been seen to end.
    pub(crate) fn ended(&self) -> Vec<String> {
        let tasks = self.tasks();
        tasks.iter().filter(|(_, task)| task.seen.has_ended()).map(|(id, _)| id.clone()).collect()
    }

    pub(crate) fn counts(&self) -> String {
        let (open, all) = (self.open().len(), self.tasks().len());
        format!("{all} tasks accepted, {open} under way")
    }

    pub(crate) fn no_more_starts(&self) {
        self.no_more_starts.store(true, Ordering::Relaxed);
    }

    pub(crate) fn may_start(&self) -> bool {
        !self.no_more_starts.load(Ordering::Relaxed)
    }

    pub(crate) fn no_more_polls(&self) {
        self.no_more_polls.store(true, Ordering::Relaxed);
    }

    pub(crate) fn may_poll(&self) -> bool {
        !self.no_more_polls.load(Ordering::Relaxed)
    }
}
