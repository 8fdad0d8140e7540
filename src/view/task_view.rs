//! What a page shows of one task at one moment.

use crate::{
    poll,
    task::{GoneReason, Snapshot, StageInfo, Status},
};

/// Freshness of a task's data: [`poll::Freshness`] and [`poll::Phase`] combined for display. Ages
/// are milliseconds, rounded down to whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// No data yet.
    Loading,
    /// Data of this age, everything works.
    Live(i64),
    /// The worker is alive, but the task has not progressed for this long.
    Silent(i64),
    /// The last heartbeat of the worker was this long ago.
    LostWorker(i64),
    /// The server does not answer; the data has this age.
    Unreachable(i64),
    /// The tab was suspended and has not heard from the server since.
    Woken,
    /// The browser has no network.
    Offline,
    /// The user stopped watching.
    Stopped,
    /// The task has ended; nothing changes any more.
    Final,
    /// The task does not exist, or not any more.
    Gone(GoneReason),
    /// The configured watch time is over.
    TimedOut,
    /// The session has ended; the server requires a new sign-in.
    SignedOut,
    /// The loop gave up.
    GaveUp,
    /// The server rejected the request.
    Refused,
}

/// One task as shown by a page. Owned, unlike [`poll::TaskView`], so that a signal can hold it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TaskView {
    /// Last snapshot from the server.
    pub snapshot: Snapshot,
    /// The task's status, or `cancelling` if the user has just requested it.
    pub status: Status,
    /// Position of the bar in thousandths; `None` if progress is unknown.
    pub permille: Option<u32>,
    /// Run time (waiting time while queued), in milliseconds rounded down to whole seconds.
    pub elapsed_ms: i64,
    /// Remaining time, in milliseconds rounded down to whole seconds, if known.
    pub eta_ms: Option<i64>,
    /// Freshness of this data.
    pub freshness: Freshness,
}

impl TaskView {
    /// View of a snapshot just received: the server's rendering and the browser's first.
    pub fn new(snapshot: Snapshot) -> Self {
        Self {
            status: snapshot.status,
            permille: bar_of(&snapshot),
            elapsed_ms: seconds(snapshot.elapsed_ms),
            eta_ms: snapshot.eta_ms.map(seconds),
            freshness: first_freshness(&snapshot),
            snapshot,
        }
    }

    /// Updates the view from the machine; returns whether anything visible changed.
    pub fn advance(&mut self, now: &poll::TaskView<'_>) -> bool {
        let Some(snapshot) = now.snapshot else {
            let freshness = freshness_of(now, 0);
            return std::mem::replace(&mut self.freshness, freshness) != freshness;
        };
        let told = snapshot.version != self.snapshot.version
            || snapshot.attempt != self.snapshot.attempt
            || snapshot.heartbeat_age_ms != self.snapshot.heartbeat_age_ms
            || snapshot.elapsed_ms != self.snapshot.elapsed_ms;
        if told {
            self.snapshot = snapshot.clone();
        }
        let status = now.status.unwrap_or(snapshot.status);
        let permille = now.bar.map(permille);
        let elapsed_ms = seconds(now.elapsed_ms.unwrap_or(snapshot.elapsed_ms));
        let eta_ms = now.eta_ms.map(seconds);
        let freshness = freshness_of(now, snapshot.updated_age_ms);
        let moved = (status, permille, elapsed_ms, eta_ms, freshness)
            != (self.status, self.permille, self.elapsed_ms, self.eta_ms, self.freshness);
        (self.status, self.permille, self.elapsed_ms) = (status, permille, elapsed_ms);
        (self.eta_ms, self.freshness) = (eta_ms, freshness);
        told || moved
    }

    /// Whether the page is polling for the task.
    pub const fn watching(&self) -> bool {
        !self.over()
            && !matches!(
                self.freshness,
                Freshness::Stopped
                    | Freshness::GaveUp
                    | Freshness::TimedOut
                    | Freshness::SignedOut
                    | Freshness::Refused
            )
    }

    /// Whether there is nothing left to follow: the task has ended or does not exist.
    pub const fn over(&self) -> bool {
        self.status.is_terminal() || matches!(self.freshness, Freshness::Gone(_) | Freshness::Final)
    }

    /// Whether a cancel request can still succeed.
    pub const fn can_cancel(&self) -> bool {
        !self.over()
            && !matches!(
                self.freshness,
                Freshness::GaveUp | Freshness::SignedOut | Freshness::Refused
            )
    }

