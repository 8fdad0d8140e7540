//! Who is watched, when the loop starts and what ends it.

use super::harness::*;
use crate::{
    poll::{AnswerKind, Config, Event, Phase, Policy},
    task::{GoneReason, Snapshot, Status},
};

fn unwatch(bench: &mut Bench) {
    bench.event(Event::Unwatch { id: ID });
}

/// 1.
#[test]
fn the_first_request_goes_out_at_once_and_is_held_where_holding_is_on() {
    let mut bench = Bench::new(Config::default());
    bench.watch(ID);
    assert_eq!(bench.until_sent(), 0);
    assert_eq!(bench.wait_ms(), 20_000);
    assert_eq!(bench.last_request.as_ref().map(|request| request.watch[0].version), Some(0));
}

#[test]
fn without_holding_the_server_is_asked_to_answer_at_once() {
    assert_eq!(Bench::watching(plain()).wait_ms(), 0);
}

/// 2.
#[test]
fn a_task_that_is_terminal_already_is_never_polled() {
    let mut bench = Bench::new(plain());
    let snapshot = Some(Box::new(with_status(Status::Completed, 9)));
    bench.event(Event::Watch { id: ID, snapshot });
    bench.assert_idle();
    assert_eq!(bench.phase(), Phase::Ended);
    assert_eq!(bench.bar(), Some(100.0));
}

#[test]
fn a_server_rendered_snapshot_is_shown_at_once_and_is_the_basis_of_the_first_request() {
    let mut bench = Bench::new(plain());
    bench.event(Event::Watch { id: ID, snapshot: Some(Box::new(running(ID, 5))) });
    assert_eq!(bench.bar(), Some(40.0));
    assert_eq!(bench.until_sent(), 0);
    assert_eq!(bench.last_request.as_ref().map(|request| request.watch[0].version), Some(5));
}

/// 7, 8, 9.
#[test]
fn one_task_watched_twice_is_one_loop_that_ends_with_the_second_watcher() {
    let mut bench = Bench::watching(plain());
    bench.watch(ID);
    assert_eq!(bench.ids(), [ID]);
    bench.answer(answer(vec![running(ID, 1)]));

    unwatch(&mut bench);
    bench.until_sent();
    assert_eq!(bench.ids(), [ID]);

    unwatch(&mut bench);
    bench.assert_idle();
    assert_eq!(bench.aborts, 1);
    assert!(bench.machine.view(ID, bench.now).is_none());
    let sent = bench.sent.len();
    bench.advance(600_000);
    assert_eq!(bench.sent.len(), sent);
}

#[test]
fn a_later_watcher_that_begins_with_an_older_snapshot_sets_no_clock_back() {
    let mut bench = Bench::new(plain());
    let rendered = || Event::Watch { id: ID, snapshot: Some(Box::new(running(ID, 5))) };
    bench.event(rendered());
    let elapsed =
        |bench: &Bench| bench.machine.view(ID, bench.now).and_then(|view| view.elapsed_ms);
    bench.advance(3_000);
    let before = elapsed(&bench);
    bench.event(rendered());
    assert!(before.is_some());
    assert_eq!(elapsed(&bench), before);
}

#[test]
fn the_last_watcher_who_leaves_between_two_requests_releases_the_timer() {
    let mut bench = Bench::watching(plain());
    bench.answer(answer(vec![running(ID, 1)]));
    assert!(bench.timer.is_some());
    unwatch(&mut bench);
    bench.assert_idle();
}

/// 10.
#[test]
fn leaving_and_coming_back_does_not_undercut_the_floor() {
    let mut bench = Bench::watching(plain());
    bench.answer(answer(vec![running(ID, 1)]));
    bench.advance(100);
    unwatch(&mut bench);
    bench.advance(100);
    bench.watch(ID);
    assert_eq!(bench.until_sent(), 300);
}

/// 11.
#[test]
fn every_terminal_status_stops_the_loop() {
    for status in [Status::Completed, Status::Error, Status::Cancelled] {
        let mut bench = Bench::watching(plain());
        bench.answer(answer(vec![with_status(status, 3)]));
        bench.assert_idle();
        assert_eq!(bench.phase(), Phase::Ended);
        assert_eq!(bench.last(), Some(AnswerKind::Ended));
    }
}

