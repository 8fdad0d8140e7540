//! The visible state of the machine.

use super::{Halt, Machine};
use crate::{
    poll::{Freshness, Phase, Stats, TaskView, entry::Entry},
    task::TaskId,
};

impl Machine {
    /// Returns what to draw for a task now; `None` if it is not watched.
    pub fn view(&self, id: TaskId, now: u64) -> Option<TaskView<'_>> {
        let entry = self.entries.iter().find(|entry| entry.id == id)?;
        let clock = self.clock(now);
        Some(TaskView {
            snapshot: entry.snapshot.as_ref(),
            status: entry.status(),
            bar: entry.shown(clock),
            moving: entry.live() && entry.bar.moving(clock),
            elapsed_ms: entry.elapsed(now),
            eta_ms: entry.eta(now),
            age_ms: entry.heard_at.map(|at| now.saturating_sub(at)),
            freshness: self.freshness(entry, now),
            phase: self.phase(entry),
            problem: self.problem.as_deref().filter(|_| entry.live()),
        })
    }

    /// Returns the counters.
    pub fn stats(&self, now: u64) -> Stats {
        let led = self.flight.is_none() && self.may_send() && self.follows();
        let next = self.flight.is_none() && self.may_send() && !led;
        let next_in = || u32::try_from(self.earliest().saturating_sub(now)).unwrap_or(u32::MAX);
        let hold = self.flight.as_ref().map_or(0, |flight| flight.wait_ms);
        Stats {
            requests: self.count.requests,
            answers: self.count.answers,
            failures: self.count.failures,
            failures_in_a_row: self.failures,
            bytes: self.count.bytes,
            in_flight: self.flight.is_some(),
            led,
            hold_ms: u32::try_from(hold).unwrap_or(u32::MAX),
            next_in_ms: next.then(next_in),
            last: self.count.last,
            reason: self.count.reason,
            waited_ms: self.count.waited_ms,
            asking_ms: self.count.asking_ms,
            policy: self.config.policy,
        }
    }

    /// The state common to all tasks; a change is drawn.
    pub(super) fn render_key(&self) -> (Halt, bool, bool, bool, bool, bool, usize) {
        let running = self.flight.is_some() || self.may_send();
        let live = self.live_count();
        (self.halt, self.unreachable(), self.online, self.stopped, self.woken, running, live)
    }

    fn unreachable(&self) -> bool {
        self.said_away
            || self.halt == Halt::GaveUp
            || self.failures >= self.config.failures_for_banner
    }

    fn freshness(&self, entry: &Entry, now: u64) -> Freshness {
        if !entry.live() {
            Freshness::Fresh
        } else if !self.online {
            Freshness::Offline
        } else if self.unreachable() {
            Freshness::Unreachable
        } else if self.woken {
            Freshness::Woken
        } else {
            entry.freshness(now, &self.config)
        }
    }

    fn phase(&self, entry: &Entry) -> Phase {
        if entry.terminal() {
            return Phase::Ended;
        }
        if let Some(reason) = entry.gone {
            return Phase::Gone(reason);
        }
        if entry.timed_out {
            return Phase::TimedOut;
        }
        if self.stopped {
            return Phase::Stopped;
        }
        match self.halt {
            Halt::SignedOut => Phase::SignedOut,
            Halt::GaveUp => Phase::GaveUp,
            Halt::Refused { status } => Phase::Refused { status },
            // The silent refresh is part of watching.
            Halt::Refreshing if self.may_run() => Phase::Watching,
            Halt::None if self.flight.is_some() || self.may_send() => Phase::Watching,
            Halt::None | Halt::Refreshing => Phase::Paused,
        }
    }
}
