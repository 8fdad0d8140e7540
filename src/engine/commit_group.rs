//! Group commit: starts and ends that come together, and the claim that they make possible, share
//! one transaction.

use std::sync::{Arc, Weak};

use futures_util::FutureExt as _;

use super::{
    inner::Inner,
    runner,
    sets::Sets,
    slots,
    store::{CommitGroup, Inserted, NewTask, Row, RunEnd, StoreError},
};

/// As [`CommittedGroup::starts`](super::store::CommittedGroup::starts).
type Started = Option<Result<Inserted, StoreError>>;
/// As [`CommittedGroup::ends`](super::store::CommittedGroup::ends).
type Ended = Option<Result<Option<Row>, StoreError>>;

enum Write {
    Start(Arc<NewTask>),
    End(Arc<RunEnd>),
}

enum Written {
    Start(Started),
    End(Ended, bool),
}

/// The writes of an engine that are made in groups.
pub(super) struct Writes {
    starts: Sets<Write, Written>,
    ends: Sets<Write, Written>,
}

impl Writes {
    /// A database with a single writer takes one group after the other; another takes those of
    /// starts and those of ends at the same time.
    pub(super) fn new(inner: &Weak<Inner>, is_single_writer: bool) -> Self {
        let starts = groups(inner.clone());
        let ends = if is_single_writer { starts.clone() } else { groups(inner.clone()) };
        Self { starts, ends }
    }

    /// Queues a task; `None`: it is to be queued by itself.
    pub(super) async fn start(&self, new: &Arc<NewTask>) -> Started {
        match self.starts.call(new.account(), Write::Start(Arc::clone(new))).await {
            Some(Written::Start(started)) => started,
            _ => None,
        }
    }

    /// Ends a run; returns also whether a claim for its slot was made at once. `None`: it is to be
    /// ended by itself.
    pub(super) async fn end(&self, end: &Arc<RunEnd>) -> (Ended, bool) {
        // No account: each end is as urgent as the first start of an account.
        match self.ends.call(&end.id.to_string(), Write::End(Arc::clone(end))).await {
            Some(Written::End(ended, claimed)) => (ended, claimed),
            _ => (None, false),
        }
    }
}

fn groups(inner: Weak<Inner>) -> Sets<Write, Written> {
    Sets::new(move |writes: Vec<Write>| {
        let inner = inner.clone();
        async move {
            match inner.upgrade() {
                Some(inner) => commit(&inner, writes).await,
                None => Vec::new(),
            }
        }
        .boxed()
    })
}

/// Commits a group, and starts what it claimed.
async fn commit(inner: &Arc<Inner>, writes: Vec<Write>) -> Vec<Written> {
    let mut group = CommitGroup::default();
    let are_starts: Vec<bool> =
        writes.iter().map(|write| matches!(write, Write::Start(_))).collect();
    for write in writes {
        match write {
            Write::Start(new) => group.starts.push(new),
            Write::End(end) => group.ends.push(end),
        }
    }
    let slots = slots::freed_by(inner, &group);
    group.claim = slots.as_ref().map(|slots| runner::claim_of(inner, slots));
    let committed = inner.store.commit_group(&group).await;
    let has_claimed = slots.is_some() && committed.claimed.is_some();
    let claimed = committed.claimed.unwrap_or_default();
    let is_full = slots.as_ref().is_none_or(|slots| claimed.len() >= slots.total as usize);
    runner::start_all(inner, claimed);
    drop(slots);
    // More may wait: for slots that became free meanwhile, or in rows that were passed over.
    // A kind with shared limits waits until these allow more, which the claim loop checks.
    let is_limited = group.claim.as_ref().is_some_and(|claim| !claim.limits.is_empty());
    if !has_claimed || is_full || is_limited || inner.store.is_shared() {
        runner::wake_for_free_slots(inner);
    }
    let (mut starts, mut ends) = (committed.starts.into_iter(), committed.ends.into_iter());
    let written = |is_start| match is_start {
        true => Written::Start(starts.next().flatten()),
        false => Written::End(ends.next().flatten(), has_claimed),
    };
    are_starts.into_iter().map(written).collect()
}
