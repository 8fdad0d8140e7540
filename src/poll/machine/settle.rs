//! After each event: derives from the state alone whether a request or a timer is needed.

use super::{Flight, Halt, Machine};
use crate::{
    poll::{Action, Event, Failure, entry::Entry},
    task::PollRequest,
};

/// The longest timer that every driver supports.
const MAX_TIMER_MS: u64 = 60_000;

impl Machine {
    /// Accounts for the time since the last event. Returns whether the machine slept through it;
    /// then the request in flight is aborted, unless this event is its result.
    pub(super) fn pass_time(&mut self, event: &Event, now: u64, actions: &mut Vec<Action>) -> bool {
        let late = self.timer_at.map_or(0, |at| now.saturating_sub(at));
        // Timers of hidden pages are late by design.
        let seen = self.visible || matches!(event, Event::Visible(true));
        let slept = seen && late > self.config.slept_slack_ms;
        if slept {
            let lands = matches!(
                event,
                Event::Answer { epoch, .. } | Event::Failure { epoch, .. } if *epoch == self.epoch
            );
            if !lands {
                self.abort(now, actions);
            }
            self.wake(now);
        } else if self.failures > 0 && self.visible && self.may_wait() {
            self.failing_ms = self.failing_ms.saturating_add(now - self.last_now);
        }
        if !slept && self.visible && self.may_wait() {
            self.count.asking_ms = self.count.asking_ms.saturating_add(now - self.last_now);
        }
        self.last_now = now;
        slept
    }

    /// Aborts, starts and schedules what the state requires.
    pub(super) fn settle(
        &mut self,
        fired: bool,
        now: u64,
        random: &mut dyn FnMut() -> f64,
        actions: &mut Vec<Action>,
    ) {
        if !self.may_wait() {
            self.abort(now, actions);
        }
        if self.joined_while_held() {
            self.abort(now, actions);
            self.hurry(now);
        }
        if fired {
            self.on_timer(now, random, actions);
        }
        self.settle_tabs(now, actions);
        // One failure is enough: the state of the tasks is not known.
        if self.failures > 0 || (self.flight.is_none() && !self.may_send()) {
            self.freeze_bars(now);
        }
        self.arm(now, actions);
    }

    /// Stops the bars until the next response: the state of the tasks is not known.
    pub(super) fn freeze_bars(&mut self, now: u64) {
        let clock = self.clock(now);
        for entry in &mut self.entries {
            entry.bar.freeze(clock);
        }
    }

    fn on_timer(&mut self, now: u64, random: &mut dyn FnMut() -> f64, actions: &mut Vec<Action>) {
        if let Some(flight) = self.flight.take_if(|flight| now >= flight.limit) {
            actions.push(Action::Abort);
            self.ended_at = Some(now);
            self.failed(&flight, Failure::Timeout, now, random, actions);
        } else if self.halt == Halt::Refreshing && self.may_run() && now >= self.due {
            // The result of the refresh is unknown; the next response shows whether there is a
            // session.
            self.halt = Halt::None;
            self.try_later(None, 0, now, random);
        } else if self.flight.is_none() && self.may_send() && now >= self.earliest() {
            self.send(now, actions);
        }
    }

    /// Whether a request may be in flight.
    fn may_wait(&self) -> bool {
        self.halt == Halt::None && self.may_run()
    }

    /// Whether a request may start.
    pub(super) fn may_send(&self) -> bool {
        self.may_wait() && (self.visible || self.notify_hidden)
    }

    pub(super) fn may_run(&self) -> bool {
        !self.stopped && !self.frozen && self.online && self.entries.iter().any(Entry::live)
    }

    fn joined_while_held(&self) -> bool {
        let Some(flight) = self.flight.as_ref().filter(|flight| flight.wait_ms > 0) else {
            return false;
        };
        self.entries.iter().any(|e| e.live() && (e.owed || !e.asked && !flight.ids.contains(&e.id)))
    }

