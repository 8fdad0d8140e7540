//! What each class of failure leads to.

use super::harness::*;
use crate::{
    poll::{AnswerKind, Config, Event, Failure, Freshness, Phase, Policy, pause::jitter_ms},
    task::{GoneReason, Problem, Status},
};

fn bench() -> Bench {
    let mut bench = Bench::watching(plain());
    bench.answer(answer(vec![running(ID, 1)]));
    bench.until_sent();
    bench
}

/// 34.
#[test]
fn the_pause_after_the_kth_failure_is_full_jitter() {
    for failures in 1..=10_u32 {
        let most = (1_000 * 2_u64.pow(failures)).min(15_000);
        for unit in [0.0, 0.01, 0.5, 0.99, 1.0] {
            let pause = jitter_ms(failures, 0, 500, 15_000, unit);
            assert!((500..=most).contains(&pause), "{failures}: {pause}");
            assert_eq!(pause, ((unit * most as f64) as u64).max(500));
        }
    }
    assert_eq!(jitter_ms(u32::MAX, 0, 500, 15_000, 1.0), 15_000);
}

/// 34.
#[test]
fn each_transient_failure_widens_the_jitter() {
    let mut bench = bench();
    bench.random = Some(1.0);
    for expected in [2_000, 4_000, 8_000, 15_000, 15_000] {
        bench.fail(Failure::Network);
        assert_eq!(bench.until_sent(), expected);
    }
}

/// 35.
#[test]
fn the_banner_comes_with_the_third_failure_and_goes_with_the_first_success() {
    let mut bench = bench();
    for expected in [Freshness::Fresh, Freshness::Fresh, Freshness::Unreachable] {
        bench.fail(status(500));
        assert_eq!(bench.freshness(), expected);
        bench.until_sent();
    }
    let renders = bench.renders;
    bench.answer(answer(Vec::new()));
    assert_eq!(bench.freshness(), Freshness::Fresh);
    assert_eq!(bench.renders, renders + 1);
    assert_eq!(bench.machine.stats(bench.now).failures_in_a_row, 0);
    bench.until_sent();
    bench.random = Some(1.0);
    bench.fail(status(500));
    assert_eq!(bench.until_sent(), 2_000);
}

#[test]
fn the_bar_stops_at_the_first_failure() {
    let mut bench = Bench::watching(plain());
    let moving = crate::task::Snapshot { rate_per_s: 0.001, ..running(ID, 1) };
    bench.answer(answer(vec![moving]));
    assert!(bench.view().moving);
    bench.until_sent();
    bench.fail(Failure::Network);
    assert!(!bench.view().moving);
    let bar = bench.bar();
    bench.until_sent();
    assert_eq!(bench.bar(), bar);
}

/// A server that takes requests and does not answer: no failure yet, and no news either.
#[test]
fn without_news_the_bar_moves_no_further_than_its_reach() {
    let config = Config { policy: Policy::Interval { every_ms: 60_000 }, ..plain() };
    let reach_ms = config.reach_ms;
    let mut bench = Bench::watching(config);
    let moving = crate::task::Snapshot { rate_per_s: 0.001, ..running(ID, 1) };
    bench.answer(answer(vec![moving]));
    let told = bench.bar().expect("a bar");
    bench.advance(reach_ms);
    let furthest = told + 0.1 * reach_ms as f64 / 1_000.0;
    assert!((bench.bar().expect("a bar") - furthest).abs() < 0.01);
    bench.advance(20_000);
    assert!((bench.bar().expect("a bar") - furthest).abs() < 0.01);
    assert!(!bench.view().moving);
}

/// 36.
#[test]
fn retry_after_is_a_lower_bound_of_the_jitter() {
    for code in [429, 503] {
        let mut bench = bench();
        bench.random = Some(1.0);
        bench.fail(retry_after(code, 7_000));
        assert_eq!(bench.until_sent(), 7_000);
        bench.fail(retry_after(code, 1_000));
        assert_eq!(bench.until_sent(), 4_000);
        bench.fail(retry_after(code, -5));
        assert_eq!(bench.until_sent(), 8_000);
    }
}

/// 37.
#[test]
fn a_retry_after_in_the_past_means_the_floor() {
    let mut bench = bench();
    bench.random = Some(0.0);
    bench.fail(retry_after(503, 0));
    assert_eq!(bench.until_sent(), 500);
}

#[test]
fn a_retry_after_longer_than_any_timer_is_waited_for_and_a_mad_one_is_capped() {
    let mut bench = bench();
    bench.fail(retry_after(429, 600_000));
    assert_eq!(bench.until_sent(), 600_000);
    bench.fail(retry_after(429, i64::MAX));
    assert_eq!(bench.until_sent(), 3_600_000);
}

#[test]
fn the_button_does_not_wait_for_what_the_server_asked() {
    let mut bench = bench();
    bench.fail(retry_after(429, 600_000));
    bench.advance(1_000);
    bench.event(Event::TryAgain);
    assert_eq!(bench.until_sent(), 0);
}

