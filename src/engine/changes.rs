//! Changes made by other processes: starts wake the claimer, cancels reach runs in this process,
//! and waiting requests are updated.
//!
//! Notifications make this fast; polling twice per `queue_poll` makes it reliable.

use std::{sync::Arc, time::Duration};

use tokio::time::MissedTickBehavior;

use super::{
    inner::Inner,
    leases,
    store::{Change, Changes},
};
use crate::task::TaskId;

const MIN_TICK: Duration = Duration::from_millis(1);

/// Follows changes until the engine has closed. Not started if the store is not shared.
pub(super) async fn run_changes_loop(inner: Arc<Inner>, mut changes: Changes) {
    // Twice within the time in which a cancel must arrive, because the query takes time, too.
    let mut ticks = tokio::time::interval((inner.options.queue_poll / 2).max(MIN_TICK));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = inner.closed.cancelled() => return,
            _ = ticks.tick() => look_for_cancels(&inner).await,
            change = changes.recv() => match change {
                Some(Change::Queued) => inner.wake_claimer(),
                Some(Change::Cancel(id)) if inner.running.get(id).is_none() => inner.subscriptions.ask(id),
                Some(Change::Cancel(_)) => look_for_cancels(&inner).await,
                Some(Change::Task(id)) => {
                    stop_if_deleted(&inner, id).await;
                    inner.subscriptions.ask(id);
                }
                Some(Change::Labels(id)) => read_labels(&inner, id).await,
                Some(Change::Progress) => inner.subscriptions.ask_for_all(),
                Some(Change::Anything) => {
                    inner.wake_claimer();
                    inner.subscriptions.ask_for_all();
                    look_for_cancels(&inner).await;
                }
                None => return,
            },
        }
    }
}

/// Passes changed labels to the run in this process, or to whoever waits.
async fn read_labels(inner: &Inner, id: TaskId) {
    let Some(running) = inner.running.get(id) else { return inner.subscriptions.ask(id) };
    match inner.store.get(id).await {
        Ok(Some(row)) => running.set_labels(row.labels),
        Ok(None) => {}
        Err(error) => tracing::warn!(task.id = %id, %error, "the labels could not be read"),
    }
}

/// Stops a run in this process whose task another process has deleted.
async fn stop_if_deleted(inner: &Inner, id: TaskId) {
    let Some(running) = inner.running.get(id) else { return };
    match inner.store.get(id).await {
        Ok(None) => leases::drop_deleted(inner, &running),
        Ok(Some(_)) => {}
        Err(error) => tracing::warn!(task.id = %id, %error, "a deletion was not looked for"),
    }
}

/// Passes cancel requests to the runs in this process.
async fn look_for_cancels(inner: &Inner) {
    let tasks = inner.running.all();
    if tasks.is_empty() {
        return;
    }
    let runs: Vec<_> = tasks.iter().map(|task| task.id).collect();
    let cancels = match inner.store.cancels(&inner.lease_owner, &runs).await {
        Ok(cancels) => cancels,
        Err(error) => {
            tracing::warn!(%error, "cancels were not looked for");
            return;
        }
    };
    for asked in cancels {
        let held = tasks.iter().find(|task| task.id == asked.id && task.run_seq == asked.run_seq);
        if let (Some(task), Some(cancel)) = (held, asked.cancel) {
            task.cancel(cancel, asked.version, inner.clock.now_ms());
            inner.subscriptions.wake(task.id);
        }
    }
}
