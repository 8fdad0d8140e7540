//! A store whose clock is set.

use crate::{engine::store::Ending, task::Status};

use super::super::fixture::{Fixture, LEASE, START, task};

const HOURS: i64 = 10 * 3_600_000;

/// Between the look at the clock and the look at the leases it may be set forward.
pub async fn a_lease_is_taken_by_the_time_that_was_looked_at(f: &Fixture) {
    let row = f.running("w").await;
    let looked = f.store.now_ms().await.unwrap();
    f.advance(HOURS).await;
    assert!(f.store.rescue_expired(looked).await.unwrap().is_empty());
    assert_eq!(f.get(row.id).await.status, Status::Running);
    assert_eq!(f.rescue_expired().await.unwrap(), [row.id]);
}

pub async fn a_clock_that_is_set_back_makes_no_lease_longer(f: &Fixture) {
    let dead = f.running("dead").await;
    let alive = f.running("alive").await;
    f.advance(-HOURS).await;
    f.store.clamp_future_times().await.unwrap();
    // As if it had been made at that moment.
    assert_eq!(f.get(dead.id).await.heartbeat_at, Some(START - HOURS));
    f.advance(LEASE - 1).await;
    assert_eq!(f.store.renew_leases("alive", LEASE, &[alive.id]).await.unwrap().len(), 1);
    assert!(f.rescue_expired().await.unwrap().is_empty());
    f.advance(2).await;
    assert_eq!(f.rescue_expired().await.unwrap(), [dead.id]);
    assert_eq!(f.get(alive.id).await.status, Status::Running);
}

pub async fn a_clock_that_is_set_back_lets_nothing_wait(f: &Fixture) {
    let mut waiting = Vec::new();
    for _ in 0..3 {
        waiting.push(f.queue(&task()).await);
        f.advance(1_000).await;
    }
    let retried = f.claim("w", 1).await.remove(0);
    assert_eq!(retried.id, waiting[0].id);
    let again = Ending::Again { after_ms: 5_000, message: "busy".to_owned() };
    f.store.finish(retried.id, retried.run_seq, &again).await.unwrap().unwrap();
    f.advance(-HOURS).await;
    assert!(f.claim("w", 3).await.is_empty(), "by the clock they have not been queued yet");
    let before = f.get(waiting[2].id).await;
    f.store.clamp_future_times().await.unwrap();
    assert!(f.get(waiting[2].id).await.version > before.version);
    // In their old order, and the delayed one waits no longer than its delay.
    for next in &waiting[1..] {
        assert_eq!(f.claim("w", 1).await[0].id, next.id);
    }
    assert!(f.claim("w", 1).await.is_empty());
    f.advance(5_000).await;
    assert_eq!(f.claim("w", 1).await[0].id, retried.id);
}

pub async fn nothing_is_redated_that_is_not_later_than_now(f: &Fixture) {
    let running = f.running("w").await;
    let waiting = f.queue(&task()).await;
    f.advance(1).await;
    f.store.clamp_future_times().await.unwrap();
    let state = async |id| {
        let row = f.get(id).await;
        (row.version, row.run_at, row.updated_at, row.heartbeat_at)
    };
    let as_it_was = (waiting.version, waiting.run_at, waiting.updated_at, None);
    assert_eq!(state(waiting.id).await, as_it_was);
    assert_eq!(state(running.id).await.3, Some(START));
    f.advance(LEASE).await;
    assert_eq!(f.rescue_expired().await.unwrap(), [running.id]);
}
