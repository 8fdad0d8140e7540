//! The real client machine follows one simulated task by the real server rules, in virtual time.
//!
//! What is simulated is the task, the clock and the network. When a request is sent is decided by
//! [`Machine`], when a held one is answered by [`ClientState`], what is told of the pace by [`Meter`].

use milepost::{
    engine::{
        Meter,
        long_poll::{ClientState, LineTimes, TaskState, longest_hold_s},
    },
    poll::{Action, Event, Machine},
    task::{AnswerReason, PollRequest, PollResponse, Snapshot, Status, TaskId, TaskLog},
};

use crate::{
    course::{Chatter, Course, REPORT_MS, Random, STAGES, Shape},
    scenarios::Way,
};

const ID: TaskId = TaskId::from_uuid(uuid::Uuid::from_u128(1));
/// How often log lines are stored: the engine's default.
const FLUSH_MS: u64 = 250;
/// The way from client to server or back takes a time in this range.
pub(crate) const WAY_MS: (f64, f64) = (10.0, 40.0);
/// Versions of a run and of its end: each has a generation of its own.
const RUN_VERSION: i64 = 1 << 20;
const END_VERSION: i64 = 2 << 20;

/// How a policy did on one task.
pub(crate) struct Outcome {
    pub(crate) requests: u32,
    /// From the end of the task until the client knew, in seconds.
    pub(crate) overshoot_s: f64,
    /// Mean of |bar - what the task has reported|, 0..=1; `None` where it reports no progress.
    pub(crate) bar_error: Option<f64>,
    /// The longest time from writing a log line until the client had it, in seconds; 0: it shows no
    /// log.
    pub(crate) log_lag_s: f64,
}

/// Follows the task until the client knows of its end.
pub(crate) fn follow(course: &Course, way: Way, seed: u64) -> Outcome {
    let mut server = Server::new(course);
    let mut client = Client::new(way, seed);
    client.event(Event::Watch { id: ID, snapshot: Some(Box::new(server.snapshot(0))) }, 0);
    if way.foreground {
        client.event(Event::FollowLog { id: ID, after: 0 }, 0);
    }
    let (mut report_at, mut error, mut samples) = (REPORT_MS, 0.0, 0_u32);
    loop {
        let held_until = server.held.as_ref().map(|held| held.until_ms);
        let tick = (!server.ended).then(|| report_at.min(course.duration_ms));
        let due = [tick, client.timer, client.arrives_at(), client.answered_at(), held_until];
        let Some(now) = due.into_iter().flatten().min() else { unreachable!("the loop stopped") };
        if tick == Some(now) {
            server.report(now);
            report_at += REPORT_MS;
            if let Some(truth) = course.progress(now).filter(|_| now < course.duration_ms) {
                error += (client.bar(now) - truth).abs();
                samples += 1;
            }
        }
        if let Some(request) = client.arrival(now) {
            server.take(&request, now, client.random.unit());
        }
        if let Some(answer) = server.answer(now) {
            client.answer_on_its_way(answer, now);
        }
        client.tick(now);
        if client.knows_the_end() {
            return Outcome {
                requests: client.requests,
                overshoot_s: now.saturating_sub(course.duration_ms) as f64 / 1_000.0,
                bar_error: (samples > 0).then(|| error / f64::from(samples)),
                log_lag_s: client.log_lag_s,
            };
        }
    }
}

/// A request that the server has.
struct Held {
    basis: ClientState,
    log_after: Option<i64>,
    came_ms: u64,
    until_ms: u64,
}

/// The server's side of one task.
struct Server<'a> {
    course: &'a Course,
    meter: Meter,
    version: i64,
    step_version: i64,
    stage: u32,
    entered_ms: u64,
    output_version: i64,
    lines: LineTimes,
    /// When the first line was written that is not stored yet.
    unstored_ms: Option<u64>,
    /// The time of the last line that is stored.
    stored_ms: u64,
    progress: Option<f64>,
    ended: bool,
    held: Option<Held>,
}

impl<'a> Server<'a> {
    fn new(course: &'a Course) -> Self {
        let mut meter = Meter::default();
        let progress = course.progress(0);
        if let Some(progress) = progress {
            meter.begin(0.0, progress);
        }
        Self {
            course,
            meter,
            version: RUN_VERSION,
            step_version: RUN_VERSION,
            stage: 0,
            entered_ms: 0,
            output_version: 0,
            lines: LineTimes::default(),
            unstored_ms: None,
            stored_ms: 0,
            progress,
            ended: false,
            held: None,
        }
    }

