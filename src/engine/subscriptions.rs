//! Long polls: which waiting request watches which task, and when each is answered.
//!
//! There is an entry for each watched task and none for any other. Progress reports wake no
//! request: while anything is watched, a periodic tick compares the watched tasks with what each
//! client knows and answers only those that are due. A discrete change (a start, a stage, a cancel,
//! an end) triggers that check immediately.

mod limits;
mod run;
mod watched;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;

use limits::{Limits, REASONS};
pub use limits::{LongPollFigures, LongPollLimit};
pub(super) use run::{run_read_loop, run_tick_loop};
pub(super) use watched::Interest;
use watched::WatchedTask;

use super::{EngineOptions, running::RunningTasks, store::Row};
use crate::task::{AnswerReason, TaskId};

/// See the module documentation.
pub(super) struct Subscriptions {
    /// Start of the clock that [`Subscriptions::now_s`] reads.
    epoch: Instant,
    tasks: RwLock<HashMap<TaskId, Arc<WatchedTask>>>,
    /// Tasks with a discrete change since the last check.
    dirty: Mutex<HashSet<TaskId>>,
    /// Wakes the tick loop before its next tick.
    wakeup: Notify,
    /// Tasks whose rows are to be read immediately.
    urgent: Mutex<HashSet<TaskId>>,
    /// Whether another process may have saved progress since the last read.
    stale: AtomicBool,
    /// Wakes the read loop.
    reading: Notify,
    draining: AtomicBool,
    next: AtomicU64,
    pub(super) limits: Arc<Limits>,
}

impl Subscriptions {
    pub(super) fn new(options: &EngineOptions) -> Self {
        Self {
            epoch: Instant::now(),
            tasks: RwLock::default(),
            dirty: Mutex::default(),
            wakeup: Notify::new(),
            urgent: Mutex::default(),
            stale: AtomicBool::new(false),
            reading: Notify::new(),
            draining: AtomicBool::new(false),
            next: AtomicU64::new(0),
            limits: Arc::new(Limits::new(&options.long_poll)),
        }
    }

    /// Seconds since these subscriptions were created.
    pub(super) fn now_s(&self) -> f64 {
        self.epoch.elapsed().as_secs_f64()
    }

    /// Subscribes to these tasks. The caller checks them afterwards ([`Subscription::check`]), so
    /// that no change is missed in between.
    pub(super) fn subscribe(
        self: &Arc<Self>,
        interests: impl IntoIterator<Item = (TaskId, Interest)>,
    ) -> Subscription {
        let waiter = Arc::new(Waiter::new());
        let at = interests.into_iter().map(|(id, interest)| {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            (self.subscribe_to(id, number, interest, &waiter), number)
        });
        let at = at.collect();
        self.wakeup.notify_one();
        Subscription { subscriptions: Arc::clone(self), waiter, at }
    }

    fn subscribe_to(
        &self,
        id: TaskId,
        number: u64,
        interest: Interest,
        waiter: &Arc<Waiter>,
    ) -> Arc<WatchedTask> {
        // While the map is locked, the entry cannot be swept.
        let tasks = self.tasks.read();
        if let Some(watched) = tasks.get(&id) {
            watched.add(number, interest, waiter);
            return Arc::clone(watched);
        }
        drop(tasks);
        let mut tasks = self.tasks.write();
        let watched = tasks.entry(id).or_insert_with(|| Arc::new(WatchedTask::new(id)));
        watched.add(number, interest, waiter);
        Arc::clone(watched)
    }

    /// Returns the entry of a task that is watched, or was a moment ago.
    pub(super) fn get(&self, id: TaskId) -> Option<Arc<WatchedTask>> {
        self.tasks.read().get(&id).cloned()
    }

    /// Returns the row of a watched task if it was read a moment ago.
    pub(super) fn fresh(&self, id: TaskId) -> Option<Arc<Row>> {
        self.get(id)?.fresh(self.now_s())
    }

    fn all(&self) -> Vec<Arc<WatchedTask>> {
        self.tasks.read().values().cloned().collect()
    }

