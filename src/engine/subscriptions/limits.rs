//! Limits of waiting requests: in total, per client address, per owner, and for callers without a
//! session.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;

use crate::{
    engine::{Caller, ClientAddress, LongPollOptions},
    task::AnswerReason,
};

/// The limit that kept a request from waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LongPollLimit {
    /// The limit of the owner.
    Owner,
    /// The limit of all callers without a session.
    Anonymous,
    /// The limit of the server.
    All,
    /// The limit of the client address, or of its callers without a session.
    Client,
}

impl LongPollLimit {
    /// All limits, in the order of [`LongPollFigures::refused`].
    pub const ALL: [Self; 4] = [Self::Owner, Self::Anonymous, Self::All, Self::Client];

    /// The label in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Anonymous => "anonymous",
            Self::All => "all",
            Self::Client => "client",
        }
    }
}

/// Figures on long polls, for operators. Counters since the start of the process.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LongPollFigures {
    /// Requests that hold a slot now.
    pub now: usize,
    /// Those of them that found no news and wait.
    pub waiting: usize,
    /// Responses to long polls, by the name of their reason.
    pub answers: Vec<(&'static str, u64)>,
    /// Requests that did not wait because of a limit.
    pub refused: Vec<(LongPollLimit, u64)>,
}

/// The reasons that a server sends, and their names on the wire.
pub(super) const REASONS: [(AnswerReason, &str); 10] = [
    (AnswerReason::Ended, "ended"),
    (AnswerReason::Cancelling, "cancelling"),
    (AnswerReason::Attempt, "attempt"),
    (AnswerReason::Step, "step"),
    (AnswerReason::Deviation, "deviation"),
    (AnswerReason::Output, "output"),
    (AnswerReason::Changed, "changed"),
    (AnswerReason::Timeout, "timeout"),
    (AnswerReason::ShuttingDown, "shutting_down"),
    (AnswerReason::NoWait, "no_wait"),
];

/// See the module documentation.
pub(in crate::engine) struct Limits {
    options: LongPollOptions,
    taken: Mutex<Taken>,
    answers: [AtomicU64; REASONS.len()],
    refused: [AtomicU64; LongPollLimit::ALL.len()],
}

#[derive(Default)]
struct Taken {
    all: usize,
    waiting: usize,
    anonymous: usize,
    owners: HashMap<Arc<str>, usize>,
    clients: HashMap<ClientAddress, OfClient>,
}

/// Slots in use by one client address.
#[derive(Clone, Copy, Default)]
struct OfClient {
    all: usize,
    anonymous: usize,
}

impl Limits {
    pub(super) fn new(options: &LongPollOptions) -> Self {
        Self {
            options: options.clone(),
            taken: Mutex::default(),
            answers: Default::default(),
            refused: Default::default(),
        }
    }

    /// Takes a slot for a request of this caller; `None` if a limit is reached.
    pub(in crate::engine) fn take(self: &Arc<Self>, caller: &Caller) -> Option<Place> {
        let (owner, client) = (&caller.owner, caller.client);
        let mut taken = self.taken.lock();
        if let Some(scope) = self.full(&taken, caller) {
            drop(taken);
            self.refused[scope as usize].fetch_add(1, Ordering::Relaxed);
            return None;
        }
        taken.all += 1;
        match owner {
            Some(owner) => *taken.owners.entry(Arc::clone(owner)).or_default() += 1,
            None => taken.anonymous += 1,
        }
        if let Some(client) = client {
            let of_client = taken.clients.entry(client).or_default();
            of_client.all += 1;
            of_client.anonymous += usize::from(owner.is_none());
        }
        Some(Place { limits: Arc::clone(self), owner: owner.clone(), client, waits: false })
    }

    /// Returns the limit that another request of this caller would exceed.
    fn full(&self, taken: &Taken, caller: &Caller) -> Option<LongPollLimit> {
        let max = &self.options;
        let of_client = caller.client.and_then(|client| taken.clients.get(&client)).copied();
        let of_client = of_client.unwrap_or_default();
        if taken.all >= max.max_waiting {
            return Some(LongPollLimit::All);
        }
        if of_client.all >= max.max_waiting_per_client {
            return Some(LongPollLimit::Client);
        }
        match &caller.owner {
            Some(owner) => {
                let held = taken.owners.get(owner).copied().unwrap_or(0);
                (held >= max.max_waiting_per_owner).then_some(LongPollLimit::Owner)
            }
            None if of_client.anonymous >= max.max_waiting_anonymous_per_client => {
                Some(LongPollLimit::Client)
            }
            None => {
                (taken.anonymous >= max.max_waiting_anonymous).then_some(LongPollLimit::Anonymous)
            }
        }
    }

