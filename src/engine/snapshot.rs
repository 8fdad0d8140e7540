//! Converts what the store and [`RunningTasks`](super::running::RunningTasks) know to the snapshots
//! that clients receive.

use crate::{
    engine::{
        clock::rfc3339,
        running::{RunningTask, State},
        service::user_of,
        store::{Resumption, Row, Stopping},
    },
    poll::pause::gap_ms,
    task::{CancelReceipt, EtaRange, ResultLink, Resumed, Snapshot, Status, TaskFailure},
};

/// When a client without long polls should poll again, in milliseconds; `t_s` seconds have passed:
/// what a client of ours does by itself, without its random part.
pub(crate) fn poll_after_ms(t_s: f64, eta_s: Option<f64>) -> i64 {
    let ms = |seconds: f64| (seconds * 1000.0).round() as i64;
    gap_ms(ms(t_s), eta_s.map(ms), 0.5) as i64
}

fn percent(progress: Option<f64>) -> Option<f64> {
    // A ten-thousandth of a percent is finer than any bar.
    progress.map(|p| (p.clamp(0.0, 1.0) * 1_000_000.0).round() / 10_000.0)
}

fn receipt(cancel: Option<&(i64, String)>, stopping: &Stopping) -> Option<CancelReceipt> {
    let (asked_at, by) = cancel?;
    // The clocks of two machines may differ slightly; no step is reported before the one that led
    // to it.
    let mut last = *asked_at;
    let mut step = |at: Option<i64>| {
        let at = at?.max(last);
        last = at;
        Some(rfc3339(at))
    };
    Some(CancelReceipt {
        requested_at: rfc3339(*asked_at),
        requested_by: by.clone(),
        delivered_at: step(stopping.delivered_at),
        acknowledged_at: step(stopping.acknowledged_at),
        stopped_at: None,
        outcome: None,
        preserved: stopping.preserved.clone(),
    })
}

fn final_receipt(row: &Row) -> Option<CancelReceipt> {
    let receipt = receipt(row.cancel.as_ref(), &row.stopping)?;
    let Some(finished_at) = row.finished_at else { return Some(receipt) };
    Some(CancelReceipt {
        stopped_at: Some(rfc3339(finished_at)),
        outcome: row.cancel_outcome,
        // A completed task preserves everything.
        preserved: receipt.preserved.filter(|_| row.status == Status::Cancelled),
        ..receipt
    })
}

fn resumed(resumption: &Resumption) -> Resumed {
    Resumed {
        at: rfc3339(resumption.at),
        reason: resumption.reason,
        step: (resumption.step > 0).then_some(resumption.step),
        checkpoint_at: resumption.checkpoint_at.map(rfc3339),
        redone_ms: resumption.redone_ms(),
    }
}

fn started_by(owner: Option<&str>) -> Option<String> {
    owner.and_then(user_of).map(str::to_owned)
}

/// The snapshot of a task that runs in this process.
pub(crate) fn of_running(task: &RunningTask, now_ms: i64) -> Snapshot {
    let t = task.taken.elapsed().as_secs_f64();
    task.with_state(now_ms, |state| live_snapshot(task, state, t, now_ms))
}

/// When to poll again for a task that runs in this process; `None` if its version has changed.
pub(crate) fn unchanged_running(task: &RunningTask, version: i64, now_ms: i64) -> Option<i64> {
    let t = task.taken.elapsed().as_secs_f64();
    task.with_state(now_ms, |state| {
        (state.version == version).then(|| live_poll_after_ms(state, t, state.pace(t).1, now_ms))
    })
}

/// After a cancel request the interval depends on the time since the request.
fn live_poll_after_ms(state: &State, t: f64, eta: Option<f64>, now_ms: i64) -> i64 {
    match &state.cancel {
        Some((asked_at, _)) => poll_after_ms((now_ms - asked_at) as f64 / 1000.0, None),
        None => poll_after_ms(t, eta),
    }
}

fn live_snapshot(task: &RunningTask, state: &State, t: f64, now_ms: i64) -> Snapshot {
    let (rate, eta) = state.pace(t);
    let step = (state.step > 0).then_some(state.step);
    Snapshot {
        id: task.id,
        kind: task.kind.clone(),
        title: task.title.clone(),
        status: state.status,
        progress: percent(state.progress),
        rate_per_s: rate,
        eta_ms: eta.map(|s| (s * 1000.0).min(9e15) as i64),
        step,
        total_steps: total_steps(task.stages.len()),
        current_step: stage_name(&task.stages, state.step),
        stages: task.stages.clone(),
        message: state.message.clone(),
        attempt: task.attempt,
        version: state.version,
        output_version: state.output_version,
        result: None,
        error: None,
        cancel: receipt(state.cancel.as_ref(), &state.stopping),
        poll_after_ms: live_poll_after_ms(state, t, eta, now_ms),
        elapsed_ms: (t * 1000.0) as i64,
        heartbeat_age_ms: Some(state.renewed_at.elapsed().as_millis() as i64),
        updated_age_ms: (now_ms - state.updated_at).max(0),
        created_at: task.created_at.clone(),
        started_at: Some(task.started_at.clone()),
        updated_at: rfc3339(state.updated_at),
        finished_at: None,
        expires_at: None,
        eta_range_ms: state.eta_range_at(t),
        resumed: task.resumed.as_ref().map(resumed),
        queue_position: None,
        starts_in_ms: None,
        starts_at: None,
        tags: state.labels.tags.clone(),
        note: state.labels.note.clone(),
        started_by: started_by(task.owner.as_deref()),
    }
}

