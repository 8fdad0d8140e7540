//! Follows several tasks at once: the driver of the poll machine.

use std::{
    fmt,
    future::poll_fn,
    task::{Context, Poll},
    time::Duration,
};

use super::{
    Client, Error,
    platform::{Clock, Pending, random, sleep},
};
use crate::{
    poll::{Action, Event, Failure, Machine, Phase, Stats, TaskView},
    task::{PollResponse, Preview, Snapshot, TaskId},
};

type Reply = Result<(PollResponse, u32), Failure>;

/// Follows any number of tasks with one request at a time. For a single task, [`Client::follow`] is
/// simpler.
///
/// It works only while [`Watch::changed`] is awaited. Dropping it ends the request in flight; the
/// tasks continue.
///
/// ```no_run
/// # use milepost::{client::{Client, Error}, task::TaskId};
/// # async fn run(client: Client, ids: [TaskId; 2]) -> Result<(), Error> {
/// let mut watch = client.watch();
/// ids.iter().for_each(|id| watch.add(*id));
/// while watch.changed().await {
///     for id in ids {
///         let view = watch.view(id);
///         println!("{id}: {:?}", view.and_then(|view| view.bar));
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Watch {
    pub(super) client: Client,
    machine: Machine,
    clock: Clock,
    timer: Option<Pending<()>>,
    /// Poll in flight, with its epoch.
    poll: Option<(u32, Pending<Reply>)>,
    /// Parts of previews that were not taken yet.
    previews: Vec<Preview>,
}

impl Client {
    /// Follows several tasks; add them to it.
    pub fn watch(&self) -> Watch {
        Watch {
            client: self.clone(),
            machine: Machine::new(self.0.limits.polling.clone()),
            clock: Clock::start(),
            timer: None,
            poll: None,
            previews: Vec::new(),
        }
    }
}

impl Watch {
    /// Follows another task, of which only the id is known.
    pub fn add(&mut self, id: TaskId) {
        self.tell(Event::Watch { id, snapshot: None });
    }

    /// Follows another task from a snapshot, such as the response to its start.
    pub fn add_snapshot(&mut self, snapshot: Snapshot) {
        self.tell(Event::Watch { id: snapshot.id, snapshot: Some(Box::new(snapshot)) });
    }

    /// Asks for the preview of a followed task from now on; read it with [`Watch::take_previews`].
    pub fn follow_preview(&mut self, id: TaskId) {
        self.tell(Event::FollowPreview { id, after: 0 });
    }

    /// Takes what changed of the previews since the last call, the parts in their order. Call it after
    /// [`Watch::changed`]: what is not taken stays in memory.
    pub fn take_previews(&mut self) -> Vec<Preview> {
        std::mem::take(&mut self.previews)
    }

    /// Stops following a task; it continues.
    pub fn remove(&mut self, id: TaskId) {
        self.tell(Event::Unwatch { id });
    }

    /// Waits until [`Watch::view`] of a task has changed. Returns `false` once there is nothing to
    /// wait for: all tasks have ended or cannot be followed any more ([`Watch::lost`]).
    ///
    /// Cancel-safe: use it in `select!`.
    pub async fn changed(&mut self) -> bool {
        while self.timer.is_some() || self.poll.is_some() {
            let event = poll_fn(|context| self.next_event(context)).await;
            if self.handle(event) {
                return true;
            }
        }
        false
    }

    /// The state of a task now; `None` if it is not followed. The bar moves with time: while
    /// [`TaskView::moving`], draw it again several times a second.
    pub fn view(&self, id: TaskId) -> Option<TaskView<'_>> {
        self.machine.view(id, self.clock.now_ms())
    }

    /// Counters of the requests.
    pub fn stats(&self) -> Stats {
        self.machine.stats(self.clock.now_ms())
    }

    /// Passes an event that only the program knows, such as the response to a cancel request
    /// ([`Event::Told`]) or [`Event::TryAgain`] after the server was lost.
    pub fn tell(&mut self, event: Event) {
        self.handle(event);
    }

    /// Passes an event to the machine and carries out its actions; returns whether a view changed.
    fn handle(&mut self, event: Event) -> bool {
        let (mut events, mut changed) = (vec![event], false);
        while let Some(event) = events.pop() {
            let now = self.clock.now_ms();
            for action in self.machine.handle(event, now, &mut random) {
                match action {
                    Action::Send { epoch, request } => {
                        let client = self.client.clone();
                        let reply = async move { client.poll(&request).await };
                        self.poll = Some((epoch, Box::pin(reply)));
                    }
                    Action::Abort => self.poll = None,
                    Action::SetTimer { after_ms } => {
                        self.timer = Some(sleep(Duration::from_millis(after_ms.into())));
                    }
                    Action::ClearTimer => self.timer = None,
                    // There is no session to renew: a token is either valid or not.
                    Action::RefreshSession => events.push(Event::SessionRefreshed(false)),
                    Action::Render => changed = true,
                    // A program has no other tabs.
                    Action::Tabs(_) => {}
                }
            }
        }
        changed
    }

    /// Why a task cannot be followed to its end any more; `None` while it can, and once it has
    /// ended.
    pub fn lost(&self, id: TaskId) -> Option<Error> {
        let view = self.view(id)?;
        let url = || self.client.url().to_owned();
        let refused = || view.problem.map(|problem| Error::Refused(Box::new(problem.clone())));
        match view.phase {
            Phase::Gone(reason) => Some(Error::Gone(reason)),
            Phase::SignedOut => Some(refused().unwrap_or_else(|| Error::SignedOut { url: url() })),
            Phase::Refused { status } => Some(refused().unwrap_or_else(|| Error::Unexpected {
                url: url(),
                reason: format!("HTTP {status}"),
            })),
            Phase::GaveUp => Some(Error::GaveUp { url: url() }),
            Phase::TimedOut => Some(Error::FollowTimeout),
            _ => None,
        }
    }

    fn next_event(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        if let Some((epoch, reply)) = &mut self.poll
            && let Poll::Ready(reply) = reply.as_mut().poll(context)
        {
            let epoch = *epoch;
            self.poll = None;
            return Poll::Ready(match reply {
                Ok((response, bytes)) => {
                    self.previews.extend_from_slice(&response.preview);
                    Event::Answer { epoch, response, bytes }
                }
                Err(failure) => Event::Failure { epoch, failure },
            });
        }
        if let Some(timer) = &mut self.timer
            && timer.as_mut().poll(context).is_ready()
        {
            self.timer = None;
            return Poll::Ready(Event::Timer);
        }
        Poll::Pending
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
