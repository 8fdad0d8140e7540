//! How many requests may be held: in all, for one owner, and for those who have no session.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use super::lock;
use crate::{engine::LongPollOptions, task::AnswerReason};

/// Whose limit a request met that was not held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LongPollLimit {
    /// The owner's.
    Owner,
    /// That of all who have no session.
    Anonymous,
    /// The server's.
    All,
}

impl LongPollLimit {
    /// In the order of [`LongPollFigures::refused`].
    pub const ALL: [Self; 3] = [Self::Owner, Self::Anonymous, Self::All];

    /// The word in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Anonymous => "anonymous",
            Self::All => "all",
        }
    }
}

/// What operators are told of held requests. Counters since the start of the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongPollFigures {
    /// Requests that have a place now.
    pub now: usize,
    /// Those of them that have found nothing to tell and wait.
    pub waiting: usize,
    /// Answers to requests that could be held, by the reason's word.
    pub answers: Vec<(&'static str, u64)>,
    /// Requests that were not held because of a limit.
    pub refused: Vec<(LongPollLimit, u64)>,
}

/// The reasons that a server gives, and their words on the wire.
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

/// See the module.
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

    /// A place for a request of this owner, or of somebody without a session; `None` where a limit
    /// is reached.
    pub(in crate::engine) fn take(self: &Arc<Self>, owner: Option<&Arc<str>>) -> Option<Place> {
        let mut taken = lock(&self.taken);
        let of_owner = owner.map(|owner| taken.owners.get(owner).copied().unwrap_or(0));
        let full = match of_owner {
            _ if taken.all >= self.options.max_waiting => Some(LongPollLimit::All),
            Some(held) if held >= self.options.max_waiting_per_owner => Some(LongPollLimit::Owner),
            None if taken.anonymous >= self.options.max_waiting_anonymous => {
                Some(LongPollLimit::Anonymous)
            }
            _ => None,
        };
        if let Some(scope) = full {
            drop(taken);
            self.refused[scope as usize].fetch_add(1, Ordering::Relaxed);
            return None;
        }
        taken.all += 1;
        match owner {
            Some(owner) => *taken.owners.entry(Arc::clone(owner)).or_default() += 1,
            None => taken.anonymous += 1,
        }
        Some(Place { limits: Arc::clone(self), owner: owner.cloned(), waits: false })
    }

    /// Counts an answer.
    pub(in crate::engine) fn count(&self, reason: AnswerReason) {
        if let Some(at) = REASONS.iter().position(|(known, _)| *known == reason) {
            self.answers[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Requests that are held now.
    pub(in crate::engine) fn held(&self) -> usize {
        lock(&self.taken).all
    }

    pub(in crate::engine) fn figures(&self) -> LongPollFigures {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (now, waiting) = {
            let taken = lock(&self.taken);
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

    fn leave(&self, owner: Option<&Arc<str>>, waited: bool) {
        let mut taken = lock(&self.taken);
        taken.all -= 1;
        taken.waiting -= usize::from(waited);
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

/// One held request's place, free again when this is dropped: however the request ends, and when its
/// client goes away.
pub(in crate::engine) struct Place {
    limits: Arc<Limits>,
    owner: Option<Arc<str>>,
    waits: bool,
}

impl Place {
    /// It has looked for itself and found nothing to tell.
    pub(in crate::engine) fn waits(&mut self) {
        if !std::mem::replace(&mut self.waits, true) {
            lock(&self.limits.taken).waiting += 1;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.limits.leave(self.owner.as_ref(), self.waits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Arc<Limits> {
        Arc::new(Limits::new(&LongPollOptions {
            max_waiting: 4,
            max_waiting_per_owner: 2,
            max_waiting_anonymous: 1,
            ..LongPollOptions::default()
        }))
    }

    #[test]
    fn each_limit_counts_its_own_and_a_place_that_is_left_is_free() {
        let limits = limits();
        let (ada, bob): (Arc<str>, Arc<str>) = ("ada".into(), "bob".into());
        let nobody = limits.take(None).expect("the first without a session");
        assert!(limits.take(None).is_none(), "a second without a session");
        let first = limits.take(Some(&ada)).expect("ada's first");
        let _second = limits.take(Some(&ada)).expect("ada's second");
        assert!(limits.take(Some(&ada)).is_none(), "ada's third");
        let _third = limits.take(Some(&bob)).expect("bob's first");
        assert!(limits.take(Some(&bob)).is_none(), "a fifth in all");
        drop((nobody, first));
        let mut again = limits.take(Some(&ada)).expect("ada's place is free again");
        again.waits();
        again.waits();
        let figures = limits.figures();
        assert_eq!((figures.now, figures.waiting), (3, 1));
        drop(again);
        assert_eq!((limits.figures().now, limits.figures().waiting), (2, 0));
        let refused: Vec<_> = figures.refused.iter().map(|(_, hits)| *hits).collect();
        assert_eq!(refused, [1, 1, 1]);
    }

    #[test]
    fn the_words_of_the_reasons_are_those_on_the_wire() {
        for (reason, word) in REASONS {
            assert_eq!(serde_json::to_value(reason).unwrap(), word);
        }
    }
}
