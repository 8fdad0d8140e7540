//! What is learned about holding: cuts, fallback, and trying again.

use super::harness::*;
use crate::{
    poll::{AnswerKind, Config, Event, Failure, Freshness, Phase},
    task::{AnswerReason, PollResponse, Snapshot, Status},
};

/// Lets the held request be cut at this age, and the next one go out.
fn cut(bench: &mut Bench, age_ms: u64) -> u64 {
    bench.advance(age_ms);
    bench.fail(Failure::Network);
    bench.until_sent()
}

/// Lets held requests run out, cleanly, for this long.
fn clean(bench: &mut Bench, ms: u64) {
    let end = bench.now + ms;
    while bench.now < end {
        let wait = bench.wait_ms();
        bench.advance(wait as u64);
        bench.answer(held(Vec::new(), wait));
        bench.until_sent();
    }
}

/// 27.
#[test]
fn a_hold_that_runs_out_is_no_error() {
    let mut bench = Bench::holding();
    bench.advance(20_000);
    bench.answer(held(Vec::new(), 20_000));
    assert_eq!(bench.last(), Some(AnswerKind::Timeout));
    assert_eq!(bench.machine.stats(bench.now).failures, 0);
    assert_eq!((bench.until_sent(), bench.wait_ms()), (500, 20_000));
}

/// 28.
#[test]
fn two_unchanged_answers_at_once_mean_that_nobody_holds() {
    let mut bench = Bench::holding();
    bench.answer(answer(Vec::new()));
    assert_eq!((bench.until_sent(), bench.wait_ms()), (500, 20_000));
    bench.answer(answer(Vec::new()));
    let pause = bench.until_sent();
    assert!((720..=1_200).contains(&pause), "{pause}");
    assert_eq!(bench.wait_ms(), 0);
}

#[test]
fn one_that_was_held_in_between_starts_the_count_anew() {
    let mut bench = Bench::holding();
    for _ in 0..4 {
        bench.answer(answer(Vec::new()));
        bench.until_sent();
        bench.advance(20_000);
        bench.answer(held(Vec::new(), 20_000));
        bench.until_sent();
        assert_eq!(bench.wait_ms(), 20_000);
    }
}

/// 29.
#[test]
fn a_first_cut_is_tried_again_within_a_second_without_a_banner() {
    for failure in [Failure::Network, status(408), status(502), status(504), status(524)] {
        let mut bench = Bench::holding();
        bench.advance(10_000);
        bench.fail(failure);
        let stats = bench.machine.stats(bench.now);
        assert_eq!((stats.failures_in_a_row, bench.freshness()), (0, Freshness::Fresh));
        let pause = bench.until_sent();
        assert!((500..=1_000).contains(&pause), "{pause}");
        assert_eq!(bench.wait_ms(), 20_000);
    }
}

#[test]
fn an_error_that_is_no_cut_is_a_failure() {
    for failure in [Failure::Unreadable, status(500), retry_after(503, 0)] {
        let mut bench = Bench::holding();
        bench.advance(10_000);
        bench.fail(failure);
        assert_eq!(bench.machine.stats(bench.now).failures_in_a_row, 1);
    }
    let mut bench = Bench::holding();
    bench.advance(1_999);
    bench.fail(Failure::Network);
    assert_eq!(bench.machine.stats(bench.now).failures_in_a_row, 1);
}

/// 30.
#[test]
fn two_cuts_at_ten_seconds_shorten_the_hold_to_7_5() {
    let mut bench = Bench::holding();
    cut(&mut bench, 10_000);
    cut(&mut bench, 10_000);
    assert_eq!(bench.wait_ms(), 7_500);
}

/// 30.
#[test]
fn two_cuts_with_good_answers_in_between_count_as_well() {
    let mut bench = Bench::holding();
    cut(&mut bench, 10_000);
    bench.advance(4_000);
    bench.answer(held(vec![at(60.0, 2)], 4_000));
    bench.until_sent();
    let pause = cut(&mut bench, 10_400);
    assert!((500..=1_000).contains(&pause), "{pause}");
    assert_eq!((bench.wait_ms(), bench.freshness()), (7_500, Freshness::Fresh));
    assert_eq!(bench.machine.stats(bench.now).failures_in_a_row, 0);
}

#[test]
fn two_cuts_at_different_ages_are_no_rule() {
    let mut bench = Bench::holding();
    cut(&mut bench, 18_000);
    cut(&mut bench, 9_000);
    assert_eq!(bench.wait_ms(), 20_000);
}

