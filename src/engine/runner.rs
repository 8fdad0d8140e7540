//! Runs tasks: claims them, supervises each run, and writes how it ended.

mod ending;
mod eta_history;
mod traced;

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{task::JoinHandle, time::MissedTickBehavior};

use super::{
    Context, Output, TaskError,
    inner::Inner,
    leases::timing::last_grace,
    registry::Kind,
    running::{RunningTask, Stop},
    shared_limits::check_after,
    slots::{self, Slots},
    store::{
        Claim, ClaimedTask, Ending, Renewal, Row, RunEnd, SharedLimits, StoreError, StoredInput,
    },
};
use crate::task::{Status, TraceParent};

use self::traced::Traced;

/// First and longest delay between two attempts to write an ending.
const FINISH_RETRY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// First delay before a claim in a shared store, which skips locked rows, is repeated; doubles up to
/// `queue_poll`.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

type Run = JoinHandle<Result<Output, TaskError>>;

/// Claims tasks until the engine closes. Most claims are part of a group commit; this loop finds what
/// other processes queued, retries that are due, and rows that were passed over.
pub(super) async fn run_claim_loop(inner: Arc<Inner>) {
    let closing = inner.closing.clone();
    let mut pause = FIRST_PAUSE;
    while !closing.is_cancelled() {
        let poll = inner.options.queue_poll;
        let wait = match slots::free(&inner) {
            Some(slots) if may_wait(&inner, &slots).await => {
                let kinds = slots.by_kind.clone();
                claim(&inner, slots).await;
                next_check(&inner, &kinds, pause).await.min(poll)
            }
            _ => poll,
        };
        pause = if wait < poll { pause.saturating_mul(2).min(poll) } else { FIRST_PAUSE };
        let woken = tokio::time::timeout(wait, inner.claim_wakeup.notified());
        let _ = closing.run_until_cancelled(woken).await;
    }
}

/// Whether tasks may wait for these slots. In a shared store it is asked before a claim, which
/// costs more; without other workers each claim takes everything that fits.
async fn may_wait(inner: &Inner, slots: &Slots) -> bool {
    if !inner.store.is_shared() {
        return true;
    }
    for (kind, _) in &slots.by_kind {
        match inner.store.has_waiting(kind).await {
            Ok(false) => {}
            Ok(true) => return true,
            Err(error) => {
                tracing::warn!(%error, "the queue could not be read");
                return false;
            }
        }
    }
    false
}

/// When to claim again for these kinds although nothing wakes the claimer: rows of a shared store
/// that other workers were claiming were passed over, and tasks of a kind with shared limits wait
/// until these allow them.
async fn next_check(inner: &Inner, kinds: &[(String, u32)], pause: Duration) -> Duration {
    let (known, mut next) = (inner.kinds.now(), Duration::MAX);
    for (name, _) in kinds {
        let limits = known.claimed(name).map(|kind| kind.options.shared_limits());
        let wait = match limits.filter(|limits| !limits.is_none()) {
            // The claim has logged an error, or the next one will.
            Some(limits) if inner.store.has_waiting(name).await.unwrap_or(false) => {
                check_after(&limits)
            }
            None if inner.store.is_shared() => pause,
            _ => continue,
        };
        next = next.min(wait);
    }
    next
}

/// A claim for these slots. Nothing is prefetched.
pub(super) fn claim_of(inner: &Inner, slots: &Slots) -> Claim {
    Claim {
        lease_owner: inner.lease_owner.clone(),
        worker: inner.worker_name.clone(),
        lease_ms: inner.lease_ms(),
        slots: slots.by_kind.clone(),
        total: slots.total,
        limits: limits_of(inner, slots),
    }
}

/// The shared limits of the kinds that have any.
fn limits_of(inner: &Inner, slots: &Slots) -> HashMap<String, SharedLimits> {
    let kinds = inner.kinds.now();
    let limits = slots.by_kind.iter().filter_map(|(kind, _)| {
        let limits = kinds.claimed(kind)?.options.shared_limits();
        (!limits.is_none()).then(|| (kind.clone(), limits))
    });
    limits.collect()
}

/// Claims as many tasks as there are free slots.
async fn claim(inner: &Arc<Inner>, slots: Slots) {
    match inner.store.claim_with_inputs(&claim_of(inner, &slots)).await {
        Ok(claimed) => start_all(inner, claimed),
        Err(error) => tracing::warn!(%error, "the queue could not be read"),
    }
}

/// A claimed run.
struct ClaimedRun {
    kind: Arc<Kind>,
    running: Arc<RunningTask>,
    /// `None`: it could not be read.
    input: Option<StoredInput>,
}

/// Wakes the claimer if slots are free, whether a claim under way may fill them or not.
pub(super) fn wake_for_free_slots(inner: &Inner) {
    let running = &inner.running;
    let is_free = |kind: &Arc<Kind>| running.running(&kind.info.kind) < kind.options.concurrency;
    if running.running_in_all() < inner.options.concurrency
        && inner.kinds.now().claimable().any(is_free)
    {
        inner.wake_claimer();
    }
}