/// 12.
#[test]
fn an_answer_that_races_the_abort_changes_nothing() {
    let mut bench = Bench::watching(plain());
    let (epoch, _) = bench.flight.clone().expect("a request in flight");
    bench.event(Event::StopWatching);
    assert_eq!(bench.aborts, 1);
    let renders = bench.renders;
    let response = answer(vec![with_status(Status::Completed, 3)]);
    bench.event(Event::Answer { epoch, response, bytes: 0 });
    assert_eq!(bench.view().snapshot, None);
    assert_eq!(bench.renders, renders);
    bench.assert_idle();
}

/// 13.
#[test]
fn an_answer_of_an_older_epoch_is_dropped() {
    let mut bench = Bench::watching(plain());
    let (old, _) = bench.flight.clone().expect("a request in flight");
    bench.event(Event::Resume);
    bench.until_sent();
    bench.event(Event::Answer { epoch: old, response: answer(vec![at(80.0, 9)]), bytes: 0 });
    assert!(bench.flight.is_some());
    assert_eq!(bench.bar(), None);
    bench.answer(answer(vec![at(20.0, 2)]));
    assert_eq!(bench.bar(), Some(20.0));
}

#[test]
fn stop_watching_releases_everything_and_resume_goes_on() {
    let mut bench = Bench::watching(plain());
    bench.answer(answer(vec![running(ID, 1)]));
    bench.event(Event::StopWatching);
    bench.assert_idle();
    assert_eq!(bench.phase(), Phase::Stopped);
    for event in [Event::Visible(true), Event::Online(true), Event::Resume, Event::Timer] {
        bench.event(event);
        bench.assert_idle();
    }
    bench.advance(60_000);
    bench.event(Event::ResumeWatching);
    assert_eq!(bench.until_sent(), 0);
    assert_eq!(bench.phase(), Phase::Watching);
}

/// 62.
#[test]
fn three_of_fifty_that_changed_are_applied_and_the_rest_counts_as_confirmed() {
    let mut bench = Bench::new(plain());
    (1..=50).for_each(|number| bench.watch(id(number)));
    bench.advance(0);
    assert_eq!(bench.ids().len(), 50);
    bench.answer(answer((1..=50).map(|number| running(id(number), 1)).collect()));
    assert_eq!(bench.sent.len(), 1);

    bench.until_sent();
    bench.answer(answer([3, 20, 50].map(|number| running(id(number), 2)).into()));
    for number in 1..=50 {
        let view = bench.machine.view(id(number), bench.now).expect("a watched task");
        let version = view.snapshot.map(|snapshot| snapshot.version);
        assert_eq!(version, Some(if [3, 20, 50].contains(&number) { 2 } else { 1 }));
        assert_eq!(view.age_ms, Some(0));
    }
}

/// 63.
#[test]
fn the_loop_ends_with_the_last_task_of_the_batch_and_asks_only_for_the_others_before() {
    let mut bench = Bench::watching(plain());
    bench.watch(id(2));
    bench.answer(answer(vec![with_status(Status::Completed, 2)]));
    bench.until_sent();
    assert_eq!(bench.ids(), [id(2)]);
    let end = Snapshot { status: Status::Error, ..running(id(2), 4) };
    bench.answer(answer(vec![end]));
    bench.assert_idle();
}

#[test]
fn a_task_that_joins_while_running_is_asked_for_with_the_next_request() {
    let mut bench = Bench::watching(plain());
    bench.watch(id(2));
    bench.answer(answer(vec![Snapshot { elapsed_ms: 100_000, ..running(ID, 1) }]));
    assert_eq!(bench.until_sent(), 500);
    assert_eq!(bench.ids(), [ID, id(2)]);
}

#[test]
fn a_task_that_joins_does_not_wait_for_a_held_request() {
    let mut bench = Bench::holding();
    bench.advance(3_000);
    bench.watch(id(2));
    assert_eq!(bench.aborts, 1);
    assert_eq!(bench.until_sent(), 500);
    assert_eq!(bench.ids(), [ID, id(2)]);
}

