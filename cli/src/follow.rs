//! Follows tasks to their end with the same poll machine as the pages, driven by tokio.

mod one;
mod several;

use std::{
    future::{self, Future},
    pin::Pin,
    time::Duration,
};

use milepost::{
    poll::{Action, Config, Event, Failure, Freshness, Machine, Phase, TaskView},
    task::{Batch, GoneReason, PollResponse, Snapshot, TaskId},
};
use tokio::time::Instant;

use self::{one::One, several::Several};
use super::{Api, ClientError, show};
use crate::{CliError, Exit, signals::Signals};

/// Effect of Ctrl-C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interrupt {
    /// The first cancels the tasks and waits for their end, the second leaves.
    Cancels,
    /// It leaves; the tasks continue.
    Leaves,
}

/// Redraw interval while the bar moves between responses.
const FRAME: Duration = Duration::from_millis(200);

type Reply = Result<(PollResponse, u32), Failure>;
type Cancelling = Result<Vec<Snapshot>, ClientError>;
type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The tasks being followed, and their display.
trait Followed {
    /// Name in messages.
    const CALLED: &str;
    /// Message when the user leaves.
    const LEFT: &str;

    /// Ids of the tasks.
    fn ids(&self) -> &[TaskId];

    /// Draws the current state.
    fn draw(&mut self, machine: &Machine, now: u64);

    /// Whether a bar moves between responses.
    fn moves(&self, machine: &Machine, now: u64) -> bool;

    /// Prints a message beside the bar.
    fn say(&self, text: &str);

    /// Cancels all tasks.
    fn cancel(&self, api: Api) -> Pending<Cancelling>;

    /// Returns the exit code once all tasks have ended.
    fn end(&mut self, machine: &Machine, now: u64, url: &str) -> Result<Option<Exit>, CliError>;
}

/// Follows a task and prints how it ended.
///
/// # Errors
/// If it cannot be followed to its end.
pub(super) async fn follow(
    api: &Api,
    snapshot: Snapshot,
    interrupt: Interrupt,
) -> Result<Exit, CliError> {
    let one = One::new(snapshot.id);
    to_the_end(api, one, vec![snapshot], interrupt).await
}

/// Follows all tasks of a batch and prints how each of them ended.
///
/// # Errors
/// If they cannot be followed to their end.
pub(super) async fn follow_all(
    api: &Api,
    batch: Batch,
    interrupt: Interrupt,
) -> Result<Exit, CliError> {
    let several = Several::new(&batch);
    to_the_end(api, several, batch.tasks, interrupt).await
}

async fn to_the_end(
    api: &Api,
    followed: impl Followed,
    snapshots: Vec<Snapshot>,
    interrupt: Interrupt,
) -> Result<Exit, CliError> {
    // Before anything is printed: the user may press Ctrl-C as soon as the task is visible.
    let signals = Signals::new()?;
    let mut driver = Driver::new(api.clone(), followed, signals);
    for snapshot in snapshots {
        driver.tell(Event::Watch { id: snapshot.id, snapshot: Some(Box::new(snapshot)) });
    }
    loop {
        let now = driver.now();
        if let Some(exit) = driver.followed.end(&driver.machine, now, api.base())? {
            return Ok(exit);
        }
        driver.step(interrupt).await;
        if driver.left {
            return Ok(Exit::Cancelled);
        }
    }
}

struct Driver<F> {
    api: Api,
    machine: Machine,
    followed: F,
    started: Instant,
    timer: Option<Instant>,
    /// Poll in flight, with its epoch.
    poll: Option<(u32, Pending<Reply>)>,
    /// Cancel request in flight.
    cancel: Option<Pending<Cancelling>>,
    signals: Signals,
    interrupted: bool,
    left: bool,
}

impl<F: Followed> Driver<F> {
    fn new(api: Api, followed: F, signals: Signals) -> Self {
        Self {
            api,
            machine: Machine::new(Config::default()),
            followed,
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

    /// Passes an event to the machine and carries out its actions.
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
                    // There is no session to renew: a token is either valid or not.
                    Action::RefreshSession => events.push(Event::SessionRefreshed(false)),
                    Action::Render => self.draw(),
                    // The command line has no other tabs.
                    Action::Tabs(_) => {}
                }
            }
        }
    }

    fn draw(&mut self) {
        let now = self.now();
        self.followed.draw(&self.machine, now);
    }

    /// Waits for the next event and passes it to the machine.
    async fn step(&mut self, interrupt: Interrupt) {
        let moving = self.followed.moves(&self.machine, self.now());
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
            Ok(snapshots) => {
                for snapshot in snapshots {
                    self.tell(Event::Told { snapshot: Box::new(snapshot) });
                }
            }
            Err(error) => {
                // The next Ctrl-C leaves, even if the server is unreachable.
                self.followed.say(&format!("{} could not be cancelled: {error}", F::CALLED));
                for id in self.followed.ids().to_vec() {
                    self.tell(Event::CancelFailed { id });
                }
            }
        }
    }

    fn interrupt(&mut self, interrupt: Interrupt) {
        if self.interrupted || interrupt == Interrupt::Leaves {
            self.followed.say(F::LEFT);
            self.left = true;
            return;
        }
        self.interrupted = true;
        self.followed.say("cancelling; press Ctrl-C again to leave without waiting");
        self.cancel = Some(self.followed.cancel(self.api.clone()));
        for id in self.followed.ids().to_vec() {
            self.tell(Event::CancelRequested { id });
        }
    }
}

/// Why a task cannot be followed any more, if so; `url` is the server's.
fn lost(view: &TaskView<'_>, url: &str) -> Option<String> {
    let url = crate::secrets::hide_in_addresses(url);
    let said = view.problem.map(|problem| show::printable(&problem.detail));
    Some(match view.phase {
        Phase::Gone(GoneReason::NotFound) => "Task not found".to_owned(),
        Phase::Gone(GoneReason::Expired) => "the task is over and its time is up".to_owned(),
        Phase::SignedOut => said.unwrap_or_else(|| format!("{url} wants a valid token")),
        Phase::Refused { status } => {
            said.unwrap_or_else(|| format!("{url} refuses to tell: HTTP {status}"))
        }
        Phase::GaveUp if view.freshness == Freshness::Offline => "offline".to_owned(),
        Phase::GaveUp => format!("cannot reach {url} any more; what was started may go on there"),
        Phase::Ended | Phase::TimedOut => "the task cannot be followed any more".to_owned(),
        _ => return None,
    })
}

/// Waits for a pending future; never completes if there is none.
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
