//! What a page shows of one task at one moment.

use crate::{
    poll,
    task::{GoneReason, Snapshot, StageInfo, Status},
};

/// How good the page's knowledge of a task is: what [`poll::Freshness`] and [`poll::Phase`] say, as
/// one thing to tell people. Ages are milliseconds in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Nothing is known yet.
    Loading,
    /// What is shown was told this long ago, and all is well.
    Live(i64),
    /// The worker beats, but the task has not moved for this long.
    Silent(i64),
    /// The worker was last heard of this long ago.
    LostWorker(i64),
    /// The server does not answer; what is shown was told this long ago.
    Unreachable(i64),
    /// The tab was asleep and has not heard from the server since.
    Woken,
    /// The browser has no network.
    Offline,
    /// The user stopped watching.
    Stopped,
    /// Nothing will change any more.
    Final,
    /// The server says that there is no such task (any more).
    Gone(GoneReason),
    /// The page was told to follow the task for only so long.
    TimedOut,
    /// The session is over; the server answers only after signing in again.
    SignedOut,
    /// The page has stopped trying.
    GaveUp,
    /// The server refused the page's question.
    Refused,
}

/// One task as a page shows it. Owned, unlike [`poll::TaskView`], so that a signal can hold it.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskView {
    /// What the server last told.
    pub snapshot: Snapshot,
    /// Its status, or `cancelling` where the user has just asked for it.
    pub status: Status,
    /// Where the bar stands, in thousandths; `None` when the task cannot tell.
    pub permille: Option<u32>,
    /// How long the task has run (waited, while queued) by now, in whole seconds of milliseconds.
    pub elapsed_ms: i64,
    /// How long it will still take, in whole seconds of milliseconds, where that is known.
    pub eta_ms: Option<i64>,
    /// How good this knowledge is.
    pub freshness: Freshness,
}

impl TaskView {
    /// The view of a snapshot that was told just now: what the server renders, and what the browser
    /// renders first.
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

    /// Takes over what the machine knows by now; whether anything changed that can be seen.
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

    /// Whether the page follows the task by itself.
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

    /// Whether there is nothing left to follow: the task has ended or is gone.
    pub const fn over(&self) -> bool {
        self.status.is_terminal() || matches!(self.freshness, Freshness::Gone(_) | Freshness::Final)
    }

    /// Whether the server may still take a request to cancel.
    pub const fn can_cancel(&self) -> bool {
        !self.over()
            && !matches!(
                self.freshness,
                Freshness::GaveUp | Freshness::SignedOut | Freshness::Refused
            )
    }

    /// Between what and what the time lies that it will still take, by now, in milliseconds; `None`
    /// where the server tells no range, and where it is overdue.
    pub fn eta_range_ms(&self) -> Option<(i64, i64)> {
        let range = self.snapshot.eta_range_ms.filter(|_| self.status == Status::Running)?;
        let since = (self.elapsed_ms - seconds(self.snapshot.elapsed_ms)).max(0);
        let high = range.high_ms.saturating_sub(since);
        (high > 0).then_some((range.low_ms.saturating_sub(since).max(0), high))
    }

    /// The percent that people read: whole, rounded down, so that 100 is only told at the end.
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
    // What has not changed may have been confirmed since.
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

/// The bar of a snapshot in thousandths: clamped, 1000 exactly when completed.
fn bar_of(snapshot: &Snapshot) -> Option<u32> {
    if snapshot.status == Status::Completed {
        return Some(1000);
    }
    let percent = snapshot.progress.filter(|percent| percent.is_finite())?;
    Some(permille(percent).min(990))
}

/// Percent in thousandths. In range by the clamp, so the cast only drops the fraction.
fn permille(percent: f64) -> u32 {
    (percent * 10.0).clamp(0.0, 1000.0) as u32
}

/// Whole seconds, so that a view does not change with each millisecond.
fn seconds(ms: i64) -> i64 {
    ms.max(0) / 1000 * 1000
}

/// How far a segment of the road is driven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its share of the road, in thousandths.
    pub weight: u32,
    /// How much of it is done, in thousandths.
    pub done: u32,
}

/// Cuts the road into its stages by weight; one segment where there are no stages.
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