    /// Range of the remaining time in milliseconds; `None` if the server gives no range or the task
    /// is overdue.
    pub fn eta_range_ms(&self) -> Option<(i64, i64)> {
        let range = self.snapshot.eta_range_ms.filter(|_| self.status == Status::Running)?;
        let since = (self.elapsed_ms - seconds(self.snapshot.elapsed_ms)).max(0);
        let high = range.high_ms.saturating_sub(since);
        (high > 0).then_some((range.low_ms.saturating_sub(since).max(0), high))
    }

    /// Progress in whole percent, rounded down, so that 100 appears only at the end.
    pub fn percent(&self) -> Option<u32> {
        self.permille.map(|permille| permille / 10)
    }
}

fn first_freshness(snapshot: &Snapshot) -> Freshness {
    let limits = poll::Config::default();
    let over = |ms: i64, limit: u64| u64::try_from(ms).is_ok_and(|ms| ms >= limit);
    match snapshot.heartbeat_age_ms {
        _ if snapshot.status.is_terminal() => Freshness::Final,
        _ if snapshot.version == 0 => Freshness::Loading,
        Some(beat_ms) if over(beat_ms, limits.worker_lost_after_ms) => {
            Freshness::LostWorker(seconds(beat_ms))
        }
        Some(_) if over(snapshot.updated_age_ms, limits.silent_after_ms) => {
            Freshness::Silent(seconds(snapshot.updated_age_ms))
        }
        _ => Freshness::Live(0),
    }
}

fn freshness_of(now: &poll::TaskView<'_>, updated_age_ms: i64) -> Freshness {
    use poll::{Freshness as Line, Phase};
    // An unchanged snapshot may have been confirmed since.
    let since_told = now.snapshot.zip(now.elapsed_ms);
    let since_told = since_told.map_or(0, |(told, by_now)| by_now.saturating_sub(told.elapsed_ms));
    let age = seconds(now.age_ms.map_or(0, |age| i64::try_from(age).unwrap_or(i64::MAX)));
    match now.phase {
        Phase::Ended => Freshness::Final,
        Phase::Gone(reason) => Freshness::Gone(reason),
        Phase::Stopped => Freshness::Stopped,
        Phase::TimedOut => Freshness::TimedOut,
        Phase::SignedOut => Freshness::SignedOut,
        Phase::GaveUp => Freshness::GaveUp,
        Phase::Refused { .. } => Freshness::Refused,
        Phase::Watching | Phase::Paused => match now.freshness {
            Line::Offline => Freshness::Offline,
            Line::Unreachable => Freshness::Unreachable(age),
            Line::Woken => Freshness::Woken,
            _ if now.snapshot.is_none() => Freshness::Loading,
            Line::LostWorker => {
                let beat_ms = now.snapshot.and_then(|snapshot| snapshot.heartbeat_age_ms);
                Freshness::LostWorker(seconds(age.saturating_add(beat_ms.unwrap_or(0))))
            }
            Line::Silent => Freshness::Silent(seconds(updated_age_ms.saturating_add(since_told))),
            Line::Fresh => Freshness::Live(age),
        },
    }
}

/// Bar position of a snapshot in thousandths: clamped, and 1000 only if completed.
fn bar_of(snapshot: &Snapshot) -> Option<u32> {
    if snapshot.status == Status::Completed {
        return Some(1000);
    }
    let percent = snapshot.progress.filter(|percent| percent.is_finite())?;
    Some(permille(percent).min(990))
}

/// Percent in thousandths. The clamp keeps it in range, so the cast only drops the fraction.
fn permille(percent: f64) -> u32 {
    (percent * 10.0).clamp(0.0, 1000.0) as u32
}

/// Rounds down to whole seconds, so that a view does not change every millisecond.
fn seconds(ms: i64) -> i64 {
    ms.max(0) / 1000 * 1000
}

/// Segment of the progress bar.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Segment {
    /// Width in thousandths of the bar.
    pub weight: u32,
    /// Completed part of the segment, in thousandths.
    pub done: u32,
}

