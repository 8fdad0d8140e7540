//! Which answers are applied, and what the bar may do.

use super::harness::*;
use crate::{
    poll::{AnswerKind, Event, Phase},
    task::{Snapshot, Status},
};

/// A machine that got these snapshots, one answer each.
fn after(snapshots: Vec<Snapshot>) -> Bench {
    let mut bench = Bench::watching(plain());
    let last = snapshots.len() - 1;
    for (at, snapshot) in snapshots.into_iter().enumerate() {
        bench.answer(answer(vec![snapshot]));
        if at < last {
            bench.until_sent();
        }
    }
    bench
}

fn version(bench: &Bench) -> Option<i64> {
    bench.view().snapshot.map(|snapshot| snapshot.version)
}

/// 14.
#[test]
fn an_answer_with_a_lower_version_is_ignored() {
    let bench = after(vec![at(40.0, 5), at(70.0, 4)]);
    assert_eq!((version(&bench), bench.bar()), (Some(5), Some(40.0)));
    assert_eq!(bench.last(), Some(AnswerKind::Unchanged));
}

/// 15.
#[test]
fn an_answer_with_the_same_version_draws_nothing_and_resets_the_failures() {
    let mut bench = after(vec![at(40.0, 5)]);
    bench.until_sent();
    bench.fail(status(500));
    assert_eq!(bench.machine.stats(bench.now).failures_in_a_row, 1);
    bench.until_sent();
    let renders = bench.renders;
    bench.answer(answer(vec![at(70.0, 5)]));
    assert_eq!(bench.machine.stats(bench.now).failures_in_a_row, 0);
    assert_eq!((bench.renders, bench.bar()), (renders, Some(40.0)));
}

/// 16.
#[test]
fn running_after_a_terminal_status_is_ignored() {
    let mut bench = Bench::watching(plain());
    bench.watch(id(2));
    bench.answer(answer(vec![with_status(Status::Completed, 5)]));
    bench.until_sent();
    let late = Snapshot { attempt: 2, ..at(10.0, 6) };
    bench.answer(answer(vec![late.clone(), running(id(2), 1)]));
    bench.event(Event::Told { snapshot: Box::new(late) });
    assert_eq!((bench.phase(), bench.bar()), (Phase::Ended, Some(100.0)));
    assert_eq!(version(&bench), Some(5));
}

/// 17.
#[test]
fn a_new_attempt_sets_the_bar_back_once() {
    let retried = |progress, version| Snapshot { attempt: 2, ..at(progress, version) };
    let mut bench = after(vec![at(60.0, 5), retried(10.0, 6)]);
    assert_eq!(bench.bar(), Some(10.0));
    bench.until_sent();
    bench.answer(answer(vec![retried(5.0, 7)]));
    assert_eq!(bench.bar(), Some(10.0));
}

#[test]
fn a_new_attempt_is_applied_even_with_a_lower_version() {
    let bench = after(vec![at(60.0, 5), Snapshot { attempt: 2, ..at(3.0, 2) }]);
    assert_eq!((version(&bench), bench.bar()), (Some(2), Some(3.0)));
}

#[test]
fn an_answer_from_before_the_new_attempt_is_ignored() {
    let retried = Snapshot { attempt: 2, ..at(3.0, 2) };
    let mut bench = after(vec![at(60.0, 5), retried, at(50.0, 4)]);
    assert_eq!((version(&bench), bench.bar()), (Some(2), Some(3.0)));
    bench.until_sent();
    bench.answer(answer(vec![at(50.0, 6)]));
    assert_eq!(version(&bench), Some(6));
}

#[test]
fn an_attempt_that_is_given_back_does_not_set_the_bar_back() {
    let queued = Snapshot { attempt: 0, status: Status::Queued, ..at(0.0, 6) };
    let mut bench = after(vec![at(60.0, 5), queued]);
    assert_eq!((bench.bar(), bench.view().status), (Some(60.0), Some(Status::Queued)));
    bench.until_sent();
    bench.answer(answer(vec![at(20.0, 7)]));
    assert_eq!(bench.bar(), Some(60.0));
}

/// 18.
#[test]
fn lower_progress_in_a_newer_version_holds_the_bar_and_changes_the_text() {
    let newer = Snapshot { message: Some("counting again".to_owned()), ..at(30.0, 6) };
    let bench = after(vec![at(60.0, 5), newer]);
    assert_eq!(bench.bar(), Some(60.0));
    let message = bench.view().snapshot.and_then(|snapshot| snapshot.message.clone());
    assert_eq!(message.as_deref(), Some("counting again"));
}