    /// Counts a response.
    pub(in crate::engine) fn count(&self, reason: AnswerReason) {
        if let Some(at) = REASONS.iter().position(|(known, _)| *known == reason) {
            self.answers[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Number of slots in use.
    pub(in crate::engine) fn held(&self) -> usize {
        self.taken.lock().all
    }

    pub(in crate::engine) fn figures(&self) -> LongPollFigures {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (now, waiting) = {
            let taken = self.taken.lock();
            (taken.all, taken.waiting)
        };
        LongPollFigures {
            now,
            waiting,
            answers: REASONS
                .iter()
                .map(|(_, word)| *word)
                .zip(self.answers.iter().map(read))
                .collect(),
            refused: LongPollLimit::ALL.into_iter().zip(self.refused.iter().map(read)).collect(),
        }
    }

    fn leave(&self, place: &Place) {
        let Place { owner, client, waits, .. } = place;
        let mut taken = self.taken.lock();
        taken.all -= 1;
        taken.waiting -= usize::from(*waits);
        if let Some(client) = client
            && let Some(of_client) = taken.clients.get_mut(client)
        {
            of_client.all -= 1;
            of_client.anonymous -= usize::from(owner.is_none());
            if of_client.all == 0 {
                taken.clients.remove(client);
            }
        }
        let Some(owner) = owner else {
            taken.anonymous -= 1;
            return;
        };
        if let Some(held) = taken.owners.get_mut(owner) {
            *held -= 1;
            if *held == 0 {
                taken.owners.remove(owner);
            }
        }
    }
}

/// The slot of one long poll, released on drop: however the request ends, also when the client
/// disconnects.
pub(in crate::engine) struct Place {
    limits: Arc<Limits>,
    owner: Option<Arc<str>>,
    client: Option<ClientAddress>,
    waits: bool,
}

impl Place {
    /// Counts the request as waiting: its first check found no news.
    pub(in crate::engine) fn waits(&mut self) {
        if !std::mem::replace(&mut self.waits, true) {
            self.limits.taken.lock().waiting += 1;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.limits.leave(self);
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn limits() -> Arc<Limits> {
        Arc::new(Limits::new(&LongPollOptions {
            max_waiting: 6,
            max_waiting_per_client: 4,
            max_waiting_per_owner: 2,
            max_waiting_anonymous: 3,
            max_waiting_anonymous_per_client: 2,
            ..LongPollOptions::default()
        }))
    }

    fn at(caller: Caller, last: u8) -> Caller {
        caller.at(Some(IpAddr::from([192, 0, 2, last]).into()))
    }

    fn refused(limits: &Limits) -> Vec<(&'static str, u64)> {
        let refused = limits.figures().refused.into_iter();
        refused.map(|(scope, hits)| (scope.as_str(), hits)).filter(|(_, hits)| *hits > 0).collect()
    }

    #[test]
    fn each_limit_counts_its_own_and_a_place_that_is_left_is_free() {
        let limits = limits();
        let (ada, bob) = (Caller::owner("ada"), Caller::owner("bob"));
        let nobody: Vec<_> = (0..4).map_while(|_| limits.take(&Caller::nobody())).collect();
        assert_eq!((nobody.len(), refused(&limits)), (3, vec![("anonymous", 1)]));
        let first = limits.take(&ada).expect("ada's first");
        let _second = limits.take(&ada).expect("ada's second");
        assert!(limits.take(&ada).is_none(), "ada's third");
        let _third = limits.take(&bob).expect("bob's first");
        assert!(limits.take(&bob).is_none(), "a seventh in all");
        assert_eq!(refused(&limits), [("owner", 1), ("anonymous", 1), ("all", 1)]);
        drop((nobody, first));
        let mut again = limits.take(&ada).expect("ada's place is free again");
        again.waits();
        again.waits();
        let figures = limits.figures();
        assert_eq!((figures.now, figures.waiting), (3, 1));
        drop(again);
        assert_eq!((limits.figures().now, limits.figures().waiting), (2, 0));
    }

    #[test]
    fn one_address_leaves_places_for_the_others_whoever_it_says_that_it_is() {
        let limits = limits();
        let mut held: Vec<_> =
            (0..9).map_while(|_| limits.take(&at(Caller::nobody(), 1))).collect();
        assert_eq!(held.len(), 2);
        let sessions = (0..9).map_while(|n| limits.take(&at(Caller::owner(n.to_string()), 1)));
        held.extend(sessions);
        assert_eq!((held.len(), refused(&limits)), (4, vec![("client", 2)]));
        let other = limits.take(&at(Caller::nobody(), 2)).expect("somebody elsewhere");
        let _session = limits.take(&at(Caller::owner("ada"), 2)).expect("somebody elsewhere");
        drop((held, other));
        assert_eq!(limits.taken.lock().clients.len(), 1);
        assert!(limits.take(&at(Caller::nobody(), 1)).is_some());
    }

    #[test]
    fn the_words_of_the_reasons_are_those_on_the_wire() {
        for (reason, word) in REASONS {
            assert_eq!(serde_json::to_value(reason).unwrap(), word);
        }
    }
}
