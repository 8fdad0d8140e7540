//! Daily token budget, as used by one story.

use std::sync::Arc;

use milepost::engine::{Context, DailyBudget, Reservation};

use super::super::{narrator::NarratorError, settings::MIN_REPLY};

/// See the module.
pub(super) struct Daily {
    ctx: Context,
    budget: Arc<DailyBudget>,
}

impl Daily {
    pub(super) fn new(ctx: Context, budget: Arc<DailyBudget>) -> Self {
        Self { ctx, budget }
    }

    /// Reserves the maximum cost of a call: its prompt and a reply of at most `reply` tokens, or
    /// fewer if the daily budget has no more.
    ///
    /// # Errors
    /// [`NarratorError::Daily`] if prompt and reply do not fit,
    /// [`NarratorError::Uncounted`] if the tokens cannot be counted.
    pub(super) async fn reserve(
        &self,
        prompt: u64,
        reply: u64,
    ) -> Result<Reservation, NarratorError> {
        let min = prompt.saturating_add(MIN_REPLY.min(reply));
        let reserved = self.ctx.reserve(&self.budget, min, prompt.saturating_add(reply)).await;
        match reserved {
            Ok(Ok(reservation)) => Ok(reservation),
            Ok(Err(used_up)) => Err(NarratorError::Daily(used_up.message)),
            Err(error) => Err(NarratorError::Uncounted(error.to_string())),
        }
    }

    /// Replaces the reservation by the actual cost.
    pub(super) async fn settle(&self, reservation: Reservation, used: u64) {
        let reserved = reservation.amount();
        if let Err(error) = self.ctx.settle(reservation, used).await {
            tracing::warn!(task.id = %self.ctx.id(), %error, used, reserved, "tokens were not counted");
        }
    }
}
