//! One watched task: who waits for news of it, and how it stands if it does not run here.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use super::{Waiter, lock};
use crate::{
    engine::{
        long_poll::{self, ClientState, TaskState},
        running::{RunningTask, RunningTasks},
        store::Row,
    },
    task::{AnswerReason, Status, TaskId},
};

/// How long an entry is kept that nobody waits at, in seconds: a client that was answered comes back
/// soon, and finds in which stage a task was that runs elsewhere.
const KEPT_S: f64 = 5.0;
/// A row that was read this long ago still tells how a task stands, in seconds.
pub(super) const FRESH_S: f64 = 0.25;
/// What a held request waits for.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) enum Interest {
    /// Whatever the client must learn by the rule.
    ClientState(ClientState),
    /// Anything visible after this version, or after now.
    News(Option<i64>),
    /// The end.
    End,
}

/// See the module.
pub(in crate::engine) struct WatchedTask {
    id: TaskId,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: HashMap<u64, Waiting>,
    elsewhere: Elsewhere,
    /// The highest version by which the task was judged.
    seen: i64,
    /// Status, generation and stage at the last look.
    last: Option<(Status, i64, i64)>,
    /// Since when nobody has waited.
    left_at: f64,
}

struct Waiting {
    waiter: Arc<Waiter>,
    interest: Interest,
    /// `None` until the request has looked for itself; before this time no bar can be answered for.
    not_before: Option<f64>,
}

/// What the store says.
#[derive(Default)]
struct Elsewhere {
    row: Option<Arc<Row>>,
    read_at: f64,
    /// It is not there any more.
    gone: bool,
    /// With which version its present stage was first seen here; 0 = at the first reading.
    step_version: i64,
    /// When that was.
    step_at: f64,
}

impl WatchedTask {
    pub(super) fn new(id: TaskId) -> Self {
        Self { id, state: Mutex::default() }
    }

    pub(super) fn add(&self, number: u64, interest: Interest, waiter: &Arc<Waiter>) {
        let waiter = Arc::clone(waiter);
        lock(&self.state).waiting.insert(number, Waiting { waiter, interest, not_before: None });
    }

    pub(super) fn leave(&self, number: u64, now: f64) {
        let mut state = lock(&self.state);
        state.waiting.remove(&number);
        state.left_at = now;
    }

    pub(super) fn is_left(&self, now: f64) -> bool {
        let state = lock(&self.state);
        state.waiting.is_empty() && now - state.left_at > KEPT_S
    }

    pub(super) const fn id(&self) -> TaskId {
        self.id
    }

    /// Takes what the store says; `None`: there is no such task.
    pub(in crate::engine) fn tell(&self, row: Option<&Row>, now: f64) {
        lock(&self.state).elsewhere.tell(row, now);
    }

    /// What the store said a moment ago.
    pub(in crate::engine) fn fresh(&self, now: f64) -> Option<Arc<Row>> {
        let state = lock(&self.state);
        let fresh = now - state.elsewhere.read_at <= FRESH_S;
        state.elsewhere.row.clone().filter(|row| fresh && row.version >= state.seen)
    }

    /// Whether the store may have something to say that is not known here.
    pub(super) fn may_change_elsewhere(&self, running: &RunningTasks) -> bool {
        let state = lock(&self.state);
        let over = state.elsewhere.row.as_ref().is_some_and(|row| row.status.is_terminal());
        !over && !state.elsewhere.gone && running.get(self.id).is_none()
    }

    /// Judges for one who has just sat down. Whether anything can still come.
    pub(super) fn check(&self, number: u64, running: &RunningTasks, now_ms: i64, now: f64) -> bool {
        let mut state = lock(&self.state);
        let running = running.get(self.id);
        let gone = running.is_none() && state.elsewhere.gone;
        let task_state = state.task_state(running.as_deref(), now_ms, now);
        let Some(waiting) = state.waiting.get_mut(&number) else { return false };
        if gone {
            waiting.waiter.answer(AnswerReason::Ended);
            return false;
        }
        // Unknown for now: the next reading tells.
        let Some(mut task_state) = task_state else {
            waiting.not_before = Some(now);
            return true;
        };
        waiting.begin(&task_state, now);
        waiting.judge(&mut task_state, running.as_deref(), now);
        !task_state.status.is_terminal()
    }