/// 19, 20.
#[test]
fn progress_out_of_range_is_clamped_and_what_is_no_number_is_indeterminate() {
    assert_eq!(after(vec![at(-5.0, 1)]).bar(), Some(0.0));
    assert_eq!(after(vec![at(130.0, 1)]).bar(), Some(99.0));
    assert_eq!(after(vec![at(f64::NAN, 1)]).bar(), None);
    assert_eq!(after(vec![at(f64::INFINITY, 1)]).bar(), None);
    assert_eq!(after(vec![Snapshot { progress: None, ..running(ID, 1) }]).bar(), None);
}

#[test]
fn a_task_that_cannot_tell_for_a_while_comes_back_where_it_was() {
    let unknown = Snapshot { progress: None, ..running(ID, 6) };
    let mut bench = after(vec![at(60.0, 5), unknown]);
    assert_eq!(bench.bar(), None);
    bench.until_sent();
    bench.answer(answer(vec![at(10.0, 7)]));
    assert_eq!(bench.bar(), Some(60.0));
}

/// 21.
#[test]
fn without_a_rate_the_bar_does_not_move() {
    for rate_per_s in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let mut bench = after(vec![Snapshot { rate_per_s, ..at(40.0, 1) }]);
        assert!(!bench.view().moving);
        bench.advance(600);
        assert_eq!(bench.bar(), Some(40.0), "{rate_per_s}");
    }
}

#[test]
fn the_bar_moves_at_the_rate_that_the_server_told() {
    let mut bench = after(vec![Snapshot { rate_per_s: 0.02, ..at(40.0, 1) }]);
    assert!(bench.view().moving);
    bench.until_sent();
    bench.advance(2_000);
    let seconds = (bench.now - 1_000_000) as f64 / 1_000.0;
    let bar = bench.bar().expect("a bar");
    assert!((bar - 40.0 - 2.0 * seconds).abs() < 1e-9, "{bar} after {seconds} s");
    let watch = &bench.last_request.as_ref().expect("a request").watch[0];
    assert_eq!((watch.progress, watch.version), (Some(40.0), 1));
    assert!((watch.rate - 0.02).abs() < 1e-12);
    assert_eq!(watch.age_ms + 2_000, (bench.now - 1_000_000) as i64);
}

/// 22.
#[test]
fn an_unfinished_task_never_shows_more_than_99() {
    let mut bench = after(vec![Snapshot { rate_per_s: 1.0, ..at(40.0, 1) }]);
    bench.until_sent();
    bench.advance(3_000);
    assert_eq!(bench.bar(), Some(99.0));
    assert!(!bench.view().moving);
    bench.answer(answer(vec![at(100.0, 2)]));
    assert_eq!(bench.bar(), Some(99.0));
}

/// 23.
#[test]
fn completed_is_100_at_once_wherever_the_bar_was() {
    assert_eq!(after(vec![at(40.0, 1), with_status(Status::Completed, 2)]).bar(), Some(100.0));
    let unknown = Snapshot { progress: None, ..with_status(Status::Completed, 2) };
    assert_eq!(after(vec![unknown]).bar(), Some(100.0));
}

/// 24.
#[test]
fn a_task_that_fails_keeps_its_bar_and_never_shows_100() {
    let mut bench = after(vec![Snapshot { progress: Some(60.0), ..with_status(Status::Error, 2) }]);
    bench.advance(60_000);
    assert_eq!((bench.bar(), bench.view().status), (Some(60.0), Some(Status::Error)));
    let rate_per_s = 0.01;
    let failed = Snapshot { rate_per_s, progress: Some(60.0), ..with_status(Status::Error, 2) };
    let mut bench = Bench::watching(plain());
    bench.watch(id(2));
    bench.answer(answer(vec![failed]));
    bench.until_sent();
    bench.advance(3_000);
    assert_eq!((bench.bar(), bench.view().moving), (Some(60.0), false));
    let full = Snapshot { progress: Some(100.0), ..with_status(Status::Error, 2) };
    assert_eq!(after(vec![full]).bar(), Some(99.0));
}

