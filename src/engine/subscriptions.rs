//! Who waits for news of which task: the held requests, and the one place that decides whom to wake.
//!
//! There is an entry for each watched task and none for any other. Reports of progress wake nobody:
//! as long as anything is watched, a tick looks at the watched tasks, and at what each waiting client
//! was told last, and wakes only those whose time has come. What changes at a stroke (a start, a
//! stage, a cancel, an end) makes that look come at once.

mod limits;
mod run;
mod watched;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use tokio::sync::Notify;

use limits::{Limits, REASONS};
pub use limits::{LongPollFigures, LongPollLimit};
pub(super) use run::{run_read_loop, run_tick_loop};
pub(super) use watched::Interest;
use watched::WatchedTask;

use super::{EngineOptions, running::RunningTasks, store::Row};
use crate::task::{AnswerReason, TaskId};

/// See the module.
pub(super) struct Subscriptions {
    /// What seconds are counted from.
    epoch: Instant,
    tasks: RwLock<HashMap<TaskId, Arc<WatchedTask>>>,
    /// Tasks that changed at a stroke since the last look.
    dirty: Mutex<HashSet<TaskId>>,
    /// Rung for a look before the next tick.
    wakeup: Notify,
    /// Rows to be read at once.
    urgent: Mutex<HashSet<TaskId>>,
    /// Whether another process may have saved progress since the last reading.
    stale: AtomicBool,
    /// Rung when there is something to read.
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

    /// Seconds on the clock of this hub.
    pub(super) fn now_s(&self) -> f64 {
        self.epoch.elapsed().as_secs_f64()
    }

    /// Waits for these tasks from now on. The caller looks at them after this ([`Subscription::check`]), so
    /// that no change falls between.
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
        // While the map is locked nobody sweeps the entry away.
        let tasks = self.tasks.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(watched) = tasks.get(&id) {
            watched.add(number, interest, waiter);
            return Arc::clone(watched);
        }
        drop(tasks);
        let mut tasks = self.tasks.write().unwrap_or_else(PoisonError::into_inner);
        let watched = tasks.entry(id).or_insert_with(|| Arc::new(WatchedTask::new(id)));
        watched.add(number, interest, waiter);
        Arc::clone(watched)
    }

    /// The entry of a task that is watched, or was a moment ago.
    pub(super) fn get(&self, id: TaskId) -> Option<Arc<WatchedTask>> {
        self.tasks.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// What the store said a moment ago of a task that is watched.
    pub(super) fn fresh(&self, id: TaskId) -> Option<Arc<Row>> {
        self.get(id)?.fresh(self.now_s())
    }

    fn all(&self) -> Vec<Arc<WatchedTask>> {
        self.tasks.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn is_empty(&self) -> bool {
        self.tasks.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// A task that runs here changed at a stroke.
    pub(super) fn wake(&self, id: TaskId) {
        if self.get(id).is_some() {
            lock(&self.dirty).insert(id);
            self.wakeup.notify_one();
        }
    }

    /// The store says how a task stands that does not run here.
    pub(super) fn tell(&self, row: &Row) {
        if let Some(watched) = self.get(row.id) {
            watched.tell(Some(row), self.now_s());
            self.wake(row.id);
        }
    }

    /// The store knows of a change at a stroke that nobody here does.
    pub(super) fn ask(&self, id: TaskId) {
        if self.get(id).is_some() {
            lock(&self.urgent).insert(id);
            self.reading.notify_one();
        }
    }

    /// Another process may have saved progress.
    pub(super) fn ask_for_all(&self) {
        if !self.is_empty() {
            self.stale.store(true, Ordering::Release);
            self.reading.notify_one();
        }
    }

    /// Answers every held request and holds none from now on.
    pub(super) fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
        for watched in self.all() {
            watched.answer_all(AnswerReason::ShuttingDown);
        }
    }

    /// Whether [`Subscriptions::drain`] was called. To be asked after sitting down.
    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Forgets what nobody has watched for a while.
    fn sweep(&self, now: f64) {
        let mut tasks = self.tasks.write().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|_, watched| !watched.is_left(now));
    }
}

// As in the hub of running tasks: what is guarded is whole even after a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One held request.
struct Waiter {
    /// The place of the reason among all of them; beyond the last, there is none yet.
    reason: AtomicUsize,
    wakeup: Notify,
}

impl Waiter {
    const fn new() -> Self {
        Self { reason: AtomicUsize::new(usize::MAX), wakeup: Notify::const_new() }
    }

    /// Ends the waiting; of several reasons the first in their order stays.
    fn answer(&self, reason: AnswerReason) {
        let place = REASONS.iter().position(|(known, _)| *known == reason);
        self.reason.fetch_min(place.unwrap_or(REASONS.len() - 1), Ordering::SeqCst);
        self.wakeup.notify_one();
    }

    fn reason(&self) -> Option<AnswerReason> {
        REASONS.get(self.reason.load(Ordering::SeqCst)).map(|(reason, _)| *reason)
    }
}

/// A held request's places at the tasks that it watches; dropped, it leaves them all.
pub(super) struct Subscription {
    subscriptions: Arc<Subscriptions>,
    waiter: Arc<Waiter>,
    at: Vec<(Arc<WatchedTask>, u64)>,
}

impl Subscription {
    /// Looks how each task stands now and, unless there is something to tell already, lets the hub
    /// watch over it from here on. Whether anything can still come.
    pub(super) fn check(&self, running: &RunningTasks, now_ms: i64) -> bool {
        let now = self.subscriptions.now_s();
        // All of them: each begins to count.
        self.at.iter().filter(|(at, number)| at.check(*number, running, now_ms, now)).count() > 0
    }

    /// Why the request must be answered, if it must.
    pub(super) fn reason(&self) -> Option<AnswerReason> {
        self.waiter.reason()
    }

    /// Returns once the request must be answered.
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
