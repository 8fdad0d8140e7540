//! The polling machine with a timer and a line to a real server, in real time.

use std::{
    future::{Future, pending},
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    time::Duration,
};

use milepost::{
    poll::{Action, Event, Failure, Machine},
    task::{PollRequest, PollResponse, Status, TaskId},
};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep, sleep_until},
};

use crate::wire;

/// What is to be known of the requests of a client, or done to them.
pub(crate) trait Notes {
    /// Uniform in 0..1.
    fn random(&self) -> f64;

    /// How long the next request, or the next answer, is on its way besides.
    fn way(&self) -> Duration {
        Duration::ZERO
    }

    /// A request is on its way to a server.
    fn sent(&self) {}

    /// A request was answered, or was not.
    fn landed(&self, _told: &Result<PollResponse, Failure>) {}
}

/// A request under way, by its epoch.
type Flight = (u32, Pin<Box<dyn Future<Output = Landed>>>);

/// How a request ended, and the line if it can be used again.
type Landed = (Option<TcpStream>, Result<PollResponse, Failure>);

/// See the module.
pub(crate) struct Driver<N> {
    machine: Machine,
    notes: Rc<N>,
    address: SocketAddr,
    begun: Instant,
    line: Option<TcpStream>,
    timer: Option<Instant>,
    flight: Option<Flight>,
}

impl<N: Notes + 'static> Driver<N> {
    pub(crate) fn new(machine: Machine, notes: Rc<N>, address: SocketAddr) -> Self {
        let (line, timer, flight) = (None, None, None);
        Self { machine, notes, address, begun: Instant::now(), line, timer, flight }
    }

    /// The time of the machine.
    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Gives the machine an event and does what it asks for.
    pub(crate) fn tell(&mut self, event: Event) {
        let (now, notes) = (self.now(), Rc::clone(&self.notes));
        for action in self.machine.handle(event, now, &mut || notes.random()) {
            match action {
                Action::Send { epoch, request } => {
                    let (line, notes) = (self.line.take(), Rc::clone(&self.notes));
                    let sending = exchange(self.address, line, request, notes);
                    self.flight = Some((epoch, Box::pin(sending)));
                }
                // With the request goes its line.
                Action::Abort => self.flight = None,
                Action::SetTimer { after_ms } => {
                    self.timer = Some(Instant::now() + Duration::from_millis(after_ms.into()));
                }
                Action::ClearTimer => self.timer = None,
                Action::Render => {}
                other => unreachable!("there is no session, and nobody shares: {other:?}"),
            }
        }
    }

    /// Whether it knows that this task has ended.
    pub(crate) fn knows_the_end(&self, id: TaskId) -> bool {
        let view = self.machine.view(id, self.now());
        view.and_then(|view| view.status).is_some_and(Status::is_terminal)
    }

    /// What the bar of this task shows, 0..=1.
    pub(crate) fn bar(&self, id: TaskId) -> f64 {
        self.machine.view(id, self.now()).and_then(|view| view.bar).unwrap_or(0.0) / 100.0
    }

    /// Waits for what happens next and gives it to the machine. Nothing is lost where this is dropped
    /// before it is done.
    pub(crate) async fn step(&mut self) {
        let event = tokio::select! {
            biased;
            (epoch, (line, told)) = landing(&mut self.flight) => {
                (self.flight, self.line) = (None, line);
                match told {
                    Ok(response) => Event::Answer { epoch, response, bytes: 0 },
                    Err(failure) => Event::Failure { epoch, failure },
                }
            }
            () = ringing(self.timer) => {
                self.timer = None;
                Event::Timer
            }
        };
        self.tell(event);
    }
}

async fn landing(flight: &mut Option<Flight>) -> (u32, Landed) {
    match flight {
        Some((epoch, sending)) => (*epoch, sending.await),
        None => pending().await,
    }
}

async fn ringing(timer: Option<Instant>) {
    match timer {
        Some(at) => sleep_until(at).await,
        None => pending().await,
    }
}

async fn exchange<N: Notes>(
    address: SocketAddr,
    line: Option<TcpStream>,
    request: PollRequest,
    notes: Rc<N>,
) -> Landed {
    pass(notes.way()).await;
    let (line, told) = wire::poll(address, line, &request, || notes.sent()).await;
    pass(notes.way()).await;
    notes.landed(&told);
    (line, told)
}

async fn pass(way: Duration) {
    if !way.is_zero() {
        sleep(way).await;
    }
}
