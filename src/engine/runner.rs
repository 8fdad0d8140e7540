//! Runs tasks: claims them, supervises each run, and writes how it ended.

mod eta_history;

use std::{any::Any, borrow::Cow, sync::Arc, time::Duration};

use tokio::{task::JoinHandle, time::MissedTickBehavior};

use super::{
    Context, Output, TaskError,
    inner::{Inner, random},
    leases::timing::{backoff, last_grace},
    registry::Kind,
    running::{RunningTask, Stop},
    store::{Claim, Ending, Row, StoredResult},
};

/// First and longest delay between two attempts to write an ending.
const FINISH_RETRY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// First delay before a claim that skipped locked rows is repeated; doubles up to `queue_poll`.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// Longest retry delay that a task may ask for.
const MAX_RETRY: Duration = Duration::from_secs(24 * 3600);

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
    match inner.store.claim(&claim).await {
        Ok(rows) => rows.into_iter().for_each(|row| start(inner, row)),
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
        match inner.store.queue(&kind, 1).await {
            Ok(waiting) if waiting.is_empty() => {}
            Ok(_) => return true,
            // The claim has logged the error, or the next one will.
            Err(_) => return false,
        }
    }
    false
}

/// Starts a claimed run.
fn start(inner: &Arc<Inner>, row: Row) {
    let Some(kind) = inner.kinds.now().claimed(&row.kind).cloned() else { return };
    let inner = Arc::clone(inner);
    let running = Arc::new(RunningTask::new(&row, Arc::clone(&kind.durations)));
    inner.running.insert(Arc::clone(&running));
    inner.subscriptions.wake(running.id);
    let runs = inner.runs.clone();
    runs.spawn(async move {
        let ending = watch_over(&inner, &kind, &running).await;
        let row = match &ending {
            Some(ending) => finish(&inner, &running, ending).await,
            None => None,
        };
        let completed = row.is_some() && matches!(ending, Some(Ending::Completed(_)));
        // Immediately: while it is here, snapshots show it as it was before its end.
        inner.running.remove(running.id, running.run_seq);
        match row {
            Some(row) => inner.subscriptions.tell(&row),
            None => inner.subscriptions.ask(running.id),
        }
        inner.wake_claimer();
        if completed {
            eta_history::remember(&inner, &kind, &running).await;
        }
    });
}

