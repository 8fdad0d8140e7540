//! Retries of a task's store calls while the store is unavailable.

use std::time::{Duration, Instant};

use super::Context;
use crate::engine::{TaskError, store::StoreError};

/// First and longest delay between two tries; doubles each time.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Retries for as long as a lease lasts: an outage that costs no lease costs no work.
pub(super) struct RetryBackoff {
    begun: Instant,
    pause: Duration,
}

impl RetryBackoff {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), pause: PAUSE.0 }
    }

    /// Waits before the next try.
    ///
    /// # Errors
    /// [`TaskError::Retry`] when the lease time has passed or a retry cannot help,
    /// [`TaskError::Cancelled`] when the run is cancelled meanwhile.
    pub(super) async fn wait(&mut self, ctx: &Context, error: StoreError) -> Result<(), TaskError> {
        let passing = matches!(
            error,
            StoreError::Unavailable(_) | StoreError::ReadOnly(_) | StoreError::Full(_)
        );
        if !passing || self.begun.elapsed() >= ctx.options.lease {
            return Err(TaskError::retry("store", error.to_string()));
        }
        tracing::warn!(task.id = %ctx.running.id, %error, "a checkpoint waits for the store");
        ctx.until_cancelled(tokio::time::sleep(self.pause)).await?;
        self.pause = (self.pause * 2).min(PAUSE.1);
        Ok(())
    }
}
