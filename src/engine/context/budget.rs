//! Daily budgets: reserve and settle within a run.

use super::{Context, patience::Patience};
use crate::engine::{
    TaskError,
    budget::{BudgetUsedUp, DailyBudget, Reservation, count, stored},
    store::{Spend, Spent},
};

impl Context {
    /// The owner of this task; `None` if it was started without a session.
    pub fn owner(&self) -> Option<&str> {
        self.running.owner.as_deref()
    }

    /// Reserves from a daily budget before costly work: as much as is left, from `least` to `most`.
    /// The reservation is in the store when this returns; after a crash it counts in full.
    ///
    /// # Errors
    /// The outer error as in [`Context::checkpoint`]; the inner one when less than `least` is left.
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
                // The spending may have been counted despite the error; counting it twice is safer
                // than not at all.
                Err(error) => patience.wait(self, error).await?,
            }
        }
    }

    /// Replaces the reserved amount by the amount used.
    ///
    /// # Errors
    /// As [`Context::checkpoint`], when more was used than reserved and the store is unavailable.
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
                // The amount may have been returned despite the error; returning it twice would
                // count too little.
                Err(error) => {
                    tracing::warn!(task.id = %self.running.id, %error, "a reservation counts in full");
                    return Ok(());
                }
            }
        }
    }
}
