//! How long a task asks a store that does not answer.

use std::time::{Duration, Instant};

use super::Context;
use crate::engine::{TaskError, store::StoreError};

/// Between two tries; doubles each time.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Tries again for as long as a lease lasts: an outage that costs no lease costs no work either.
pub(super) struct Patience {
    begun: Instant,
    pause: Duration,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), pause: PAUSE.0 }
    }

    /// Waits a little before the next try.
    ///
    /// # Errors
    /// [`TaskError::Retry`] when it has taken too long or trying again cannot help,
    /// [`TaskError::Cancelled`] when the task was told to stop meanwhile.
    pub(super) async fn wait(&mut self, ctx: &Context, error: StoreError) -> Result<(), TaskError> {
        let passing = matches!(error, StoreError::Unavailable(_) | StoreError::Full(_));
        if !passing || self.begun.elapsed() >= ctx.options.lease {
            return Err(TaskError::retry("store", error.to_string()));
        }
        tracing::warn!(task.id = %ctx.running.id, %error, "a checkpoint waits for the store");
        ctx.until_cancelled(tokio::time::sleep(self.pause)).await?;
        self.pause = (self.pause * 2).min(PAUSE.1);
        Ok(())
    }
}
