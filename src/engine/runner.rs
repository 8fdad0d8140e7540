//! Runs tasks: claims them, supervises each run, and writes how it ended.

mod ending;
mod eta_history;

use std::{sync::Arc, time::Duration};

use tokio::{task::JoinHandle, time::MissedTickBehavior};

use super::{
    Context, Output, TaskError,
    inner::Inner,
    leases::timing::last_grace,
    registry::Kind,
    running::{RunningTask, Stop},
    store::{Claim, ClaimedTask, Ending, Renewal, Row, RunEnd, StoreError, StoredInput},
};
use crate::task::Status;

/// First and longest delay between two attempts to write an ending.
const FINISH_RETRY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// First delay before a claim that skipped locked rows is repeated; doubles up to `queue_poll`.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

type Run = JoinHandle<Result<Output, TaskError>>;

/// Claims tasks until the engine closes.
pub(super) async fn run_claim_loop(inner: Arc<Inner>) {
    let closing = inner.closing.clone();
    let mut pause = FIRST_PAUSE;
    while !closing.is_cancelled() {
        claim(&inner).await;
        let poll = inner.options.queue_poll;
        let wait = match is_passed_over(&inner).await {
            true => pause.min(poll),
            false => poll,
        };
        pause = if wait < poll { pause * 2 } else { FIRST_PAUSE };
        // Starts and ends wake the claimer; the poll finds retries that are due.
        let woken = tokio::time::timeout(wait, inner.claim_wakeup.notified());
        let _ = closing.run_until_cancelled(woken).await;
    }
}

/// Returns the free slots, by kind and in total.
fn places(inner: &Inner) -> (Vec<(String, u32)>, u32) {
    let total = inner.options.concurrency.saturating_sub(inner.running.running_in_all());
    let kinds = inner.kinds.now();
    let slots = kinds.claimable().map(|kind| {
        let running = inner.running.running(&kind.info.kind);
        (kind.info.kind.clone(), kind.options.concurrency.saturating_sub(running))
    });
    (slots.filter(|(_, free)| *free > 0 && total > 0).collect(), total)
}

/// Claims as many tasks as there are free slots. Nothing is prefetched.
async fn claim(inner: &Arc<Inner>) {
    let (slots, total) = places(inner);
    if slots.is_empty() {
        return;
    }
    let lease_owner = inner.lease_owner.clone();
    let claim = Claim { lease_owner, lease_ms: inner.lease_ms(), slots, total };
    match inner.store.claim_with_inputs(&claim).await {
        Ok(claimed) => start_all(inner, claimed),
        Err(error) => tracing::warn!(%error, "the queue could not be read"),
    }
}

/// Whether queued tasks remain for free slots: a claim skips rows that other workers are claiming,
/// and examines a limited number of rows. Without other workers it claims everything that fits.
async fn is_passed_over(inner: &Inner) -> bool {
    if !inner.store.is_shared() {
        return false;
    }
    for (kind, _) in places(inner).0 {
        match inner.store.has_waiting(&kind).await {
            Ok(false) => {}
            Ok(true) => return true,
            // The claim has logged the error, or the next one will.
            Err(_) => return false,
        }
    }
    false
}

/// A claimed run.
struct ClaimedRun {
    kind: Arc<Kind>,
    running: Arc<RunningTask>,
    /// `None`: it could not be read.
    input: Option<StoredInput>,
}

/// Starts claimed runs.
fn start_all(inner: &Arc<Inner>, claimed: Vec<ClaimedTask>) {
    let kinds = inner.kinds.now();
    let mut runs = Vec::with_capacity(claimed.len());
    for (row, input) in claimed {
        let Some(kind) = kinds.claimed(&row.kind).cloned() else { continue };
        let running = Arc::new(RunningTask::new(&row, Arc::clone(&kind.durations)));
        inner.running.insert(Arc::clone(&running));
        inner.subscriptions.wake(running.id);
        runs.push(ClaimedRun { kind, running, input });
    }
    if !runs.is_empty() {
        inner.runs.spawn(begin_all(Arc::clone(inner), runs));
    }
}

/// Starts runs, once it is known which of them were cancelled before they were registered here.
async fn begin_all(inner: Arc<Inner>, runs: Vec<ClaimedRun>) {
    let ids: Vec<_> = runs.iter().map(|run| run.running.id).collect();
    for Renewal { id, run_seq, version, cancel } in
        inner.store.cancels(&inner.lease_owner, &ids).await.unwrap_or_default()
    {
        let is_it = |run: &&ClaimedRun| run.running.id == id && run.running.run_seq == run_seq;
        if let (Some(run), Some(cancel)) = (runs.iter().find(is_it), cancel) {
            run.running.cancel(cancel, version, inner.clock.now_ms());
            inner.subscriptions.wake(id);
        }
    }
    for ClaimedRun { kind, running, input } in runs {
        inner.runs.spawn(supervise(Arc::clone(&inner), kind, running, input));
    }
}