/// Runs the task in its own tokio task, so that a panic becomes an error. Returns `None` if nothing
/// may be written.
async fn watch_over(
    inner: &Arc<Inner>,
    kind: &Arc<Kind>,
    running: &Arc<RunningTask>,
) -> Option<Ending> {
    tracing::info!(task.id = %running.id, task.kind = %running.kind, attempt = running.attempt, "started");
    eta_history::learn(inner, kind).await;
    let input = match inner.store.input(running.id).await {
        Ok(input) => input.unwrap_or_default(),
        Err(error) => {
            tracing::warn!(task.id = %running.id, %error, "the input could not be read");
            // Give the store time to recover before the task is claimed again.
            tokio::time::sleep(FINISH_RETRY.1).await;
            return Some(Ending::Released);
        }
    };
    // A cancel request between the claim and now has not reached this run.
    if let Ok(Some(row)) = inner.store.get(running.id).await
        && let Some(cancel) = row.cancel
    {
        running.cancel(cancel, row.version, inner.clock.now_ms());
        inner.subscriptions.wake(running.id);
    }
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
    ending(inner, kind, running, done)
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

/// Determines the ending of a run.
fn ending(
    inner: &Inner,
    kind: &Kind,
    running: &RunningTask,
    done: Result<Result<Output, TaskError>, tokio::task::JoinError>,
) -> Option<Ending> {
    let stopped = running.stopped();
    let lost = stopped == Some(Stop::LeaseLost);
    let cut = |message| inner.options.cut(message);
    Some(match done {
        // Completed work counts, even if cancellation was requested at the last moment.
        Ok(Ok(output)) => completed(inner, output),
        Ok(Err(TaskError::Fail { code, message })) => {
            Ending::Failed { code, message: cut(message), retryable: false }
        }
        Ok(Err(TaskError::GaveUp { code, message })) => {
            Ending::Failed { code, message: cut(message), retryable: true }
        }
        // Completed work and a final failure are written even after a lost lease: the fence
        // decides.
        _ if lost => return None,
        // An attempt interrupted by a shutdown is not the task's fault.
        Ok(Err(TaskError::Retry { .. } | TaskError::Wait { .. }))
            if stopped == Some(Stop::Shutdown) =>
        {
            Ending::Released
        }
        Ok(Err(TaskError::Wait { message, after, .. })) => {
            let after = after.unwrap_or(inner.options.retry_base);
            Ending::Waiting { after_ms: delay_ms(after), message: again(&cut(message)) }
        }
        Ok(Err(TaskError::Retry { code, message, after })) => {
            retry(inner, kind, running, code, cut(message), after)
        }
        Ok(Err(TaskError::Cancelled)) => stopped_ending(kind, running, Ending::Cancelled),
        Err(error) if error.is_panic() => {
            let message = cut(panic_text(error.into_panic().as_ref()));
            tracing::error!(task.id = %running.id, "the task panicked");
            Ending::Failed { code: Cow::Borrowed("panic"), message, retryable: false }
        }
        // Dropped after the grace period.
        Err(_) => stopped_ending(kind, running, Ending::Forced),
    })
}

/// The ending of a run that was stopped; `cancelled` if cancellation was requested.
fn stopped_ending(kind: &Kind, running: &RunningTask, cancelled: Ending) -> Ending {
    match running.stopped() {
        Some(Stop::Cancel) => cancelled,
        // Cancellation was requested during a shutdown: do not requeue.
        Some(Stop::Shutdown) if running.cancel_asked() => cancelled,
        Some(Stop::Timeout) => Ending::Failed {
            code: Cow::Borrowed("timeout"),
            message: format!(
                "The task took longer than {} s, the limit of its kind.",
                kind.options.timeout.as_secs_f64()
            ),
            retryable: true,
        },
        Some(Stop::Shutdown) if !kind.options.resume => Ending::Failed {
            code: Cow::Borrowed("interrupted"),
            message: "The server was stopped meanwhile. It is not run again by itself, as it may \
                      not bear being done twice."
                .to_owned(),
            retryable: true,
        },
        Some(Stop::Shutdown | Stop::LeaseLost) => Ending::Released,
        // The runtime dropped it, or it returned `Cancelled` without a request.
        None => Ending::Failed {
            code: Cow::Borrowed("stopped"),
            message: "The task stopped by itself without a result.".to_owned(),
            retryable: true,
        },
    }
}

fn completed(inner: &Inner, output: Output) -> Ending {
    let (size, max) = (output.bytes.len(), inner.options.max_result_bytes);
    if size > max {
        return Ending::Failed {
            code: Cow::Borrowed("result_too_large"),
            message: format!("The result has {size} bytes; the maximum is {max}."),
            retryable: false,
        };
    }
    Ending::Completed(StoredResult {
        media_type: output.media_type.into_owned(),
        file_name: output.file_name,
        bytes: output.bytes,
    })
}

fn retry(
    inner: &Inner,
    kind: &Kind,
    running: &RunningTask,
    code: Cow<'static, str>,
    message: String,
    after: Option<Duration>,
) -> Ending {
    if running.attempt >= kind.options.max_attempts {
        return Ending::Failed { code, message, retryable: true };
    }
    let options = &inner.options;
    let after = after.unwrap_or_else(|| {
        backoff(options.retry_base, options.retry_max, running.attempt, random())
    });
    Ending::Again { after_ms: delay_ms(after), message: again(&message) }
}

fn delay_ms(after: Duration) -> i64 {
    i64::try_from(after.min(MAX_RETRY).as_millis()).unwrap_or(i64::MAX)
}

fn again(message: &str) -> String {
    format!("Will try again: {message}")
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    match text {
        Some(text) => format!("The task broke down: {text}"),
        None => "The task broke down.".to_owned(),
    }
}

/// Writes the ending, retrying through outages, until it is written or the run was lost. Returns
/// the row as written.
async fn finish(inner: &Inner, running: &RunningTask, ending: &Ending) -> Option<Row> {
    // The last report belongs to the ended task, too.
    let mut delay = FINISH_RETRY.0;
    loop {
        let written = async {
            let _order = running.saving.lock().await;
            if let Some(write) = running.last_unsaved(inner.clock.now_ms()) {
                let written = inner.store.save_progress(std::slice::from_ref(&write)).await;
                running.settle(write, written.is_ok());
                written?;
            }
            inner.store.finish(running.id, running.run_seq, ending).await
        };
        match written.await {
            Ok(Some(row)) => {
                tracing::info!(task.id = %running.id, status = %row.status, "ended");
                return Some(row);
            }
            Ok(None) => {
                tracing::warn!(task.id = %running.id, "the run was lost before it could be ended");
                return None;
            }
            Err(error) => tracing::warn!(task.id = %running.id, %error, "the ending waits"),
        }
        inner.closed.run_until_cancelled(tokio::time::sleep(delay)).await?;
        delay = (delay * 2).min(FINISH_RETRY.1);
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