    /// Takes in what the task says at this time. As in the engine, lines are stored first, and the end
    /// after all lines.
    fn listen(&mut self, now: u64) {
        let over = now >= self.course.duration_ms;
        let says = self.course.chatter.every_ms().is_some_and(|every| now.is_multiple_of(every));
        let has_output = match self.course.chatter {
            Chatter::Silent => false,
            Chatter::Messages => says && !over,
            Chatter::Log => {
                let since = *self.unstored_ms.get_or_insert(now);
                over || now - since >= FLUSH_MS
            }
        };
        if !has_output {
            return;
        }
        self.version += 1;
        self.output_version = self.version;
        if self.course.chatter == Chatter::Log {
            (self.unstored_ms, self.stored_ms) = (None, now);
            self.lines.add(self.version, seconds(now));
        }
    }

    /// Takes in what the task reports at this time.
    fn report(&mut self, now: u64) {
        self.listen(now);
        if now >= self.course.duration_ms {
            self.ended = true;
            self.version = END_VERSION;
            return;
        }
        let Some(progress) = self.course.progress(now) else { return };
        let stage = self.course.stage(now);
        if stage != self.stage {
            (self.stage, self.entered_ms) = (stage, now);
            self.version += 1;
            self.step_version = self.version;
            self.meter.begin(seconds(now), progress);
        } else if self.course.shape != Shape::StagesOnly {
            self.meter.record(seconds(now), progress);
            self.version += i64::from(self.progress != Some(progress));
        }
        self.progress = Some(progress);
    }

    fn standing(&self, now: u64) -> TaskState {
        let status = if self.ended { Status::Completed } else { Status::Running };
        TaskState::new(status, self.version).with(|state| {
            state.step_version = self.step_version;
            state.output_version = self.output_version;
            state.lines = self.lines;
            state.progress = self.progress;
            state.eta_s = self.meter.eta(seconds(now));
            state.t_s = seconds(now);
            state.stage_s = seconds(now - self.entered_ms);
        })
    }

    fn take(&mut self, request: &PollRequest, now: u64, random: f64) {
        let mut basis = ClientState::of(&request.watch[0], seconds(now));
        basis.complete(&self.standing(now));
        let max_wait_s = request.wait_ms as f64 / 1_000.0;
        let hold_ms = (longest_hold_s(max_wait_s, random) * 1_000.0) as u64;
        let log_after = request.watch[0].log_after;
        self.held = Some(Held { basis, log_after, came_ms: now, until_ms: now + hold_ms });
    }

    /// The answer to the request that is held, if now is the time for it.
    fn answer(&mut self, now: u64) -> Option<PollResponse> {
        let standing = self.held.as_ref().map(|_| self.standing(now))?;
        let over = |held: &Held| now >= held.until_ms;
        let why = |held: &Held| held.basis.reason(&standing, seconds(now));
        let held = self.held.take_if(|held| over(held) || why(held).is_some())?;
        let reason = why(&held);
        if reason == Some(AnswerReason::Deviation) && held.basis.version() == self.version {
            // A task that stands still reports nothing new: as in the engine, the correction of a bar
            // that moved on is a change of its own.
            self.version += 1;
        }
        let holds = held.until_ms > held.came_ms;
        let idle = if holds { AnswerReason::Timeout } else { AnswerReason::NoWait };
        let waited_ms = i64::try_from(now - held.came_ms).ok();
        let news = held.basis.version() != self.version;
        let tasks = if news { vec![self.snapshot(now)] } else { Vec::new() };
        Some(PollResponse::new(tasks).with(|response| {
            response.log = self.log(held.log_after.filter(|_| news));
            response.waited_ms = waited_ms.filter(|_| holds);
            response.reason = Some(reason.unwrap_or(idle));
        }))
    }

    /// The lines after this one; the number of a line is its time.
    fn log(&self, after: Option<i64>) -> Vec<TaskLog> {
        let seq = i64::try_from(self.stored_ms).unwrap_or(i64::MAX);
        let new = after.filter(|after| *after < seq);
        new.map(|_| TaskLog::new(ID, seq, Vec::new())).into_iter().collect()
    }

