//! What goes into a store and comes out of it for daily budgets.

use crate::task::TaskId;

/// Whose spending is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's together.
    All,
    /// One owner's.
    Owner,
    /// That of all who ask from one client address.
    Client,
}

/// What a run takes from a daily budget.
#[derive(Clone, Debug)]
pub struct Spend {
    /// The budget's name.
    pub name: String,
    /// The run's task; its owner and its client are counted.
    pub task: TaskId,
    /// With less left nothing is taken.
    pub least: i64,
    /// With more left this much is taken.
    pub most: i64,
    /// For all together; 0 = no limit.
    pub limit: i64,
    /// For the owner and for the client, each; 0 = no limit.
    pub limit_per_owner: i64,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// So much was taken, from the budget of this day.
    Granted {
        /// From `least` to `most`.
        amount: i64,
        /// Of UTC, counted from 1970.
        day: i64,
    },
    /// Not enough is left.
    UsedUp {
        /// Whose limit it is.
        scope: Scope,
        /// The store's time, in milliseconds.
        now: i64,
    },
}

/// What was spent today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spending {
    /// By whom.
    pub scope: Scope,
    /// How much.
    pub spent: i64,
}
