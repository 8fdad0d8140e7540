//! Removes expired tasks and files in small batches. Every worker runs it; the store divides the
//! work.

use std::{sync::Arc, time::Duration};

use tokio::time::MissedTickBehavior;

use super::{artifacts, inner::Inner, millis, store::DAY_MS};

/// Rows of the audit log that are removed in one transaction.
const AUDIT_BATCH: u32 = 1_000;

/// Pause between two batches, so that other writes get through.
const BREATH: Duration = Duration::from_millis(100);

/// Prunes until the engine closes.
pub(super) async fn run_prune_loop(inner: Arc<Inner>) {
    let mut ticks = tokio::time::interval(inner.options.retention.prune_interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while inner.closing.run_until_cancelled(ticks.tick()).await.is_some() {
        while clean(&inner).await | artifacts::clean(&inner).await | clean_audit(&inner).await {
            if inner.closing.run_until_cancelled(tokio::time::sleep(BREATH)).await.is_none() {
                return;
            }
        }
    }
}

/// Removes one batch; returns whether there may be more.
async fn clean(inner: &Inner) -> bool {
    let most = inner.options.retention.prune_batch;
    match inner.store.clean(most, millis(inner.options.retention.tombstones)).await {
        Ok(cleaned) => {
            if !cleaned.removed.is_empty() {
                tracing::info!(tasks = cleaned.removed.len(), "removed what has expired");
            }
            let full = usize::try_from(most).unwrap_or(usize::MAX);
            cleaned.removed.len() >= full || cleaned.forgotten >= u64::from(most)
        }
        Err(error) => {
            tracing::warn!(%error, "what has expired was not removed");
            false
        }
    }
}

/// Removes some old rows of the audit log; returns whether there may be more.
async fn clean_audit(inner: &Inner) -> bool {
    let keep_ms = match inner.options.retention.audit_days {
        0 => return false,
        days => i64::from(days) * DAY_MS,
    };
    match inner.store.clean_audit(keep_ms, AUDIT_BATCH).await {
        Ok(removed) => removed >= u64::from(AUDIT_BATCH),
        Err(error) => {
            tracing::warn!(%error, "old rows of the audit log were not removed");
            false
        }
    }
}
