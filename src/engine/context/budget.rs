//! Daily budgets, as a run draws on them.

use super::{Context, patience::Patience};
use crate::engine::{
    TaskError,
    budget::{BudgetUsedUp, DailyBudget, Reservation, count, stored},
    store::{Spend, Spent},
};

impl Context {
    /// Whose task this is; `None` where it was started without a session.
    pub fn owner(&self) -> Option<&str> {
        self.running.owner.as_deref()
    }

    /// Takes from a daily budget before something is done that costs: as much as is left, from `least`
    /// to `most`. Counted in the store when this returns; a crash counts it in full.
    ///
    /// # Errors
    /// The outer one as [`Context::checkpoint`]; the inner one where less than `least` is left.
    pub async fn reserve(
        &self,
        budget: &DailyBudget,
        least: u64,
        most: u64,
    ) -> Result<Result<Reservation, BudgetUsedUp>, TaskError> {
        let spend = Spend {
            name: budget.name.clone().into_owned(),
            task: self.running.id,
            least: stored(least),
            most: stored(most),
            limit: stored(budget.total.amount),
            limit_per_owner: stored(budget.per_owner.amount),
        };
        let mut patience = Patience::new();
        loop {
            match self.store.spend(&spend).await {
                Ok(Spent::Granted { amount, day }) => {
                    let (name, amount) = (budget.name.clone(), count(amount));
                    return Ok(Ok(Reservation { name, day, amount }));
                }
                Ok(Spent::UsedUp { scope, now }) => return Ok(Err(budget.used_up(scope, now))),
                // It may have been counted all the same; twice is better than not at all.
                Err(error) => patience.wait(self, error).await?,
            }
        }
    }

    /// Counts what it did cost instead of what was reserved.
    ///
    /// # Errors
    /// As [`Context::checkpoint`], where more was used than reserved and the store does not answer.
    pub async fn settle(&self, reservation: Reservation, used: u64) -> Result<(), TaskError> {
        let by = stored(used).saturating_sub(stored(reservation.amount));
        let Reservation { name, day, .. } = reservation;
        if by == 0 {
            return Ok(());
        }
        let mut patience = Patience::new();
        loop {
            match self.store.correct_spending(self.running.id, &name, day, by).await {
                Ok(()) => return Ok(()),
                Err(error) if by > 0 => patience.wait(self, error).await?,
                // It may have been given back already; twice would count too little.
                Err(error) => {
                    tracing::warn!(task.id = %self.running.id, %error, "a reservation counts in full");
                    return Ok(());
                }
            }
        }
    }
}