#[test]
fn cuts_in_a_row_become_failures_with_a_banner() {
    let mut bench = Bench::holding();
    for age in [18_000, 9_000, 18_000, 9_000] {
        cut(&mut bench, age);
    }
    assert_eq!(bench.freshness(), Freshness::Unreachable);
}

#[test]
fn the_hold_never_becomes_shorter_than_five_seconds() {
    let mut bench = Bench::holding();
    cut(&mut bench, 5_500);
    cut(&mut bench, 5_500);
    assert_eq!(bench.wait_ms(), 5_000);
}

/// 31.
#[test]
fn two_cuts_under_five_seconds_end_holding_for_five_minutes() {
    let mut bench = Bench::holding();
    cut(&mut bench, 3_000);
    cut(&mut bench, 2_200);
    assert_eq!(bench.wait_ms(), 0);
    let start = bench.now;
    while bench.wait_ms() == 0 {
        bench.answer(answer(Vec::new()));
        bench.until_sent();
    }
    let took = bench.now - start;
    assert!((295_000..=306_000).contains(&took), "{took}");
    assert_eq!(bench.wait_ms(), 20_000);
}

/// 32.
#[test]
fn ten_clean_minutes_give_five_seconds_back_up_to_twenty() {
    let mut bench = Bench::holding();
    cut(&mut bench, 10_000);
    cut(&mut bench, 10_000);
    for expected in [7_500, 12_500, 17_500, 20_000, 20_000] {
        assert_eq!(bench.wait_ms(), expected);
        clean(&mut bench, 601_000);
    }
}

#[test]
fn a_cut_of_any_age_starts_the_clean_minutes_anew() {
    let mut bench = Bench::holding();
    cut(&mut bench, 10_000);
    cut(&mut bench, 10_000);
    clean(&mut bench, 500_000);
    cut(&mut bench, 5_000);
    clean(&mut bench, 300_000);
    assert_eq!(bench.wait_ms(), 7_500);
}

#[test]
fn a_cut_is_forgotten_after_ten_clean_minutes() {
    let mut bench = Bench::holding();
    cut(&mut bench, 10_000);
    clean(&mut bench, 640_000);
    cut(&mut bench, 10_000);
    assert_eq!(bench.wait_ms(), 20_000);
}

/// 33.
#[test]
fn no_answer_ten_seconds_after_the_hold_is_aborted() {
    let mut bench = Bench::holding();
    bench.advance(29_999);
    assert_eq!(bench.aborts, 0);
    bench.advance(1);
    assert_eq!((bench.aborts, bench.last()), (1, Some(AnswerKind::Failed)));
    assert_eq!(bench.machine.stats(bench.now).failures_in_a_row, 1);
}

#[test]
fn held_requests_that_vanish_twice_end_holding() {
    let mut bench = Bench::holding();
    bench.advance(30_000);
    bench.until_sent();
    assert_eq!(bench.wait_ms(), 20_000);
    bench.advance(30_000);
    bench.until_sent();
    assert_eq!(bench.wait_ms(), 0);
}

#[test]
fn held_requests_that_vanish_now_and_then_do_not() {
    let mut bench = Bench::holding();
    for _ in 0..3 {
        bench.advance(30_000);
        bench.until_sent();
        bench.advance(20_000);
        bench.answer(held(Vec::new(), 20_000));
        bench.until_sent();
        assert_eq!(bench.wait_ms(), 20_000);
    }
}

#[test]
fn answers_with_news_at_once_do_not_end_holding() {
    let mut bench = Bench::holding();
    for version in 2..8 {
        bench.answer(answer(vec![running(ID, version)]));
        bench.until_sent();
        assert_eq!(bench.wait_ms(), 20_000);
    }
}

#[test]
fn the_hold_ends_at_the_deadline() {
    let mut bench = Bench::new(Config { deadline_ms: Some(12_000), ..Config::default() });
    bench.watch(ID);
    bench.advance(0);
    assert_eq!(bench.wait_ms(), 12_000);
    bench.advance(12_000);
    bench.answer(held(vec![running(ID, 1)], 12_000));
    bench.until_sent();
    assert_eq!(bench.wait_ms(), 0);
    bench.answer(answer(Vec::new()));
    assert_eq!(bench.phase(), Phase::TimedOut);
}

#[test]
fn answers_for_a_deviation_are_counted_and_told_to_the_server() {
    let mut bench = Bench::holding();
    assert_eq!(early(&bench), 0, "the first answer was not early");
    for expected in 1..=3 {
        bench.advance(2_000);
        bench.answer(held(vec![at(40.0 + f64::from(expected), 1 + i64::from(expected))], 2_000));
        bench.until_sent();
        assert_eq!(early(&bench), expected);
    }
    bench.advance(19_500);
    bench.answer(held(vec![at(60.0, 9)], 19_500));
    bench.until_sent();
    assert_eq!(early(&bench), 3, "a hold that ran out is not early");
    bench.advance(2_000);
    bench.answer(held(vec![Snapshot { attempt: 2, ..at(1.0, 10) }], 2_000));
    bench.until_sent();
    assert_eq!(early(&bench), 1, "a new attempt has a new budget");
}

