//! What the test does to a store.

use std::sync::{Arc, Mutex};

use milepost::{
    engine::store::{Store, StoreError},
    task::TaskId,
};
use tokio::sync::{Notify, mpsc};

use super::Faulty;

/// What a call does instead of its work.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// It fails, so many times.
    Fail(u32),
    /// It never answers, until the fault is taken away for later calls.
    Hang,
    /// It is done once the fault is taken away.
    Wait,
}

impl Faulty {
    pub(crate) fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            faults: Mutex::default(),
            met: Mutex::default(),
            made: Mutex::default(),
            ends: Mutex::default(),
            healed: Notify::new(),
            changes: Mutex::default(),
        }
    }

    pub(crate) fn set(&self, call: &'static str, fault: Fault) {
        self.faults.lock().unwrap().insert(call, fault);
    }

    /// The endings of this task alone meet the fault.
    pub(crate) fn set_end_of(&self, id: TaskId, fault: Fault) {
        *self.ends.lock().unwrap() = Some(id);
        self.set("finish", fault);
    }

    pub(crate) fn heal(&self) {
        self.faults.lock().unwrap().clear();
        self.healed.notify_waiters();
    }

    /// From now on whoever asks for changes hears of none.
    pub(crate) fn say_no_change(&self) {
        *self.changes.lock().unwrap() = Some(mpsc::channel(1).0);
    }

    /// How many calls of that name met their fault.
    pub(crate) fn met(&self, call: &str) -> u32 {
        self.met.lock().unwrap().get(call).copied().unwrap_or(0)
    }

    /// How many calls of that name were made.
    pub(crate) fn made(&self, call: &str) -> u32 {
        self.made.lock().unwrap().get(call).copied().unwrap_or(0)
    }

    pub(super) async fn fault(&self, call: &'static str) -> Result<(), StoreError> {
        let healed = self.healed.notified();
        *self.made.lock().unwrap().entry(call).or_default() += 1;
        let fault = {
            let mut faults = self.faults.lock().unwrap();
            let fault = faults.get(call).copied();
            match fault {
                Some(Fault::Fail(0)) => None,
                Some(Fault::Fail(left)) => {
                    faults.insert(call, Fault::Fail(left - 1));
                    fault
                }
                other => other,
            }
        };
        if fault.is_some() {
            *self.met.lock().unwrap().entry(call).or_default() += 1;
        }
        match fault {
            None => Ok(()),
            Some(Fault::Fail(_)) => Err(StoreError::Unavailable("the test says so".into())),
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Wait) => {
                healed.await;
                Ok(())
            }
        }
    }
}
