//! Arguments and results of a store for daily budgets.

use crate::task::TaskId;

/// Milliseconds of a day; budgets use UTC days.
pub(in crate::engine) const DAY_MS: i64 = 86_400_000;

/// Returns the number of the UTC day of a time in milliseconds. Daily budgets are counted by it.
pub const fn day(now_ms: i64) -> i64 {
    now_ms.div_euclid(DAY_MS)
}

/// Whose spending is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All callers together.
    All,
    /// One owner.
    Owner,
    /// All callers from one client address.
    Client,
}

/// A reservation by a run from a daily budget.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Spend {
    /// The budget's name.
    pub name: String,
    /// The run's task; its owner and its client are charged.
    pub task: TaskId,
    /// Minimum amount; with less left nothing is taken.
    pub least: i64,
    /// Maximum amount.
    pub most: i64,
    /// Limit for all together; 0: none.
    pub limit: i64,
    /// Limit for the owner and for the client, each; 0: none.
    pub limit_per_owner: i64,
}

impl Spend {
    /// Creates a reservation of `least` to `most` from the budget `name`, without limits.
    pub fn new(name: impl Into<String>, task: TaskId, least: i64, most: i64) -> Self {
        Self { name: name.into(), task, least, most, limit: 0, limit_per_owner: 0 }
    }
}

crate::with::with!(Spend);

/// The result of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// This much was taken, from the budget of this day.
    Granted {
        /// From `least` to `most`.
        amount: i64,
        /// Day of UTC, counted from 1970.
        day: i64,
    },
    /// Not enough is left.
    UsedUp {
        /// Whose limit is reached.
        scope: Scope,
        /// The store's time, in milliseconds.
        now: i64,
    },
}

/// Today's spending of one scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spending {
    /// Whose spending.
    pub scope: Scope,
    /// The amount.
    pub spent: i64,
}
