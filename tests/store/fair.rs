//! One owner who asks for everything at once is in nobody's way.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use milepost::{
    engine::store::{
        Inserted, NewTask, Store,
        postgres::{PostgresOptions, PostgresStore},
    },
    task::BatchId,
};
use sqlx::{Connection as _, PgConnection};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{fixture::task, postgres_server::schema};

fn of(owner: &str) -> NewTask {
    task().with(|new| {
        new.owner = Some(owner.to_owned());
        new.max_queued = 10_000;
        new.max_queued_in_all = 10_000;
    })
}

/// What somebody with 128 connections asks for: starts, batches of 20, cancels of one task, keeps.
async fn flood(store: &Arc<PostgresStore>) -> JoinSet<()> {
    let target = of("flood");
    store.insert(&target).await.unwrap();
    let mut flood = JoinSet::new();
    for n in 0..128_u32 {
        let (store, id) = (Arc::clone(store), target.id);
        flood.spawn(async move {
            match n % 4 {
                0 | 1 => drop(store.insert(&of("flood")).await),
                2 => {
                    let batch = BatchId::from_uuid(Uuid::new_v4());
                    let all: Vec<_> = (0..20)
                        .map(|place| of("flood").with(|new| new.batch = Some((batch, place))))
                        .collect();
                    drop(store.insert_all(&all).await);
                }
                _ => drop(store.request_cancel(id, "owner", None).await),
            }
        });
    }
    flood
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_with_128_requests_at_once_keeps_nobody_from_reading_and_starting() {
    let url = schema().await;
    let store = Arc::new(PostgresStore::open(&url, PostgresOptions::default()).await.unwrap());
    let mine = of("other");
    store.insert(&mine).await.unwrap();
    let mut flood = flood(&store).await;
    let begun = Instant::now();
    for _ in 0..30 {
        assert!(store.get(mine.id).await.unwrap().is_some());
    }
    let read = begun.elapsed();
    for _ in 0..5 {
        assert!(matches!(store.insert(&of("other")).await.unwrap(), Inserted::Queued(_)));
    }
    let started = begun.elapsed();
    // Not what is left once the flood is over.
    let over = std::iter::from_fn(|| flood.try_join_next()).count();
    assert!(over < 128, "the flood was over: {read:?}, {started:?}");
    flood.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_whose_lock_another_process_has_waits_without_a_connection() {
    let url = schema().await;
    let options = PostgresOptions::default().with(|o| {
        o.connections = 3;
        o.call_timeout = Duration::from_secs(30);
    });
    let store = Arc::new(PostgresStore::open(&url, options).await.unwrap());
    let mut elsewhere = PgConnection::connect(&url).await.unwrap();
    let lock = "SELECT pg_advisory_lock(hashtextextended('milepost ' || 'locked', 0))";
    sqlx::query(lock).execute(&mut elsewhere).await.unwrap();
    let mut waiting = JoinSet::new();
    for _ in 0..10 {
        let store = Arc::clone(&store);
        waiting.spawn(async move { store.insert(&of("locked")).await });
    }
    // Everybody else goes on, whatever they want.
    for _ in 0..10 {
        let new = of("free");
        assert!(matches!(store.insert(&new).await.unwrap(), Inserted::Queued(_)));
        store.request_cancel(new.id, "owner", None).await.unwrap();
        assert!(store.get(new.id).await.unwrap().is_some());
    }
    assert!(waiting.try_join_next().is_none());
    elsewhere.close().await.unwrap();
    for inserted in waiting.join_all().await {
        assert!(matches!(inserted.unwrap(), Inserted::Queued(_)));
    }
}
