//! When the next request goes out after a good answer.

use super::harness::*;
use crate::{
    poll::{Config, Event, Policy, pause::gap_ms},
    task::{PollResponse, Snapshot, Status},
};

/// The pause after an answer with this `poll_after_ms`, with and without holding.
fn pauses(poll_after_ms: f64) -> (u64, u64) {
    let response = PollResponse { poll_after_ms, ..answer(vec![running(ID, 2)]) };
    let mut holding = Bench::holding();
    holding.answer(PollResponse { waited_ms: Some(1), ..response.clone() });
    let mut plain = Bench::watching(plain());
    plain.random = Some(0.5);
    plain.answer(response);
    (holding.until_sent(), plain.until_sent())
}

/// 3, 4.
#[test]
fn no_pause_told_means_the_floor_when_held_and_the_formula_when_not() {
    for nothing in [0.0, -1.0, -1e300, f64::NAN, f64::NEG_INFINITY, 499.0] {
        assert_eq!(pauses(nothing), (500, 800), "{nothing}");
    }
}

/// 5, 6.
#[test]
fn the_servers_pause_is_kept_up_to_a_minute() {
    assert_eq!(pauses(3_000.0), (3_000, 3_000));
    assert_eq!(pauses(60_000.0), (60_000, 60_000));
    assert_eq!(pauses(1e12), (60_000, 60_000));
    assert_eq!(pauses(f64::INFINITY), (60_000, 60_000));
}

#[test]
fn the_pause_without_holding_grows_with_the_root_of_the_age() {
    assert_eq!(gap_ms(-5, None, 0.5), 800);
    assert_eq!(gap_ms(0, None, 0.5), 800);
    assert_eq!(gap_ms(4_000, None, 0.5), 1_600);
    assert_eq!(gap_ms(25_000, None, 0.5), 4_000);
    assert_eq!(gap_ms(i64::MAX, None, 0.5), 5_000);
    assert_eq!(gap_ms(4_000, None, 0.0), 1_440);
    assert_eq!(gap_ms(4_000, None, 1.0), 1_760);
}

#[test]
fn the_pause_without_holding_aims_just_behind_a_near_end() {
    assert_eq!(gap_ms(25_000, Some(2_000), 0.5), 2_030);
    assert_eq!(gap_ms(25_000, Some(100), 0.5), 500);
    assert_eq!(gap_ms(25_000, Some(0), 0.5), 500);
    assert_eq!(gap_ms(25_000, Some(4_001), 0.5), 4_000);
    assert_eq!(gap_ms(25_000, Some(-1), 0.5), 4_000);
}

#[test]
fn the_task_that_is_due_first_paces_the_page() {
    let mut bench = Bench::new(plain());
    bench.random = Some(0.5);
    bench.watch(ID);
    bench.watch(id(2));
    bench.advance(0);
    let old = Snapshot { elapsed_ms: 25_000, ..running(ID, 1) };
    let young = Snapshot { elapsed_ms: 4_000, ..running(id(2), 1) };
    bench.answer(answer(vec![old, young]));
    assert_eq!(bench.until_sent(), 1_600);
    let ended = Snapshot { status: Status::Completed, ..running(id(2), 2) };
    bench.answer(answer(vec![ended]));
    let pause = bench.until_sent();
    assert!((4_000..4_400).contains(&pause), "{pause}");
}

#[test]
fn an_estimate_that_has_run_out_does_not_make_the_loop_hasty() {
    let mut bench = Bench::watching(plain());
    bench.random = Some(0.5);
    let near = Snapshot { elapsed_ms: 25_000, eta_ms: Some(1_000), ..running(ID, 1) };
    bench.answer(answer(vec![near]));
    assert_eq!(bench.until_sent(), 1_030);
    bench.answer(answer(Vec::new()));
    let pause = bench.until_sent();
    assert!((4_000..4_200).contains(&pause), "{pause}");
}

#[test]
fn after_a_request_to_cancel_the_loop_asks_as_for_a_new_task() {
    let mut bench = Bench::watching(plain());
    bench.random = Some(0.5);
    bench.answer(answer(vec![Snapshot { elapsed_ms: 100_000, ..running(ID, 1) }]));
    bench.advance(1_000);
    bench.event(Event::CancelRequested { id: ID });
    assert_eq!(bench.until_sent(), 800);
    let cancelling = answer(vec![with_status(Status::Cancelling, 2)]);
    bench.answer(PollResponse { poll_after_ms: 5_000.0, ..cancelling });
    assert_eq!(bench.until_sent(), 800);
}

#[test]
fn a_request_to_cancel_never_delays_the_next_request_nor_shortens_a_fixed_delay() {
    let mut bench = Bench::watching(plain());
    bench.random = Some(0.5);
    bench.answer(answer(vec![running(ID, 1)]));
    bench.advance(700);
    bench.event(Event::CancelRequested { id: ID });
    assert_eq!(bench.until_sent(), 100);

    let policy = Policy::Interval { every_ms: 3_000 };
    let mut bench = Bench::watching(Config { policy, ..plain() });
    bench.answer(answer(vec![running(ID, 1)]));
    bench.advance(700);
    bench.event(Event::CancelRequested { id: ID });
    assert_eq!(bench.until_sent(), 2_300);
}

#[test]
fn a_source_of_randomness_that_misbehaves_is_contained() {
    for number in [f64::NAN, -3.0, 7.0, f64::INFINITY] {
        let mut bench = Bench::watching(plain());
        bench.random = Some(number);
        bench.answer(answer(vec![running(ID, 1)]));
        let pause = bench.until_sent();
        assert!((720..=880).contains(&pause), "{number}: {pause}");
    }
}

#[test]
fn a_task_that_the_server_never_mentions_is_asked_for_less_and_less_often() {
    let mut bench = Bench::watching(plain());
    bench.answer(answer(Vec::new()));
    for _ in 0..60 {
        bench.until_sent();
        bench.answer(answer(Vec::new()));
    }
    assert!(bench.until_sent() >= 4_500);
}