    /// Judges for everybody who waits.
    pub(super) fn look(&self, running: &RunningTasks, now_ms: i64, now: f64) {
        let mut state = lock(&self.state);
        if state.waiting.is_empty() {
            return;
        }
        let running = running.get(self.id);
        if running.is_none() && state.elsewhere.gone {
            state.answer_all(AnswerReason::Ended);
            return;
        }
        let Some(mut task_state) = state.task_state(running.as_deref(), now_ms, now) else {
            return;
        };
        let render_key = (task_state.status, task_state.generation(), task_state.step_version);
        let at_a_stroke = state.last.replace(render_key) != Some(render_key);
        state.waiting.retain(|_, waiting| match waiting.not_before {
            Some(not_before) if at_a_stroke || now >= not_before => {
                !waiting.judge(&mut task_state, running.as_deref(), now)
            }
            _ => true,
        });
    }

    pub(super) fn answer_all(&self, reason: AnswerReason) {
        lock(&self.state).answer_all(reason);
    }
}

impl State {
    /// How the task stands; `None` while nobody here knows.
    fn task_state(
        &mut self,
        running: Option<&RunningTask>,
        now_ms: i64,
        now: f64,
    ) -> Option<TaskState> {
        let Some(running) = running else {
            let version = self.elsewhere.row.as_ref()?.version;
            // Older than what was known of a run here that is over: the store is about to say more.
            if version < self.seen {
                return None;
            }
            self.seen = version;
            return self.elsewhere.task_state(now);
        };
        let task_state = running.task_state(now_ms);
        self.seen = self.seen.max(task_state.version);
        Some(task_state)
    }

    fn answer_all(&mut self, reason: AnswerReason) {
        for (_, waiting) in self.waiting.drain() {
            waiting.waiter.answer(reason);
        }
    }
}

impl Waiting {
    /// The request has looked for itself, and its task stands like this.
    fn begin(&mut self, task_state: &TaskState, now: f64) {
        let client = match self.interest {
            Interest::ClientState(mut client) => {
                client.complete(task_state);
                client
            }
            Interest::News(known)
                if known.is_none_or(|version| task_state.is_known_as(version)) =>
            {
                ClientState::knowing(task_state, now)
            }
            Interest::News(_) => {
                self.waiter.answer(AnswerReason::Changed);
                return;
            }
            Interest::End => ClientState::until_the_end(),
        };
        self.interest = Interest::ClientState(client);
        self.not_before = Some(client.not_before(task_state, now));
    }

    /// Answers if there is something to say. Whether it did.
    fn judge(
        &mut self,
        task_state: &mut TaskState,
        running: Option<&RunningTask>,
        now: f64,
    ) -> bool {
        let Interest::ClientState(client) = self.interest else {
            // The first look found nothing to judge by.
            self.begin(task_state, now);
            return false;
        };
        let Some(reason) = client.reason(task_state, now) else { return false };
        if reason == AnswerReason::Deviation && client.version() == task_state.version {
            // Clients take a newer version only. One is made for all of them; elsewhere, by the
            // process that runs the task.
            let Some(running) = running else { return false };
            task_state.version = running.correct(task_state.version);
        }
        self.waiter.answer(reason);
        true
    }
}

impl Elsewhere {
    fn tell(&mut self, row: Option<&Row>, now: f64) {
        let Some(row) = row else {
            self.gone = true;
            self.row = None;
            return;
        };
        self.gone = false;
        let before = self.row.as_deref();
        if before.is_some_and(|before| before.version > row.version) {
            return;
        }
        let same_run = before.filter(|before| before.run_seq == row.run_seq);
        match same_run {
            Some(before) if before.step != row.step => {
                (self.step_version, self.step_at) = (row.version, now);
            }
            Some(_) => {}
            // Whether the stage is the one that clients know shows in the bar.
            None => (self.step_version, self.step_at) = (0, f64::NEG_INFINITY),
        }
        self.row = Some(Arc::new(row.clone()));
        self.read_at = now;
    }

    fn task_state(&self, now: f64) -> Option<TaskState> {
        let row = self.row.as_ref()?;
        let running = matches!(row.status, Status::Running | Status::Cancelling);
        let now_ms = row.read_at + ((now - self.read_at) * 1000.0) as i64;
        let seconds_to = |at: i64| (at - now_ms) as f64 / 1000.0;
        let queued = row.status == Status::Queued;
        Some(TaskState {
            status: row.status,
            // The place in the queue is told in the bits below, and is no reason for an answer.
            version: if queued { long_poll::last_of_generation(row.version) } else { row.version },
            step_version: self.step_version,
            output_version: row.output_version,
            progress: if queued { Some(row.progress.unwrap_or(0.0)) } else { row.progress },
            eta_s: row.pace.ends_at.filter(|_| running).map(seconds_to),
            t_s: row.started_at.filter(|_| running).map_or(0.0, |at| -seconds_to(at)),
            stage_s: now - self.step_at,
        })
    }
}
