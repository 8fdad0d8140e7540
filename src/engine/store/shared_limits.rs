//! Limits of a kind that hold over all workers of a database.

use crate::engine::RunRate;

/// Limits of a kind that hold over all workers of a database. Default: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SharedLimits {
    /// Maximum number of running tasks.
    pub concurrency: Option<u32>,
    /// Maximum rate of runs.
    pub at_most: Option<RunRate>,
    /// Maximum rate of the runs of one account: an owner, or the address of anonymous callers.
    pub at_most_per_owner: Option<RunRate>,
}

impl SharedLimits {
    /// Whether nothing is limited.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

crate::with::with!(SharedLimits);

/// What the shared limits of a kind allow an account at some moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitState {
    /// Whether as many tasks of the kind run as may.
    pub is_full: bool,
    /// When the rate of the kind allows the next run, in milliseconds from now; 0: now.
    pub next_in_ms: i64,
    /// When the rate of the account allows its next run, in milliseconds from now; 0: now.
    pub owner_next_in_ms: i64,
}