/// What is told to the server as `early`.
fn early(bench: &Bench) -> u32 {
    bench.last_request.as_ref().expect("a request").watch[0].early_responses
}

#[test]
fn only_answers_for_a_deviation_or_a_stage_count_as_early_where_the_server_says_why() {
    let cases = [
        (AnswerReason::Deviation, 1),
        (AnswerReason::Step, 1),
        (AnswerReason::Output, 1),
        (AnswerReason::Cancelling, 0),
        (AnswerReason::Changed, 0),
        (AnswerReason::Timeout, 0),
        (AnswerReason::ShuttingDown, 0),
        (AnswerReason::NoWait, 0),
        (AnswerReason::Unknown, 0),
    ];
    for (reason, expected) in cases {
        let mut bench = Bench::holding();
        bench.advance(2_000);
        let response = held(vec![at(60.0, 2)], 2_000);
        bench.answer(PollResponse { reason: Some(reason), ..response });
        assert_eq!(bench.machine.stats(bench.now).reason, Some(reason));
        bench.until_sent();
        assert_eq!(early(&bench), expected, "{reason:?}");
    }
    let mut bench = Bench::holding();
    bench.advance(2_000);
    let response = held(vec![Snapshot { attempt: 2, ..at(1.0, 2) }], 2_000);
    bench.answer(PollResponse { reason: Some(AnswerReason::Attempt), ..response });
    bench.until_sent();
    assert_eq!(early(&bench), 1, "a new attempt has a new budget, and has used one of it");
}

#[test]
fn a_server_that_is_stopping_is_asked_again_when_it_said_and_holding_goes_on() {
    let mut bench = Bench::holding();
    for _ in 0..3 {
        bench.advance(100);
        let response = PollResponse { poll_after_ms: 3_400.0, ..answer(Vec::new()) };
        bench.answer(PollResponse { reason: Some(AnswerReason::ShuttingDown), ..response });
        for event in [
            Event::Visible(false),
            Event::Visible(true),
            Event::CancelRequested { id: ID },
            Event::Watch { id: id(2), snapshot: None },
        ] {
            bench.event(event);
        }
        assert_eq!((bench.until_sent(), bench.wait_ms()), (3_400, 20_000));
    }
}

#[test]
fn a_server_that_holds_as_many_as_it_may_is_spared_for_five_minutes() {
    let mut bench = Bench::holding();
    for _ in 0..2 {
        let response = PollResponse { poll_after_ms: 900.0, ..answer(Vec::new()) };
        bench.answer(PollResponse { reason: Some(AnswerReason::NoWait), ..response });
        assert!(bench.until_sent() >= 900);
    }
    assert_eq!(bench.wait_ms(), 0);
}

#[test]
fn tasks_shown_large_are_asked_for_with_the_live_profile() {
    let live = |config| {
        let bench = Bench::watching(config);
        bench.last_request.as_ref().expect("a request").watch[0].foreground
    };
    assert!(!live(Config::default()));
    assert!(live(Config { foreground: true, ..Config::default() }));
}

#[test]
fn a_cut_of_a_page_hidden_meanwhile_is_not_tried_again_in_haste() {
    let mut bench = Bench::holding();
    bench.event(Event::NotifyHidden(true));
    bench.event(Event::Visible(false));
    bench.advance(10_000);
    bench.fail(Failure::Network);
    assert_eq!((bench.until_sent(), bench.wait_ms()), (30_000, 0));
}

#[test]
fn the_servers_pause_is_the_only_one_where_it_holds() {
    let mut bench = Bench::holding();
    bench.advance(3_000);
    let response = PollResponse { poll_after_ms: 2_500.0, ..held(vec![at(60.0, 2)], 3_000) };
    bench.answer(response);
    assert_eq!(bench.until_sent(), 2_500);
}

#[test]
fn nothing_is_held_for_a_hidden_page() {
    let mut bench = Bench::holding();
    bench.event(Event::NotifyHidden(true));
    bench.event(Event::Visible(false));
    bench.advance(20_000);
    bench.answer(held(Vec::new(), 20_000));
    bench.until_sent();
    assert_eq!(bench.wait_ms(), 0);
    bench.answer(answer(vec![with_status(Status::Completed, 2)]));
    bench.assert_idle();
}
