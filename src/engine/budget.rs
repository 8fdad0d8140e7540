//! Daily budgets of what costs money, such as the tokens of a language model: in all and for each
//! owner, counted in the store, so that a restart forgets nothing and several workers share them.
//!
//! A run reserves the most that a call can cost before it makes the call, and settles what it did cost
//! afterwards. A crash between the two counts the whole reservation: never too little is counted.

use std::borrow::Cow;

use super::store::{Scope, Spending};

/// Milliseconds of a day; a budget's day is one of UTC.
const DAY_MS: i64 = 86_400_000;

/// A limit of a day, and the setting that it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyLimit {
    /// How much; 0 = no limit.
    pub amount: u64,
    /// What an operator sets to change it, such as `narrator.daily_tokens`.
    pub setting: Cow<'static, str>,
}

/// A daily budget of one kind of thing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DailyBudget {
    /// Its name in the store and in the figures, such as `narrator_tokens`.
    pub name: Cow<'static, str>,
    /// What people read, such as `language model's budget`.
    pub title: Cow<'static, str>,
    /// For all together.
    pub total: DailyLimit,
    /// For each owner, and for all that comes from one client address: an owner costs nothing to make.
    pub per_owner: DailyLimit,
    /// The least that a run needs; with less left a start is refused. Default: 1.
    pub least: u64,
    /// Whether tasks without an owner draw on it. Default: true.
    pub anonymous: bool,
}

impl DailyBudget {
    /// A budget without limits.
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

    /// Limits it for all together; 0 = no limit.
    #[must_use]
    pub fn total(mut self, amount: u64, setting: impl Into<Cow<'static, str>>) -> Self {
        self.total = DailyLimit { amount, setting: setting.into() };
        self
    }

    /// Limits it for each owner and each client address; 0 = no limit.
    #[must_use]
    pub fn per_owner(mut self, amount: u64, setting: impl Into<Cow<'static, str>>) -> Self {
        self.per_owner = DailyLimit { amount, setting: setting.into() };
        self
    }

    /// The least that a run needs.
    #[must_use]
    pub fn least(mut self, amount: u64) -> Self {
        self.least = amount;
        self
    }

    /// Whether tasks without an owner draw on it.
    #[must_use]
    pub fn anonymous(mut self, yes: bool) -> Self {
        self.anonymous = yes;
        self
    }

    /// Whether enough is left for a run.
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

    /// Says that a part of it is used up.
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

/// A daily budget has not enough left.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct BudgetUsedUp {
    /// A sentence for people, with the setting.
    pub message: String,
    /// Until the next day of UTC, in milliseconds.
    pub begins_anew_in_ms: i64,
}

/// What was reserved of a budget for one call. Settle it once the call's cost is known; one that is
/// dropped counts in full.
#[derive(Debug)]
#[must_use = "what is not settled counts in full"]
pub struct Reservation {
    pub(super) name: Cow<'static, str>,
    pub(super) day: i64,
    pub(super) amount: u64,
}

impl Reservation {
    /// How much was reserved.
    pub const fn amount(&self) -> u64 {
        self.amount
    }
}

/// What was spent today of a budget, for operators.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetFigures {
    /// The budget's name.
    pub name: Cow<'static, str>,
    /// Spent or reserved today, by all.
    pub spent: u64,
    /// The limit for all; 0 = none.
    pub limit: u64,
}

/// The day of UTC of a time.
pub(super) const fn day(now_ms: i64) -> i64 {
    now_ms.div_euclid(DAY_MS)
}

/// What the store counts is never negative.
pub(super) fn count(amount: i64) -> u64 {
    u64::try_from(amount).unwrap_or(0)
}

/// As the store counts.
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