    fn snapshot(&self, now: u64) -> Snapshot {
        let stages = self.course.shape == Shape::StagesOnly;
        let eta_s = self.meter.eta(seconds(now));
        let mut snapshot = Snapshot::new(ID, "simulated".to_owned(), String::new());
        snapshot.status = if self.ended { Status::Completed } else { Status::Running };
        snapshot.progress = self.progress.map(|progress| progress * 100.0);
        snapshot.rate_per_s = self.meter.rate(seconds(now));
        snapshot.eta_ms = eta_s.map(|eta| (eta * 1_000.0) as i64);
        snapshot.step = stages.then_some(self.stage + 1);
        snapshot.total_steps = stages.then_some(STAGES);
        snapshot.attempt = 1;
        snapshot.version = self.version;
        snapshot.output_version = self.output_version;
        snapshot.elapsed_ms = i64::try_from(now).unwrap_or(i64::MAX);
        snapshot.heartbeat_age_ms = Some(0);
        snapshot
    }
}

/// The machine with its timer and its line to the server.
struct Client {
    machine: Machine,
    random: Random,
    timer: Option<u64>,
    requests: u32,
    /// The last line that it has.
    line: i64,
    log_lag_s: f64,
    epoch: u32,
    /// A request under way, and when it arrives.
    sent: Option<(PollRequest, u64)>,
    /// An answer under way, and when it arrives.
    answer: Option<(PollResponse, u64)>,
}

impl Client {
    fn new(way: Way, seed: u64) -> Self {
        Self {
            machine: Machine::new(way.config()),
            random: Random::seeded(seed),
            timer: None,
            requests: 0,
            line: 0,
            log_lag_s: 0.0,
            epoch: 0,
            sent: None,
            answer: None,
        }
    }

    fn event(&mut self, event: Event, now: u64) {
        let random = &mut self.random;
        for action in self.machine.handle(event, now, &mut || random.unit()) {
            match action {
                Action::Send { epoch, request } => {
                    self.requests += 1;
                    self.epoch = epoch;
                    self.sent = Some((request, now + way_ms(&mut self.random)));
                }
                Action::SetTimer { after_ms } => self.timer = Some(now + u64::from(after_ms)),
                Action::ClearTimer => self.timer = None,
                Action::Render => {}
                other => unreachable!("nothing fails here, and nobody shares: {other:?}"),
            }
        }
    }

    fn arrives_at(&self) -> Option<u64> {
        self.sent.as_ref().map(|(_, at)| *at)
    }

    fn answered_at(&self) -> Option<u64> {
        self.answer.as_ref().map(|(_, at)| *at)
    }

    /// The request that arrives at the server now.
    fn arrival(&mut self, now: u64) -> Option<PollRequest> {
        self.sent.take_if(|(_, at)| *at <= now).map(|(request, _)| request)
    }

    fn answer_on_its_way(&mut self, answer: PollResponse, now: u64) {
        self.answer = Some((answer, now + way_ms(&mut self.random)));
    }

    /// Gives the machine what is due: an answer, the timer.
    fn tick(&mut self, now: u64) {
        if let Some((response, _)) = self.answer.take_if(|(_, at)| *at <= now) {
            for log in &response.log {
                // The oldest of the new lines was written one report after the last known one.
                let written = u64::try_from(self.line).unwrap_or(0) + REPORT_MS;
                self.log_lag_s = self.log_lag_s.max(seconds(now.saturating_sub(written)));
                self.line = log.seq;
            }
            self.event(Event::Answer { epoch: self.epoch, response, bytes: 0 }, now);
        }
        if self.timer.take_if(|at| *at <= now).is_some() {
            self.event(Event::Timer, now);
        }
    }

    /// What the bar shows, 0..=1.
    fn bar(&self, now: u64) -> f64 {
        self.machine.view(ID, now).and_then(|view| view.bar).unwrap_or(0.0) / 100.0
    }

    fn knows_the_end(&self) -> bool {
        let view = self.machine.view(ID, 0);
        view.and_then(|view| view.status).is_some_and(Status::is_terminal)
    }
}

fn way_ms(random: &mut Random) -> u64 {
    random.between(WAY_MS.0, WAY_MS.1) as u64
}

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1_000.0
}
