//! Very many clients that lose their server at one moment.

use proptest::prelude::*;

use super::harness::*;
use crate::{
    poll::{
        Config, Failure, Freshness,
        pause::{after_cut_ms, jitter_ms},
    },
    task::PollResponse,
};

/// What the server says to ten thousand.
const SPREAD_MS: f64 = 15_000.0;

/// A client whose held request is under way at a server that said this.
fn told(spread_ms: Option<f64>) -> Bench {
    let mut bench = Bench::holding();
    bench.advance(20_000);
    bench.answer(PollResponse { spread_ms, ..held(vec![running(ID, 2)], 20_000) });
    bench.until_sent();
    bench
}

#[test]
fn the_pause_after_a_cut_is_within_the_spread_and_a_second_where_there_is_none() {
    for (spread, unit, pause) in [
        (0, 0.0, 500),
        (0, 1.0, 1_000),
        (1_000, 1.0, 1_000),
        (1_500, 1.0, 1_500),
        (15_000, 0.0, 500),
        (15_000, 0.5, 7_750),
        (15_000, 1.0, 15_000),
    ] {
        assert_eq!(after_cut_ms(spread, unit), pause, "{spread} {unit}");
    }
}

#[test]
fn the_spread_widens_the_first_jitters_and_never_the_longest() {
    for (failures, most) in [(1, 9_000), (2, 9_000), (3, 9_000), (4, 15_000), (40, 15_000)] {
        assert_eq!(jitter_ms(failures, 9_000, 500, 15_000, 1.0), most, "{failures}");
    }
    assert_eq!(jitter_ms(1, 60_000, 500, 15_000, 1.0), 15_000);
}

#[test]
fn a_lost_server_is_come_back_to_within_the_spread_that_it_told_last() {
    for (spread, after_cut, after_failure) in [
        (None, 1_000, 2_000),
        (Some(SPREAD_MS), 15_000, 15_000),
        // What makes no sense is no spread, or the longest.
        (Some(f64::NAN), 1_000, 2_000),
        (Some(-1.0), 1_000, 2_000),
        (Some(f64::INFINITY), 15_000, 15_000),
    ] {
        let mut bench = told(spread);
        bench.random = Some(1.0);
        bench.advance(10_000);
        bench.fail(Failure::Network);
        assert_eq!(bench.freshness(), Freshness::Fresh, "a first cut is no failure");
        assert_eq!(bench.until_sent(), after_cut, "{spread:?}");
        bench.fail(Failure::Network);
        assert_eq!(bench.until_sent(), after_failure, "{spread:?}");
    }
}

#[test]
fn only_a_connection_that_is_lost_is_a_lost_server() {
    for (failure, most) in [
        (status(502), 1_000),
        (status(504), 1_000),
        (status(500), 2_000),
        (Failure::Unreadable, 2_000),
    ] {
        let mut bench = told(Some(SPREAD_MS));
        bench.random = Some(1.0);
        bench.advance(10_000);
        bench.fail(failure.clone());
        assert_eq!(bench.until_sent(), most, "{failure:?}");
    }
}

#[test]
fn a_server_that_says_nothing_any_more_is_come_back_to_at_once() {
    let mut bench = told(Some(SPREAD_MS));
    bench.advance(20_000);
    bench.answer(held(Vec::new(), 20_000));
    bench.until_sent();
    bench.random = Some(1.0);
    bench.advance(10_000);
    bench.fail(Failure::Network);
    assert_eq!(bench.until_sent(), 1_000);
}

/// When each of `clients` comes back to a server that is away for `away_ms`, sorted.
fn returns(clients: u64, spread: Option<f64>, away_ms: u64, seed: u64) -> Vec<u64> {
    let client = |number: u64| {
        let mut bench = told(spread);
        bench.reseed(seed ^ (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        bench.advance(10_000);
        let lost = bench.now;
        bench.fail(Failure::Network);
        loop {
            bench.until_sent();
            if bench.now >= lost + away_ms {
                return bench.now - lost;
            }
            bench.fail(Failure::Network);
        }
    };
    let mut all: Vec<u64> = (0..clients).map(client).collect();
    all.sort_unstable();
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whenever the server is back: under a fifth of those who lost it come within any second, and
    /// all within the longest jitter.
    #[test]
    fn under_a_fifth_of_a_crowd_comes_back_within_any_second(
        away_ms in 0..40_000_u64,
        seed in any::<u64>(),
    ) {
        const CLIENTS: u64 = 4_000;
        let all = returns(CLIENTS, Some(SPREAD_MS), away_ms, seed);
        let within = |(n, first): (usize, &u64)| all.partition_point(|at| *at < first + 1_000) - n;
        let peak = all.iter().enumerate().map(within).max().unwrap_or(0);
        prop_assert!((peak as u64) < CLIENTS / 5, "{peak} after {away_ms} ms");
        let last = all[all.len() - 1];
        prop_assert!(last <= away_ms + Config::default().longest_jitter_ms, "{last}");
    }
}
