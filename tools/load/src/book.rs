//! What is counted.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    time::{Instant, SystemTime},
};

/// See the module. All clients share one; they live on one thread.
pub(crate) struct Book {
    started: Instant,
    requests: Cell<usize>,
    known: Cell<usize>,
    /// Of which story a client heard the end, when it had sent the request, and when it heard.
    ends: RefCell<Vec<(usize, SystemTime, SystemTime)>>,
    failures: RefCell<BTreeMap<String, usize>>,
    reasons: RefCell<BTreeMap<String, usize>>,
    strikes: Cell<u32>,
    /// When each client's first request since the last strike went to a server, in milliseconds.
    returned: RefCell<Vec<u64>>,
    /// Requests that the last strike met and that were answered, and those that were not.
    met: Cell<(usize, usize)>,
}

impl Book {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            requests: Cell::default(),
            known: Cell::default(),
            ends: RefCell::default(),
            failures: RefCell::default(),
            reasons: RefCell::default(),
            strikes: Cell::default(),
            returned: RefCell::default(),
            met: Cell::default(),
        }
    }

    /// Milliseconds since the beginning.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A request is on its way to a server that takes it. `seen`: the strikes that this client had
    /// come back after. Returns those that there were.
    pub(crate) fn sent(&self, seen: u32) -> u32 {
        self.requests.set(self.requests.get() + 1);
        let strikes = self.strikes.get();
        if seen < strikes {
            self.returned.borrow_mut().push(self.now());
        }
        strikes
    }

    /// A request was answered that was sent after so many strikes.
    pub(crate) fn answered(&self, reason: String, sent: Option<u32>) {
        *self.reasons.borrow_mut().entry(reason).or_default() += 1;
        self.landed(sent, true);
    }

    /// A request was not; `None`: it was not even sent.
    pub(crate) fn failed(&self, how: String, sent: Option<u32>) {
        *self.failures.borrow_mut().entry(how).or_default() += 1;
        self.landed(sent, false);
    }

    fn landed(&self, sent: Option<u32>, well: bool) {
        if sent.is_some_and(|sent| sent < self.strikes.get()) {
            let (answered, lost) = self.met.get();
            self.met.set(if well { (answered + 1, lost) } else { (answered, lost + 1) });
        }
    }

    /// A client has its first answer.
    pub(crate) fn knows(&self) {
        self.known.set(self.known.get() + 1);
    }

    /// A client has heard of the end of this story by a request that it sent then.
    pub(crate) fn heard(&self, task: usize, sent: SystemTime) {
        self.ends.borrow_mut().push((task, sent, SystemTime::now()));
    }

    /// From here on it is counted who comes back.
    pub(crate) fn strike(&self) {
        self.strikes.set(self.strikes.get() + 1);
        self.returned.borrow_mut().clear();
        self.met.set((0, 0));
    }

    pub(crate) fn strikes(&self) -> u32 {
        self.strikes.get()
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.get()
    }

    pub(crate) fn known(&self) -> usize {
        self.known.get()
    }

    pub(crate) fn ended(&self) -> usize {
        self.ends.borrow().len()
    }

    pub(crate) fn met(&self) -> (usize, usize) {
        self.met.get()
    }

    /// Failures, and answers that say that the server could not hold the request.
    pub(crate) fn lost(&self) -> Vec<(String, usize)> {
        let reasons = self.reasons.borrow();
        let refused = reasons.iter().filter(|(reason, _)| *reason == "NotHeld");
        let all = self.failures.borrow();
        all.iter().chain(refused).map(|(what, count)| (what.clone(), *count)).collect()
    }

    /// Answers by their reasons.
    pub(crate) fn reasons(&self) -> Vec<(String, usize)> {
        self.reasons.borrow().iter().map(|(reason, count)| (reason.clone(), *count)).collect()
    }

    /// Milliseconds from the end of each story, as `ended` tells it, until each of its clients knew;
    /// sorted. First of those whose request was held at that moment, then of those who were between
    /// two requests.
    pub(crate) fn delays(&self, ended: impl Fn(usize) -> SystemTime) -> (Vec<f64>, Vec<f64>) {
        let (mut held, mut between) = (Vec::new(), Vec::new());
        for &(task, sent, heard) in &*self.ends.borrow() {
            let ended = ended(task);
            let delays = if sent <= ended { &mut held } else { &mut between };
            delays.push(heard.duration_since(ended).unwrap_or_default().as_secs_f64() * 1_000.0);
        }
        held.sort_by(f64::total_cmp);
        between.sort_by(f64::total_cmp);
        (held, between)
    }

    /// How many clients came back, how many in the worst second, and after how many seconds the last
    /// of them did, counted from the first.
    pub(crate) fn returned(&self) -> (usize, usize, f64) {
        let mut at = self.returned.borrow().clone();
        at.sort_unstable();
        let within = |(n, first): (usize, &u64)| at.partition_point(|ms| *ms < first + 1_000) - n;
        let peak = at.iter().enumerate().map(within).max().unwrap_or(0);
        let span = at.last().zip(at.first()).map_or(0, |(last, first)| last - first);
        (at.len(), peak, span as f64 / 1_000.0)
    }
}
