//! Token cost of a story so far.

use std::sync::atomic::{AtomicU64, Ordering};

use super::super::{narrator::NarratorError, settings::MIN_REPLY};

/// Counts tokens against a budget.
#[derive(Debug)]
pub(super) struct Ledger {
    spent: AtomicU64,
    budget: Option<u64>,
}

impl Ledger {
    /// Continues from `spent`; a budget of 0 means none.
    pub(super) fn new(spent: u64, budget: u64) -> Self {
        Self { spent: AtomicU64::new(spent), budget: (budget > 0).then_some(budget) }
    }

    pub(super) fn spent(&self) -> u64 {
        self.spent.load(Ordering::Relaxed)
    }

    pub(super) const fn budget(&self) -> Option<u64> {
        self.budget
    }

    /// Adds the cost of a call.
    pub(super) fn charge(&self, tokens: u64) {
        // `fetch_update` cannot fail: the closure always returns a value.
        let add = |spent: u64| Some(spent.saturating_add(tokens));
        let _ = self.spent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// Maximum length of the reply to a prompt, up to `wanted` tokens.
    ///
    /// # Errors
    /// [`NarratorError::Budget`] if prompt and reply do not fit.
    pub(super) fn allow(&self, prompt: u64, wanted: u64) -> Result<u64, NarratorError> {
        let Some(budget) = self.budget else { return Ok(wanted) };
        let spent = self.spent();
        let left = budget.saturating_sub(spent).saturating_sub(prompt);
        if left < MIN_REPLY.min(wanted) {
            return Err(NarratorError::Budget { spent, budget });
        }
        Ok(wanted.min(left))
    }
}

/// Estimated tokens of a text: four ASCII characters per token, one other character per token.
pub(super) fn estimate(text: &str) -> u64 {
    let ascii = text.bytes().filter(u8::is_ascii).count() as u64;
    let other = text.chars().filter(|c| !c.is_ascii()).count() as u64;
    ascii.div_ceil(4) + other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_cut_to_what_is_left_and_refused_when_that_is_too_little() {
        let ledger = Ledger::new(0, 1000);
        assert_eq!(ledger.allow(300, 500), Ok(500));
        ledger.charge(500);
        assert_eq!(ledger.allow(300, 500), Ok(200));
        ledger.charge(200);
        let error = ledger.allow(300, 500).unwrap_err();
        assert_eq!(error, NarratorError::Budget { spent: 700, budget: 1000 });
    }

    #[test]
    fn no_budget_is_no_limit() {
        assert_eq!(Ledger::new(u64::MAX, 0).allow(u64::MAX, 500), Ok(500));
    }

    #[test]
    fn other_scripts_cost_more() {
        assert_eq!(estimate("lamplamp"), 2);
        assert_eq!(estimate("灯塔"), 2);
    }
}
