//! Several tabs of one browser: who asks, and what the others hear.

mod browser;
mod properties;

use self::browser::Browser;
use super::{harness::*, log::lines_to};
use crate::{
    poll::{
        Config, Event, Freshness, Machine, Phase, Policy, TabEvent,
        tabs::{Shows, Word},
    },
    task::{PollResponse, Status},
};

/// 58.
#[test]
fn a_follower_shows_by_version_what_the_leader_is_told_without_a_request_of_its_own() {
    let mut browser = Browser::pair();
    browser.advance(3_000);
    browser.answer(0, held(vec![at(70.0, 5)], 3_000));
    assert_eq!((browser.view(0, ID).bar, browser.view(1, ID).bar), (Some(70.0), Some(70.0)));
    assert_eq!(browser.view(1, ID).age_ms, Some(0));
    browser.advance(500);
    browser.answer(0, held(vec![at(50.0, 4)], 0));
    assert_eq!(browser.view(1, ID).bar, Some(70.0), "an older version is nothing new");
    browser.advance(500);
    browser.answer(0, held(vec![with_status(Status::Completed, 9)], 0));
    assert_eq!(browser.view(1, ID).phase, Phase::Ended);
    assert_eq!(browser.tabs[1].sent, 0);
    assert!(browser.tabs[1].machine.stats(browser.now).next_in_ms.is_none());
}

/// 58.
#[test]
fn the_leader_asks_for_what_all_tabs_watch_and_large_where_one_shows_it_large() {
    let mut browser = Browser::pair();
    browser.tabs[1].machine = Machine::new(Config { foreground: true, ..Config::default() });
    browser.release(1);
    browser.give(1, Event::Tabs(TabEvent::Joined { tab: 7 }));
    browser.watch(1, id(2));
    browser.advance(500);
    let asked = browser.asked(0);
    assert_eq!(asked.len(), 2);
    assert!(asked.contains(&(ID, 1, false)) && asked.contains(&(id(2), 0, true)), "{asked:?}");
    browser.answer(0, answer(vec![running(id(2), 3)]));
    assert_eq!(browser.view(1, id(2)).snapshot.map(|snapshot| snapshot.version), Some(3));
    assert!(browser.tabs[1].machine.view(ID, browser.now).is_none(), "nobody watches it there");
    assert_eq!(browser.tabs[1].sent, 0);
}

#[test]
fn a_follower_that_comes_hears_at_once_what_the_leader_has_known_for_long() {
    let mut browser = Browser::new(2);
    browser.watch(0, ID);
    browser.advance(0);
    browser.answer(0, answer(vec![running(ID, 1)]));
    browser.advance(9_000);
    browser.watch(1, ID);
    browser.advance(500);
    assert_eq!(browser.asked(0), [(ID, 0, false)], "all of it, for the one who came");
    browser.answer(0, answer(vec![running(ID, 1)]));
    assert_eq!(browser.view(1, ID).freshness, Freshness::Fresh);
    assert!(browser.view(1, ID).snapshot.is_some());
    browser.advance(500);
    assert_eq!((browser.asked(0), browser.tabs[1].sent), (vec![(ID, 1, false)], 0));
}

/// 59.
#[test]
fn a_follower_that_hears_nothing_for_the_hold_and_five_seconds_asks_until_the_leader_is_back() {
    let mut browser = Browser::pair();
    browser.strict = false;
    // The leader's machine stands still: its timers do not fire, its request hangs.
    let asleep = browser.tabs[0].timer.take();
    let heard = 1_000;
    browser.advance(25_000 - heard - 1);
    assert_eq!(browser.tabs[1].sent, 0);
    browser.advance(1);
    assert_eq!((browser.tabs[1].sent, browser.flying()), (1, vec![0, 1]));
    browser.answer(1, answer(vec![at(55.0, 4)]));
    browser.advance(500);
    assert_eq!(browser.tabs[1].sent, 2, "it goes on for as long as it has to");
    browser.tabs[0].timer = asleep;
    browser.answer(0, held(vec![at(60.0, 5)], 0));
    assert_eq!((browser.flying(), browser.view(1, ID).bar), (Vec::new(), Some(60.0)));
    browser.advance(20_000);
    assert_eq!((browser.tabs[1].sent, browser.flying()), (2, vec![0]));
}

#[test]
fn a_follower_of_which_the_leader_never_heard_asks_after_five_seconds() {
    let mut browser = Browser::new(2);
    browser.strict = false;
    browser.watch(0, ID);
    browser.advance(10_000);
    // What it says is lost.
    browser.hand(1, Event::Watch { id: id(2), snapshot: None }, None);
    browser.mail.clear();
    browser.advance(4_999);
    assert_eq!(browser.tabs[1].sent, 0);
    browser.advance(1);
    assert_eq!(browser.asked(1), [(id(2), 0, false)]);
}

