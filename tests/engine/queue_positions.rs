//! Where a waiting task stands, and how those who follow it learn that it has moved.

use std::{sync::Arc, time::Duration};

use milepost::{
    engine::{Caller, EngineOptions, ListFilter, clock::SystemClock, store::sqlite::SqliteStore},
    task::{PollRequest, PollResponse, Status, TaskId, Watch},
};

use crate::{
    faulty::{Fault, Faulty},
    fixture::{Fixture, Gates, Step, engine_at, engine_over, folder, is, kind, quick, scripted},
};

/// Runs nothing; each position comes from the order of this moment.
fn waiting() -> EngineOptions {
    quick().with(|o| {
        o.worker = false;
        o.queue_order = Duration::ZERO;
    })
}

async fn poll(f: &Fixture, id: TaskId, version: i64) -> PollResponse {
    let watch = vec![Watch::at_version(id, version)];
    f.service.poll(&f.ada, &PollRequest::new(watch, 0)).await.unwrap()
}

#[tokio::test]
async fn a_waiting_task_tells_its_place_in_the_fair_order() {
    let (_folder, path) = folder();
    let f = engine_at(&path, waiting(), kind()).await;
    let (first, second) = (f.start(&[]).await, f.start(&[]).await);
    assert_eq!(f.get(first).await.queue_position, Some(1));
    assert_eq!(f.get(second).await.queue_position, Some(2));
    // Another owner's first task stands before the second of the first.
    let bob = Caller::owner("bob");
    let bobs = f.service.start(&bob, scripted(&[]), None).await.unwrap();
    assert_eq!(bobs.snapshot.queue_position, Some(2));
    f.until(second, |task| task.queue_position == Some(3)).await;
    let list = f.service.list(&f.ada, &ListFilter::default()).await.unwrap();
    let places: Vec<_> = list.tasks.iter().map(|task| (task.id, task.queue_position)).collect();
    assert_eq!(places, [(second, Some(3)), (first, Some(1))]);
}

#[tokio::test]
async fn a_version_does_not_fall_when_a_place_gets_worse() {
    let (_folder, path) = folder();
    let f = engine_at(&path, waiting(), kind()).await;
    f.start(&[]).await;
    let second = f.start(&[]).await;
    let mut last = f.get(second).await;
    for (owner, place) in [("bob", 3), ("eve", 4), ("dan", 5)] {
        f.service.start(&Caller::owner(owner), scripted(&[]), None).await.unwrap();
        while last.queue_position != Some(place) {
            let snapshot = f.get(second).await;
            assert!(snapshot.version >= last.version, "{last:#?}, then {snapshot:#?}");
            let same = snapshot.version == last.version;
            assert!(
                !same || snapshot.queue_position == last.queue_position,
                "{last:#?}, then {snapshot:#?}"
            );
            last = snapshot;
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_poll_tells_a_place_that_has_moved_and_nothing_while_it_stays() {
    let (_folder, path) = folder();
    let f = engine_at(&path, waiting(), kind()).await;
    let (first, second) = (f.start(&[]).await, f.start(&[]).await);
    let version = f.get(second).await.version;
    assert!(poll(&f, second, version).await.tasks.is_empty());
    f.service.cancel(&f.ada, first).await.unwrap();
    let moved = poll(&f, second, version).await.tasks.remove(0);
    assert_eq!(moved.queue_position, Some(1));
    assert!(moved.version > version);
    let cancelled = f.service.cancel(&f.ada, second).await.unwrap().expect("the task is there");
    assert_eq!(cancelled.snapshot.queue_position, None);
    assert!(cancelled.snapshot.version > moved.version);
}

#[tokio::test]
async fn one_order_serves_all_who_ask_within_a_moment() {
    let (_folder, path) = folder();
    let options = waiting().with(|o| o.queue_order = Duration::from_secs(3600));
    let f = engine_at(&path, options, kind()).await;
    let (first, second) = (f.start(&[]).await, f.start(&[]).await);
    assert_eq!(f.get(second).await.queue_position, Some(2));
    f.service.cancel(&f.ada, first).await.unwrap();
    assert_eq!(f.get(second).await.queue_position, Some(2), "the order is still young");
    let third = f.start(&[]).await;
    assert_eq!(f.get(third).await.queue_position, Some(2), "a new task is in no older order");
    assert_eq!(f.get(second).await.queue_position, Some(1));
}

#[tokio::test]
async fn places_beyond_the_limit_and_in_an_outage_are_not_told() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path, Arc::new(SystemClock)).await.unwrap();
    let store = Arc::new(Faulty::new(Arc::new(store)));
    let options = waiting().with(|o| o.max_queue_positions = 1);
    let f = engine_over(store.clone(), Gates::default(), options, kind()).await;
    store.set("queue", Fault::Fail(2));
    let first = f.service.start(&f.ada, scripted(&[]), None).await.unwrap();
    assert_eq!(first.snapshot.queue_position, None);
    let first = first.receipt.id;
    assert_eq!(f.get(first).await.queue_position, None);
    assert_eq!(f.get(first).await.queue_position, Some(1));
    let second = f.start(&[]).await;
    assert_eq!(f.get(second).await.queue_position, None);
}

#[tokio::test]
async fn between_two_attempts_a_task_tells_when_it_starts() {
    let (_folder, path) = folder();
    let hour = Duration::from_secs(3600);
    let options = quick().with(|o| {
        o.retry_base = hour;
        o.retry_max = hour;
    });
    let f = engine_at(&path, options, kind()).await;
    let id = f.start(&[Step::RetryAlways]).await;
    let waiting = f.until(id, |task| task.attempt == 1 && is(Status::Queued)(task)).await;
    let starts_in_ms = waiting.starts_in_ms.expect("a time");
    assert!((1_700_000..=3_600_000).contains(&starts_in_ms), "{starts_in_ms}");
    assert_eq!(waiting.queue_position, None);
}
