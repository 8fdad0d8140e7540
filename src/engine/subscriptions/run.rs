//! The two loops behind long polls: one checks the watched tasks, one reads those that run in other
//! processes. A store that hangs delays the second loop only.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use super::{Subscriptions, WatchedTask, watched};
use crate::{
    engine::{inner::Inner, store::Row},
    task::{AnswerReason, TaskId},
};

/// Number of tasks checked before the thread is yielded.
const LOOKS_IN_A_ROW: usize = 32;

/// Checks the watched tasks until the engine has closed. Sleeps while nothing is watched.
pub(in crate::engine) async fn run_tick_loop(inner: Arc<Inner>) {
    let (subscriptions, tick) = (&inner.subscriptions, inner.options.long_poll.tick);
    let mut looked = Instant::now();
    loop {
        let idle = subscriptions.is_empty();
        let woken = async {
            let woken = subscriptions.wakeup.notified();
            if idle {
                woken.await;
            } else {
                // The check is due whether the loop was woken or the tick elapsed.
                let _ = tokio::time::timeout(tick.saturating_sub(looked.elapsed()), woken).await;
            }
        };
        if inner.closed.run_until_cancelled(woken).await.is_none() {
            return;
        }
        let dirty = std::mem::take(&mut *subscriptions.dirty.lock());
        let changed: Vec<_> = dirty.into_iter().filter_map(|id| subscriptions.get(id)).collect();
        look_at(&inner, &changed).await;
        if looked.elapsed() >= tick {
            looked = Instant::now();
            look_at(&inner, &subscriptions.all()).await;
            subscriptions.sweep(subscriptions.now_s());
        }
    }
}

async fn look_at(inner: &Inner, tasks: &[Arc<WatchedTask>]) {
    for some in tasks.chunks(LOOKS_IN_A_ROW) {
        let (now_ms, now) = (inner.clock.now_ms(), inner.subscriptions.now_s());
        for watched in some {
            watched.look(&inner.running, now_ms, now);
        }
        tokio::task::yield_now().await;
    }
}

/// Reads the watched tasks that do not run here, until the engine has closed: those with a discrete
/// change immediately; all of them when another process may have saved progress, at most once per
/// [`watched::FRESH_S`]; and all of them periodically, in case a notification was missed.
pub(in crate::engine) async fn run_read_loop(inner: Arc<Inner>) {
    let subscriptions = &inner.subscriptions;
    let mut read_at = subscriptions.now_s();
    loop {
        let now = subscriptions.now_s();
        let due = match subscriptions.stale.load(Ordering::Acquire) {
            true => read_at + watched::FRESH_S,
            false => read_at + inner.options.long_poll.poll.as_secs_f64(),
        };
        let rest = Duration::from_secs_f64((due - now).max(0.0));
        let woken = async {
            let woken = subscriptions.reading.notified();
            // Woken or not, continue.
            let _ = tokio::time::timeout(rest, woken).await;
        };
        if inner.closed.run_until_cancelled(woken).await.is_none() {
            return;
        }
        let urgent = std::mem::take(&mut *subscriptions.urgent.lock());
        read(&inner, urgent.into_iter().filter_map(|id| subscriptions.get(id)).collect()).await;
        if subscriptions.now_s() >= due {
            read_at = subscriptions.now_s();
            subscriptions.stale.store(false, Ordering::Release);
            read(&inner, subscriptions.all()).await;
        }
    }
}

async fn read(inner: &Inner, tasks: Vec<Arc<WatchedTask>>) {
    let subscriptions: &Subscriptions = &inner.subscriptions;
    let elsewhere = |watched: &&Arc<WatchedTask>| watched.may_change_elsewhere(&inner.running);
    let tasks: Vec<_> = tasks.iter().filter(elsewhere).collect();
    let ids: Vec<TaskId> = tasks.iter().map(|watched| watched.id()).collect();
    if ids.is_empty() {
        return;
    }
    let rows = match inner.store.get_all(&ids).await {
        Ok(rows) => rows,
        Err(error) => {
            tracing::warn!(%error, "the watched tasks were not read");
            // Their state is not known: answer the waiting requests with a timeout instead of
            // leaving them waiting.
            tasks.iter().for_each(|watched| watched.answer_all(AnswerReason::Timeout));
            return;
        }
    };
    let rows: HashMap<TaskId, &Row> = rows.iter().map(|row| (row.id, row)).collect();
    let now = subscriptions.now_s();
    for id in ids {
        let Some(watched) = subscriptions.get(id) else { continue };
        watched.tell(rows.get(&id).copied(), now);
        subscriptions.wake(id);
    }
}
