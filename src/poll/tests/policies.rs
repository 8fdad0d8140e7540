//! The three policies with fixed delays, and how policies are named and changed.

use super::harness::*;
use crate::poll::{Config, Event, Policy};

fn delays(policy: Policy, polls: usize) -> Vec<u64> {
    let mut bench = Bench::watching(Config { policy, ..plain() });
    (0..polls)
        .map(|poll| {
            let mut response = answer(vec![running(ID, poll as i64 + 1)]);
            response.poll_after_ms = 7_777.0;
            bench.answer(response);
            bench.until_sent()
        })
        .collect()
}

/// 66.
#[test]
fn interval_waits_the_same_each_time_and_never_under_the_floor() {
    assert_eq!(delays(Policy::Interval { every_ms: 2_000 }, 40), [2_000; 40]);
    assert_eq!(delays(Policy::Interval { every_ms: 1 }, 3), [500; 3]);
    assert_eq!(delays(Policy::Interval { every_ms: 499 }, 3), [500; 3]);
    assert_eq!(delays(Policy::Interval { every_ms: 300_000 }, 2), [300_000; 2]);
}

/// 66.
#[test]
fn adaptive_slows_down_after_10_and_after_30_polls() {
    let expected = [[1_000; 9].as_slice(), &[2_000; 20], &[5_000; 11]].concat();
    assert_eq!(delays(Policy::Adaptive, 40), expected);
}

/// 66.
#[test]
fn backoff_doubles_up_to_ten_seconds() {
    let expected = [[1_000, 2_000, 4_000, 8_000].as_slice(), &[10_000; 16]].concat();
    assert_eq!(delays(Policy::Backoff, 20), expected);
}

/// 66.
#[test]
fn no_number_of_polls_overflows() {
    for polls in [0, 1, 1_000, u32::MAX] {
        let adaptive = if polls < 10 { 1_000 } else { 5_000 };
        let backoff = if polls < 10 { 1_000 } else { 10_000 };
        assert_eq!(Policy::Adaptive.delay_ms(polls), Some(adaptive));
        assert_eq!(Policy::Backoff.delay_ms(polls), Some(backoff));
        assert_eq!(Policy::Interval { every_ms: 2_000 }.delay_ms(polls), Some(2_000));
        assert_eq!(Policy::Paced.delay_ms(polls), None);
    }
    assert_eq!(delays(Policy::Backoff, 1_100).last(), Some(&10_000));
    assert_eq!(delays(Policy::Adaptive, 1_100).last(), Some(&5_000));
}

#[test]
fn what_another_policy_would_have_asked_is_what_it_asks() {
    for policy in [Policy::Interval { every_ms: 700 }, Policy::Adaptive, Policy::Backoff] {
        let delays = delays(policy, 60);
        let mut at = 0;
        for (done, delay) in delays.into_iter().enumerate() {
            let requests = Some(done as u32 + 1);
            assert_eq!(policy.requests_in(at), requests, "{policy:?} after {at} ms");
            at += delay;
            assert_eq!(policy.requests_in(at - 1), requests, "{policy:?} after {at} ms");
        }
        assert_eq!(policy.requests_in(u64::MAX), Some(u32::MAX));
    }
    assert_eq!(Policy::Paced.requests_in(60_000), None);
}

#[test]
fn policies_have_one_word_each_and_paced_is_the_default() {
    for policy in Policy::ALL {
        assert_eq!(Policy::parse(policy.as_str()), Some(policy));
    }
    assert_eq!(Policy::parse("eager"), None);
    assert_eq!(Policy::parse("interval"), Some(Policy::Interval { every_ms: 2_000 }));
    assert_eq!(Config::default().policy, Policy::Paced);
}

#[test]
fn a_new_policy_counts_from_the_last_answer_and_starts_anew() {
    let policy = Policy::Interval { every_ms: 30_000 };
    let mut bench = Bench::watching(Config { policy, ..plain() });
    bench.answer(answer(vec![running(ID, 1)]));
    bench.advance(700);
    bench.event(Event::SetPolicy(Policy::Backoff));
    assert_eq!(bench.machine.policy(), Policy::Backoff);
    assert_eq!(bench.until_sent(), 300);
    bench.answer(answer(Vec::new()));
    bench.advance(9_000);
    bench.event(Event::SetPolicy(Policy::Interval { every_ms: 2_000 }));
    assert!(bench.flight.is_some() || bench.until_sent() == 0);
}

#[test]
fn a_policy_without_holding_ends_the_held_request() {
    let mut bench = Bench::holding();
    bench.event(Event::SetPolicy(Policy::Adaptive));
    assert_eq!(bench.aborts, 1);
    assert_eq!(bench.until_sent(), 500);
    assert_eq!(bench.wait_ms(), 0);
}

#[test]
fn a_new_policy_does_not_shorten_the_wait_after_a_failure() {
    let mut bench = Bench::watching(plain());
    bench.fail(retry_after(503, 20_000));
    bench.event(Event::SetPolicy(Policy::Interval { every_ms: 500 }));
    assert_eq!(bench.until_sent(), 20_000);
}

#[test]
fn only_paced_lets_the_server_hold() {
    let mut bench = Bench::holding();
    bench.answer(held(Vec::new(), 20_000));
    for policy in Policy::ALL {
        bench.event(Event::SetPolicy(policy));
        if bench.flight.is_none() {
            bench.until_sent();
        }
        assert_eq!(bench.wait_ms() > 0, policy == Policy::Paced, "{policy:?}");
        bench.answer(answer(Vec::new()));
    }
}
