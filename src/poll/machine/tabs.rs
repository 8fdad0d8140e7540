//! One tab polls for all: which one leads, what the others need, and what they do while it is
//! silent.

use super::{Machine, answer::came_early};
use crate::{
    poll::{
        Action, Policy, TabAction, TabEvent,
        tabs::{Peer, Shows, Word},
    },
    task::{PollResponse, TaskId},
};

/// A tab is gone after more than this many forwarded responses without a message from it.
const UNHEARD_MOST: u32 = 3;

impl Machine {
    /// Handles an event of the other tabs. Returns whether a task changed.
    pub(super) fn take_tabs(
        &mut self,
        event: TabEvent,
        now: u64,
        actions: &mut Vec<Action>,
    ) -> bool {
        match event {
            TabEvent::Joined { tab } => self.tabs.me = Some(tab),
            TabEvent::Granted if !self.tabs.asked => say(TabAction::ReleaseLock, actions),
            TabEvent::Granted => {
                self.tabs.leads = true;
                self.tabs.said.clear();
                say(TabAction::Say(Word::Leads.text()), actions);
                self.hurry(now);
                self.wait_for_the_last_word(now);
            }
            TabEvent::Said(text) => match Word::read(&text) {
                Some(Word::Leads) if self.follows() => {
                    self.tabs.say_again = true;
                    self.hear(self.config.leader_slack_ms, now, actions);
                }
                Some(Word::Watches(tab, tasks)) if self.tabs.leads => self.peer(tab, tasks, now),
                _ => {}
            },
            TabEvent::Answered { word, response } => {
                if let Some(Word::Answer(tasks)) = Word::read(&word) {
                    let ids: Vec<_> = tasks.into_iter().map(|(id, _)| id).collect();
                    return self.overhear(&ids, response, now, actions);
                }
            }
        }
        false
    }

    /// Applies a response forwarded by another tab.
    fn overhear(
        &mut self,
        ids: &[TaskId],
        response: PollResponse,
        now: u64,
        actions: &mut Vec<Action>,
    ) -> bool {
        let about_us = self.entries.iter().any(|entry| ids.contains(&entry.id));
        let last_word = self.tabs.leads && now < self.tabs.last_word_until;
        if !about_us || !(self.follows() || last_word) {
            return false;
        }
        if !last_word {
            self.hear(self.silence_ms(), now, actions);
            self.tabs.say_again = true;
        }
        self.tabs.heard_at = Some(now);
        self.forget_failures();
        self.woken = false;
        self.ended_at = Some(now);
        let early = came_early(&response, None);
        let changed = self.apply(ids, early, response, now);
        self.hurry(now);
        self.slow_down_if_hidden();
        changed
    }

    /// The previous leader may have released the lock together with its last response, and the lock
    /// may arrive first. A tab whose state is current can wait for that response.
    fn wait_for_the_last_word(&mut self, now: u64) {
        let silence = self.silence_ms();
        let fresh = self.tabs.heard_at.is_some_and(|at| now.saturating_sub(at) < silence);
        self.tabs.last_word_until =
            if fresh { now.saturating_add(self.config.floor_ms) } else { 0 };
    }

    /// How long a leading tab may be silent.
    fn silence_ms(&self) -> u64 {
        let hold = self.hold_config().map_or(0, |hold| hold.longest_ms);
        hold.saturating_add(self.config.leader_slack_ms)
    }

    /// Whether another tab polls for this one. A tab with another policy polls alone.
    pub(super) fn follows(&self) -> bool {
        self.tabs.me.is_some() && !self.tabs.leads && self.config.policy == Policy::Paced
    }

    /// The leading tab is alive: this tab sends no request for a while.
    fn hear(&mut self, quiet_ms: u64, now: u64, actions: &mut Vec<Action>) {
        self.tabs.quiet_until = now.saturating_add(quiet_ms);
        self.abort(now, actions);
    }

    /// Takes another tab's message about what it watches.
    fn peer(&mut self, tab: u32, tasks: Vec<(TaskId, Shows)>, now: u64) {
        let at = self.tabs.peers.iter().position(|peer| peer.tab == tab);
        let before = at.map(|at| self.tabs.peers.swap_remove(at).tasks).unwrap_or_default();
        for &(id, shows) in &tasks {
            let entry = self.entry_or_new(id, now);
            entry.peers += 1;
            entry.also_shows(shows);
            // The other tab waits for a state, or lines, that this tab may have known for long.
            let known = before.iter().any(|(known, had)| *known == id && had.log >= shows.log);
            entry.owed |= entry.live() && !known;
        }
        self.leave_to(&before);
        if !tasks.is_empty() {
            self.tabs.peers.push(Peer { tab, tasks, unheard: 0 });
        }
        if self.entries.iter().any(|entry| entry.owed) {
            self.hurry(now);
        }
    }

    /// Another tab no longer watches these tasks.
    fn leave_to(&mut self, tasks: &[(TaskId, Shows)]) {
        for (id, _) in tasks {
            if let Some(entry) = self.entry(*id) {
                entry.peers = entry.peers.saturating_sub(1);
            }
        }
        self.drop_unwatched();
    }

    /// Forwards a response to the other tabs, if there are any, and removes those that are gone.
    pub(super) fn share(&mut self, ids: &[TaskId], actions: &mut Vec<Action>) {
        if !self.tabs.leads || self.tabs.peers.is_empty() {
            return;
        }
        let tasks = ids.iter().map(|id| (*id, Shows::default())).collect();
        say(TabAction::Share(Word::Answer(tasks).text()), actions);
        for peer in &mut self.tabs.peers {
            peer.unheard += 1;
        }
        while let Some(at) = self.tabs.peers.iter().position(|peer| peer.unheard > UNHEARD_MOST) {
            let gone = self.tabs.peers.swap_remove(at);
            self.leave_to(&gone.tasks);
        }
    }

    /// Derives from the state whether to lead and what to send.
    pub(super) fn settle_tabs(&mut self, now: u64, actions: &mut Vec<Action>) {
        let Some(me) = self.tabs.me else { return };
        let wanted = self.visible && self.may_send();
        let wants = wanted || (self.tabs.leads && self.flight.is_some());
        if wants && !self.tabs.asked {
            self.tabs.asked = true;
            self.tabs.quiet_until = now.saturating_add(self.config.leader_slack_ms);
            say(TabAction::AskLock, actions);
        } else if !wants && self.tabs.asked {
            self.tabs.asked = false;
            self.tabs.leads = false;
            for peer in std::mem::take(&mut self.tabs.peers) {
                self.leave_to(&peer.tasks);
            }
            say(TabAction::ReleaseLock, actions);
        }
        if self.tabs.leads {
            return;
        }
        let needs = self.may_send();
        let own = self.entries.iter().filter(|entry| needs && entry.live());
        let own: Vec<_> = own.map(|entry| (entry.id, entry.shows())).collect();
        if own != self.tabs.said {
            // The leading tab answers at once for tasks that are new to it.
            let soon = now.saturating_add(self.config.leader_slack_ms);
            self.tabs.quiet_until = self.tabs.quiet_until.min(soon);
        } else if !self.tabs.say_again || own.is_empty() {
            return;
        }
        self.tabs.say_again = false;
        say(TabAction::Say(Word::Watches(me, own.clone()).text()), actions);
        self.tabs.said = own;
    }
}

fn say(action: TabAction, actions: &mut Vec<Action>) {
    actions.push(Action::Tabs(action));
}
