//! Follows one task to its end: the poll machine that pages use, driven by tokio.

use std::{
    future::{self, Future},
    pin::Pin,
    time::Duration,
};

use milepost::{
    poll::{Action, Config, Event, Failure, Freshness, Machine, Phase},
    task::{GoneReason, PollResponse, Snapshot, TaskId},
};
use tokio::time::Instant;

use super::{Api, ClientError, is_over, screen::Screen, show};
use crate::{
    cli::{CliError, Exit},
    signals::Signals,
};

/// What Ctrl-C means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interrupt {
    /// The first cancels the task and waits for its end, the second leaves.
    Cancels,
    /// It leaves; the task goes on.
    Leaves,
}

/// How often the bar is drawn while it moves by itself.
const FRAME: Duration = Duration::from_millis(200);

type Reply = Result<(PollResponse, u32), Failure>;
type Cancelling = Result<Snapshot, ClientError>;
type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Follows a task; says how it ended.
///
/// # Errors
/// When it cannot be followed to its end.
pub(super) async fn follow(
    api: &Api,
    snapshot: Snapshot,
    interrupt: Interrupt,
) -> Result<Exit, CliError> {
    // Before anything is seen: who sees the task may press Ctrl-C.
    let signals = Signals::new()?;
    let mut driver = Driver::new(api.clone(), snapshot.id, signals);
    driver.tell(Event::Watch { id: snapshot.id, snapshot: Some(Box::new(snapshot)) });
    loop {
        if let Some(exit) = driver.end()? {
            return Ok(exit);
        }
        driver.step(interrupt).await;
        if driver.left {
            return Ok(Exit::Cancelled);
        }
    }
}

struct Driver {
    api: Api,
    id: TaskId,
    machine: Machine,
    screen: Screen,
    started: Instant,
    timer: Option<Instant>,
    /// The poll in flight, with its epoch.
    poll: Option<(u32, Pending<Reply>)>,
    /// The request to cancel in flight.
    cancel: Option<Pending<Cancelling>>,
    signals: Signals,
    interrupted: bool,
    left: bool,
}

impl Driver {
    fn new(api: Api, id: TaskId, signals: Signals) -> Self {
        Self {
            api,
            id,
            machine: Machine::new(Config::default()),
            screen: Screen::new(),
            started: Instant::now(),
            timer: None,
            poll: None,
            cancel: None,
            signals,
            interrupted: false,
            left: false,
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Gives an event to the machine and carries out what it answers.
    fn tell(&mut self, event: Event) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            let now = self.now();
            for action in self.machine.handle(event, now, &mut rand::random::<f64>) {
                match action {
                    Action::Send { epoch, request } => {
                        let api = self.api.clone();
                        let reply = async move { api.poll(&request).await };
                        self.poll = Some((epoch, Box::pin(reply)));
                    }
                    Action::Abort => self.poll = None,
                    Action::SetTimer { after_ms } => {
                        let after = Duration::from_millis(after_ms.into());
                        self.timer = Some(Instant::now() + after);
                    }
                    Action::ClearTimer => self.timer = None,
                    // There is no session to refresh: a token is right or wrong.
                    Action::RefreshSession => events.push(Event::SessionRefreshed(false)),
                    Action::Render => self.draw(),
                    // A command line has no other tabs.
                    Action::Tabs(_) => {}
                }
            }
        }
    }

    fn draw(&mut self) {
        let now = self.now();
        if let Some(view) = self.machine.view(self.id, now) {
            self.screen.draw(&view);
        }
    }

    /// Waits for the next thing to happen, and tells the machine.
    async fn step(&mut self, interrupt: Interrupt) {
        let moving = self.screen.is_live()
            && self.machine.view(self.id, self.now()).is_some_and(|view| view.moving);
        tokio::select! {
            reply = pending(self.poll.as_mut().map(|(_, reply)| reply)) => {
                let Some((epoch, _)) = self.poll.take() else { return };
                self.tell(match reply {
                    Ok((response, bytes)) => Event::Answer { epoch, response, bytes },
                    Err(failure) => Event::Failure { epoch, failure },
                });
            }
            cancelled = pending(self.cancel.as_mut()) => {
                self.cancel = None;
                self.cancelled(cancelled);
            }
            () = until(self.timer) => {
                self.timer = None;
                self.tell(Event::Timer);
            }
            () = tokio::time::sleep(FRAME), if moving => self.draw(),
            () = self.signals.next() => self.interrupt(interrupt),
        }
    }

    fn cancelled(&mut self, outcome: Cancelling) {
        match outcome {
            Ok(snapshot) => self.tell(Event::Told { snapshot: Box::new(snapshot) }),
            Err(error) => {
                // The next Ctrl-C leaves: a server that is gone must not hold anybody.
                self.screen.say(&format!("the task could not be cancelled: {error}"));
                self.tell(Event::CancelFailed { id: self.id });
            }
        }
    }

    fn interrupt(&mut self, interrupt: Interrupt) {
        if self.interrupted || interrupt == Interrupt::Leaves {
            self.screen.say("left; the task goes on by itself");
            self.left = true;
            return;
        }
        self.interrupted = true;
        self.screen.say("cancelling; press Ctrl-C again to leave without waiting");
        let (api, id) = (self.api.clone(), self.id);
        self.cancel = Some(Box::pin(async move { api.cancel(id).await }));
        self.tell(Event::CancelRequested { id });
    }

    /// How it ended, if it did.
    fn end(&mut self) -> Result<Option<Exit>, CliError> {
        let now = self.now();
        let Some(view) = self.machine.view(self.id, now) else {
            return Err(ClientError::Lost("the task is not watched any more".to_owned()).into());
        };
        if let Some(snapshot) = view.snapshot.filter(|snapshot| is_over(snapshot)) {
            let exit = Exit::of(snapshot.status);
            let last = format!("{}\n{}", show::end(snapshot), show::receipt(snapshot));
            self.screen.finish(last.trim_end());
            return Ok(Some(exit));
        }
        let url = self.api.base();
        let said = view.problem.map(|problem| show::printable(&problem.detail));
        let lost = match view.phase {
            Phase::Gone(GoneReason::NotFound) => "Task not found".to_owned(),
            Phase::Gone(GoneReason::Expired) => "the task is over and its time is up".to_owned(),
            Phase::SignedOut => said.unwrap_or_else(|| format!("{url} wants a valid token")),
            Phase::Refused { status } => {
                said.unwrap_or_else(|| format!("{url} refuses to tell: HTTP {status}"))
            }
            Phase::GaveUp if view.freshness == Freshness::Offline => "offline".to_owned(),
            Phase::GaveUp => format!("cannot reach {url} any more; the task may go on there"),
            Phase::Ended | Phase::TimedOut => "the task cannot be followed any more".to_owned(),
            _ => return Ok(None),
        };
        self.screen.clear();
        Err(ClientError::Lost(lost).into())
    }
}

/// Waits for what is under way; for ever, where nothing is.
async fn pending<T>(under_way: Option<&mut Pending<T>>) -> T {
    match under_way {
        Some(future) => future.await,
        None => future::pending().await,
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => future::pending().await,
    }
}
