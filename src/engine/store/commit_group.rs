//! What [`Store::commit_group`](super::Store::commit_group) writes in one transaction.

use std::sync::Arc;

use super::{Claim, ClaimedTask, Inserted, NewTask, Row, RunEnd, StoreError};

/// Writes that share one transaction.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CommitGroup {
    /// Runs that end.
    pub ends: Vec<Arc<RunEnd>>,
    /// Tasks to queue.
    pub starts: Vec<Arc<NewTask>>,
    /// What to claim afterwards.
    pub claim: Option<Claim>,
}

crate::with::with!(CommitGroup);

/// The outcomes of a [`CommitGroup`], in its order.
#[derive(Debug)]
#[non_exhaustive]
pub struct CommittedGroup {
    /// As of [`Store::finish`](super::Store::finish). `None`: end this run by itself, because the
    /// group failed for one of its calls.
    pub ends: Vec<Option<Result<Option<Row>, StoreError>>>,
    /// As of [`Store::insert`](super::Store::insert). `None`: insert this task by itself, because
    /// another process works for its account, or because the group failed for one of its calls.
    pub starts: Vec<Option<Result<Inserted, StoreError>>>,
    /// The claimed tasks; `None`: nothing was claimed, because the group failed.
    pub claimed: Option<Vec<ClaimedTask>>,
}

impl CommittedGroup {
    /// Nothing was written: each call is to be made by itself.
    pub(super) fn each_by_itself(group: &CommitGroup) -> Self {
        Self {
            ends: group.ends.iter().map(|_| None).collect(),
            starts: group.starts.iter().map(|_| None).collect(),
            claimed: None,
        }
    }

    /// Nothing was written, or it is unknown whether it was.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(super) fn failed(group: &CommitGroup, error: &StoreError) -> Self {
        Self {
            ends: group.ends.iter().map(|_| Some(Err(error.copy()))).collect(),
            starts: group.starts.iter().map(|_| Some(Err(error.copy()))).collect(),
            claimed: None,
        }
    }
}
