//! A client: the real polling machine with a line to the server.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    time::SystemTime,
};

use milepost::{
    poll::{Config, Event, Failure, Machine},
    task::{PollResponse, TaskId},
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use crate::{
    book::Book,
    driver::{Driver, Notes},
};

/// Where the server is, and where is counted.
pub(crate) struct Scene {
    pub(crate) address: SocketAddr,
    pub(crate) book: Rc<Book>,
}

impl Scene {
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self { address, book: Rc::new(Book::new()) }
    }
}

/// What is counted of one client.
struct Counted {
    book: Rc<Book>,
    random: RefCell<StdRng>,
    /// The strikes after which its last request was sent.
    seen: Cell<u32>,
    /// Whether that request is still to be answered. One that found no server was never sent.
    under_way: Cell<bool>,
    sent: Cell<SystemTime>,
    knows: Cell<bool>,
}

impl Notes for Counted {
    fn random(&self) -> f64 {
        self.random.borrow_mut().random()
    }

    fn sent(&self) {
        self.seen.set(self.book.sent(self.seen.get()));
        self.under_way.set(true);
        self.sent.set(SystemTime::now());
    }

    fn landed(&self, answer: &Result<PollResponse, Failure>) {
        let sent = self.under_way.replace(false).then(|| self.seen.get());
        match answer {
            Ok(response) => {
                let reason = response.reason.map(|reason| format!("{reason:?}"));
                self.book.answered(reason.unwrap_or_default(), sent);
                if !self.knows.replace(true) {
                    self.book.knows();
                }
            }
            Err(Failure::Status { status, .. }) => {
                self.book.failed(format!("status {status}"), sent);
            }
            Err(other) => self.book.failed(format!("{other:?}"), sent),
        }
    }
}

/// Follows the story number `task` until it knows of its end.
pub(crate) async fn follow(scene: Rc<Scene>, id: TaskId, task: usize, seed: u64) {
    let counted = Counted {
        book: Rc::clone(&scene.book),
        random: RefCell::new(StdRng::seed_from_u64(seed)),
        seen: Cell::new(scene.book.strikes()),
        under_way: Cell::new(false),
        sent: Cell::new(SystemTime::UNIX_EPOCH),
        knows: Cell::new(false),
    };
    let machine = Machine::new(Config::default());
    let counted = Rc::new(counted);
    let mut driver = Driver::new(machine, Rc::clone(&counted), scene.address);
    driver.tell(Event::Watch { id, snapshot: None });
    while !driver.knows_the_end(id) {
        driver.step().await;
    }
    scene.book.heard(task, counted.sent.get());
}