    fn is_empty(&self) -> bool {
        self.tasks.read().is_empty()
    }

    /// A task that runs here had a discrete change.
    pub(super) fn wake(&self, id: TaskId) {
        if self.get(id).is_some() {
            self.dirty.lock().insert(id);
            self.wakeup.notify_one();
        }
    }

    /// A task was deleted: those who wait for it are answered once its absence was read.
    pub(super) fn forget(&self, id: TaskId) {
        if let Some(watched) = self.get(id) {
            watched.tell(None, self.now_s());
        }
        self.ask(id);
    }

    /// Answers all who wait for a task: some of them may not follow it any more.
    pub(super) fn interrupt(&self, id: TaskId) {
        if let Some(watched) = self.get(id) {
            watched.answer_all(AnswerReason::Timeout);
        }
    }

    /// Takes the current row of a task that does not run here.
    pub(super) fn tell(&self, row: &Row) {
        if let Some(watched) = self.get(row.id) {
            watched.tell(Some(row), self.now_s());
            self.wake(row.id);
        }
    }

    /// The store has a discrete change of this task that is not known here: read it.
    pub(super) fn ask(&self, id: TaskId) {
        if self.get(id).is_some() {
            self.urgent.lock().insert(id);
            self.reading.notify_one();
        }
    }

    /// Another process may have saved progress: read all watched tasks.
    pub(super) fn ask_for_all(&self) {
        if !self.is_empty() {
            self.stale.store(true, Ordering::Release);
            self.reading.notify_one();
        }
    }

    /// Answers every waiting request and accepts none from now on.
    pub(super) fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
        for watched in self.all() {
            watched.answer_all(AnswerReason::ShuttingDown);
        }
    }

    /// Whether [`Subscriptions::drain`] was called. To be checked after subscribing.
    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Removes entries that have had no request for a while.
    fn sweep(&self, now: f64) {
        let mut tasks = self.tasks.write();
        tasks.retain(|_, watched| !watched.is_left(now));
    }
}

/// One waiting request.
struct Waiter {
    /// Index of the reason in `REASONS`; beyond the last: none yet.
    reason: AtomicUsize,
    wakeup: Notify,
}

impl Waiter {
    const fn new() -> Self {
        Self { reason: AtomicUsize::new(usize::MAX), wakeup: Notify::const_new() }
    }

    /// Ends the wait; of several reasons the first in their order counts.
    fn answer(&self, reason: AnswerReason) {
        let place = REASONS.iter().position(|(known, _)| *known == reason);
        self.reason.fetch_min(place.unwrap_or(REASONS.len() - 1), Ordering::SeqCst);
        self.wakeup.notify_one();
    }

    fn reason(&self) -> Option<AnswerReason> {
        REASONS.get(self.reason.load(Ordering::SeqCst)).map(|(reason, _)| *reason)
    }
}

/// A waiting request's subscriptions to its tasks; removed when this is dropped.
pub(super) struct Subscription {
    subscriptions: Arc<Subscriptions>,
    waiter: Arc<Waiter>,
    at: Vec<(Arc<WatchedTask>, u64)>,
}

impl Subscription {
    /// Checks each task once and, unless there already is a reason to answer, includes the request
    /// in the periodic checks from here on. Returns whether anything can still change.
    pub(super) fn check(&self, running: &RunningTasks, now_ms: i64) -> bool {
        let now = self.subscriptions.now_s();
        // Check all of them, without short-circuiting: each has to be activated.
        self.at.iter().filter(|(at, number)| at.check(*number, running, now_ms, now)).count() > 0
    }

    /// Returns why the request must be answered, if it must.
    pub(super) fn reason(&self) -> Option<AnswerReason> {
        self.waiter.reason()
    }

    /// Waits until the request must be answered.
    pub(super) async fn answered(&self) -> AnswerReason {
        loop {
            if let Some(reason) = self.reason() {
                return reason;
            }
            self.waiter.wakeup.notified().await;
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let now = self.subscriptions.now_s();
        for (watched, number) in &self.at {
            watched.leave(*number, now);
        }
    }
}
