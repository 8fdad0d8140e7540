//! The machine: one loop for all watched tasks.
//!
//! [`Machine::handle`] applies the event to the state, then settles: whether a request or a timer
//! is needed is derived from the state alone, so that no order of events can stall the loop or
//! start a second one.

mod answer;
mod failure;
mod settle;
mod show;
mod tabs;
mod watching;

use super::{
    Action, AnswerKind, Config, Event, HoldConfig, Policy, entry::Entry, long_poll::Holding, pause,
    tabs::Tabs,
};
use crate::task::{AnswerReason, Problem, Snapshot, Status, TaskId};

/// The polling loop as a state machine; see the [module](super).
///
/// ```
/// use milepost::poll::{Action, Config, Event, Machine};
///
/// let mut machine = Machine::new(Config::default());
/// let id = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55".parse()?;
/// let actions = machine.handle(Event::Watch { id, snapshot: None }, 0, &mut || 0.5);
/// assert!(actions.contains(&Action::SetTimer { after_ms: 0 }));
/// let actions = machine.handle(Event::Timer, 0, &mut || 0.5);
/// assert!(actions.iter().any(|action| matches!(action, Action::Send { .. })));
/// # Ok::<(), milepost::task::InvalidTaskId>(())
/// ```
#[derive(Clone, Debug)]
pub struct Machine {
    config: Config,
    entries: Vec<Entry>,
    holding: Holding,
    tabs: Tabs,
    visible: bool,
    online: bool,
    /// After `pagehide` or `freeze`, until the page is resumed or visible.
    frozen: bool,
    stopped: bool,
    notify_hidden: bool,
    halt: Halt,
    /// Whether a silent refresh was tried since the last successful response.
    refreshed: bool,
    woken: bool,
    flight: Option<Flight>,
    epoch: u32,
    /// When the next request, or the end of the wait for a session, is due.
    due: u64,
    /// No request before this moment, as demanded by the server.
    not_before: u64,
    /// When the last request ended, however it did.
    ended_at: Option<u64>,
    /// When the current timer fires.
    timer_at: Option<u64>,
    /// The time of the last event.
    last_now: u64,
    /// Responses since the loop started or the policy changed.
    polls: u32,
    failures: u32,
    /// The server responded with 503; one such response counts as unreachable.
    said_away: bool,
    /// How long requests have been failing while online and visible.
    failing_ms: u64,
    /// The pause that the last response asked for.
    told_pause_ms: u64,
    /// Over what time to return if the server is lost, from the last response.
    spread_ms: u64,
    /// Where the next request starts when more tasks are watched than fit into one.
    turn: usize,
    problem: Option<Box<Problem>>,
    count: Count,
}

/// The request in flight.
#[derive(Clone, Debug)]
struct Flight {
    sent_at: u64,
    wait_ms: u64,
    /// When the request times out.
    limit: u64,
    ids: Vec<TaskId>,
}

/// Why no request is sent until an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Halt {
    None,
    Refreshing,
    SignedOut,
    GaveUp,
    Refused { status: u16 },
}

/// What [`super::Stats`] counts.
#[derive(Clone, Debug, Default)]
struct Count {
    requests: u32,
    answers: u32,
    failures: u32,
    bytes: u64,
    last: Option<AnswerKind>,
    reason: Option<AnswerReason>,
    waited_ms: u64,
    /// Total time in which there was a task to poll and polling was possible.
    asking_ms: u64,
}

