//! One watched task: its waiting requests, and its state if it does not run here.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;

use super::Waiter;
use crate::{
    engine::{
        long_poll::{ClientState, LineTimes, TaskState},
        running::{RunningTask, RunningTasks},
        store::{Row, last_of_generation},
    },
    task::{AnswerReason, Status, TaskId},
};

/// How long an entry without requests is retained, in seconds: a client that was answered returns
/// soon and finds the stage of a task that runs in another process.
const KEPT_S: f64 = 5.0;
/// Maximum age of a row that still counts as current, in seconds.
pub(super) const FRESH_S: f64 = 0.25;
/// What a waiting request waits for.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) enum Interest {
    /// Whatever the rule of long polls requires for this client.
    ClientState(ClientState),
    /// Anything visible after this version; `None`: after now.
    News(Option<i64>),
    /// The end of the task.
    End,
}

/// See the module documentation.
pub(in crate::engine) struct WatchedTask {
    id: TaskId,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: HashMap<u64, Waiting>,
    elsewhere: Elsewhere,
    /// The highest version that requests were checked against.
    seen: i64,
    /// Status, generation and stage at the last check.
    last: Option<(Status, i64, i64)>,
    /// Since when there has been no waiting request.
    left_at: f64,
}

struct Waiting {
    waiter: Arc<Waiter>,
    interest: Interest,
    /// `None` until the request has checked the task once; before this time no bar is corrected.
    not_before: Option<f64>,
}

/// What the store knows.
#[derive(Default)]
struct Elsewhere {
    row: Option<Arc<Row>>,
    read_at: f64,
    /// The task no longer exists.
    gone: bool,
    /// The version with which its current stage was first seen here; 0: at the first read.
    step_version: i64,
    /// When that was.
    step_at: f64,
    /// When output was first seen here. A row does not tell lines from messages: both count.
    lines: LineTimes,
}

impl WatchedTask {
    pub(super) fn new(id: TaskId) -> Self {
        Self { id, state: Mutex::default() }
    }

    pub(super) fn add(&self, number: u64, interest: Interest, waiter: &Arc<Waiter>) {
        let waiter = Arc::clone(waiter);
        self.state.lock().waiting.insert(number, Waiting { waiter, interest, not_before: None });
    }

    pub(super) fn leave(&self, number: u64, now: f64) {
        let mut state = self.state.lock();
        state.waiting.remove(&number);
        state.left_at = now;
    }

    pub(super) fn is_left(&self, now: f64) -> bool {
        let state = self.state.lock();
        state.waiting.is_empty() && now - state.left_at > KEPT_S
    }

    pub(super) const fn id(&self) -> TaskId {
        self.id
    }

    /// Takes the row from the store; `None`: there is no such task.
    pub(in crate::engine) fn tell(&self, row: Option<&Row>, now: f64) {
        self.state.lock().elsewhere.tell(row, now);
    }

    /// Returns the row if it was read a moment ago.
    pub(in crate::engine) fn fresh(&self, now: f64) -> Option<Arc<Row>> {
        let state = self.state.lock();
        let fresh = now - state.elsewhere.read_at <= FRESH_S;
        state.elsewhere.row.clone().filter(|row| fresh && row.version >= state.seen)
    }

    /// Whether the store may have changes that are not known here.
    pub(super) fn may_change_elsewhere(&self, running: &RunningTasks) -> bool {
        let state = self.state.lock();
        let over = state.elsewhere.row.as_ref().is_some_and(|row| row.status.is_terminal());
        !over && !state.elsewhere.gone && running.get(self.id).is_none()
    }

    /// First check of a new request. Returns whether anything can still change.
    pub(super) fn check(&self, number: u64, running: &RunningTasks, now_ms: i64, now: f64) -> bool {
        let mut state = self.state.lock();
        let running = running.get(self.id);
        let gone = running.is_none() && state.elsewhere.gone;
        let task_state = state.task_state(running.as_deref(), now_ms, now);
        let Some(waiting) = state.waiting.get_mut(&number) else { return false };
        if gone {
            waiting.waiter.answer(AnswerReason::Ended);
            return false;
        }
        // Not known yet: the next read tells.
        let Some(mut task_state) = task_state else {
            waiting.not_before = Some(now);
            return true;
        };
        waiting.begin(&task_state, now);
        waiting.judge(&mut task_state, running.as_deref(), now);
        !task_state.status.is_terminal()
    }

    /// Checks all waiting requests.
    pub(super) fn look(&self, running: &RunningTasks, now_ms: i64, now: f64) {
        let mut state = self.state.lock();
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
        self.state.lock().answer_all(reason);
    }
}

impl State {
    /// Returns the state of the task; `None` while it is not known here.
    fn task_state(
        &mut self,
        running: Option<&RunningTask>,
        now_ms: i64,
        now: f64,
    ) -> Option<TaskState> {
        let Some(running) = running else {
            let version = self.elsewhere.row.as_ref()?.version;
            // Older than what was known of a run that ended here: the store will have a newer row
            // soon.
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
    /// Activates a request after its first check, with this state.
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

    /// Answers the request if there is a reason. Returns whether it did.
    fn judge(
        &mut self,
        task_state: &mut TaskState,
        running: Option<&RunningTask>,
        now: f64,
    ) -> bool {
        let Interest::ClientState(client) = self.interest else {
            // The state was not known at the first check.
            self.begin(task_state, now);
            return false;
        };
        let Some(reason) = client.reason(task_state, now) else { return false };
        if reason == AnswerReason::Deviation && client.version() == task_state.version {
            // Clients apply newer versions only, so a correction needs a new one, shared by all
            // clients. For a task in another process, that process makes it.
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
        let has_output = same_run.is_some_and(|before| before.output_version < row.output_version);
        match same_run {
            Some(before) if before.step != row.step => {
                (self.step_version, self.step_at) = (row.version, now);
            }
            Some(_) => {}
            // Whether clients know this stage shows in the bar.
            None => {
                (self.step_version, self.step_at) = (0, f64::NEG_INFINITY);
                self.lines = LineTimes::default();
                self.lines.add(row.output_version, f64::NEG_INFINITY);
            }
        }
        if has_output {
            self.lines.add(row.output_version, now);
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
        let t_s = row.started_at.filter(|_| running).map_or(0.0, |at| -seconds_to(at));
        Some(TaskState {
            status: row.status,
            // The queue position is encoded in the bits below; a change of it is no reason to
            // answer.
            version: if queued { last_of_generation(row.version) } else { row.version },
            step_version: self.step_version,
            output_version: row.output_version,
            lines: self.lines.moved_by(t_s - now),
            progress: if queued { Some(row.progress.unwrap_or(0.0)) } else { row.progress },
            eta_s: row.pace.ends_at.filter(|_| running).map(seconds_to),
            t_s,
            stage_s: now - self.step_at,
        })
    }
}