#[test]
fn the_problem_that_is_shown_is_that_of_the_last_failure_and_of_tasks_still_followed() {
    let mut bench = Bench::watching(plain());
    bench.watch(id(2));
    bench.answer(answer(vec![with_status(Status::Completed, 1)]));
    bench.until_sent();
    bench.fail(status(500));
    let problem = |bench: &Bench, number| {
        bench.machine.view(id(number), bench.now).expect("a watched task").problem.is_some()
    };
    assert!(problem(&bench, 2));
    assert!(!problem(&bench, 1), "it has ended and needs nothing more");
    bench.until_sent();
    bench.fail(Failure::Network);
    assert!(!problem(&bench, 2));
}

#[test]
fn the_problem_documents_retry_after_counts_where_the_header_is_missing() {
    let mut bench = bench();
    let mut problem = Problem::new(429, "Too Many Requests", "slow down");
    problem.retry_after_ms = Some(9_000);
    let problem = Some(Box::new(problem));
    bench.fail(Failure::Status { status: 429, retry_after_ms: None, problem });
    bench.event(Event::Visible(false));
    bench.event(Event::Visible(true));
    assert_eq!(bench.until_sent(), 9_000, "coming back does not undo what the server asked for");
}

/// 38.
#[test]
fn a_401_refreshes_the_session_silently_and_goes_on() {
    let mut bench = bench();
    bench.fail(status(401));
    assert_eq!((bench.refreshes, bench.phase()), (1, Phase::Watching));
    bench.advance(3_000);
    assert!(bench.flight.is_none());
    bench.event(Event::SessionRefreshed(true));
    assert_eq!(bench.until_sent(), 0);
    bench.answer(answer(vec![running(ID, 2)]));
    bench.until_sent();
    bench.fail(status(401));
    assert_eq!(bench.refreshes, 2, "after a good answer there is a new chance");
}

/// 39.
#[test]
fn a_second_401_is_signed_out_and_the_last_snapshot_stays() {
    let mut bench = bench();
    bench.fail(status(401));
    bench.event(Event::SessionRefreshed(true));
    bench.until_sent();
    bench.fail(status(401));
    assert_eq!((bench.refreshes, bench.phase()), (1, Phase::SignedOut));
    assert!(bench.view().snapshot.is_some());
    bench.assert_idle();
    bench.event(Event::TryAgain);
    bench.until_sent();
    assert_eq!(bench.phase(), Phase::Watching);
}

#[test]
fn a_session_that_cannot_be_refreshed_is_signed_out() {
    let mut bench = bench();
    bench.fail(status(401));
    bench.event(Event::SessionRefreshed(false));
    assert_eq!(bench.phase(), Phase::SignedOut);
    bench.assert_idle();
    bench.event(Event::SessionRefreshed(true));
    bench.until_sent();
}

#[test]
fn a_refresh_of_which_nothing_is_heard_does_not_leave_the_loop_stuck() {
    let mut bench = bench();
    bench.fail(status(401));
    let pause = bench.until_sent();
    assert!((15_500..=17_000).contains(&pause), "{pause}");
    bench.fail(status(401));
    assert_eq!(bench.phase(), Phase::SignedOut);
}

/// 40.
#[test]
fn a_refusal_is_final_and_told_plainly() {
    for code in [400, 403, 410, 422, 405, 413] {
        let mut bench = bench();
        bench.fail(status(code));
        assert_eq!(bench.phase(), Phase::Refused { status: code });
        assert_eq!(bench.view().problem.map(|problem| problem.detail.as_str()), Some("why"));
        bench.assert_idle();
        for event in [Event::Visible(false), Event::Visible(true), Event::Resume, Event::Timer] {
            bench.event(event);
            bench.assert_idle();
        }
        bench.event(Event::TryAgain);
        bench.until_sent();
        bench.answer(answer(Vec::new()));
        assert_eq!((bench.phase(), bench.view().problem), (Phase::Watching, None));
    }
}

/// 41.
#[test]
fn not_found_is_believed_the_third_time_right_after_the_start() {
    let mut bench = Bench::watching(plain());
    for _ in 0..2 {
        bench.answer(gone(ID, GoneReason::NotFound));
        assert_eq!(bench.phase(), Phase::Watching);
        bench.until_sent();
    }
    bench.answer(gone(ID, GoneReason::NotFound));
    assert_eq!(bench.phase(), Phase::Gone(GoneReason::NotFound));
    assert_eq!(bench.last(), Some(AnswerKind::Ended));
    bench.assert_idle();
}

