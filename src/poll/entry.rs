//! One watched task: its state and the age of that state.

use super::{Config, Freshness, bar::Bar, tabs::Shows};
use crate::task::{GoneReason, Snapshot, Status, TaskId, Watch};

/// One watched task.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) id: TaskId,
    /// Number of watchers.
    pub(super) watchers: u32,
    pub(super) snapshot: Option<Snapshot>,
    /// The highest version seen, of any attempt.
    newest: i64,
    pub(super) bar: Bar,
    pub(super) gone: Option<GoneReason>,
    pub(super) timed_out: bool,
    /// Whether the request in flight is the last one, past the deadline.
    pub(super) last_poll: bool,
    /// When watching started, or started again.
    pub(super) since: u64,
    /// Whether any request about it was answered.
    pub(super) asked: bool,
    /// When the server last answered about it.
    pub(super) heard_at: Option<u64>,
    /// When the durations in the snapshot were current.
    pub(super) told_at: u64,
    /// When the user requested cancellation, or the server first reported it.
    pub(super) cancel_at: Option<u64>,
    /// Number of "not found" responses in a row.
    pub(super) not_found: u32,
    /// Number of early responses.
    pub(super) early: u32,
    /// Whether it is shown in the foreground.
    pub(super) large: bool,
    /// Number of the last log line received; `None`: its log is not shown.
    pub(super) log_after: Option<i64>,
    /// Version of the preview last received; `None`: it is not shown.
    pub(super) preview_after: Option<i64>,
    /// Number of other tabs that watch it, if this tab polls for them.
    pub(super) peers: u32,
    /// Another tab has just subscribed and waits for the state: the next request asks for the full
    /// state.
    pub(super) owed: bool,
}

impl Entry {
    /// `reach` is how long its bar may extrapolate without news, in milliseconds.
    pub(super) fn new(id: TaskId, now: u64, reach: u64) -> Self {
        Self {
            id,
            watchers: 0,
            snapshot: None,
            newest: i64::MIN,
            bar: Bar::new(reach),
            gone: None,
            timed_out: false,
            last_poll: false,
            since: now,
            asked: false,
            heard_at: None,
            told_at: now,
            cancel_at: None,
            not_found: 0,
            early: 0,
            large: false,
            log_after: None,
            preview_after: None,
            peers: 0,
            owed: false,
        }
    }

    pub(super) fn terminal(&self) -> bool {
        self.snapshot.as_ref().is_some_and(|snapshot| snapshot.status.is_terminal())
    }

    /// Whether it still has to be polled.
    pub(super) fn live(&self) -> bool {
        !self.terminal() && self.gone.is_none() && !self.timed_out
    }

    /// Applies a snapshot if it is newer. `clock`: `now`, or the moment when the bar stopped being
    /// drawn. Returns whether anything changed.
    pub(super) fn apply(&mut self, mut new: Snapshot, now: u64, clock: u64) -> bool {
        if !self.live() && !self.timed_out {
            return false;
        }
        clean(&mut new);
        if let Some(old) = &mut self.snapshot
            && new.attempt <= self.bar.attempt()
            // A snapshot with another attempt must be newer than all before it, not only than the
            // last.
            && new.version <= if new.attempt == old.attempt { old.version } else { self.newest }
        {
            if new.version == old.version && new.attempt == old.attempt {
                old.heartbeat_age_ms = new.heartbeat_age_ms;
                old.updated_age_ms = new.updated_age_ms;
                old.elapsed_ms = new.elapsed_ms;
                old.eta_ms = new.eta_ms;
                old.eta_range_ms = new.eta_range_ms;
                self.told_at = now;
            }
            return false;
        }
        let rate = if new.status.is_terminal() { 0.0 } else { new.rate_per_s };
        if self.bar.tell(new.progress, rate, new.attempt, (clock, now)) {
            self.early = 0;
            self.cancel_at = None;
        }
        match new.status {
            Status::Cancelling => self.cancel_at = self.cancel_at.or(Some(now)),
            status if status.is_terminal() => self.cancel_at = None,
            _ => {}
        }
        self.told_at = now;
        self.not_found = 0;
        self.timed_out &= !new.status.is_terminal();
        self.newest = self.newest.max(new.version);
        self.snapshot = Some(new);
        true
    }

    /// Takes a "not found" or "expired" response. Shortly after the start, "not found" may mean
    /// "not yet".
    pub(super) fn not_there(&mut self, reason: GoneReason, now: u64, config: &Config) -> bool {
        self.not_found = self.not_found.saturating_add(1);
        let young = now.saturating_sub(self.since) < config.not_found_grace_ms;
        let wait =
            young && reason == GoneReason::NotFound && self.not_found < config.not_found_tries;
        if self.live() && !wait {
            self.gone = Some(reason);
        }
        self.gone.is_some()
    }

