//! The world around the machine, and what must hold in it after every event.

use super::strategies::{LAST, Step};
use crate::{
    poll::{
        Action, Config, Event, Failure, Machine, Phase, Policy, TaskView,
        tests::harness::{answer, id},
    },
    task::{AnswerReason, PollResponse, Status, TaskId},
};

/// What was last seen of a task.
#[derive(Clone, Copy, PartialEq)]
struct Seen {
    attempt: u32,
    version: i64,
    bar: Option<f64>,
    terminal: bool,
}

/// The world around the machine, and what must hold in it.
pub(super) struct World {
    pub(super) machine: Machine,
    pub(super) now: u64,
    timer: Option<u64>,
    /// The epoch of the request in flight, and how long it may be held.
    flight: Option<(u32, u64)>,
    ended: Option<u64>,
    visible: bool,
    online: bool,
    frozen: bool,
    stopped: bool,
    seen: Vec<(TaskId, Seen)>,
    /// The highest attempt of each task and its highest bar. An attempt that is given back goes on
    /// from there.
    bars: Vec<(TaskId, u32, f64)>,
    seed: u64,
}

impl World {
    pub(super) fn new(config: Config) -> Self {
        Self {
            machine: Machine::new(config),
            now: 0,
            timer: None,
            flight: None,
            ended: None,
            visible: true,
            online: true,
            frozen: false,
            stopped: false,
            seen: Vec::new(),
            bars: Vec::new(),
            seed: 1,
        }
    }

    pub(super) fn step(&mut self, step: Step) {
        match step {
            Step::Wait(ms) => {
                let end = self.now + ms;
                while let Some(at) = self.timer.filter(|at| *at <= end) {
                    self.now = self.now.max(at);
                    self.look();
                    self.give(Event::Timer);
                }
                self.now = end;
                self.look();
            }
            Step::Sleep(ms) => {
                self.now += ms;
                self.look();
            }
            Step::Give(event) => self.give(event),
            Step::Answer(response) => {
                if let Some((epoch, _)) = self.flight.take() {
                    self.ended = Some(self.now);
                    self.give(Event::Answer { epoch, response, bytes: 1 });
                }
            }
            Step::Fail(failure) => {
                if let Some((epoch, _)) = self.flight.take() {
                    self.ended = Some(self.now);
                    self.give(Event::Failure { epoch, failure });
                }
            }
            Step::Cuts { age_ms, times } => {
                for _ in 0..times {
                    self.step(Step::Wait(age_ms));
                    self.step(Step::Fail(Failure::Network));
                }
            }
            Step::Timeout => {
                let wait_ms = self.flight.map_or(0, |(_, wait_ms)| wait_ms);
                self.step(Step::Wait(wait_ms));
                let waited_ms = i64::try_from(wait_ms).ok();
                let response = PollResponse { waited_ms, ..answer(Vec::new()) };
                let reason = Some(AnswerReason::Timeout);
                self.step(Step::Answer(PollResponse { reason, ..response }));
            }
        }
    }

    pub(super) fn give(&mut self, event: Event) {
        match &event {
            Event::Visible(visible) => {
                self.visible = *visible;
                self.frozen &= !visible;
            }
            Event::Online(online) => self.online = *online,
            Event::Freeze => self.frozen = true,
            // Timers may fire early.
            Event::Timer => self.timer = None,
            Event::Resume => self.frozen = false,
            Event::StopWatching => self.stopped = true,
            Event::ResumeWatching => self.stopped = false,
            // A stray answer that happens to have the right epoch is an answer.
            Event::Answer { epoch, .. } | Event::Failure { epoch, .. }
                if self.flight.is_some_and(|(flying, _)| flying == *epoch) =>
            {
                self.flight = None;
                self.ended = Some(self.now);
            }
            _ => {}
        }
        let seed = &mut self.seed;
        let mut random = || {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (*seed >> 11) as f64 / (1_u64 << 53) as f64
        };
        for action in self.machine.handle(event, self.now, &mut random) {
            self.obey(action);
        }
        self.check_loop();
        self.look();
    }