    /// The earliest moment of the next request.
    pub(super) fn earliest(&self) -> u64 {
        let mut at = self.due;
        if self.failures == 0 {
            let live = self.entries.iter().filter(|entry| entry.live());
            let deadline = live.map(|entry| entry.deadline(&self.config)).min();
            at = at.min(deadline.unwrap_or(u64::MAX));
        }
        let floor = self.ended_at.map_or(0, |ended| ended.saturating_add(self.config.floor_ms));
        let quiet = match (self.follows(), self.tabs.leads) {
            (true, _) => self.tabs.quiet_until,
            (_, true) => self.tabs.last_word_until,
            _ => 0,
        };
        at.max(floor).max(self.not_before).max(quiet)
    }

    /// The moment until which bars may have moved: `now`, or when the machine fell asleep.
    pub(super) fn clock(&self, now: u64) -> u64 {
        let awake =
            self.timer_at.map_or(u64::MAX, |at| at.saturating_add(self.config.slept_slack_ms));
        now.min(awake)
    }

    pub(super) fn abort(&mut self, now: u64, actions: &mut Vec<Action>) {
        if self.flight.take().is_some() {
            self.ended_at = Some(now);
            actions.push(Action::Abort);
        }
    }

    fn send(&mut self, now: u64, actions: &mut Vec<Action>) {
        let mut wait_ms = self.wait_ms(now);
        let most = self.config.ids_per_request.max(1) as usize;
        let live: Vec<usize> =
            (0..self.entries.len()).filter(|&at| self.entries[at].live()).collect();
        let start = if live.len() > most { self.turn % live.len() } else { 0 };
        self.turn = start + most;
        let mut watch = Vec::with_capacity(live.len().min(most));
        for at in live.iter().cycle().skip(start).take(live.len().min(most)) {
            let entry = &mut self.entries[*at];
            let left = entry.deadline(&self.config).saturating_sub(now);
            entry.last_poll = left == 0;
            wait_ms = wait_ms.min(left);
            watch.push(entry.watch(now, &self.config));
            entry.owed = false;
        }
        self.epoch = self.epoch.wrapping_add(1);
        self.count.requests = self.count.requests.saturating_add(1);
        self.flight = Some(Flight {
            sent_at: now,
            wait_ms,
            limit: now.saturating_add(wait_ms).saturating_add(self.config.answer_within_ms),
            ids: watch.iter().map(|watch| watch.id).collect(),
        });
        let wait_ms = i64::try_from(wait_ms).unwrap_or(i64::MAX);
        actions.push(Action::Send { epoch: self.epoch, request: PollRequest::new(watch, wait_ms) });
    }

    /// When the machine must run again; `None`: not before another event.
    fn wake_up(&self) -> Option<u64> {
        match &self.flight {
            Some(flight) => Some(flight.limit),
            None if self.may_send() => Some(self.earliest()),
            None if self.halt == Halt::Refreshing && self.may_run() => Some(self.due),
            None => None,
        }
    }

    fn arm(&mut self, now: u64, actions: &mut Vec<Action>) {
        let Some(at) = self.wake_up() else {
            if self.timer_at.take().is_some() {
                actions.push(Action::ClearTimer);
            }
            return;
        };
        let longest = if self.visible { self.config.longest_timer_ms } else { MAX_TIMER_MS };
        let after = at.saturating_sub(now).min(longest.clamp(1, MAX_TIMER_MS));
        let sooner = self.timer_at.is_none_or(|set| set != now + after);
        // A timer for the maximum interval stays until it fires, to avoid a new timer for each
        // event.
        let in_time =
            after == longest && self.timer_at.is_some_and(|set| (now..=now + after).contains(&set));
        if sooner && !in_time {
            self.timer_at = Some(now + after);
            actions.push(Action::SetTimer { after_ms: after as u32 });
        }
    }
}
