//! Limits of a kind that hold over all workers: tasks wait in the queue, and say why.

use std::sync::Arc;

use milepost::{
    engine::{Caller, ListFilter, clock::SystemClock, store::sqlite::SqliteStore},
    task::Status,
};

use crate::{
    faulty::{Fault, Faulty},
    fixture::{Gates, engine_at, engine_over, folder, gate, is, kind, quick, reach, scripted},
};

#[tokio::test]
async fn a_task_beyond_the_rate_waits_and_says_until_when() {
    let (_folder, path) = folder();
    let limited = kind().with(|o| o.at_most = "1/d".parse().ok());
    let f = engine_at(&path, quick(), limited.clone()).await;
    let first = f.start(&[]).await;
    f.ended(first).await;
    let second = f.start(&[]).await;
    let waits = f.until(second, |task| task.message.is_some()).await;
    assert_eq!(waits.message.as_deref(), Some("waits: at most 1/d, next in 25 h"));
    assert_eq!((waits.status, waits.queue_position), (Status::Queued, Some(1)));
    let list = f.service.list(&f.ada, &ListFilter::default()).await.unwrap();
    assert_eq!(list.tasks[0].message, waits.message);
    // The runs of an earlier process count.
    f.engine.shutdown().await;
    drop(f);
    let f = engine_at(&path, quick(), limited).await;
    f.until(second, |task| task.message == waits.message).await;
    // Without the rate it runs.
    f.engine.shutdown().await;
    drop(f);
    let f = engine_at(&path, quick(), kind()).await;
    f.ended(second).await;
}

#[tokio::test]
async fn a_task_begins_by_itself_when_the_rate_allows_it() {
    let (_folder, path) = folder();
    let limited = kind().with(|o| o.at_most = "1/s".parse().ok());
    // The queue is not looked at in between.
    let options = quick().with(|o| o.queue_poll = std::time::Duration::from_secs(3600));
    let f = engine_at(&path, options, limited).await;
    let (first, second) = (f.start(&[]).await, f.start(&[]).await);
    f.ended(first).await;
    assert_eq!(f.ended(second).await.message, None);
}

#[tokio::test]
async fn a_rate_per_owner_holds_back_one_owner_and_not_the_next() {
    let (_folder, path) = folder();
    let limited = kind().with(|o| o.at_most_per_owner = "1/h".parse().ok());
    let f = engine_at(&path, quick(), limited).await;
    let (first, second) = (f.start(&[]).await, f.start(&[]).await);
    f.ended(first).await;
    let bob = Caller::owner("bob");
    let bobs = f.service.start(&bob, scripted(&[]), None).await.unwrap().receipt.id;
    while !f.service.get(&bob, bobs).await.unwrap().unwrap().status.is_terminal() {
        tokio::task::yield_now().await;
    }
    let reason = "waits: at most 1/h per owner, next in 61 min";
    f.until(second, |task| task.message.as_deref() == Some(reason)).await;
}

#[tokio::test]
async fn a_task_beyond_the_global_concurrency_waits_for_a_slot() {
    let (_folder, path) = folder();
    let limited = kind().with(|o| o.global_concurrency = Some(1));
    let f = engine_at(&path, quick(), limited).await;
    let first = f.start(&[reach("a"), gate("b")]).await;
    f.gates.pass("a").await;
    let second = f.start(&[]).await;
    let reason = "waits: at most 1 at once";
    f.until(second, |task| task.message.as_deref() == Some(reason)).await;
    assert_eq!(f.get(first).await.status, Status::Running);
    f.gates.open("b");
    f.ended(second).await;
}

#[tokio::test]
async fn a_reason_that_cannot_be_read_is_left_out() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path, Arc::new(SystemClock)).await.unwrap();
    let store = Arc::new(Faulty::new(Arc::new(store)));
    let limited = kind().with(|o| o.at_most = "1/d".parse().ok());
    let options = quick().with(|o| o.worker = false);
    let f = engine_over(store.clone(), Gates::default(), options, limited).await;
    store.set("limit_state", Fault::Fail(u32::MAX));
    let id = f.start(&[]).await;
    assert!(is(Status::Queued)(&f.get(id).await));
    assert!(store.met("limit_state") > 0);
}
