//! What holds whatever tabs do.

use proptest::prelude::*;

use super::browser::Browser;
use crate::{
    poll::{
        Event, Failure, Phase,
        tests::harness::{answer, held, id, running},
    },
    task::{Snapshot, Status},
};

/// What can happen to a tab.
#[derive(Clone, Debug)]
enum Turn {
    Wait(u64),
    Give(usize, Event),
    Answer(i64),
    Fail,
    Crash(usize),
}

fn any_turn() -> impl Strategy<Value = Turn> {
    let event = prop_oneof![
        3 => any::<bool>().prop_map(Event::Visible),
        1 => any::<bool>().prop_map(Event::Online),
        1 => Just(Event::Freeze),
        2 => Just(Event::Resume),
        1 => any::<bool>().prop_map(Event::NotifyHidden),
        1 => Just(Event::StopWatching),
        2 => Just(Event::ResumeWatching),
        2 => (1..=4_u128).prop_map(|number| Event::Watch { id: id(number), snapshot: None }),
        1 => (1..=4_u128).prop_map(|number| Event::Unwatch { id: id(number) }),
    ];
    prop_oneof![
        8 => (0..4_000_u64).prop_map(Turn::Wait),
        8 => (0..3_usize, event).prop_map(|(tab, event)| Turn::Give(tab, event)),
        8 => (1..100_i64).prop_map(Turn::Answer),
        1 => Just(Turn::Fail),
        1 => (1..3_usize).prop_map(Turn::Crash),
    ]
}

impl Browser {
    fn turn(&mut self, turn: Turn) {
        match turn {
            Turn::Wait(ms) => self.advance(ms),
            Turn::Give(tab, _) | Turn::Crash(tab) if self.tabs[tab].crashed => {}
            Turn::Give(tab, event) => self.give(tab, event),
            Turn::Crash(tab) => self.crash(tab),
            Turn::Answer(version) => {
                // An answer to one may end the request of another.
                while let Some(&tab) = self.flying().first() {
                    let ids = self.asked(tab).into_iter().map(|(id, ..)| id);
                    let tasks = ids.map(|id| running(id, version)).collect();
                    self.answer(tab, held(tasks, 0));
                }
            }
            Turn::Fail => {
                while let Some(&tab) = self.flying().first() {
                    let (epoch, _) = self.tabs[tab].flight.take().expect("a request");
                    self.give(tab, Event::Failure { epoch, failure: Failure::Network });
                }
            }
        }
    }
}

proptest! {
    /// 60, 67.
    #[test]
    fn whatever_tabs_do_one_that_is_seen_leads_and_each_that_is_seen_learns_of_the_end(
        turns in proptest::collection::vec(any_turn(), 0..60),
    ) {
        let mut browser = Browser::new(3);
        browser.strict = false;
        (0..3).for_each(|tab| browser.watch(tab, id(9)));
        for turn in turns {
            browser.turn(turn);
            for tab in 0..3 {
                let leads = browser.lock.first() == Some(&tab);
                let stats = browser.tabs[tab].machine.stats(browser.now);
                prop_assert!(!(leads && stats.led), "who leads follows nobody");
            }
        }
        for tab in (0..3).filter(|tab| !browser.tabs[*tab].crashed).collect::<Vec<_>>() {
            for event in [
                Event::Online(true),
                Event::Visible(true),
                Event::Resume,
                Event::ResumeWatching,
                Event::TryAgain,
            ] {
                browser.give(tab, event);
            }
        }
        browser.turn(Turn::Wait(40_000));
        browser.turn(Turn::Answer(500));
        // From here on nothing is silent for long: one request at a time, for all of them.
        for round in 0..8 {
            browser.turn(Turn::Wait(2_000));
            browser.turn(Turn::Answer(501 + round));
        }
        prop_assert!(browser.flying().len() <= 1, "{:?}", browser.flying());
        browser.turn(Turn::Wait(2_000));
        browser.strict = true;
        let sent = browser.sent();
        let end = |id| Snapshot { status: Status::Completed, ..running(id, 900) };
        for _ in 0..4 {
            if let Some(&tab) = browser.flying().first() {
                let tasks = browser.asked(tab).into_iter().map(|(id, ..)| end(id)).collect();
                browser.answer(tab, answer(tasks));
            }
            browser.advance(1_000);
        }
        for tab in (0..3).filter(|tab| !browser.tabs[*tab].crashed) {
            prop_assert_eq!(browser.view(tab, id(9)).phase, Phase::Ended);
        }
        let made: u32 = browser.sent().iter().zip(sent).map(|(now, before)| now - before).sum();
        prop_assert!(made <= 3, "{} requests for one end", made);
    }
}