    /// The entry of this task in a request.
    pub(super) fn watch(&self, now: u64, config: &Config) -> Watch {
        let (progress, rate, age_ms) = self.bar.basis(now);
        // A response carries the heartbeat only with a changed task: ask for the full state.
        let unsure = self.still_for(now) >= config.silent_after_ms
            && now.saturating_sub(self.told_at) >= config.silent_after_ms / 2;
        let version = self.snapshot.as_ref().map_or(0, |snapshot| snapshot.version);
        Watch {
            id: self.id,
            version: if unsure || self.owed { 0 } else { version },
            progress,
            rate,
            age_ms,
            early_responses: self.early,
            foreground: self.large,
            // The lines that the other tab has are not known.
            log_after: self.log_after.map(|after| if self.owed { 0 } else { after }),
            preview_after: self.preview_after.map(|after| if self.owed { 0 } else { after }),
        }
    }

    /// What is shown of it.
    pub(super) fn shows(&self) -> Shows {
        Shows { large: self.large, log: self.log_after.is_some() }
    }

    /// Another tab shows this of it.
    pub(super) fn also_shows(&mut self, shows: Shows) {
        self.large |= shows.large;
        if shows.log {
            self.log_after.get_or_insert(0);
            self.preview_after.get_or_insert(0);
        }
    }

    /// When it has been followed for the permitted time.
    pub(super) fn deadline(&self, config: &Config) -> u64 {
        config.deadline_ms.map_or(u64::MAX, |ms| self.since.saturating_add(ms))
    }

    /// Age and estimated end for the pause without long polls. After a cancel request the age
    /// counts from the request.
    pub(super) fn pace(&self, now: u64) -> (i64, Option<i64>) {
        if let Some(at) = self.cancel_at {
            return (signed(now.saturating_sub(at)), None);
        }
        let watched = || signed(now.saturating_sub(self.since));
        (self.elapsed(now).unwrap_or_else(watched), self.eta(now))
    }

    /// Time that it has run so far.
    pub(super) fn elapsed(&self, now: u64) -> Option<i64> {
        let snapshot = self.snapshot.as_ref()?;
        let since = if self.live() { signed(now.saturating_sub(self.told_at)) } else { 0 };
        Some(snapshot.elapsed_ms.saturating_add(since))
    }

    /// Remaining time; `None` when unknown or overdue.
    pub(super) fn eta(&self, now: u64) -> Option<i64> {
        let eta = self.snapshot.as_ref()?.eta_ms?;
        let left = eta.saturating_sub(signed(now.saturating_sub(self.told_at)));
        (left >= 0 && self.live()).then_some(left)
    }

    /// The status to show.
    pub(super) fn status(&self) -> Option<Status> {
        let status = self.snapshot.as_ref().map(|snapshot| snapshot.status);
        if self.cancel_at.is_some() && self.live() { Some(Status::Cancelling) } else { status }
    }

    /// The bar to show; `clock` as in [`Entry::apply`].
    pub(super) fn shown(&self, clock: u64) -> Option<f64> {
        match self.snapshot.as_ref()?.status {
            Status::Completed => Some(100.0),
            _ => self.bar.value(clock),
        }
    }

    /// Freshness as reported by the server, regardless of the connection.
    pub(super) fn freshness(&self, now: u64, config: &Config) -> Freshness {
        let beat = self.snapshot.as_ref().and_then(|snapshot| snapshot.heartbeat_age_ms);
        let beat = u64::try_from(beat.unwrap_or(0)).unwrap_or(0);
        match self.still_for(now) {
            _ if self.at_work() && beat >= config.worker_lost_after_ms => Freshness::LostWorker,
            still if still >= config.silent_after_ms && self.told_still(config) => {
                Freshness::Silent
            }
            _ => Freshness::Fresh,
        }
    }

    /// Whether the heartbeat was reported when the task had already been unchanged for a while. An
    /// earlier report says nothing about a worker lost since.
    fn told_still(&self, config: &Config) -> bool {
        let told = self.snapshot.as_ref().map_or(0, |snapshot| snapshot.updated_age_ms);
        u64::try_from(told).is_ok_and(|told| told >= config.silent_after_ms / 2)
    }

    /// How long a running task has not changed.
    fn still_for(&self, now: u64) -> u64 {
        let Some(snapshot) = self.snapshot.as_ref().filter(|_| self.at_work()) else { return 0 };
        let told = u64::try_from(snapshot.updated_age_ms).unwrap_or(0);
        // Only time confirmed by the server counts: without responses, the task may have changed.
        let until = self.heard_at.unwrap_or(self.told_at).min(now);
        told.saturating_add(until.saturating_sub(self.told_at))
    }

    fn at_work(&self) -> bool {
        let status = self.snapshot.as_ref().map(|snapshot| snapshot.status);
        self.live() && matches!(status, Some(Status::Running | Status::Cancelling))
    }
}

/// Brings the numbers of a snapshot into their documented ranges.
fn clean(snapshot: &mut Snapshot) {
    snapshot.progress = snapshot.progress.filter(|p| p.is_finite()).map(|p| p.clamp(0.0, 100.0));
    snapshot.elapsed_ms = snapshot.elapsed_ms.max(0);
    snapshot.updated_age_ms = snapshot.updated_age_ms.max(0);
}

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}