/// Runs a task to its end. Without an input, which could not be read, it returns to the queue.
async fn supervise(
    inner: Arc<Inner>,
    kind: Arc<Kind>,
    running: Arc<RunningTask>,
    input: Option<StoredInput>,
) {
    let ending = match input {
        Some(input) => watch_over(&inner, &kind, &running, input).await,
        None => {
            // Give the store time to recover before the task is claimed again.
            tokio::time::sleep(FINISH_RETRY.1).await;
            Some(Ending::Released)
        }
    };
    let end = ending.map(|ending| Arc::new(eta_history::end_of(&inner, &running, ending)));
    let ended = match &end {
        Some(end) => finish(&inner, &running, end).await,
        None => None,
    };
    // Immediately: while it is here, snapshots show it as it was before its end.
    inner.running.remove(running.id, running.run_seq);
    match &ended {
        Some((row, _)) => inner.subscriptions.tell(row),
        None => inner.subscriptions.ask(running.id),
    }
    inner.wake_claimer();
    if let (Some(end), Some((row, stored))) = (end, ended)
        && row.status == Status::Completed
    {
        eta_history::remember(&inner, &kind, &running, &end, stored).await;
    }
}

/// Runs the task in its own tokio task, so that a panic becomes an error. Returns `None` if nothing
/// may be written.
async fn watch_over(
    inner: &Arc<Inner>,
    kind: &Arc<Kind>,
    running: &Arc<RunningTask>,
    input: StoredInput,
) -> Option<Ending> {
    tracing::info!(task.id = %running.id, task.kind = %running.kind, attempt = running.attempt, "started");
    eta_history::learn(inner, kind).await;
    let ctx = Context::new(
        Arc::clone(running),
        Arc::clone(&inner.store),
        Arc::clone(&inner.clock),
        Arc::clone(&inner.options),
        Arc::clone(&inner.subscriptions),
        Arc::clone(&inner.quota),
    );
    let task_kind = Arc::clone(kind);
    let mut run: Run = tokio::spawn(async move { task_kind.run(&input, ctx).await });
    let done = tokio::select! {
        done = &mut run => Some(done),
        () = running.token.cancelled() => None,
        () = tokio::time::sleep(kind.options.timeout) => {
            running.stop(Stop::Timeout);
            None
        }
    };
    let done = match done {
        Some(done) => done,
        None => {
            let grace = kind.options.cancel_grace;
            let lost = running.stopped() == Some(Stop::LeaseLost);
            let longest = if lost { last_grace(&inner.options) } else { grace };
            stop_in_grace(run, grace.min(longest)).await
        }
    };
    if matches!(done, Ok(Err(TaskError::Cancelled))) {
        running.acknowledge(inner.clock.now_ms());
    }
    ending::of_run(inner, kind, running, done)
}

/// Waits for a stopped run to return, then drops its future.
async fn stop_in_grace(
    mut run: Run,
    grace: Duration,
) -> Result<Result<Output, TaskError>, tokio::task::JoinError> {
    match tokio::time::timeout(grace, &mut run).await {
        Ok(done) => done,
        Err(_) => {
            run.abort();
            run.await
        }
    }
}

/// Writes the ending, retrying through outages, until it is written or the run was lost. Returns
/// the row as written, and whether the stage times were written with it.
async fn finish(inner: &Inner, running: &RunningTask, end: &Arc<RunEnd>) -> Option<(Row, bool)> {
    let mut delay = FINISH_RETRY.0;
    loop {
        match write_end(inner, running, end).await {
            Ok((Some(row), stored)) => {
                tracing::info!(task.id = %running.id, status = %row.status, "ended");
                return Some((row, stored));
            }
            Ok((None, _)) => {
                tracing::warn!(task.id = %running.id, "the run was lost before it could be ended");
                return None;
            }
            Err(error) => tracing::warn!(task.id = %running.id, %error, "the ending waits"),
        }
        inner.closed.run_until_cancelled(tokio::time::sleep(delay)).await?;
        delay = (delay * 2).min(FINISH_RETRY.1);
    }
}

/// Writes the ending together with others, or by itself if it cannot be.
async fn write_end(
    inner: &Inner,
    running: &RunningTask,
    end: &Arc<RunEnd>,
) -> Result<(Option<Row>, bool), StoreError> {
    let _order = running.saving.lock().await;
    // The last report belongs to the ended task, too.
    if let Some(write) = running.last_unsaved(inner.clock.now_ms()) {
        let written = inner.store.save_progress(std::slice::from_ref(&write)).await;
        running.settle(write, written.is_ok());
        written?;
    }
    match inner.ends.call("", Arc::clone(end)).await.flatten() {
        Some(row) => Ok((row?, true)),
        None => Ok((inner.store.finish(end.id, end.run_seq, &end.ending).await?, false)),
    }
}

/// Writes the reports of running tasks every `flush`, in one transaction, until the engine has
/// closed.
pub(super) async fn run_flush_loop(inner: Arc<Inner>) {
    let mut ticks = tokio::time::interval(inner.options.flush);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while inner.closed.run_until_cancelled(ticks.tick()).await.is_some() {
        flush(&inner).await;
    }
}

async fn flush(inner: &Inner) {
    let now = inner.clock.now_ms();
    let mut writes = Vec::new();
    let mut tasks = Vec::new();
    for task in inner.running.all() {
        // Its ending is being written, which includes its last report.
        let Ok(order) = Arc::clone(&task.saving).try_lock_owned() else { continue };
        if let Some(write) = task.unsaved(now) {
            writes.push(write);
            tasks.push((task, order));
        }
    }
    if writes.is_empty() {
        return;
    }
    let written = inner.store.save_progress(&writes).await;
    if let Err(error) = &written {
        tracing::warn!(%error, "progress was not saved");
    }
    for ((task, _order), write) in tasks.iter().zip(writes) {
        task.settle(write, written.is_ok());
    }
}