/// 25.
#[test]
fn an_unchanged_answer_is_a_success_and_the_prediction_goes_on() {
    let mut bench = after(vec![Snapshot { rate_per_s: 0.01, ..at(40.0, 1) }]);
    bench.until_sent();
    bench.advance(500);
    bench.answer(answer(Vec::new()));
    assert_eq!(bench.last(), Some(AnswerKind::Unchanged));
    let before = bench.bar().expect("a bar");
    bench.advance(100);
    let after = bench.bar().expect("a bar");
    assert!((after - before - 0.1).abs() < 1e-9);
    bench.until_sent();
    let watch = &bench.last_request.as_ref().expect("a request").watch[0];
    assert_eq!(watch.progress, Some(40.0), "the basis is still what the server told");
}

/// 26.
#[test]
fn an_unchanged_answer_before_the_first_snapshot_asks_for_all_again() {
    let mut bench = Bench::watching(plain());
    bench.answer(answer(Vec::new()));
    bench.until_sent();
    assert_eq!(bench.last_request.as_ref().map(|request| request.watch[0].version), Some(0));
}

/// 44.
#[test]
fn a_status_word_from_a_newer_server_is_not_terminal() {
    let mut json = serde_json::to_value(running(ID, 3)).expect("a snapshot as JSON");
    json["status"] = "paused_by_moon".into();
    let snapshot: Snapshot = serde_json::from_value(json).expect("a snapshot");
    let mut bench = after(vec![snapshot]);
    assert_eq!(bench.view().status, Some(Status::Unknown));
    bench.until_sent();
    bench.answer(answer(vec![with_status(Status::Completed, 4)]));
    assert_eq!(bench.phase(), Phase::Ended);
}

/// 58, as far as it is the machine's: other tabs hand snapshots over.
#[test]
fn a_snapshot_that_comes_another_way_is_merged_by_version_without_a_request() {
    let mut bench = after(vec![at(40.0, 5)]);
    let sent = bench.sent.len();
    bench.event(Event::Told { snapshot: Box::new(at(70.0, 4)) });
    assert_eq!(bench.bar(), Some(40.0));
    bench.event(Event::Told { snapshot: Box::new(at(70.0, 6)) });
    assert_eq!(bench.bar(), Some(70.0));
    bench.event(Event::Told { snapshot: Box::new(running(id(9), 6)) });
    assert_eq!(bench.sent.len(), sent);
    bench.event(Event::Told { snapshot: Box::new(with_status(Status::Cancelled, 7)) });
    assert_eq!((bench.phase(), bench.bar()), (Phase::Ended, Some(70.0)));
    bench.assert_idle();
}

/// 64.
#[test]
fn a_restarted_server_with_a_newer_generation_is_believed() {
    let bench = after(vec![at(40.0, (1 << 40) + 900), at(45.0, (2 << 40) + 1)]);
    assert_eq!(bench.bar(), Some(45.0));
}

/// 65.
#[test]
fn a_cancel_that_is_on_its_way_shows_cancelling_and_the_servers_end_wins() {
    let mut bench = after(vec![at(40.0, 5)]);
    bench.event(Event::CancelRequested { id: ID });
    assert_eq!(bench.view().status, Some(Status::Cancelling));
    bench.until_sent();
    bench.answer(answer(vec![at(50.0, 6)]));
    assert_eq!(bench.view().status, Some(Status::Cancelling));
    bench.until_sent();
    bench.answer(answer(vec![with_status(Status::Completed, 7)]));
    assert_eq!((bench.view().status, bench.bar()), (Some(Status::Completed), Some(100.0)));
    bench.event(Event::CancelRequested { id: ID });
    assert_eq!(bench.view().status, Some(Status::Completed));
}

#[test]
fn a_new_attempt_knows_nothing_of_an_earlier_wish_to_cancel() {
    let mut bench = after(vec![at(40.0, 5)]);
    bench.event(Event::CancelRequested { id: ID });
    bench.until_sent();
    bench.answer(answer(vec![Snapshot { attempt: 2, ..at(0.0, 6) }]));
    assert_eq!(bench.view().status, Some(Status::Running));
}

#[test]
fn a_cancel_that_failed_is_taken_back_unless_the_server_knows_better() {
    let mut bench = after(vec![at(40.0, 5)]);
    bench.event(Event::CancelRequested { id: ID });
    bench.event(Event::CancelFailed { id: ID });
    assert_eq!(bench.view().status, Some(Status::Running));
    bench.event(Event::CancelRequested { id: ID });
    bench.event(Event::Told { snapshot: Box::new(with_status(Status::Cancelling, 6)) });
    bench.event(Event::CancelFailed { id: ID });
    assert_eq!(bench.view().status, Some(Status::Cancelling));
}
