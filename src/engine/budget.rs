//! Daily budgets of what costs money, such as the tokens of a language model: in total and per
//! owner. They are counted in the store, so that restarts lose nothing and workers share them.
//!
//! A run reserves the maximum cost of a call before it makes the call, and settles the actual cost
//! afterwards. After a crash in between the whole reservation counts: never too little.

use std::borrow::Cow;

use super::store::{DAY_MS, Scope, Spending};

/// A daily limit, and the setting that it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DailyLimit {
    /// The amount; 0: no limit.
    pub amount: u64,
    /// The setting to change, such as `narrator.daily_tokens`.
    pub setting: Cow<'static, str>,
}

/// A daily budget.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DailyBudget {
    /// Its name in the store and in the figures, such as `narrator_tokens`.
    pub name: Cow<'static, str>,
    /// Its display name, such as `language model's budget`.
    pub title: Cow<'static, str>,
    /// The limit for all callers together.
    pub total: DailyLimit,
    /// The limit per owner and per client address: owners can be created freely.
    pub per_owner: DailyLimit,
    /// Minimum amount that a run needs; with less left a start is refused. Default: 1.
    pub least: u64,
    /// Whether anonymous tasks draw on it. Default: true.
    pub anonymous: bool,
}

impl DailyBudget {
    /// Creates a budget without limits.
    pub fn new(name: impl Into<Cow<'static, str>>, title: impl Into<Cow<'static, str>>) -> Self {
        let none = DailyLimit { amount: 0, setting: Cow::Borrowed("") };
        Self {
            name: name.into(),
            title: title.into(),
            total: none.clone(),
            per_owner: none,
            least: 1,
            anonymous: true,
        }
    }

    /// Sets the limit for all callers together; 0: no limit.
    #[must_use]
    pub fn total(mut self, amount: u64, setting: impl Into<Cow<'static, str>>) -> Self {
        self.total = DailyLimit { amount, setting: setting.into() };
        self
    }

    /// Sets the limit per owner and per client address; 0: no limit.
    #[must_use]
    pub fn per_owner(mut self, amount: u64, setting: impl Into<Cow<'static, str>>) -> Self {
        self.per_owner = DailyLimit { amount, setting: setting.into() };
        self
    }

    /// Sets the minimum amount that a run needs.
    #[must_use]
    pub fn least(mut self, amount: u64) -> Self {
        self.least = amount;
        self
    }

    /// Sets whether anonymous tasks draw on it.
    #[must_use]
    pub fn anonymous(mut self, yes: bool) -> Self {
        self.anonymous = yes;
        self
    }

    /// Checks that enough is left for a run.
    pub(super) fn check(&self, spending: &[Spending], now_ms: i64) -> Result<(), BudgetUsedUp> {
        let used_up = spending.iter().find(|one| {
            let limit = self.limit(one.scope).amount;
            limit > 0 && limit.saturating_sub(count(one.spent)) < self.least
        });
        used_up.map_or(Ok(()), |one| Err(self.used_up(one.scope, now_ms)))
    }

    const fn limit(&self, scope: Scope) -> &DailyLimit {
        match scope {
            Scope::All => &self.total,
            Scope::Owner | Scope::Client => &self.per_owner,
        }
    }

    /// Creates the error for a limit that is reached.
    pub(super) fn used_up(&self, scope: Scope, now_ms: i64) -> BudgetUsedUp {
        let DailyLimit { amount, setting } = self.limit(scope);
        let whose = match scope {
            Scope::All => "The",
            Scope::Owner => "Your part of the",
            Scope::Client => "The part for your address of the",
        };
        let title = &self.title;
        BudgetUsedUp {
            message: format!(
                "{whose} {title} for today is used up ({setting} = {amount}); it begins anew at \
                 00:00 UTC"
            ),
            begins_anew_in_ms: DAY_MS - now_ms.rem_euclid(DAY_MS),
        }
    }
}

/// Too little of a daily budget is left.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct BudgetUsedUp {
    /// A sentence for people, which names the setting.
    pub message: String,
    /// Time until the next UTC day, in milliseconds.
    pub begins_anew_in_ms: i64,
}

/// An amount reserved from a budget for one call. Settle it once the cost is known; if dropped, it
/// counts in full.
#[derive(Debug)]
#[must_use = "what is not settled counts in full"]
pub struct Reservation {
    pub(super) name: Cow<'static, str>,
    pub(super) day: i64,
    pub(super) amount: u64,
}

impl Reservation {
    /// The reserved amount.
    pub const fn amount(&self) -> u64 {
        self.amount
    }
}

/// Today's spending from a budget, for operators.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetFigures {
    /// The budget's name.
    pub name: Cow<'static, str>,
    /// The amount spent or reserved today, by all callers.
    pub spent: u64,
    /// The limit for all callers; 0: none.
    pub limit: u64,
}

/// Converts from the store's signed integers; stored amounts are never negative.
pub(super) fn count(amount: i64) -> u64 {
    u64::try_from(amount).unwrap_or(0)
}

/// Converts to the store's signed integers.
pub(super) fn stored(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> DailyBudget {
        DailyBudget::new("tokens", "model's budget").total(100, "a.b").per_owner(10, "a.c").least(3)
    }

    #[test]
    fn a_budget_that_is_used_up_says_which_and_until_when() {
        let spending = |scope, spent| Spending { scope, spent };
        let now = 5 * DAY_MS - 60_000;
        let some = [spending(Scope::All, 97), spending(Scope::Owner, 7)];
        assert_eq!(budget().check(&some, now), Ok(()));
        let told = budget().check(&[spending(Scope::All, 98)], now).unwrap_err();
        let all =
            "The model's budget for today is used up (a.b = 100); it begins anew at 00:00 UTC";
        assert_eq!((&*told.message, told.begins_anew_in_ms), (all, 60_000));
        for (scope, whose) in [(Scope::Owner, "Your part of"), (Scope::Client, "The part for your")]
        {
            let told = budget().check(&[spending(scope, 8)], now).unwrap_err();
            assert!(told.message.starts_with(whose) && told.message.contains("(a.c = 10)"));
        }
    }

    #[test]
    fn no_limit_is_none() {
        let spending = [Scope::All, Scope::Owner].map(|scope| Spending { scope, spent: i64::MAX });
        assert_eq!(DailyBudget::new("x", "y").check(&spending, 0), Ok(()));
    }
}
