//! Daily budgets: checks at the start, figures for operators.

use super::{Caller, Service, ServiceError};
use crate::engine::{
    budget::{BudgetFigures, count},
    registry::Kind,
    store::Scope,
};

impl Service {
    /// Refuses a start whose run would find its kind's budget used up.
    pub(super) async fn has_budget(
        &self,
        caller: &Caller,
        kind: &Kind,
    ) -> Result<(), ServiceError> {
        let Some(budget) = kind.budget() else { return Ok(()) };
        if caller.owner.is_none() && !budget.anonymous {
            return Ok(());
        }
        let (store, client) = (&self.engine.inner().store, self.client(caller));
        let spending = store.spending(&budget.name, caller.as_owner(), client.as_deref());
        let (spending, now) = spending.await?;
        budget.check(&spending, now).map_err(ServiceError::from)
    }

    /// Returns today's spending from the budgets of all kinds.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn budgets(&self) -> Result<Vec<BudgetFigures>, ServiceError> {
        let inner = self.engine.inner();
        let mut figures: Vec<BudgetFigures> = Vec::new();
        let kinds = inner.kinds.now();
        let budgets: Vec<_> = kinds.all().filter_map(|kind| kind.budget()).collect();
        for budget in budgets {
            if figures.iter().any(|known| known.name == budget.name) {
                continue;
            }
            let (spending, _) = inner.store.spending(&budget.name, None, None).await?;
            let all = spending.iter().find(|one| one.scope == Scope::All);
            let spent = all.map_or(0, |one| count(one.spent));
            figures.push(BudgetFigures { spent, limit: budget.total.amount, name: budget.name });
        }
        Ok(figures)
    }
}