/// Divides the bar into stages by weight; one segment without stages.
pub fn segments(stages: &[StageInfo], permille: Option<u32>) -> Vec<Segment> {
    let at = f64::from(permille.unwrap_or_default());
    let total: f64 = stages.iter().map(|stage| stage.weight.max(0.0)).sum();
    if stages.is_empty() || !total.is_finite() || total <= 0.0 {
        return vec![Segment { weight: 1000, done: permille.unwrap_or_default() }];
    }
    let mut from = 0.0;
    let cut = |stage: &StageInfo| {
        let width = stage.weight.max(0.0) / total * 1000.0;
        let done =
            if width > 0.0 { ((at - from) / width).clamp(0.0, 1.0) * 1000.0 } else { 1000.0 };
        from += width;
        // Both are within 0..=1000, so the casts are exact after rounding.
        Segment { weight: (width + 0.5) as u32, done: (done + 0.5) as u32 }
    };
    stages.iter().map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::EtaRange;

    fn stages(weights: &[f64]) -> Vec<StageInfo> {
        weights.iter().map(|&weight| StageInfo { name: "x".to_owned(), weight }).collect()
    }

    #[test]
    fn the_road_is_cut_by_weight() {
        let road = segments(&stages(&[4.0, 14.0, 72.0, 10.0]), Some(420));
        let weights: Vec<u32> = road.iter().map(|segment| segment.weight).collect();
        let done: Vec<u32> = road.iter().map(|segment| segment.done).collect();
        assert_eq!(weights, [40, 140, 720, 100]);
        assert_eq!(done, [1000, 1000, 333, 0]);
    }

    #[test]
    fn what_is_gone_or_given_up_does_not_look_alive() {
        let id: crate::task::TaskId =
            "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55".parse().expect("an id");
        let mut view = TaskView::new(crate::view::Seed::from(id).into_snapshot());
        for (freshness, told) in [
            (Freshness::Live(0), (true, false, true)),
            (Freshness::Unreachable(9_000), (true, false, true)),
            (Freshness::Stopped, (false, false, true)),
            (Freshness::GaveUp, (false, false, false)),
            (Freshness::SignedOut, (false, false, false)),
            (Freshness::Refused, (false, false, false)),
            (Freshness::Gone(GoneReason::Expired), (false, true, false)),
        ] {
            view.freshness = freshness;
            assert_eq!((view.watching(), view.over(), view.can_cancel()), told, "{freshness:?}");
        }
        (view.status, view.freshness) = (Status::Cancelled, Freshness::Live(0));
        assert_eq!((view.watching(), view.over(), view.can_cancel()), (false, true, false));
    }

    #[test]
    fn the_range_of_the_end_moves_with_time_and_goes_where_it_is_overdue() {
        let id: crate::task::TaskId =
            "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55".parse().expect("an id");
        let mut snapshot = crate::view::Seed::from(id).into_snapshot();
        (snapshot.status, snapshot.elapsed_ms) = (Status::Running, 5_700);
        snapshot.eta_range_ms = Some(EtaRange { low_ms: 20_000, high_ms: 30_000 });
        let mut view = TaskView::new(snapshot);
        for (elapsed_ms, range) in [
            (5_000, Some((20_000, 30_000))),
            (15_000, Some((10_000, 20_000))),
            (30_000, Some((0, 5_000))),
            (35_000, None),
        ] {
            view.elapsed_ms = elapsed_ms;
            assert_eq!(view.eta_range_ms(), range);
        }
        (view.elapsed_ms, view.status) = (5_000, Status::Cancelling);
        assert_eq!(view.eta_range_ms(), None, "its end is another now");
    }

    #[test]
    fn a_silent_task_is_told_how_long_it_has_been_silent_however_often_that_was_confirmed() {
        let id: crate::task::TaskId =
            "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55".parse().expect("an id");
        let mut snapshot = crate::view::Seed::from(id).into_snapshot();
        snapshot.status = Status::Running;
        (snapshot.elapsed_ms, snapshot.updated_age_ms) = (60_000, 4_000);
        let now = poll::TaskView {
            snapshot: Some(&snapshot),
            status: Some(Status::Running),
            bar: Some(40.0),
            moving: false,
            elapsed_ms: Some(101_500),
            eta_ms: None,
            age_ms: Some(1_500),
            freshness: poll::Freshness::Silent,
            phase: poll::Phase::Watching,
            problem: None,
        };
        let mut view = TaskView::new(snapshot.clone());
        assert!(view.advance(&now));
        assert_eq!(view.freshness, Freshness::Silent(45_000));
    }

    #[test]
    fn odd_weights_leave_one_stretch() {
        for weights in [&[][..], &[0.0], &[f64::NAN], &[-1.0, 0.0], &[f64::INFINITY, 1.0]] {
            assert_eq!(
                segments(&stages(weights), Some(500)),
                [Segment { weight: 1000, done: 500 }],
                "{weights:?}"
            );
        }
    }
}
