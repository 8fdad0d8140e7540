//! Limits of a kind that hold over all workers.

use std::collections::HashMap;

use futures_util::future::join_all;

use crate::engine::store::{Claim, Ending, LimitState, NewTask, Row, SharedLimits};

use super::super::fixture::{Fixture, LEASE, result, task};

const MINUTE: i64 = 60_000;

fn at_most(rate: &str) -> SharedLimits {
    SharedLimits { at_most: Some(rate.parse().unwrap()), ..SharedLimits::default() }
}

fn per_owner(rate: &str) -> SharedLimits {
    SharedLimits { at_most_per_owner: Some(rate.parse().unwrap()), ..SharedLimits::default() }
}

fn at_once(most: u32) -> SharedLimits {
    SharedLimits { concurrency: Some(most), ..SharedLimits::default() }
}

async fn claim(f: &Fixture, worker: &str, total: u32, limits: SharedLimits) -> Vec<Row> {
    let claim = Claim::new(worker, LEASE, vec![("story".to_owned(), total)], total)
        .with(|claim| claim.limits = HashMap::from([("story".to_owned(), limits)]));
    f.store.claim(&claim).await.unwrap()
}

async fn queue(f: &Fixture, owner: &str, tasks: u32) {
    for _ in 0..tasks {
        f.queue(&NewTask { owner: Some(owner.to_owned()), ..task() }).await;
    }
}

async fn state(f: &Fixture, limits: SharedLimits, owner: &str) -> LimitState {
    f.store.limit_state("story", &limits, owner).await.unwrap()
}

async fn finish(f: &Fixture, row: &Row) {
    f.store.finish(row.id, row.run_seq, &Ending::Completed(result())).await.unwrap().unwrap();
}

pub async fn a_global_concurrency_holds_over_all_workers(f: &Fixture) {
    queue(f, "ada", 9).await;
    let limits = at_once(2);
    assert!(!state(f, limits, "ada").await.is_full);
    let first = claim(f, "a", 5, limits).await;
    assert_eq!(first.len(), 2);
    assert!(state(f, limits, "ada").await.is_full);
    assert_eq!(claim(f, "b", 5, limits).await, []);
    finish(f, &first[0]).await;
    assert_eq!(claim(f, "b", 5, limits).await.len(), 1);
    // One that is being cancelled still runs.
    f.store.request_cancel(first[1].id, "ada", None).await.unwrap();
    assert_eq!(claim(f, "a", 5, limits).await, []);
    // A kind without the limit, and a higher limit, take the rest.
    assert_eq!(claim(f, "a", 5, at_once(3)).await.len(), 1);
    assert_eq!(f.claim("a", 9).await.len(), 5);
}

pub async fn workers_that_claim_at_once_never_exceed_a_shared_limit(f: &Fixture) {
    queue(f, "ada", 40).await;
    let limits = SharedLimits { concurrency: Some(3), ..at_most("5/min") };
    let workers: Vec<_> = (0..8).map(|n| format!("w{n}")).collect();
    for expected in [3, 2, 0] {
        let mut claimed = Vec::new();
        // A worker that meets another one's claim gets nothing, and asks later.
        for _ in 0..3 {
            let claims = workers.iter().map(|worker| claim(f, worker, 4, limits));
            claimed.extend(join_all(claims).await.into_iter().flatten());
        }
        assert_eq!(claimed.len(), expected);
        for row in &claimed {
            finish(f, row).await;
        }
    }
}

pub async fn the_slot_of_a_dead_worker_is_free_when_its_lease_ends(f: &Fixture) {
    queue(f, "ada", 2).await;
    let lost = claim(f, "dead", 1, at_once(1)).await.remove(0);
    f.advance(LEASE).await;
    f.rescue_expired().await.unwrap();
    assert_eq!(claim(f, "alive", 1, at_once(1)).await, []);
    f.advance(1).await;
    assert_eq!(f.rescue_expired().await.unwrap(), [lost.id]);
    assert_eq!(claim(f, "alive", 2, at_once(1)).await.len(), 1);
}

pub async fn a_rate_holds_over_workers_and_is_known_to_all(f: &Fixture) {
    queue(f, "ada", 9).await;
    let limits = at_most("3/min");
    assert_eq!(claim(f, "a", 2, limits).await.len(), 2);
    f.advance(10_000).await;
    assert_eq!(claim(f, "b", 5, limits).await.len(), 1);
    assert_eq!(claim(f, "a", 5, limits).await, []);
    let next_in_ms = MINUTE + 1_000 - 10_000;
    assert_eq!(state(f, limits, "bob").await, LimitState { next_in_ms, ..LimitState::default() });
    f.advance(next_in_ms - 1).await;
    assert_eq!(claim(f, "b", 5, limits).await, []);
    f.advance(1).await;
    assert_eq!(claim(f, "b", 5, limits).await.len(), 2);
    // A retry is a run, too; a lost run counts, because it began.
    f.advance(LEASE + 1).await;
    assert_eq!(f.rescue_expired().await.unwrap().len(), 5);
    assert_eq!(claim(f, "b", 5, limits).await.len(), 1);
    assert_eq!(claim(f, "b", 5, limits).await, []);
}

