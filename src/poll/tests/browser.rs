//! Visibility, the connection, the back-forward cache and sleep.

use super::harness::*;
use crate::{
    poll::{Event, Failure, Freshness, Machine, Phase},
    task::{PollResponse, Snapshot, Status},
};

fn moving(version: i64) -> Snapshot {
    Snapshot { rate_per_s: 0.001, ..running(ID, version) }
}

/// After the first answer; the timer for the second request is set.
fn bench() -> Bench {
    let mut bench = Bench::watching(plain());
    bench.answer(answer(vec![moving(1)]));
    bench
}

/// 47.
#[test]
fn offline_aborts_and_pauses_and_online_polls_once() {
    let mut bench = Bench::holding();
    bench.advance(4_000);
    bench.event(Event::Online(false));
    assert_eq!((bench.aborts, bench.phase()), (1, Phase::Paused));
    assert_eq!(bench.freshness(), Freshness::Offline);
    bench.assert_idle();
    let bar = bench.bar();
    bench.advance(120_000);
    assert_eq!(bench.bar(), bar);
    bench.event(Event::Online(true));
    assert_eq!(bench.until_sent(), 0);
    assert_eq!(bench.freshness(), Freshness::Woken);
    bench.advance(2_000);
    assert_eq!(bench.sent.len(), 3);
}

/// 48, 53.
#[test]
fn online_visible_and_resume_in_one_tick_are_one_poll() {
    let mut bench = bench();
    bench.event(Event::Visible(false));
    bench.event(Event::Online(false));
    bench.event(Event::Freeze);
    bench.advance(60_000);
    for event in [Event::Online(true), Event::Visible(true), Event::Resume, Event::Resume] {
        bench.event(event);
    }
    assert_eq!(bench.until_sent(), 0);
    bench.advance(5_000);
    assert_eq!(bench.sent.len(), 2);
}

/// 49.
#[test]
fn hidden_while_held_the_answer_is_applied_and_the_next_request_waits() {
    let mut bench = Bench::holding();
    bench.event(Event::Visible(false));
    assert!(bench.flight.is_some());
    bench.advance(8_000);
    bench.answer(held(vec![at(70.0, 2)], 8_000));
    assert_eq!((bench.bar(), bench.phase()), (Some(70.0), Phase::Paused));
    bench.assert_idle();
    bench.advance(600_000);
    bench.event(Event::Visible(true));
    assert_eq!(bench.until_sent(), 0);
}

/// 50.
#[test]
fn visible_again_200_ms_after_an_answer_waits_300_ms_more() {
    let mut bench = bench();
    bench.event(Event::Visible(false));
    bench.advance(200);
    bench.event(Event::Visible(true));
    assert_eq!(bench.until_sent(), 300);
}

#[test]
fn visible_again_while_the_held_request_is_still_in_flight_changes_nothing() {
    let mut bench = Bench::holding();
    bench.event(Event::Visible(false));
    bench.advance(2_000);
    bench.event(Event::Visible(true));
    assert_eq!((bench.aborts, bench.freshness()), (0, Freshness::Fresh));
    bench.answer(held(vec![at(70.0, 2)], 2_000));
    assert_eq!(bench.until_sent(), 500);
}

/// 51.
#[test]
fn a_timer_that_fires_while_hidden_sends_nothing() {
    let mut bench = bench();
    bench.event(Event::Visible(false));
    bench.assert_idle();
    bench.advance(2_000);
    bench.event(Event::Timer);
    bench.assert_idle();
    assert_eq!(bench.sent.len(), 1);
}

#[test]
fn a_page_opened_in_the_background_starts_when_it_is_seen() {
    let mut bench = Bench::new(plain());
    bench.event(Event::Visible(false));
    bench.watch(ID);
    bench.assert_idle();
    bench.advance(90_000);
    bench.event(Event::Visible(true));
    assert_eq!(bench.until_sent(), 0);
}

#[test]
fn a_hidden_page_whose_user_wants_to_be_notified_asks_every_30_s() {
    let mut bench = bench();
    bench.event(Event::NotifyHidden(true));
    bench.event(Event::Visible(false));
    assert_eq!(bench.until_sent(), 30_000);
    bench.answer(answer(Vec::new()));
    assert_eq!(bench.until_sent(), 30_000);
    bench.answer(answer(Vec::new()));
    bench.advance(1_000);
    bench.event(Event::Visible(true));
    assert_eq!(bench.until_sent(), 0);
}

#[test]
fn timers_that_a_browser_delays_in_hidden_pages_are_no_sleep() {
    let mut bench = bench();
    bench.event(Event::NotifyHidden(true));
    bench.event(Event::Visible(false));
    bench.sleep(90_000);
    bench.advance(0);
    assert_eq!((bench.sent.len(), bench.freshness()), (2, Freshness::Fresh));
    bench.sleep(55_000);
    bench.answer(answer(vec![with_status(Status::Completed, 2)]));
    assert_eq!((bench.aborts, bench.phase()), (0, Phase::Ended));
}

