//! A driver for tests: a clock that is moved by hand, a timer and a request that are variables.

use crate::{
    poll::{Action, AnswerKind, Config, Event, Failure, Freshness, Machine, Phase, TaskView},
    task::{Gone, GoneReason, PollRequest, PollResponse, Problem, Snapshot, Status, TaskId},
};

/// The task that most tests watch.
pub(super) const ID: TaskId = id(1);

pub(super) const fn id(number: u128) -> TaskId {
    TaskId::from_uuid(uuid::Uuid::from_u128(number))
}

/// The defaults without holding: what a machine does against a server that does not hold.
pub(super) fn plain() -> Config {
    Config { hold: None, ..Config::default() }
}

/// A running task: 40 %, no rate, on its way for a second.
pub(super) fn running(id: TaskId, version: i64) -> Snapshot {
    Snapshot {
        id,
        kind: "report".to_owned(),
        title: "Report: lighthouses".to_owned(),
        status: Status::Running,
        progress: Some(40.0),
        rate_per_s: 0.0,
        eta_ms: None,
        step: Some(1),
        total_steps: Some(4),
        current_step: Some("Reading research".to_owned()),
        stages: Vec::new(),
        message: None,
        attempt: 1,
        version,
        result: None,
        error: None,
        cancel: None,
        poll_after_ms: 0,
        elapsed_ms: 1_000,
        heartbeat_age_ms: Some(0),
        updated_age_ms: 0,
        created_at: "2026-01-01T00:00:00Z".to_owned(),
        started_at: None,
        updated_at: "2026-01-01T00:00:00Z".to_owned(),
        finished_at: None,
        expires_at: None,
        eta_range_ms: None,
        resumed: None,
        queue_position: None,
        output_version: 0,
        starts_in_ms: None,
        starts_at: None,
        tags: Vec::new(),
        note: None,
        started_by: None,
    }
}

/// The same with another status.
pub(super) fn with_status(status: Status, version: i64) -> Snapshot {
    Snapshot { status, ..running(ID, version) }
}

/// The same with another progress.
pub(super) fn at(progress: f64, version: i64) -> Snapshot {
    Snapshot { progress: Some(progress), ..running(ID, version) }
}

/// An answer that asks for no pause.
pub(super) fn answer(tasks: Vec<Snapshot>) -> PollResponse {
    PollResponse::new(tasks)
}

pub(super) fn held(tasks: Vec<Snapshot>, waited_ms: i64) -> PollResponse {
    PollResponse { waited_ms: Some(waited_ms), ..answer(tasks) }
}

pub(super) fn gone(id: TaskId, reason: GoneReason) -> PollResponse {
    PollResponse { gone: vec![Gone { id, reason }], ..answer(Vec::new()) }
}

pub(super) fn status(status: u16) -> Failure {
    let problem = Some(Box::new(Problem::new(status, "Problem", "why")));
    Failure::Status { status, retry_after_ms: None, problem }
}

pub(super) fn retry_after(status: u16, ms: i64) -> Failure {
    Failure::Status { status, retry_after_ms: Some(ms), problem: None }
}

/// A machine, its clock, its timer and its request.
pub(super) struct Bench {
    pub(super) machine: Machine,
    pub(super) now: u64,
    pub(super) timer: Option<u64>,
    pub(super) flight: Option<(u32, PollRequest)>,
    /// When each request was sent.
    pub(super) sent: Vec<u64>,
    pub(super) last_request: Option<PollRequest>,
    pub(super) aborts: u32,
    pub(super) renders: u32,
    pub(super) refreshes: u32,
    /// What the source of randomness gives next; `None` = seeded.
    pub(super) random: Option<f64>,
    seed: u64,
    ended: Option<u64>,
}

impl Bench {
    /// Another client than all others.
    pub(super) const fn reseed(&mut self, seed: u64) {
        self.seed = seed;
    }

    pub(super) fn new(config: Config) -> Self {
        Self {
            machine: Machine::new(config),
            now: 1_000_000,
            timer: None,
            flight: None,
            sent: Vec::new(),
            last_request: None,
            aborts: 0,
            renders: 0,
            refreshes: 0,
            random: None,
            seed: 7,
            ended: None,
        }
    }

    /// Watches [`ID`] with the defaults; the first request is in flight.
    pub(super) fn watching(config: Config) -> Self {
        let mut bench = Self::new(config);
        bench.watch(ID);
        bench.advance(0);
        assert!(bench.flight.is_some());
        bench
    }