#[test]
fn a_task_that_leaves_and_joins_again_while_a_request_is_held_does_not_wait_for_it() {
    let mut bench = Bench::holding();
    bench.watch(id(2));
    bench.until_sent();
    bench.answer(held(vec![running(id(2), 1)], 0));
    bench.until_sent();
    bench.advance(1_000);
    bench.event(Event::Unwatch { id: id(2) });
    bench.watch(id(2));
    bench.until_sent();
    assert_eq!(bench.ids(), [ID, id(2)]);
}

#[test]
fn nothing_is_held_where_tasks_take_turns() {
    let mut bench = Bench::new(Config::default());
    (1..=51).for_each(|number| bench.watch(id(number)));
    bench.advance(0);
    assert_eq!(bench.wait_ms(), 0);
    bench.answer(answer(vec![with_status(Status::Completed, 1)]));
    bench.until_sent();
    assert_eq!(bench.wait_ms(), 20_000);
}

#[test]
fn more_tasks_than_one_request_takes_are_asked_for_in_turn() {
    let mut bench = Bench::new(plain());
    (1..=120).for_each(|number| bench.watch(id(number)));
    bench.advance(0);
    let mut asked = bench.ids();
    for _ in 0..2 {
        bench.answer(answer(Vec::new()));
        bench.until_sent();
        assert_eq!(bench.ids().len(), 50);
        asked.extend(bench.ids());
    }
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), 120);
}

/// 56.
#[test]
fn at_the_deadline_there_is_one_last_poll_and_then_no_more() {
    let config = Config { deadline_ms: Some(10_000), policy: Policy::Backoff, ..plain() };
    let mut bench = Bench::watching(config);
    bench.advance(9_700);
    bench.answer(answer(vec![running(ID, 1)]));
    assert_eq!(bench.until_sent(), 500);
    assert_eq!(bench.phase(), Phase::Watching);
    bench.answer(answer(Vec::new()));
    assert_eq!(bench.phase(), Phase::TimedOut);
    bench.assert_idle();
    bench.event(Event::TryAgain);
    bench.until_sent();
    bench.answer(answer(vec![running(ID, 2)]));
    assert_eq!(bench.phase(), Phase::Watching);
}

#[test]
fn the_last_poll_comes_at_the_deadline_even_where_the_policy_would_wait_longer() {
    let config = Config { deadline_ms: Some(4_000), ..plain() };
    let config = Config { policy: Policy::Interval { every_ms: 9_000 }, ..config };
    let mut bench = Bench::watching(config);
    bench.answer(answer(vec![running(ID, 1)]));
    assert_eq!(bench.until_sent(), 4_000);
    bench.fail(status(502));
    assert_eq!(bench.phase(), Phase::TimedOut);
    bench.assert_idle();
}

#[test]
fn a_last_poll_that_is_aborted_is_made_up_for() {
    let mut bench = Bench::watching(Config { deadline_ms: Some(4_000), ..plain() });
    bench.advance(4_000);
    bench.answer(answer(vec![running(ID, 1)]));
    bench.until_sent();
    bench.event(Event::Online(false));
    bench.advance(10_000);
    assert_ne!(bench.phase(), Phase::TimedOut);
    bench.event(Event::Online(true));
    bench.until_sent();
    bench.answer(answer(vec![with_status(Status::Completed, 2)]));
    assert_eq!(bench.phase(), Phase::Ended);
}

#[test]
fn the_failed_last_poll_of_one_task_is_not_that_of_another() {
    let config = Config { deadline_ms: Some(4_000), ids_per_request: 1, ..plain() };
    let mut bench = Bench::new(config);
    bench.watch(ID);
    bench.watch(id(2));
    bench.advance(4_000);
    bench.answer(answer(Vec::new()));
    bench.until_sent();
    let aborted = bench.ids();
    bench.event(Event::Online(false));
    bench.event(Event::Online(true));
    bench.until_sent();
    let failed = bench.ids();
    assert_ne!(aborted, failed);
    bench.fail(status(500));
    let phase = |id| bench.machine.view(id, bench.now).expect("a watched task").phase;
    assert_eq!((phase(aborted[0]), phase(failed[0])), (Phase::Watching, Phase::TimedOut));
}

/// 42, 57.
#[test]
fn an_expired_task_is_final_at_once() {
    let mut bench = Bench::watching(plain());
    bench.answer(gone(ID, GoneReason::Expired));
    assert_eq!(bench.phase(), Phase::Gone(GoneReason::Expired));
    bench.assert_idle();
}