/// 41.
#[test]
fn not_found_is_tried_again_at_2_s_and_final_at_60_s() {
    let mut bench = Bench::watching(plain());
    bench.advance(2_000);
    bench.answer(gone(ID, GoneReason::NotFound));
    assert_eq!(bench.phase(), Phase::Watching);
    bench.until_sent();
    bench.answer(answer(vec![running(ID, 1)]));
    while bench.now < 1_060_000 {
        bench.until_sent();
        if bench.now < 1_060_000 {
            bench.answer(answer(Vec::new()));
        }
    }
    bench.answer(gone(ID, GoneReason::NotFound));
    assert_eq!(bench.phase(), Phase::Gone(GoneReason::NotFound));
}

#[test]
fn a_task_that_was_found_in_between_is_given_three_tries_again() {
    let mut bench = Bench::watching(plain());
    bench.answer(gone(ID, GoneReason::NotFound));
    bench.until_sent();
    bench.answer(answer(vec![running(ID, 1)]));
    for _ in 0..2 {
        bench.until_sent();
        bench.answer(gone(ID, GoneReason::NotFound));
        assert_eq!(bench.phase(), Phase::Watching);
    }
}

/// 41, for a request about one task only.
#[test]
fn a_404_for_the_whole_request_is_treated_alike() {
    let mut bench = Bench::watching(plain());
    bench.advance(2_000);
    bench.fail(status(404));
    assert_eq!(bench.phase(), Phase::Watching);
    bench.until_sent();
    bench.advance(5_000);
    bench.fail(status(404));
    assert_eq!(bench.phase(), Phase::Refused { status: 404 });
}

#[test]
fn one_task_that_is_gone_does_not_end_the_others() {
    let mut bench = Bench::watching(plain());
    bench.watch(id(2));
    bench.answer(answer(Vec::new()));
    bench.until_sent();
    let response = crate::task::PollResponse {
        tasks: vec![running(id(2), 1)],
        ..gone(ID, GoneReason::Expired)
    };
    bench.answer(response);
    assert_eq!(bench.phase(), Phase::Gone(GoneReason::Expired));
    bench.until_sent();
    assert_eq!(bench.ids(), [id(2)]);
}

/// 43.
#[test]
fn an_answer_that_cannot_be_read_is_a_passing_failure() {
    let mut bench = bench();
    bench.fail(Failure::Unreadable);
    assert_eq!(bench.phase(), Phase::Watching);
    bench.until_sent();
    bench.fail(status(200));
    bench.until_sent();
    bench.answer(answer(vec![running(ID, 2)]));
    assert_eq!(bench.machine.stats(bench.now).failures, 2);
}

/// 45.
#[test]
fn after_two_minutes_of_failing_it_gives_up_and_the_button_goes_on() {
    let mut bench = bench();
    let start = bench.now;
    bench.fail_for(&Failure::Network, 600_000);
    assert_eq!((bench.phase(), bench.freshness()), (Phase::GaveUp, Freshness::Unreachable));
    bench.assert_idle();
    let took = bench.now - start;
    assert!((120_000..=136_000).contains(&took), "{took}");
    assert!(bench.view().snapshot.is_some());

    bench.event(Event::TryAgain);
    bench.until_sent();
    assert_eq!(bench.phase(), Phase::Watching);
    bench.fail(Failure::Network);
    assert_eq!(bench.phase(), Phase::Watching, "the two minutes start anew");
}

#[test]
fn who_comes_back_to_a_page_that_gave_up_need_not_press_the_button() {
    let mut bench = bench();
    bench.fail_for(&Failure::Network, 600_000);
    assert_eq!(bench.phase(), Phase::GaveUp);
    bench.event(Event::Visible(false));
    bench.advance(3_600_000);
    bench.event(Event::Visible(true));
    assert_eq!(bench.until_sent(), 0);
}

#[test]
fn a_server_that_says_when_to_come_back_is_not_given_up() {
    let mut bench = bench();
    bench.fail_for(&retry_after(503, 30_000), 1_200_000);
    assert_ne!(bench.phase(), Phase::GaveUp);
    assert_eq!(bench.freshness(), Freshness::Unreachable);
}

/// 46.
#[test]
fn time_spent_offline_or_hidden_does_not_count_towards_giving_up() {
    for (away, back) in [
        (Event::Online(false), Event::Online(true)),
        (Event::Visible(false), Event::Visible(true)),
        (Event::StopWatching, Event::ResumeWatching),
        (Event::Freeze, Event::Resume),
    ] {
        let mut bench = bench();
        bench.fail(Failure::Network);
        bench.event(away);
        bench.assert_idle();
        bench.advance(3_600_000);
        bench.event(back);
        bench.until_sent();
        bench.fail(Failure::Network);
        assert_eq!(bench.phase(), Phase::Watching);
    }
}

#[test]
fn a_request_without_an_answer_is_aborted_after_ten_seconds() {
    let mut bench = bench();
    bench.advance(9_999);
    assert_eq!(bench.aborts, 0);
    bench.advance(1);
    assert_eq!((bench.aborts, bench.last()), (1, Some(AnswerKind::Failed)));
    bench.until_sent();
}