/// 52.
#[test]
fn pagehide_lets_go_of_everything_and_pageshow_polls_at_once() {
    let mut bench = Bench::holding();
    bench.event(Event::Freeze);
    assert_eq!(bench.aborts, 1);
    bench.assert_idle();
    for event in [Event::Timer, Event::Online(true), Event::CancelRequested { id: ID }] {
        bench.event(event);
        bench.assert_idle();
    }
    bench.advance(10_000);
    bench.event(Event::Resume);
    assert_eq!((bench.until_sent(), bench.phase()), (0, Phase::Watching));
    assert_eq!(bench.freshness(), Freshness::Woken);
    bench.answer(answer(Vec::new()));
    assert_eq!(bench.freshness(), Freshness::Fresh);
}

#[test]
fn a_frozen_page_that_is_seen_is_frozen_no_more() {
    let mut bench = bench();
    bench.event(Event::Freeze);
    bench.advance(30_000);
    bench.event(Event::Visible(true));
    assert_eq!(bench.until_sent(), 0);
}

/// 54.
#[test]
fn after_an_hour_of_sleep_the_request_is_aborted_and_the_bar_has_not_run_on() {
    let mut bench = Bench::holding();
    bench.answer(held(vec![moving(2)], 0));
    bench.until_sent();
    let before = bench.bar().expect("a bar");
    bench.sleep(3_600_000);
    let asleep = bench.bar().expect("a bar");
    assert!(asleep - before <= 1.0, "{before} -> {asleep}: at most ten seconds of movement");
    bench.advance(0);
    assert_eq!((bench.aborts, bench.freshness()), (1, Freshness::Woken));
    assert_eq!((bench.bar(), bench.view().moving), (Some(asleep), false));
    bench.until_sent();
    let watch = &bench.last_request.as_ref().expect("a request").watch[0];
    assert_eq!(watch.rate, 0.0, "the server learns that this bar stands still");
    bench.answer(answer(Vec::new()));
    assert!(bench.view().moving);
    assert_eq!(bench.bar(), Some(asleep));
}

#[test]
fn a_sleep_between_two_requests_is_noticed_too() {
    let mut bench = bench();
    let before = bench.bar().expect("a bar");
    bench.sleep(3_600_000);
    bench.advance(0);
    assert_eq!((bench.aborts, bench.freshness()), (0, Freshness::Woken));
    assert_eq!(bench.sent.last(), Some(&bench.now), "polls at once");
    assert!(bench.bar().expect("a bar") - before <= 1.0);
}

#[test]
fn an_answer_that_was_slept_over_is_applied_and_checked_at_once() {
    let mut bench = Bench::holding();
    bench.sleep(3_600_000);
    bench.answer(PollResponse { poll_after_ms: 5_000.0, ..held(vec![moving(2)], 9_000) });
    assert_eq!((bench.aborts, bench.bar()), (0, Some(40.0)));
    assert_eq!(bench.until_sent(), 500);
}

#[test]
fn a_request_that_died_of_sleep_is_no_failure() {
    let mut bench = Bench::holding();
    bench.sleep(3_600_000);
    bench.fail(Failure::Network);
    assert_eq!(bench.machine.stats(bench.now).failures, 0);
    assert_eq!((bench.until_sent(), bench.wait_ms()), (500, 20_000));
}

#[test]
fn a_sleep_that_only_the_driver_noticed_stops_the_bar_and_polls() {
    let mut bench = Bench::holding();
    bench.answer(held(vec![moving(2)], 0));
    bench.until_sent();
    bench.event(Event::Resume);
    assert_eq!((bench.aborts, bench.freshness()), (1, Freshness::Woken));
    assert!(!bench.view().moving);
    assert_eq!(bench.until_sent(), 500);
}

#[test]
fn a_sleep_does_not_count_as_time_of_failing() {
    let mut bench = bench();
    bench.until_sent();
    bench.fail(status(500));
    bench.sleep(3_600_000);
    bench.advance(0);
    bench.fail(status(500));
    assert_eq!(bench.phase(), Phase::Watching);
}

#[test]
fn a_page_hidden_for_an_hour_with_a_request_in_flight_comes_back_like_from_sleep() {
    let mut bench = Bench::holding();
    bench.answer(held(vec![moving(2)], 0));
    bench.until_sent();
    bench.event(Event::Visible(false));
    let before = bench.bar().expect("a bar");
    bench.sleep(3_600_000);
    bench.event(Event::Visible(true));
    assert_eq!((bench.aborts, bench.freshness()), (1, Freshness::Woken));
    assert!(bench.bar().expect("a bar") - before <= 4.0);
    bench.until_sent();
}

/// 55.
#[test]
fn a_clock_that_goes_backwards_does_no_harm() {
    let mut machine = Machine::new(plain());
    let mut random = || 0.5;
    machine.handle(Event::Watch { id: ID, snapshot: None }, 1_000_000, &mut random);
    machine.handle(Event::Timer, 1_000_000, &mut random);
    let response = answer(vec![moving(1)]);
    machine.handle(Event::Answer { epoch: 1, response, bytes: 0 }, 5, &mut random);
    let view = machine.view(ID, 0).expect("a watched task");
    assert_eq!((view.bar, view.age_ms), (Some(40.0), Some(0)));
    assert_eq!(machine.stats(1_000_000).next_in_ms, Some(800));
}
