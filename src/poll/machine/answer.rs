//! Handling of successful responses.

use super::{Flight, Machine, pause};
use crate::{
    poll::{AnswerKind, Policy, entry::Entry},
    task::{AnswerReason, PollResponse, TaskId},
};

impl Machine {
    /// Removes the request of this epoch from flight; `None` if it is not in flight.
    pub(super) fn landed(&mut self, epoch: u32, now: u64) -> Option<Flight> {
        let flight = self.flight.take_if(|_| epoch == self.epoch)?;
        self.ended_at = Some(now);
        Some(flight)
    }

    /// Takes a response. Returns whether a task changed.
    pub(super) fn answered(
        &mut self,
        flight: &Flight,
        response: PollResponse,
        bytes: u32,
        now: u64,
        random: &mut dyn FnMut() -> f64,
    ) -> bool {
        self.count.answers = self.count.answers.saturating_add(1);
        self.count.bytes = self.count.bytes.saturating_add(u64::from(bytes));
        self.polls = self.polls.saturating_add(1);
        self.forget_failures();
        self.woken = false;
        self.told_pause_ms =
            pause::told_pause_ms(response.poll_after_ms, self.config.longest_pause_ms);
        self.spread_ms =
            pause::told_pause_ms(response.spread_ms.unwrap_or(0.0), self.config.longest_jitter_ms);
        let drained = response.reason == Some(AnswerReason::ShuttingDown);
        if drained {
            // So that waiting requests do not all return at once, whatever these clients do next.
            self.not_before = now.saturating_add(self.told_pause_ms);
        }
        self.count.reason = response.reason;
        let waited_ms = response.waited_ms.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0);
        self.count.waited_ms = self.count.waited_ms.saturating_add(waited_ms);
        let held = response.waited_ms.is_some() || drained;
        let told = !response.tasks.is_empty() || !response.gone.is_empty();
        let left = self.live_count();
        let early = came_early(&response, Some((flight, now)));
        let changed = self.apply(&flight.ids, early, response, now);
        let ended = self.live_count() < left;
        self.count.last = Some(match (ended, changed, held) {
            (true, ..) => AnswerKind::Ended,
            (_, true, _) => AnswerKind::Changed,
            (_, _, true) => AnswerKind::Timeout,
            _ => AnswerKind::Unchanged,
        });
        if let Some(config) = self.config.hold.as_ref().filter(|_| flight.wait_ms > 0) {
            let age = now.saturating_sub(flight.sent_at);
            self.holding.answered(config, age, held, !told, now);
        }
        self.due = now.saturating_add(self.pause(now, random));
        self.slow_down_if_hidden();
        changed
    }

    /// Applies a response about these tasks. `early`: it came before the end of the wait.
    pub(super) fn apply(
        &mut self,
        ids: &[TaskId],
        early: bool,
        response: PollResponse,
        now: u64,
    ) -> bool {
        let clock = self.clock(now);
        let mut changed = false;
        for snapshot in response.tasks {
            let Some(entry) = self.entry(snapshot.id) else { continue };
            let known = entry.asked && ids.contains(&snapshot.id);
            if entry.apply(snapshot, now, clock) {
                changed = true;
                entry.early = entry.early.saturating_add(u32::from(early && known));
            }
        }
        for log in response.log {
            if let Some(entry) = self.entry(log.id) {
                entry.log_after = entry.log_after.map(|after| after.max(log.seq));
            }
        }
        for preview in response.preview {
            if let Some(entry) = self.entry(preview.id) {
                entry.preview_after = entry.preview_after.map(|after| after.max(preview.version));
            }
        }
        for entry in self.entries.iter_mut().filter(|entry| ids.contains(&entry.id)) {
            if let Some(gone) = response.gone.iter().find(|gone| gone.id == entry.id) {
                entry.not_there(gone.reason, now, &self.config);
            }
            entry.asked = true;
            entry.heard_at = Some(now);
            entry.bar.thaw(now);
            entry.end_of_poll();
        }
        changed
    }

    /// The pause between a response and the next request.
    pub(super) fn pause(&self, now: u64, random: &mut dyn FnMut() -> f64) -> u64 {
        if self.entries.iter().any(|entry| entry.live() && (!entry.asked || entry.owed)) {
            return 0;
        }
        if let Some(ms) = self.config.policy.delay_ms(self.polls) {
            return u64::from(ms);
        }
        if self.wait_ms(now) > 0 {
            return self.told_pause_ms;
        }
        let unit = pause::unit(random);
        let live = self.entries.iter().filter(|entry| entry.live());
        let gap = live.map(|entry| {
            let (elapsed, eta) = entry.pace(now);
            pause::gap_ms(elapsed, eta, unit)
        });
        let gap = gap.min().unwrap_or(0);
        // After a cancel request the user waits for the end; ignore the server's pause.
        let cancelling = self.entries.iter().any(|entry| entry.live() && entry.cancel_at.is_some());
        if cancelling { gap } else { gap.max(self.told_pause_ms) }
    }

    /// The maximum wait of the next request; 0: none.
    pub(super) fn wait_ms(&self, now: u64) -> u64 {
        let all_fit = self.live_count() <= self.config.ids_per_request as usize;
        if self.config.policy != Policy::Paced || !self.visible || !all_fit {
            return 0;
        }
        self.holding.wait_ms(self.hold_config(), now)
    }

    pub(super) fn live_count(&self) -> usize {
        self.entries.iter().filter(|entry| entry.live()).count()
    }
}

/// Whether a response came early for a task's news: by the server's reason, or else because a
/// request was answered well before its maximum wait.
pub(super) fn came_early(response: &PollResponse, request: Option<(&Flight, u64)>) -> bool {
    match (response.reason, request) {
        (Some(reason), _) => {
            use AnswerReason::{Attempt, Deviation, Output, Step};
            matches!(reason, Deviation | Step | Attempt | Output)
        }
        (None, Some((flight, now))) => {
            let age = now.saturating_sub(flight.sent_at);
            flight.wait_ms > 0 && age < flight.wait_ms / 10 * 9
        }
        (None, None) => false,
    }
}

impl Entry {
    /// The request in flight is over; if it was the one past the deadline, watching ends, too.
    pub(super) fn end_of_poll(&mut self) {
        if std::mem::take(&mut self.last_poll) && self.live() {
            self.timed_out = true;
        }
    }
}