    fn obey(&mut self, action: Action) {
        match action {
            Action::Send { epoch, request } => {
                assert!(self.flight.is_none(), "two requests in flight");
                assert!(self.ended.is_none_or(|ended| self.now >= ended + 500), "under the floor");
                assert!(self.may_run(), "a request while stopped, offline or frozen");
                assert!(!request.watch.is_empty(), "a request about nothing");
                assert!((0..=20_000).contains(&request.wait_ms));
                assert!(request.wait_ms == 0 || self.machine.policy() == Policy::Paced);
                self.flight = Some((epoch, request.wait_ms as u64));
            }
            Action::Abort => assert!(self.flight.take().is_some(), "an abort of nothing"),
            Action::SetTimer { after_ms } => {
                assert!(after_ms <= 60_000);
                self.timer = Some(self.now + u64::from(after_ms));
            }
            Action::ClearTimer => self.timer = None,
            Action::RefreshSession | Action::Render | Action::Tabs(_) => {}
        }
    }

    fn may_run(&self) -> bool {
        self.online && !self.frozen && !self.stopped
    }

    /// Something that is followed has a request or a timer; nothing else has.
    fn check_loop(&self) {
        let phases: Vec<Phase> = self.views().map(|view| view.phase).collect();
        let followed = phases.contains(&Phase::Watching);
        let idle = self.timer.is_none() && self.flight.is_none();
        assert_eq!(followed, !idle, "{phases:?}, timer {:?}", self.timer);
        let halted = |phase: &Phase| {
            matches!(phase, Phase::SignedOut | Phase::GaveUp | Phase::Refused { .. })
        };
        let over = |phase: &Phase| matches!(phase, Phase::Ended | Phase::Gone(_) | Phase::TimedOut);
        let stuck = phases.iter().any(|phase| !halted(phase) && !over(phase)) && idle;
        assert!(!(stuck && self.may_run() && self.visible), "stuck: {phases:?}");
        assert!(self.may_run() || idle, "not released");
    }

    fn views(&self) -> impl Iterator<Item = TaskView<'_>> {
        (1..=LAST).filter_map(|number| self.machine.view(id(number), self.now))
    }

    /// Looks at every task: nothing may go backwards.
    fn look(&mut self) {
        for number in 1..=LAST {
            let id = id(number);
            let Some(view) = self.machine.view(id, self.now) else {
                self.seen.retain(|(seen, _)| *seen != id);
                self.bars.retain(|(seen, ..)| *seen != id);
                continue;
            };
            let Some(snapshot) = view.snapshot else {
                assert_eq!(view.bar, None);
                continue;
            };
            let new = Seen {
                attempt: snapshot.attempt,
                version: snapshot.version,
                bar: view.bar,
                terminal: snapshot.status.is_terminal(),
            };
            let completed = snapshot.status == Status::Completed;
            let highest = self.highest(id, new.attempt);
            if let Some(bar) = new.bar {
                assert!((0.0..=100.0).contains(&bar), "{bar}");
                assert!(bar < 100.0 || completed);
                assert!(bar >= *highest, "the bar went back from {highest} to {bar}");
                *highest = bar;
            }
            let old = self.seen.iter().find(|(seen, _)| *seen == id).map(|(_, seen)| *seen);
            if let Some(old) = old {
                let same = (old.attempt, old.version) == (new.attempt, new.version);
                assert!(same || new.version > old.version || new.attempt > old.attempt);
                assert!(same || !old.terminal, "a terminal task changed");
            }
            self.seen.retain(|(seen, _)| *seen != id);
            self.seen.push((id, new));
        }
    }

    fn highest(&mut self, id: TaskId, attempt: u32) -> &mut f64 {
        let at = self.bars.iter().position(|(task, ..)| *task == id).unwrap_or_else(|| {
            self.bars.push((id, attempt, 0.0));
            self.bars.len() - 1
        });
        let (_, highest, bar) = &mut self.bars[at];
        if attempt > *highest {
            (*highest, *bar) = (attempt, 0.0);
        }
        bar
    }
}