/// Claims at any times: no minute has more than five runs, and no owner's more than two.
pub async fn no_window_of_a_rate_has_too_many_runs(f: &Fixture) {
    for owner in ["ada", "bob", "eve"] {
        queue(f, owner, 60).await;
    }
    let limits = SharedLimits { at_most_per_owner: "2/min".parse().ok(), ..at_most("5/min") };
    let (mut now, mut begun, mut random) = (0, Vec::new(), 7_i64);
    for _ in 0..60 {
        random = (random * 1_103_515_245 + 12_345) % (1 << 31);
        let pause = random % 17_000;
        f.advance(pause).await;
        now += pause;
        let slots = u32::try_from(random % 3).unwrap() + 1;
        let claimed = claim(f, "w", slots, limits).await;
        begun.extend(claimed.into_iter().map(|row| (now, row.owner)));
        let window = || begun.iter().filter(|(at, _)| *at > now - MINUTE);
        assert!(window().count() <= 5, "{begun:?}");
        for owner in ["ada", "bob", "eve"] {
            let of = window().filter(|(_, of)| of.as_deref() == Some(owner)).count();
            assert!(of <= 2, "{owner}: {begun:?}");
        }
    }
    // As many as may: 60 pauses are about 8 minutes.
    let minutes = usize::try_from(now / MINUTE).unwrap();
    assert!(begun.len() >= minutes * 4, "{} runs in {minutes} minutes", begun.len());
}

pub async fn a_rate_per_owner_delays_nobody_else(f: &Fixture) {
    queue(f, "ada", 30).await;
    let limits = per_owner("2/min");
    let first = claim(f, "w", 8, limits).await;
    assert_eq!(first.len(), 2);
    queue(f, "bob", 3).await;
    let bobs = claim(f, "w", 8, limits).await;
    assert!(bobs.len() == 2 && bobs.iter().all(|row| row.owner.as_deref() == Some("bob")));
    assert_eq!(claim(f, "w", 8, limits).await, []);
    let waits = LimitState { owner_next_in_ms: MINUTE + 1_000, ..LimitState::default() };
    assert_eq!(state(f, limits, "ada").await, waits);
    assert_eq!(state(f, limits, "eve").await, LimitState::default());
    // An anonymous caller's account is its address.
    f.queue(&NewTask { owner: None, client: Some("there".to_owned()), ..task() }).await;
    assert_eq!(claim(f, "w", 8, limits).await.len(), 1);
    f.advance(MINUTE + 1_000).await;
    let next = claim(f, "w", 8, limits).await;
    let of = |owner| next.iter().filter(|row| row.owner.as_deref() == Some(owner)).count();
    assert_eq!((of("ada"), of("bob")), (2, 1));
}

/// Thirty owners whose rates are used up stand before the one that may still run.
pub async fn owners_without_a_rate_left_hide_nobody(f: &Fixture) {
    let limits = per_owner("1/h");
    for n in 0..30 {
        queue(f, &format!("owner {n}"), 20).await;
    }
    let mut claimed = Vec::new();
    while claimed.len() < 30 {
        let some = claim(f, "w", 4, limits).await;
        assert!(!some.is_empty(), "{} of 30", claimed.len());
        claimed.extend(some);
    }
    assert_eq!(claim(f, "w", 4, limits).await, []);
    for row in &claimed {
        finish(f, row).await;
    }
    queue(f, "zoe", 1).await;
    let zoes = claim(f, "w", 4, limits).await;
    assert!(zoes.len() == 1 && zoes[0].owner.as_deref() == Some("zoe"), "{zoes:?}");
}

pub async fn a_clock_that_is_set_back_makes_no_rate_longer(f: &Fixture) {
    queue(f, "ada", 9).await;
    let limits = SharedLimits { at_most_per_owner: "2/min".parse().ok(), ..at_most("2/min") };
    assert_eq!(claim(f, "w", 1, limits).await.len(), 1);
    f.advance(5_000).await;
    assert_eq!(claim(f, "w", 5, limits).await.len(), 1);
    f.advance(-3_600_000).await;
    f.store.clamp_future_times().await.unwrap();
    assert_eq!(claim(f, "w", 5, limits).await, []);
    let waits = state(f, limits, "ada").await;
    assert!(waits.next_in_ms <= MINUTE + 1_000 && waits.owner_next_in_ms <= MINUTE + 1_000);
    f.advance(MINUTE + 1_000).await;
    assert_eq!(claim(f, "w", 5, limits).await.len(), 2);
}