/// Starts claimed runs.
pub(super) fn start_all(inner: &Arc<Inner>, claimed: Vec<ClaimedTask>) {
    let kinds = inner.kinds.now();
    let mut runs = Vec::with_capacity(claimed.len());
    for (row, input) in claimed {
        let Some(kind) = kinds.claimed(&row.kind).cloned() else { continue };
        inner.metrics.claimed(&row);
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
    let mut traced = None;
    let ending = match input {
        Some(input) => {
            let traced = traced.insert(Traced::begin(&inner, &running, input.trace));
            let passed_on = traced.passed_on();
            watch_over(&inner, &kind, &running, input, passed_on).await
        }
        None => {
            // Give the store time to recover before the task is claimed again.
            tokio::time::sleep(FINISH_RETRY.1).await;
            Some(Ending::Released)
        }
    };
    let end = ending.map(|ending| {
        let end = eta_history::end_of(&inner, &running, ending);
        Arc::new(RunEnd { traceparent: traced.as_ref().and_then(Traced::own), ..end })
    });
    let ended = match &end {
        Some(end) => finish(&inner, &running, end).await,
        None => None,
    };
    if let Some(traced) = traced {
        let written = end.as_ref().zip(ended.as_ref());
        traced.end(written.map(|(end, (row, _))| (&end.ending, row)));
    }
    // Immediately: while it is here, snapshots show it as it was before its end.
    inner.running.remove(running.id, running.run_seq);
    match &ended {
        Some((row, _)) => {
            inner.note_ended(row);
            inner.subscriptions.tell(row);
        }
        None => inner.subscriptions.ask(running.id),
    }
    if ended.as_ref().is_none_or(|(_, write)| !write.slot_is_claimed) {
        inner.wake_claimer();
    }
    if let (Some(end), Some((row, write))) = (end, ended)
        && row.status == Status::Completed
    {
        eta_history::remember(&inner, &kind, &running, &end, write.in_group).await;
    }
}

/// Runs the task in its own tokio task, so that a panic becomes an error. Returns `None` if nothing
/// may be written.
async fn watch_over(
    inner: &Arc<Inner>,
    kind: &Arc<Kind>,
    running: &Arc<RunningTask>,
    input: StoredInput,
    trace: Option<TraceParent>,
) -> Option<Ending> {
    tracing::info!(task.id = %running.id, task.kind = %running.kind, attempt = running.attempt, "started");
    eta_history::learn(inner, kind).await;
    restore_preview(inner, running).await;
    let ctx = Context::new(
        Arc::clone(running),
        Arc::clone(&inner.store),
        Arc::clone(&inner.clock),
        Arc::clone(&inner.options),
        Arc::clone(&inner.subscriptions),
        Arc::clone(&inner.quota),
    )
    .in_trace(trace);
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

/// Reads the preview that earlier runs have stored. If it cannot be read, the next one replaces it.
async fn restore_preview(inner: &Inner, running: &RunningTask) {
    if running.run_seq < 2 {
        return;
    }
    match inner.store.preview(running.id, 0).await {
        Ok(pieces) => running.restore_preview(pieces),
        Err(error) => tracing::warn!(task.id = %running.id, %error, "the preview was not read"),
    }
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
/// the row as written, and how.
async fn finish(
    inner: &Inner,
    running: &RunningTask,
    end: &Arc<RunEnd>,
) -> Option<(Row, EndWrite)> {
    let mut delay = FINISH_RETRY.0;
    loop {
        match write_end(inner, running, end).await {
            Ok((Some(row), write)) => {
                tracing::info!(task.id = %running.id, status = %row.status, "ended");
                return Some((row, write));
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

/// How an ending was written.
struct EndWrite {
    /// With others, and with the run's stage times.
    in_group: bool,
    /// What waits for the run's slot was claimed with it.
    slot_is_claimed: bool,
}

/// Writes the ending together with others, or by itself if it cannot be.
async fn write_end(
    inner: &Inner,
    running: &RunningTask,
    end: &Arc<RunEnd>,
) -> Result<(Option<Row>, EndWrite), StoreError> {
    let _order = running.saving.lock().await;
    // The last report belongs to the ended task, too.
    if let Some(write) = running.last_unsaved(inner.clock.now_ms()) {
        let written = inner.store.save_progress(std::slice::from_ref(&write)).await;
        running.settle(write, written.is_ok());
        written?;
    }
    let (ended, slot_is_claimed) = inner.writes.end(end).await;
    match ended {
        Some(row) => Ok((row?, EndWrite { in_group: true, slot_is_claimed })),
        None => {
            let row = inner.store.finish(end.id, end.run_seq, &end.ending).await?;
            Ok((row, EndWrite { in_group: false, slot_is_claimed: false }))
        }
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
        if let Some(write) = task.unsaved(now, inner.options.preview_interval) {
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
