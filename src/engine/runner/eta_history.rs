//! Stage durations of earlier runs: read before a run, stored after it.

use std::time::{Duration, Instant};

use crate::engine::{eta::History, inner::Inner, registry::Kind, running::RunningTask};

/// Maximum age of a kind's history when a run starts; other processes add to it, too.
const FRESH: Duration = Duration::from_secs(60);

/// Reads the history of a kind unless it is recent. A failure does not prevent the run.
pub(super) async fn learn(inner: &Inner, kind: &Kind) {
    if kind.book.is_fresh(FRESH, Instant::now()) {
        return;
    }
    match inner.store.stage_times(&kind.info.kind).await {
        Ok(times) => kind.book.learn(History::new(times), Instant::now()),
        Err(error) => tracing::warn!(%error, "the times of earlier runs were not read"),
    }
}

/// Judges the estimates of a completed run and stores its stage durations. A run that resumed an
/// earlier one is left out: it is not a whole run.
pub(super) async fn remember(inner: &Inner, kind: &Kind, running: &RunningTask) {
    running.judge_forecasts();
    let whole = running.run_seq == 1;
    let most = inner.options.stage_history;
    if !whole || most == 0 {
        return;
    }
    let times = running.stage_times();
    match inner.store.keep_stage_times(running.id, &running.kind, &times, most).await {
        Ok(()) => kind.book.add(&times),
        Err(error) => {
            tracing::warn!(task.id = %running.id, %error, "the run's times were not kept")
        }
    }
}