/// 60.
#[test]
fn a_leader_that_is_hidden_hands_over_when_its_request_ends_and_none_overlap() {
    let mut browser = Browser::pair();
    browser.give(0, Event::Visible(false));
    assert_eq!((browser.flying(), browser.lock[0]), (vec![0], 0), "it is let end");
    browser.advance(10_000);
    browser.answer(0, held(vec![at(70.0, 6)], 10_000));
    assert_eq!((browser.lock.as_slice(), browser.view(1, ID).bar), (&[1][..], Some(70.0)));
    browser.advance(500);
    assert_eq!(browser.flying(), [1]);
    browser.advance(600_000);
    assert_eq!(browser.tabs[0].sent, browser.sent()[0]);
}

/// 60.
#[test]
fn the_tab_that_is_turned_to_takes_over_at_once() {
    let mut browser = Browser::pair();
    browser.give(1, Event::Visible(false));
    browser.advance(2_000);
    browser.give(0, Event::Visible(false));
    browser.give(1, Event::Visible(true));
    assert_eq!((browser.lock.as_slice(), browser.flying()), (&[1][..], Vec::new()));
    browser.advance(500);
    assert_eq!(browser.flying(), [1]);
    browser.answer(1, answer(vec![at(80.0, 7)]));
    assert_eq!(browser.view(1, ID).freshness, Freshness::Fresh);
    browser.advance(60_000);
    assert!(!browser.flying().contains(&0));
}

/// 60.
#[test]
fn a_leader_that_is_closed_frozen_or_crashes_is_followed_by_another() {
    for close in [true, false] {
        let mut browser = Browser::pair();
        if close {
            browser.give(0, Event::Freeze);
        } else {
            browser.crash(0);
        }
        assert_eq!(browser.lock, [1]);
        browser.advance(500);
        assert_eq!(browser.flying(), [1]);
        browser.answer(1, held(vec![with_status(Status::Cancelled, 8)], 0));
        assert_eq!((browser.lock.len(), browser.flying().len()), (0, 0), "all is let go of");
    }
}

/// The lock and the last word come by different ways.
#[test]
fn a_last_word_that_the_lock_has_overtaken_is_taken_and_nothing_more_is_asked() {
    let mut browser = Browser::pair();
    let ended = held(vec![with_status(Status::Completed, 9)], 0);
    let (epoch, _) = browser.tabs[0].flight.take().expect("a request");
    let event = Event::Answer { epoch, response: ended.clone(), bytes: 1 };
    browser.hand(0, event, Some(&ended));
    let last_word = browser.mail.remove(0);
    assert!(matches!(last_word.1, TabEvent::Answered { .. }), "{last_word:?}");
    browser.advance(499);
    assert_eq!((browser.lock.as_slice(), browser.tabs[1].sent), (&[1][..], 0));
    browser.mail.push(last_word);
    browser.advance(60_000);
    assert_eq!(browser.view(1, ID).phase, Phase::Ended);
    assert_eq!((browser.lock.len(), browser.tabs[1].sent), (0, 0));
}

#[test]
fn a_last_word_that_is_lost_is_asked_for_once_and_soon() {
    let mut browser = Browser::pair();
    let ended = held(vec![with_status(Status::Completed, 9)], 0);
    let (epoch, _) = browser.tabs[0].flight.take().expect("a request");
    let event = Event::Answer { epoch, response: ended.clone(), bytes: 1 };
    browser.hand(0, event, Some(&ended));
    browser.mail.remove(0);
    browser.advance(500);
    assert_eq!(browser.flying(), [1]);
    browser.answer(1, ended);
    browser.advance(60_000);
    assert_eq!((browser.lock.len(), browser.tabs[1].sent), (0, 1));
}

#[test]
fn a_tab_that_heard_of_nobody_asks_at_once_when_it_leads() {
    let mut browser = Browser::new(1);
    browser.watch(0, ID);
    browser.advance(0);
    assert_eq!(browser.flying(), [0]);
}

#[test]
fn a_leader_that_stops_watching_is_refused_or_offline_hands_over() {
    for event in [Event::StopWatching, Event::Online(false)] {
        let mut browser = Browser::pair();
        browser.give(0, event);
        browser.advance(500);
        assert_eq!((browser.lock.as_slice(), browser.flying()), (&[1][..], vec![1]));
    }
    let mut browser = Browser::pair();
    let (epoch, _) = browser.tabs[0].flight.take().expect("a request");
    browser.give(0, Event::Failure { epoch, failure: status(403) });
    browser.advance(500);
    assert_eq!((browser.lock.as_slice(), browser.flying()), (&[1][..], vec![1]));
}

/// 61.
#[test]
fn without_locks_each_tab_asks_for_itself() {
    let mut browser = Browser::without_locks(2);
    browser.watch(0, ID);
    browser.watch(1, ID);
    browser.advance(0);
    assert_eq!((browser.flying(), browser.sent()), (vec![0, 1], vec![1, 1]));
    browser.answer(0, answer(vec![at(70.0, 5)]));
    assert!(browser.view(1, ID).snapshot.is_none(), "nothing is shared");
    browser.answer(1, answer(vec![at(60.0, 4)]));
    browser.advance(30_000);
    assert!(browser.lock.is_empty());
}

