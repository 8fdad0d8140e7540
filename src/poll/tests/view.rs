//! What is shown: ages, freshness and counters.

use super::harness::*;
use crate::{
    poll::{Config, Event, Failure, Freshness, Policy},
    task::{Problem, Snapshot, Status},
};

#[test]
fn the_age_counts_from_the_last_answer_changed_or_not() {
    let mut bench = Bench::watching(plain());
    assert_eq!(bench.view().age_ms, None);
    bench.answer(answer(vec![running(ID, 1)]));
    bench.until_sent();
    bench.advance(4_000);
    let age = bench.view().age_ms.expect("an age");
    assert!((4_720..=4_880).contains(&age), "{age}");
    bench.fail(status(500));
    assert!(bench.view().age_ms >= Some(age));
    bench.until_sent();
    bench.answer(answer(Vec::new()));
    assert_eq!(bench.view().age_ms, Some(0));
}

#[test]
fn elapsed_and_remaining_time_go_on_between_answers_and_stop_at_the_end() {
    let mut bench = Bench::watching(plain());
    bench.answer(answer(vec![Snapshot { eta_ms: Some(3_000), ..running(ID, 1) }]));
    bench.advance(700);
    assert_eq!((bench.view().elapsed_ms, bench.view().eta_ms), (Some(1_700), Some(2_300)));
    bench.advance(3_000);
    assert_eq!(bench.view().eta_ms, None, "overdue");
    let ended = with_status(Status::Error, 2);
    let ended = Snapshot { elapsed_ms: 4_500, eta_ms: Some(900_000), ..ended };
    bench.answer(answer(vec![ended]));
    bench.advance(60_000);
    assert_eq!((bench.view().elapsed_ms, bench.view().eta_ms), (Some(4_500), None));
}

#[test]
fn a_worker_that_is_not_heard_of_is_lost() {
    let mut bench = Bench::watching(plain());
    bench.answer(answer(vec![Snapshot { heartbeat_age_ms: Some(31_000), ..running(ID, 1) }]));
    assert_eq!(bench.freshness(), Freshness::LostWorker);
    bench.until_sent();
    bench.answer(answer(vec![running(ID, 2)]));
    assert_eq!(bench.freshness(), Freshness::Fresh);
    bench.until_sent();
    let queued = Snapshot { heartbeat_age_ms: Some(31_000), ..with_status(Status::Queued, 3) };
    bench.answer(answer(vec![queued]));
    assert_eq!(bench.freshness(), Freshness::Fresh, "nobody runs it, nobody is lost");
}

#[test]
fn a_task_that_beats_and_does_not_change_is_silent_and_its_beat_is_asked_for() {
    let policy = Policy::Interval { every_ms: 1_000 };
    let mut bench = Bench::watching(Config { policy, ..plain() });
    bench.answer(answer(vec![Snapshot { updated_age_ms: 2_000, ..running(ID, 7) }]));
    let mut asked_for_all = 0;
    for second in 1..=90_i64 {
        bench.until_sent();
        let whole =
            bench.last_request.as_ref().is_some_and(|request| request.watch[0].version == 0);
        if whole {
            asked_for_all += 1;
            let age = 2_000 + second * 1_000;
            let same = Snapshot { updated_age_ms: age, ..running(ID, 7) };
            bench.answer(answer(vec![same]));
        } else {
            bench.answer(answer(Vec::new()));
        }
        // At 28 s it has been still for 30, and its worker's beat is asked for; until that is told,
        // nobody knows whether the worker is silent or lost.
        let expected = if second < 29 { Freshness::Fresh } else { Freshness::Silent };
        assert_eq!(bench.freshness(), expected, "after {second} s");
    }
    assert!((4..=5).contains(&asked_for_all), "{asked_for_all}");

    bench.until_sent();
    bench.answer(answer(vec![running(ID, 8)]));
    assert_eq!(bench.freshness(), Freshness::Fresh);
}

