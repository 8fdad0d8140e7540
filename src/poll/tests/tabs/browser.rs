//! A browser for tests: one lock, one channel, one clock.

use crate::{
    poll::{
        Action, Config, Event, Machine, TabAction, TabEvent, TaskView,
        tests::harness::{ID, answer, running},
    },
    task::{PollRequest, PollResponse, TaskId},
};

/// One tab.
pub(super) struct Tab {
    pub(super) machine: Machine,
    pub(super) timer: Option<u64>,
    pub(super) flight: Option<(u32, PollRequest)>,
    pub(super) sent: u32,
    /// It has crashed: it says and hears nothing, and keeps no lock.
    pub(super) crashed: bool,
}

/// A browser: one lock, one channel, one clock.
pub(super) struct Browser {
    pub(super) now: u64,
    pub(super) tabs: Vec<Tab>,
    /// Who has the lock, and who waits for it.
    pub(super) lock: Vec<usize>,
    /// What was said and not heard yet.
    pub(super) mail: Vec<(usize, TabEvent)>,
    /// Whether two requests at once are a fault.
    pub(super) strict: bool,
    random: f64,
}

impl Browser {
    /// `tabs` tabs, seen, each in a window of its own; they know of each other.
    pub(super) fn new(tabs: usize) -> Self {
        let mut browser = Self::without_locks(tabs);
        browser.strict = true;
        for tab in 0..tabs {
            browser.give(tab, Event::Tabs(TabEvent::Joined { tab: tab as u32 }));
        }
        browser
    }

    pub(super) fn without_locks(tabs: usize) -> Self {
        let tab = |_| Tab {
            machine: Machine::new(Config::default()),
            timer: None,
            flight: None,
            sent: 0,
            crashed: false,
        };
        let tabs = (0..tabs).map(tab).collect();
        let (lock, mail) = (Vec::new(), Vec::new());
        Self { now: 1_000_000, tabs, lock, mail, strict: false, random: 0.5 }
    }

    /// Two tabs that show the same task; the first leads and holds a request.
    pub(super) fn pair() -> Self {
        let mut browser = Self::new(2);
        browser.watch(0, ID);
        browser.advance(0);
        browser.answer(0, answer(vec![running(ID, 1)]));
        browser.advance(1_000);
        browser.watch(1, ID);
        browser.advance(1_000);
        browser.answer(0, answer(vec![running(ID, 1)]));
        browser.advance(1_000);
        assert_eq!((browser.lock[0], browser.flying()), (0, vec![0]));
        browser
    }

    pub(super) fn watch(&mut self, tab: usize, id: TaskId) {
        self.give(tab, Event::Watch { id, snapshot: None });
    }

    pub(super) fn give(&mut self, tab: usize, event: Event) {
        self.hand(tab, event, None);
        self.deliver();
        let flying = self.flying();
        assert!(!self.strict || flying.len() < 2, "two requests: {flying:?}");
    }

    pub(super) fn hand(&mut self, tab: usize, event: Event, response: Option<&PollResponse>) {
        let unit = self.random;
        let actions = self.tabs[tab].machine.handle(event, self.now, &mut || unit);
        for action in actions {
            let at = &mut self.tabs[tab];
            match action {
                Action::Send { epoch, request } => {
                    assert!(at.flight.is_none(), "a second request of one tab");
                    at.flight = Some((epoch, request));
                    at.sent += 1;
                }
                Action::Abort => at.flight = None,
                Action::SetTimer { after_ms } => at.timer = Some(self.now + u64::from(after_ms)),
                Action::ClearTimer => at.timer = None,
                Action::RefreshSession | Action::Render => {}
                Action::Tabs(TabAction::AskLock) => {
                    assert!(!self.lock.contains(&tab), "asked for twice");
                    self.lock.push(tab);
                    if self.lock.len() == 1 {
                        self.mail.push((tab, TabEvent::Granted));
                    }
                }
                Action::Tabs(TabAction::ReleaseLock) => self.release(tab),
                Action::Tabs(TabAction::Say(text)) => self.post(tab, &TabEvent::Said(text)),
                Action::Tabs(TabAction::Share(word)) => {
                    let response = response.expect("shared while answered").clone();
                    self.post(tab, &TabEvent::Answered { word, response });
                }
            }
        }
    }

    pub(super) fn release(&mut self, tab: usize) {
        let held = self.lock.first() == Some(&tab);
        self.lock.retain(|other| *other != tab);
        if let (true, Some(next)) = (held, self.lock.first()) {
            self.mail.push((*next, TabEvent::Granted));
        }
    }

    pub(super) fn post(&mut self, from: usize, event: &TabEvent) {
        let others = (0..self.tabs.len()).filter(|to| *to != from);
        self.mail.extend(others.map(|to| (to, event.clone())));
    }

    pub(super) fn crash(&mut self, tab: usize) {
        (self.tabs[tab].crashed, self.tabs[tab].timer) = (true, None);
        self.tabs[tab].flight = None;
        self.release(tab);
        self.advance(0);
    }

    /// Lets time pass; timers fire when they are due.
    pub(super) fn advance(&mut self, ms: u64) {
        let end = self.now + ms;
        self.deliver();
        loop {
            let due = |tab: &Tab| tab.timer.filter(|at| *at <= end);
            let next = (0..self.tabs.len()).filter_map(|tab| Some((due(&self.tabs[tab])?, tab)));
            let Some((at, tab)) = next.min() else { break };
            self.now = self.now.max(at);
            self.tabs[tab].timer = None;
            self.give(tab, Event::Timer);
        }
        self.now = end;
    }

    /// Lets what was said be heard.
    fn deliver(&mut self) {
        while !self.mail.is_empty() {
            let (to, event) = self.mail.remove(0);
            if !self.tabs[to].crashed {
                self.hand(to, Event::Tabs(event), None);
            }
        }
    }

    /// Answers the request of a tab.
    pub(super) fn answer(&mut self, tab: usize, response: PollResponse) {
        let (epoch, _) = self.tabs[tab].flight.take().expect("a request in flight");
        let event = Event::Answer { epoch, response: response.clone(), bytes: 1 };
        self.hand(tab, event, Some(&response));
        self.advance(0);
    }

    /// The tabs with a request in flight.
    pub(super) fn flying(&self) -> Vec<usize> {
        (0..self.tabs.len()).filter(|tab| self.tabs[*tab].flight.is_some()).collect()
    }

    /// What the request in flight of a tab asks for, and whether for the live profile.
    pub(super) fn asked(&self, tab: usize) -> Vec<(TaskId, i64, bool)> {
        let (_, request) = self.tabs[tab].flight.as_ref().expect("a request in flight");
        request.watch.iter().map(|watch| (watch.id, watch.version, watch.foreground)).collect()
    }

    pub(super) fn view(&self, tab: usize, id: TaskId) -> TaskView<'_> {
        self.tabs[tab].machine.view(id, self.now).expect("a watched task")
    }

    pub(super) fn sent(&self) -> Vec<u32> {
        self.tabs.iter().map(|tab| tab.sent).collect()
    }
}
