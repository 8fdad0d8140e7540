//! How a run ends, by what its task returned and why it was stopped.

use std::{any::Any, borrow::Cow, time::Duration};

use tokio::task::JoinError;

use crate::engine::{
    Output, TaskError,
    inner::{Inner, random},
    leases::timing::backoff,
    registry::Kind,
    running::{RunningTask, Stop},
    store::{Ending, StoredResult},
};

/// Longest retry delay that a task may ask for.
const MAX_RETRY: Duration = Duration::from_secs(24 * 3600);

/// Determines the ending of a run.
pub(super) fn of_run(
    inner: &Inner,
    kind: &Kind,
    running: &RunningTask,
    done: Result<Result<Output, TaskError>, JoinError>,
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