#[test]
fn a_tab_of_another_policy_keeps_to_its_own() {
    let mut browser = Browser::pair();
    browser.strict = false;
    browser.give(1, Event::SetPolicy(Policy::Interval { every_ms: 2_000 }));
    browser.advance(2_000);
    assert_eq!(browser.flying(), [0, 1]);
    browser.answer(0, held(vec![at(70.0, 5)], 0));
    assert_eq!(browser.flying(), [1]);
}

#[test]
fn ten_tabs_with_five_tasks_each_make_one_request() {
    let mut browser = Browser::new(10);
    for tab in 0..10 {
        (0..5).for_each(|task| browser.watch(tab, id(1 + 5 * tab as u128 + task)));
    }
    browser.advance(0);
    while browser.asked(0).len() < 50 {
        browser.answer(0, answer(Vec::new()));
        browser.advance(500);
    }
    browser.answer(0, answer((1..=50).map(|number| running(id(number), 1)).collect()));
    for tab in 0..10 {
        let view = browser.view(tab, id(1 + 5 * tab as u128));
        assert_eq!(view.snapshot.map(|snapshot| snapshot.version), Some(1));
    }
    browser.advance(500);
    let (_, request) = browser.tabs[0].flight.as_ref().expect("a request");
    assert_eq!((request.wait_ms, request.watch.len()), (20_000, 50));
    assert_eq!(browser.sent()[1..], [0; 9]);
}

#[test]
fn what_only_a_hidden_or_crashed_tab_watches_is_asked_for_no_more() {
    for crash in [true, false] {
        let mut browser = Browser::pair();
        browser.watch(1, id(2));
        browser.advance(500);
        browser.answer(0, answer(vec![running(id(2), 1)]));
        if crash {
            browser.crash(1);
        } else {
            browser.give(1, Event::Visible(false));
        }
        for _ in 0..4 {
            browser.advance(20_000);
            if browser.flying() == [0] {
                browser.answer(0, held(Vec::new(), 20_000));
            }
        }
        browser.advance(500);
        assert_eq!(browser.asked(0).len(), 1);
    }
}

#[test]
fn a_hidden_tab_that_is_to_notify_never_leads_but_hears_the_leader() {
    let mut browser = Browser::pair();
    browser.give(1, Event::NotifyHidden(true));
    browser.give(1, Event::Visible(false));
    assert_eq!(browser.lock, [0]);
    for version in 10..14 {
        browser.advance(15_000);
        browser.answer(0, held(vec![running(ID, version)], 15_000));
        browser.advance(500);
    }
    assert_eq!(browser.tabs[1].sent, 0);
    browser.give(0, Event::Freeze);
    browser.advance(30_000);
    assert_eq!((browser.lock.len(), browser.tabs[1].sent), (0, 1), "every 30 s, by itself");
}

#[test]
fn words_are_read_as_they_were_said_and_others_are_left() {
    let words = [
        Word::Leads,
        Word::Watches(4_000_000_000, Vec::new()),
        Word::Watches(3, vec![(id(1), shows(true, false)), (id(2), shows(false, false))]),
        Word::Watches(3, vec![(id(1), shows(true, true)), (id(2), shows(false, true))]),
        Word::Answer(vec![(id(1), Shows::default()), (id(2), Shows::default())]),
    ];
    for word in words {
        assert_eq!(Word::read(&word.text()), Some(word));
    }
    for text in [
        "",
        " ",
        "l9",
        "x",
        "w",
        "w12",
        "w000000000x",
        "w9999999999",
        "w0000000001x",
        "a0000000000 !",
        "é",
        "äöüäöü",
    ] {
        assert_eq!(Word::read(text), None, "{text:?}");
    }
}

fn shows(large: bool, log: bool) -> Shows {
    Shows { large, log }
}

/// The log positions in the request in flight of a tab.
fn asked_of(browser: &Browser, tab: usize) -> Vec<Option<i64>> {
    let (_, request) = browser.tabs[tab].flight.as_ref().expect("a request in flight");
    request.watch.iter().map(|watch| watch.log_after).collect()
}

/// 70.
#[test]
fn the_leader_asks_for_the_lines_that_another_tab_shows() {
    let mut browser = Browser::pair();
    browser.advance(500);
    assert_eq!(asked_of(&browser, 0), [None]);
    browser.give(1, Event::FollowLog { id: ID, after: 4 });
    browser.advance(500);
    assert_eq!(asked_of(&browser, 0), [Some(0)], "what the other tab has is not known");
    browser.answer(0, PollResponse { log: lines_to(ID, 6), ..answer(vec![running(ID, 2)]) });
    browser.advance(500);
    assert_eq!((asked_of(&browser, 0), browser.tabs[1].sent), (vec![Some(6)], 0));
    // The other tab has heard it, too: it goes on from there when it has to ask.
    browser.crash(0);
    browser.advance(40_000);
    assert_eq!(asked_of(&browser, 1), [Some(6)]);
}