/// The snapshot of a task that is queued, has ended, or runs in another process.
pub(crate) fn of_row(row: &Row) -> Snapshot {
    let now = row.read_at;
    let elapsed_ms = match (row.started_at, row.finished_at) {
        (Some(start), Some(end)) => end - start,
        (Some(start), None) if row.status != Status::Queued => now - start,
        (None, Some(end)) => end - row.created_at,
        _ => now - row.created_at,
    }
    .max(0);
    let terminal = row.status.is_terminal();
    let since_ms = row.cancel.as_ref().map_or(elapsed_ms, |(asked_at, _)| now - asked_at);
    let running = row.status == Status::Running;
    let left = |at: i64| (at - now).max(0);
    let is_scheduled = row.status == Status::Queued && row.run_at > now;
    let progress = match row.status {
        Status::Completed => Some(1.0),
        Status::Queued => Some(row.progress.unwrap_or(0.0)),
        _ => row.progress,
    };
    Snapshot {
        id: row.id,
        kind: row.kind.clone(),
        title: row.title.clone(),
        status: row.status,
        progress: percent(progress),
        rate_per_s: if running { row.pace.rate } else { 0.0 },
        eta_ms: row.pace.ends_at.filter(|_| running).map(left),
        step: (row.step > 0).then_some(row.step),
        total_steps: total_steps(row.stages.len()),
        current_step: stage_name(&row.stages, row.step),
        stages: row.stages.clone(),
        message: row.message.clone().or_else(|| is_scheduled.then(|| starts_at(row.run_at))),
        attempt: row.attempt,
        version: row.version,
        output_version: row.output_version,
        result: row.result.as_ref().map(|(media_type, size_bytes)| ResultLink {
            href: None,
            media_type: media_type.clone(),
            size_bytes: *size_bytes,
        }),
        error: row.error.as_ref().map(|(code, message, retryable)| TaskFailure {
            code: code.clone(),
            message: message.clone(),
            retryable: *retryable,
        }),
        cancel: final_receipt(row),
        poll_after_ms: if terminal { 0 } else { poll_after_ms(since_ms as f64 / 1000.0, None) },
        elapsed_ms,
        heartbeat_age_ms: row
            .heartbeat_at
            .filter(|_| matches!(row.status, Status::Running | Status::Cancelling))
            .map(|at| (now - at).max(0)),
        updated_age_ms: (now - row.updated_at).max(0),
        created_at: rfc3339(row.created_at),
        started_at: row.started_at.map(rfc3339),
        updated_at: rfc3339(row.updated_at),
        finished_at: row.finished_at.map(rfc3339),
        expires_at: row.expires_at.map(rfc3339),
        eta_range_ms: row
            .pace
            .ends_between
            .filter(|_| running)
            .map(|(low, high)| EtaRange { low_ms: left(low), high_ms: left(high) }),
        resumed: row.resumed.as_ref().map(resumed),
        queue_position: None,
        starts_in_ms: is_scheduled.then(|| row.run_at - now),
        starts_at: is_scheduled.then(|| rfc3339(row.run_at)),
        tags: row.labels.tags.clone(),
        note: row.labels.note.clone(),
        started_by: started_by(row.owner.as_deref()),
    }
}

/// `starts at 2026-12-24 14:02:11 UTC`.
fn starts_at(run_at: i64) -> String {
    let at = rfc3339(run_at);
    format!("starts at {} {} UTC", at.get(..10).unwrap_or(&at), at.get(11..19).unwrap_or_default())
}

/// Corrects a snapshot that is older than what was reported of a run lost here: until the task is
/// reclaimed, the store may know less of the run.
pub(crate) fn not_before(snapshot: &mut Snapshot, told: Snapshot) {
    if snapshot.version <= told.version {
        // How it continues is not known.
        *snapshot = Snapshot { rate_per_s: 0.0, eta_ms: None, eta_range_ms: None, ..told };
    } else if snapshot.progress < told.progress {
        snapshot.progress = told.progress;
    }
}

fn total_steps(stages: usize) -> Option<u32> {
    u32::try_from(stages).ok().filter(|&n| n > 0)
}

fn stage_name(stages: &[crate::task::StageInfo], step: u32) -> Option<String> {
    let index = usize::try_from(step.checked_sub(1)?).ok()?;
    stages.get(index).map(|stage| stage.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_without_a_hold_ask_sooner_for_young_tasks_and_just_after_an_expected_end() {
        for (t, eta, expected) in [
            (0.0, None, 800),
            (4.0, None, 1_600),
            (100.0, None, 5_000),
            (100.0, Some(60.0), 5_000),
            (100.0, Some(1.2), 1_230),
            (100.0, Some(0.1), 500),
        ] {
            assert_eq!(poll_after_ms(t, eta), expected, "after {t} s, {eta:?} s left");
        }
    }
}