impl Machine {
    /// Creates a machine that watches nothing; visible and online.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            entries: Vec::new(),
            holding: Holding::default(),
            tabs: Tabs::default(),
            visible: true,
            online: true,
            frozen: false,
            stopped: false,
            notify_hidden: false,
            halt: Halt::None,
            refreshed: false,
            woken: false,
            flight: None,
            epoch: 0,
            due: 0,
            not_before: 0,
            ended_at: None,
            timer_at: None,
            last_now: 0,
            polls: 0,
            failures: 0,
            said_away: false,
            failing_ms: 0,
            told_pause_ms: 0,
            spread_ms: 0,
            turn: 0,
            problem: None,
            count: Count::default(),
        }
    }

    /// Handles one event and returns the actions to carry out. `now`: monotonic milliseconds.
    /// `random`: uniform in `0.0..1.0`.
    pub fn handle(
        &mut self,
        event: Event,
        now: u64,
        random: &mut dyn FnMut() -> f64,
    ) -> Vec<Action> {
        let now = now.max(self.last_now);
        let mut actions = Vec::new();
        let before = self.render_key();
        let slept = self.pass_time(&event, now, &mut actions);
        let fired = matches!(event, Event::Timer);
        let changed = self.take(event, slept, now, random, &mut actions);
        self.settle(fired, now, random, &mut actions);
        if changed || before != self.render_key() {
            actions.push(Action::Render);
        }
        actions
    }

    /// The policy in force.
    pub fn policy(&self) -> Policy {
        self.config.policy
    }

    /// Applies the event to the state. Returns whether a task changed.
    fn take(
        &mut self,
        event: Event,
        slept: bool,
        now: u64,
        random: &mut dyn FnMut() -> f64,
        actions: &mut Vec<Action>,
    ) -> bool {
        match event {
            Event::Watch { id, snapshot } => return self.watch(id, snapshot, now),
            Event::Unwatch { id } => self.unwatch(id),
            Event::FollowLog { id, after } => self.follow(id, after, false, now),
            Event::FollowPreview { id, after } => self.follow(id, after, true, now),
            Event::Answer { epoch, response, bytes } => {
                let Some(flight) = self.landed(epoch, now) else { return false };
                let changed = self.answered(&flight, response, bytes, now, random);
                self.share(&flight.ids, actions);
                if slept {
                    // The response may be from before the sleep.
                    self.due = now;
                }
                return changed;
            }
            Event::Failure { epoch, failure } => {
                let Some(flight) = self.landed(epoch, now) else { return false };
                // Sleep cuts connections; that says nothing about the server.
                if !slept {
                    self.failed(&flight, failure, now, random, actions);
                }
            }
            Event::Tabs(event) => return self.take_tabs(event, now, actions),
            Event::Timer => self.timer_at = None,
            Event::Told { snapshot } => return self.told(*snapshot, now),
            Event::CancelRequested { id } => return self.cancel_requested(id, now, random),
            Event::CancelFailed { id } => return self.cancel_failed(id),
            Event::Visible(visible) => self.set_visible(visible, now),
            Event::Online(online) => {
                if online && !self.online {
                    self.wake(now);
                }
                self.online = online;
            }
            Event::Freeze => self.frozen = true,
            Event::Resume => {
                self.abort(now, actions);
                self.frozen = false;
                self.wake(now);
            }
            Event::NotifyHidden(notify) => {
                self.notify_hidden = notify;
                self.slow_down_if_hidden();
            }
            Event::SetPolicy(policy) => self.set_policy(policy, now, random, actions),
            Event::StopWatching => self.stopped = true,
            Event::ResumeWatching => {
                if self.stopped {
                    self.stopped = false;
                    self.polls = 0;
                    self.wake(now);
                }
            }
            Event::TryAgain => self.try_again(now),
            Event::SessionRefreshed(there) => self.session_refreshed(there, now),
        }
        false
    }

    fn told(&mut self, snapshot: Snapshot, now: u64) -> bool {
        let clock = self.clock(now);
        let Some(entry) = self.entry(snapshot.id) else { return false };
        let changed = entry.apply(snapshot, now, clock);
        if changed {
            entry.heard_at = Some(now);
        }
        changed
    }

    fn cancel_requested(&mut self, id: TaskId, now: u64, random: &mut dyn FnMut() -> f64) -> bool {
        let Some(entry) = self.entry(id).filter(|entry| entry.live()) else { return false };
        entry.cancel_at = Some(now);
        if self.failures == 0 && self.halt == Halt::None {
            self.due = self.due.min(now.saturating_add(self.pause(now, random)));
        }
        true
    }

    fn cancel_failed(&mut self, id: TaskId) -> bool {
        let Some(entry) = self.entry(id) else { return false };
        let status = entry.snapshot.as_ref().map(|snapshot| snapshot.status);
        if status != Some(Status::Cancelling) {
            return entry.cancel_at.take().is_some();
        }
        false
    }

    fn set_visible(&mut self, visible: bool, now: u64) {
        let was = std::mem::replace(&mut self.visible, visible);
        if visible && (!was || self.frozen) {
            self.frozen = false;
            if self.flight.is_none() {
                self.wake(now);
            }
        }
        self.slow_down_if_hidden();
    }

    fn set_policy(
        &mut self,
        policy: Policy,
        now: u64,
        random: &mut dyn FnMut() -> f64,
        actions: &mut Vec<Action>,
    ) {
        self.config.policy = policy;
        self.polls = 0;
        if policy != Policy::Paced && self.flight.as_ref().is_some_and(|f| f.wait_ms > 0) {
            self.abort(now, actions);
            self.due = now;
        } else if let (Halt::None, 0, false, Some(ended)) =
            (self.halt, self.failures, self.woken, self.ended_at)
        {
            self.due = ended.saturating_add(self.pause(now, random));
        }
        self.slow_down_if_hidden();
    }

    fn try_again(&mut self, now: u64) {
        self.forget_failures();
        self.not_before = 0;
        self.halt = Halt::None;
        self.polls = 0;
        for entry in &mut self.entries {
            if entry.timed_out {
                entry.timed_out = false;
                entry.since = now;
            }
        }
        self.due = now;
    }

    fn session_refreshed(&mut self, there: bool, now: u64) {
        match self.halt {
            Halt::Refreshing if !there => self.halt = Halt::SignedOut,
            Halt::Refreshing | Halt::SignedOut if there => {
                self.halt = Halt::None;
                self.due = now;
            }
            _ => {}
        }
    }

    /// Polls as soon as the floor allows, unless the server is failing.
    fn hurry(&mut self, now: u64) {
        if self.failures == 0 && self.halt == Halt::None {
            self.due = now;
        }
    }

    /// The state may be out of date, and requests may succeed again.
    fn wake(&mut self, now: u64) {
        self.freeze_bars(now);
        // The tab that polls for this one has woken, too.
        self.tabs.quiet_until = now.saturating_add(self.config.leader_slack_ms);
        self.woken = self.entries.iter().any(Entry::live);
        if self.halt == Halt::GaveUp {
            self.halt = Halt::None;
            self.forget_failures();
        }
        if self.halt == Halt::None {
            self.due = now;
        }
    }

    fn slow_down_if_hidden(&mut self) {
        if !self.visible && self.notify_hidden && self.halt == Halt::None {
            let least =
                self.ended_at.map_or(0, |at| at.saturating_add(self.config.hidden_every_ms));
            self.due = self.due.max(least);
        }
    }

    fn forget_failures(&mut self) {
        self.failures = 0;
        self.said_away = false;
        self.failing_ms = 0;
        self.refreshed = false;
        self.problem = None;
    }

    fn hold_config(&self) -> Option<&HoldConfig> {
        self.config.hold.as_ref()
    }
}
