//! What other processes change: starts wake the claimer, cancels reach the runs that are here, and who
//! waits for news of a task hears of it.
//!
//! A notification makes it quick; asking twice a second makes it sure.

use std::{sync::Arc, time::Duration};

use tokio::time::MissedTickBehavior;

use super::{
    inner::Inner,
    store::{Change, Changes},
};

const MIN_TICK: Duration = Duration::from_millis(1);

/// Follows the changes until the engine has closed. With no other processes there is nothing to do.
pub(super) async fn run_changes_loop(inner: Arc<Inner>, mut changes: Changes) {
    // Twice in the time within which a cancel has to be there: the question takes time, too.
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
                Some(Change::Task(id)) => inner.subscriptions.ask(id),
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

/// Tells the runs that are here and are to stop.
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
