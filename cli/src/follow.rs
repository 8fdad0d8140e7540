//! Follows tasks to their end with the client of the library, and draws them.

mod large;
mod one;
mod several;

use std::{
    future::{self, Future},
    pin::Pin,
    time::Duration,
};

use milepost::{
    client::{Client, Error, Watch},
    poll::{Event, Freshness, Phase},
    task::{Batch, Snapshot, TaskId},
};

use self::{one::One, several::Several};
use super::ClientError;
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

type Cancelling = Result<Vec<Snapshot>, Error>;
type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The tasks being followed, and their display.
trait Followed {
    /// Name in messages.
    const CALLED: &str;
    /// Message when the user leaves.
    const LEFT: &str;

    /// Asks for what else is shown.
    fn begin(&self, _watch: &mut Watch) {}

    /// Ids of the tasks.
    fn ids(&self) -> &[TaskId];

    /// Draws the current state.
    fn draw(&mut self, watch: &mut Watch);

    /// Whether a bar moves between responses.
    fn moves(&self, watch: &Watch) -> bool;

    /// Prints a message beside the bar.
    fn say(&self, text: &str);

    /// Cancels all tasks.
    fn cancel(&self, api: Client) -> Pending<Cancelling>;

    /// Returns the exit code once all tasks have ended.
    fn end(&mut self, watch: &Watch) -> Result<Option<Exit>, CliError>;
}

/// Follows a task and prints how it ended; with `preview`, also what is finished, as it grows.
///
/// # Errors
/// If it cannot be followed to its end.
pub(super) async fn follow(
    api: &Client,
    snapshot: Snapshot,
    interrupt: Interrupt,
    preview: bool,
) -> Result<Exit, CliError> {
    let one = One::new(snapshot.id, preview);
    to_the_end(api, one, vec![snapshot], interrupt).await
}

/// Follows all tasks of a batch and prints how each of them ended.
///
/// # Errors
/// If they cannot be followed to their end.
pub(super) async fn follow_all(
    api: &Client,
    batch: Batch,
    interrupt: Interrupt,
) -> Result<Exit, CliError> {
    if batch.next_cursor.is_some() {
        return large::follow(api, batch, interrupt).await;
    }
    let several = Several::new(&batch);
    to_the_end(api, several, batch.tasks, interrupt).await
}

async fn to_the_end(
    api: &Client,
    followed: impl Followed,
    snapshots: Vec<Snapshot>,
    interrupt: Interrupt,
) -> Result<Exit, CliError> {
    // Before anything is printed: the user may press Ctrl-C as soon as the task is visible.
    let signals = Signals::new()?;
    let mut driver = Driver::new(api.clone(), followed, signals);
    for snapshot in snapshots {
        driver.watch.add_snapshot(snapshot);
    }
    driver.followed.begin(&mut driver.watch);
    driver.draw();
    loop {
        if let Some(exit) = driver.followed.end(&driver.watch)? {
            return Ok(exit);
        }
        driver.step(interrupt).await;
        if driver.left {
            return Ok(Exit::Cancelled);
        }
    }
}

struct Driver<F> {
    api: Client,
    watch: Watch,
    followed: F,
    /// Cancel request in flight.
    cancel: Option<Pending<Cancelling>>,
    signals: Signals,
    interrupted: bool,
    left: bool,
}

impl<F: Followed> Driver<F> {
    fn new(api: Client, followed: F, signals: Signals) -> Self {
        let watch = api.watch();
        Self { api, watch, followed, cancel: None, signals, interrupted: false, left: false }
    }

    fn draw(&mut self) {
        self.followed.draw(&mut self.watch);
    }

    /// Passes an event to the machine and draws the result.
    fn tell(&mut self, event: Event) {
        self.watch.tell(event);
        self.draw();
    }

    /// Waits for the next event.
    async fn step(&mut self, interrupt: Interrupt) {
        let moving = self.followed.moves(&self.watch);
        tokio::select! {
            changed = self.watch.changed() => {
                self.draw();
                if !changed {
                    // Nothing more to wait for, and not over: only the user can end this.
                    tokio::select! {
                        cancelled = pending(self.cancel.as_mut()) => {
                            self.cancel = None;
                            self.cancelled(cancelled);
                        }
                        () = self.signals.next() => self.interrupt(interrupt),
                    }
                }
            }
            cancelled = pending(self.cancel.as_mut()) => {
                self.cancel = None;
                self.cancelled(cancelled);
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
                let error = ClientError::from(error);
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

/// Why a task cannot be followed any more, if so.
fn lost(watch: &Watch, id: TaskId) -> Option<ClientError> {
    let view = watch.view(id)?;
    match view.phase {
        Phase::GaveUp if view.freshness == Freshness::Offline => {
            Some(ClientError::Lost("offline".to_owned()))
        }
        Phase::Ended => Some(ClientError::Lost("the task cannot be followed any more".to_owned())),
        _ => watch.lost(id).map(ClientError::from),
    }
}

/// Waits for a pending future; never completes if there is none.
async fn pending<T>(under_way: Option<&mut Pending<T>>) -> T {
    match under_way {
        Some(future) => future.await,
        None => future::pending().await,
    }
}