    /// The same with holding on, after a first answer; the first held request is in flight.
    pub(super) fn holding() -> Self {
        let mut bench = Self::watching(Config::default());
        bench.answer(answer(vec![running(ID, 1)]));
        bench.advance(500);
        assert_eq!(bench.wait_ms(), 20_000);
        bench
    }

    pub(super) fn watch(&mut self, id: TaskId) {
        self.event(Event::Watch { id, snapshot: None });
    }

    /// Gives an event and carries out what the machine wants.
    pub(super) fn event(&mut self, event: Event) {
        let (seed, fixed) = (&mut self.seed, self.random);
        let mut random = || {
            *seed =
                seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
            fixed.unwrap_or((*seed >> 11) as f64 / (1_u64 << 53) as f64)
        };
        for action in self.machine.handle(event, self.now, &mut random) {
            match action {
                Action::Send { epoch, request } => {
                    assert!(self.flight.is_none(), "a second request");
                    let floor = self.ended.map_or(0, |ended| ended + 500);
                    assert!(self.now >= floor, "{} ms under the floor", floor - self.now);
                    self.sent.push(self.now);
                    self.last_request = Some(request.clone());
                    self.flight = Some((epoch, request));
                }
                Action::Abort => {
                    assert!(self.flight.take().is_some(), "nothing to abort");
                    self.aborts += 1;
                }
                Action::SetTimer { after_ms } => {
                    assert!(after_ms <= 60_000);
                    self.timer = Some(self.now + u64::from(after_ms));
                }
                Action::ClearTimer => self.timer = None,
                Action::RefreshSession => self.refreshes += 1,
                Action::Render => self.renders += 1,
                Action::Tabs(action) => panic!("a machine that is alone wants {action:?}"),
            }
        }
    }

    /// Lets time pass; the timer fires when it is due.
    pub(super) fn advance(&mut self, ms: u64) {
        let end = self.now + ms;
        while let Some(at) = self.timer.filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.timer = None;
            self.event(Event::Timer);
        }
        self.now = end;
    }

    /// Lets time pass until the next request is sent; returns how long that took.
    pub(super) fn until_sent(&mut self) -> u64 {
        assert!(self.flight.is_none(), "a request is in flight");
        let (start, before) = (self.now, self.sent.len());
        while self.sent.len() == before {
            let at = self.timer.expect("a timer");
            self.advance(at - self.now);
        }
        self.now - start
    }

    /// Lets the machine sleep: time passes and no timer fires.
    pub(super) fn sleep(&mut self, ms: u64) {
        self.now += ms;
    }

    /// Answers the request in flight.
    pub(super) fn answer(&mut self, response: PollResponse) {
        let (epoch, _) = self.flight.take().expect("a request in flight");
        self.ended = Some(self.now);
        self.event(Event::Answer { epoch, response, bytes: 100 });
    }

    /// Lets the request in flight fail.
    pub(super) fn fail(&mut self, failure: Failure) {
        let (epoch, _) = self.flight.take().expect("a request in flight");
        self.ended = Some(self.now);
        self.event(Event::Failure { epoch, failure });
    }

    /// Fails again and again until nothing is in flight and no timer is set, at most for `ms`.
    pub(super) fn fail_for(&mut self, failure: &Failure, ms: u64) {
        let end = self.now + ms;
        while self.now < end {
            if self.flight.is_some() {
                self.fail(failure.clone());
            }
            let Some(at) = self.timer else { return };
            self.advance(at - self.now);
        }
    }

    pub(super) fn view(&self) -> TaskView<'_> {
        self.machine.view(ID, self.now).expect("a watched task")
    }

    pub(super) fn bar(&self) -> Option<f64> {
        self.view().bar
    }

    pub(super) fn phase(&self) -> Phase {
        self.view().phase
    }

    pub(super) fn freshness(&self) -> Freshness {
        self.view().freshness
    }

    pub(super) fn last(&self) -> Option<AnswerKind> {
        self.machine.stats(self.now).last
    }

    /// What the last request allows the server to hold.
    pub(super) fn wait_ms(&self) -> i64 {
        self.last_request.as_ref().expect("a request").wait_ms
    }

    /// The ids of the last request.
    pub(super) fn ids(&self) -> Vec<TaskId> {
        let request = self.last_request.as_ref().expect("a request");
        request.watch.iter().map(|watch| watch.id).collect()
    }

    /// Asserts that the loop has stopped: no timer, no request.
    pub(super) fn assert_idle(&self) {
        assert_eq!(self.timer, None, "a timer is set");
        assert!(self.flight.is_none(), "a request is in flight");
    }
}
