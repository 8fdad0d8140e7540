//! Stage durations of earlier runs: read before a run, stored after it.

use std::time::{Duration, Instant};

use crate::engine::{
    eta::History,
    inner::Inner,
    registry::Kind,
    running::RunningTask,
    store::{Ending, RunEnd},
};

/// Maximum age of a kind's history when a run starts; other processes add to it, too.
const FRESH: Duration = Duration::from_secs(60);

/// Reads the history of a kind unless it is recent. A failure does not prevent the run.
pub(super) async fn learn(inner: &Inner, kind: &Kind) {
    if kind.durations.is_fresh(FRESH, Instant::now()) {
        return;
    }
    match inner.store.stage_times(&kind.info.kind).await {
        Ok(times) => kind.durations.learn(History::new(times), Instant::now()),
        Err(error) => tracing::warn!(%error, "the times of earlier runs were not read"),
    }
}

/// The end of a run, with the durations of its stages if it is a whole run. One that resumed an
/// earlier one is not.
pub(super) fn end_of(inner: &Inner, running: &RunningTask, ending: Ending) -> RunEnd {
    let whole = running.run_seq == 1 && matches!(ending, Ending::Completed(_));
    let most = inner.options.stage_history;
    RunEnd {
        id: running.id,
        run_seq: running.run_seq,
        ending,
        kind: running.kind.clone(),
        stage_times: if whole && most > 0 { running.stage_times() } else { Vec::new() },
        stage_history: most,
        traceparent: None,
    }
}

/// Judges the estimates of a completed run and takes its stage durations into account; stores them
/// unless the write of the end did.
pub(super) async fn remember(
    inner: &Inner,
    kind: &Kind,
    running: &RunningTask,
    end: &RunEnd,
    stored: bool,
) {
    running.judge_forecasts();
    let times = &end.stage_times;
    if times.is_empty() {
        return;
    }
    let written = match stored {
        true => Ok(()),
        false => inner.store.keep_stage_times(end.id, &end.kind, times, end.stage_history).await,
    };
    match written {
        Ok(()) => kind.durations.add(times),
        Err(error) => {
            tracing::warn!(task.id = %running.id, %error, "the run's times were not kept")
        }
    }
}
