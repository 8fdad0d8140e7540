//! Handling of failures: which are final, which are retried, and when.

use super::{Flight, Halt, Machine, pause};
use crate::poll::{Action, AnswerKind, Failure, long_poll::Loss};

impl Machine {
    /// Takes a failure of the request that was in flight.
    pub(super) fn failed(
        &mut self,
        flight: &Flight,
        failure: Failure,
        now: u64,
        random: &mut dyn FnMut() -> f64,
        actions: &mut Vec<Action>,
    ) {
        self.count.failures = self.count.failures.saturating_add(1);
        self.count.last = Some(AnswerKind::Failed);
        self.count.reason = None;
        for entry in self.entries.iter_mut().filter(|entry| flight.ids.contains(&entry.id)) {
            entry.end_of_poll();
        }
        // A status comes from a server that is alive; only a lost server is lost for all clients at
        // once.
        let spread = if failure == Failure::Network { self.spread_ms } else { 0 };
        if self.was_cut(flight, &failure, now) {
            self.due = now + pause::after_cut_ms(spread, pause::unit(random));
            return self.slow_down_if_hidden();
        }
        let Failure::Status { status, retry_after_ms, problem } = failure else {
            self.problem = None;
            return self.try_later(None, spread, now, random);
        };
        let asked = retry_after_ms.or(problem.as_ref().and_then(|p| p.retry_after_ms));
        self.problem = problem;
        self.said_away |= status == 503;
        match status {
            401 if self.refreshed => self.halt = Halt::SignedOut,
            401 => {
                self.refreshed = true;
                self.halt = Halt::Refreshing;
                self.due = now.saturating_add(self.config.refresh_within_ms);
                actions.push(Action::RefreshSession);
            }
            429 | 503 => self.try_later(asked, spread, now, random),
            404 if self.may_not_be_there_yet(now) => self.try_later(None, spread, now, random),
            408 | 425 => self.try_later(None, spread, now, random),
            400..=499 => self.halt = Halt::Refused { status },
            _ => self.try_later(None, spread, now, random),
        }
    }

    /// Retries after full jitter, and not before the server permits it; gives up when requests have
    /// failed for too long.
    pub(super) fn try_later(
        &mut self,
        asked_ms: Option<i64>,
        spread_ms: u64,
        now: u64,
        random: &mut dyn FnMut() -> f64,
    ) {
        self.failures = self.failures.saturating_add(1);
        if let Some(asked) = asked_ms {
            // A server that states when to return is not given up on.
            self.failing_ms = 0;
            let asked = u64::try_from(asked).unwrap_or(0).min(self.config.longest_retry_after_ms);
            self.not_before = now.saturating_add(asked);
        }
        if self.failing_ms >= self.config.give_up_after_ms {
            self.halt = Halt::GaveUp;
            return;
        }
        let (floor, longest) = (self.config.floor_ms, self.config.longest_jitter_ms);
        let jitter =
            pause::jitter_ms(self.failures, spread_ms, floor, longest, pause::unit(random));
        self.due = now.saturating_add(jitter);
        self.slow_down_if_hidden();
    }

    /// Records a lost request; returns true for a first cut, which does not count as a failure.
    fn was_cut(&mut self, flight: &Flight, failure: &Failure, now: u64) -> bool {
        let Some(config) = self.config.hold.as_ref().filter(|_| flight.wait_ms > 0) else {
            return false;
        };
        let loss = match failure {
            Failure::Timeout => Loss::Timeout,
            Failure::Network | Failure::Status { status: 408 | 502 | 504 | 524, .. } => Loss::Cut,
            _ => Loss::Refused,
        };
        let age = now.saturating_sub(flight.sent_at);
        self.holding.lost(config, age, loss, now)
    }

    /// Whether a 404 for the whole request may mean "not yet", shortly after the start.
    fn may_not_be_there_yet(&self, now: u64) -> bool {
        let grace = self.config.not_found_grace_ms;
        let young = |since: u64| now.saturating_sub(since) < grace;
        self.failures + 1 < self.config.not_found_tries
            && self.entries.iter().any(|entry| entry.live() && young(entry.since))
    }
}
