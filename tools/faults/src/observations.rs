//! What clients and followers observed; the audit compares it with the store.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use crate::seen::Seen;

/// A task that was accepted.
#[derive(Debug)]
pub(crate) struct Accepted {
    /// Index of its input.
    pub(crate) job: usize,
    /// Idempotency keys that led to it.
    pub(crate) keys: Vec<String>,
    /// Status in the response to a cancel.
    pub(crate) cancelled: Option<String>,
    /// What followers saw of it.
    pub(crate) seen: Seen,
}

/// Everything observed from outside.
#[derive(Default)]
pub(crate) struct Observations {
    tasks: Mutex<BTreeMap<String, Accepted>>,
    /// When each checkpoint was saved, by task and key.
    pub(crate) checkpoints: Mutex<HashMap<(String, String), i64>>,
    errors: Mutex<BTreeMap<&'static str, Vec<String>>>,
    checked: Mutex<BTreeMap<&'static str, u64>>,
    no_more_starts: AtomicBool,
    no_more_polls: AtomicBool,
    pub(crate) polls: AtomicU64,
}

impl Observations {
    pub(crate) fn tasks(&self) -> MutexGuard<'_, BTreeMap<String, Accepted>> {
        self.tasks.lock().unwrap()
    }

    /// Records that a start with this key returned this task.
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

    /// Counts one comparison of a check.
    pub(crate) fn count(&self, check: &'static str) {
        *self.checked.lock().unwrap().entry(check).or_default() += 1;
    }

    /// Records an error that a check found.
    pub(crate) fn report(&self, check: &'static str, what: String) {
        self.errors.lock().unwrap().entry(check).or_default().push(what);
    }

    /// Number of comparisons of a check, and its errors.
    pub(crate) fn found(&self, check: &'static str) -> (u64, Vec<String>) {
        let checked = self.checked.lock().unwrap().get(check).copied().unwrap_or(0);
        (checked, self.errors.lock().unwrap().get(check).cloned().unwrap_or_default())
    }

    /// Tasks whose end no follower saw.
    pub(crate) fn open(&self) -> Vec<String> {
        let tasks = self.tasks();
        tasks.iter().filter(|(_, task)| !task.seen.has_ended()).map(|(id, _)| id.clone()).collect()
    }

    /// Tasks whose end a follower saw.
    pub(crate) fn ended(&self) -> Vec<String> {
        let tasks = self.tasks();
        tasks.iter().filter(|(_, task)| task.seen.has_ended()).map(|(id, _)| id.clone()).collect()
    }

    pub(crate) fn counts(&self) -> String {
        let (open, all) = (self.open().len(), self.tasks().len());
        format!("{all} tasks accepted, {open} in progress")
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