#[test]
fn the_worker_of_a_silent_task_can_be_lost() {
    let mut bench = Bench::watching(plain());
    bench.answer(answer(vec![Snapshot { updated_age_ms: 40_000, ..running(ID, 7) }]));
    assert_eq!(bench.freshness(), Freshness::Silent);
    bench.until_sent();
    let lost =
        Snapshot { updated_age_ms: 41_000, heartbeat_age_ms: Some(35_000), ..running(ID, 7) };
    bench.answer(answer(vec![lost]));
    assert_eq!(bench.freshness(), Freshness::LostWorker);
}

#[test]
fn a_server_that_says_that_it_cannot_answer_is_believed_at_the_first_time() {
    let mut bench = Bench::watching(plain());
    bench.answer(answer(vec![running(ID, 1)]));
    bench.until_sent();
    let problem = |status| Failure::Status {
        status,
        retry_after_ms: Some(2_000),
        problem: Some(Box::new(Problem::new(status, "x", "The database does not answer."))),
    };
    bench.fail(problem(429));
    assert_eq!(bench.freshness(), Freshness::Fresh, "it is there, and busy");
    bench.until_sent();
    for failure in [problem(503), Failure::Network] {
        bench.fail(failure);
        assert_eq!(bench.freshness(), Freshness::Unreachable);
        bench.until_sent();
    }
    bench.answer(answer(Vec::new()));
    assert_eq!(bench.freshness(), Freshness::Fresh);
}

#[test]
fn an_unanswered_request_does_not_make_a_task_silent() {
    let mut bench = Bench::watching(plain());
    bench.answer(answer(vec![running(ID, 7)]));
    bench.event(Event::StopWatching);
    bench.advance(600_000);
    assert_eq!(bench.freshness(), Freshness::Fresh);
    assert!(bench.view().age_ms >= Some(600_000));
}

#[test]
fn the_counters_tell_what_was_polled() {
    let mut bench = Bench::watching(plain());
    bench.answer(answer(vec![running(ID, 1)]));
    let stats = bench.machine.stats(bench.now + 100);
    assert_eq!((stats.requests, stats.answers, stats.bytes), (1, 1, 100));
    assert!(!stats.in_flight);
    let next = stats.next_in_ms.expect("a next request");
    assert_eq!(u64::from(next), bench.until_sent() - 100);
    let stats = bench.machine.stats(bench.now);
    assert_eq!((stats.requests, stats.in_flight, stats.next_in_ms), (2, true, None));
    bench.fail(status(500));
    assert_eq!(bench.machine.stats(bench.now).failures, 1);
    bench.event(Event::StopWatching);
    assert_eq!(bench.machine.stats(bench.now).next_in_ms, None);
    assert_eq!(bench.machine.stats(bench.now).policy, Policy::Paced);
}

#[test]
fn time_held_is_summed_up_and_only_time_of_watching_is_compared() {
    let mut bench = Bench::holding();
    let asked_for = |bench: &Bench| bench.machine.stats(bench.now).asking_ms;
    let before = asked_for(&bench);
    for waited_ms in [4_000, i64::MIN, 1_500] {
        bench.advance(4_000);
        bench.answer(held(Vec::new(), waited_ms));
        bench.until_sent();
    }
    assert_eq!(bench.machine.stats(bench.now).waited_ms, 5_500);
    assert_eq!(asked_for(&bench) - before, 13_500);
    for (away, back) in [
        (Event::StopWatching, Event::ResumeWatching),
        (Event::Online(false), Event::Online(true)),
        (Event::Freeze, Event::Resume),
    ] {
        bench.event(away);
        let before = asked_for(&bench);
        bench.advance(90_000);
        bench.event(back);
        assert_eq!(asked_for(&bench), before);
        bench.until_sent();
    }
}

#[test]
fn a_request_that_is_held_is_told_as_such() {
    let bench = Bench::holding();
    assert_eq!(bench.machine.stats(bench.now).hold_ms, 20_000);
}
