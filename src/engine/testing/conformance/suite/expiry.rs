//! What is removed after its time, what stays of it, and what is kept longer.

use crate::{
    engine::store::{Ending, Inserted, Pruned, Row},
    task::Status,
};

use super::super::fixture::{Fixture, KEEP, LEASE, START, result, task};

const KNOWN: i64 = 1_000;

async fn completed(f: &Fixture) -> Row {
    let row = f.running("w").await;
    let ending = Ending::Completed(result());
    f.store.finish(row.id, row.run_seq, &ending).await.unwrap().expect("the run is held")
}

async fn clean(f: &Fixture) -> Pruned {
    f.store.clean(10, KNOWN).await.unwrap()
}

pub async fn every_end_says_until_when_the_task_is_kept(f: &Fixture) {
    assert_eq!(completed(f).await.expires_at, Some(START + KEEP));
    let queued = f.queue(&task()).await;
    assert_eq!(queued.expires_at, None);
    f.store.request_cancel(queued.id, "ada", None).await.unwrap();
    assert_eq!(f.get(queued.id).await.expires_at, Some(START + KEEP));
    let cancelled = f.running("w").await;
    f.store.request_cancel(cancelled.id, "ada", None).await.unwrap();
    let mut exhausted = task();
    exhausted.max_attempts = 1;
    f.queue(&exhausted).await;
    f.claim("w", 1).await;
    f.advance(LEASE + 1).await;
    f.rescue_expired().await.unwrap();
    for id in [cancelled.id, exhausted.id] {
        assert_eq!(f.get(id).await.expires_at, Some(START + LEASE + 1 + KEEP));
    }
}

pub async fn what_is_kept_for_ever_is_never_removed(f: &Fixture) {
    let mut new = task();
    new.keep_ms = None;
    f.queue(&new).await;
    f.store.request_cancel(new.id, "ada", None).await.unwrap();
    f.advance(1_000 * KEEP).await;
    assert_eq!(clean(f).await, Pruned::default());
    let kept = f.store.keep(new.id, KEEP, None).await.unwrap().expect("the task is there");
    assert_eq!(kept.expires_at, None);
}

pub async fn an_expired_task_leaves_a_tombstone_that_is_forgotten_in_time(f: &Fixture) {
    let row = completed(f).await;
    f.queue(&task()).await;
    f.advance(KEEP - 1).await;
    assert_eq!(clean(f).await, Pruned::default());
    assert_eq!(f.get(row.id).await.expired(), None);
    f.advance(1).await;
    let over = f.get(row.id).await.expired().expect("its time is over");
    assert_eq!(f.store.tombstone(row.id).await.unwrap(), None);
    assert_eq!(clean(f).await, Pruned { removed: vec![row.id], forgotten: 0 });
    assert_eq!(f.store.get(row.id).await.unwrap(), None);
    assert_eq!(f.store.result(row.id).await.unwrap(), None);
    assert_eq!(f.store.tombstone(row.id).await.unwrap().as_ref(), Some(&over));
    assert_eq!(
        (over.status, over.finished_at, over.expired_at),
        (Status::Completed, START, START + KEEP)
    );
    assert_eq!((over.owner, over.kind, over.title), (row.owner, row.kind, row.title));
    f.advance(KNOWN).await;
    assert_eq!(f.store.tombstone(row.id).await.unwrap(), None);
    assert_eq!(clean(f).await, Pruned { removed: vec![], forgotten: 1 });
    assert_eq!(f.store.counts().await.unwrap(), (1, 0), "what has not ended stays");
}

pub async fn no_more_is_removed_at_once_than_asked_for(f: &Fixture) {
    let mut rows = Vec::new();
    for _ in 0..3 {
        rows.push(completed(f).await.id);
        f.advance(1).await;
    }
    f.advance(KEEP).await;
    assert_eq!(f.store.clean(2, KNOWN).await.unwrap().removed, rows[..2]);
    assert_eq!(f.store.clean(2, KNOWN).await.unwrap().removed, rows[2..]);
}

pub async fn several_processes_clean_without_meeting(f: &Fixture) {
    for _ in 0..8 {
        completed(f).await;
    }
    f.advance(KEEP).await;
    let clean = || f.store.clean(3, KNOWN);
    let (a, b, c, d) = tokio::join!(clean(), clean(), clean(), clean());
    let mut removed: Vec<_> = [a, b, c, d].into_iter().flat_map(|it| it.unwrap().removed).collect();
    removed.extend(clean().await.unwrap().removed);
    removed.extend(clean().await.unwrap().removed);
    removed.sort();
    let all = removed.len();
    removed.dedup();
    assert_eq!((all, removed.len()), (8, 8), "each is removed once");
}

pub async fn a_task_is_kept_longer_and_never_shorter(f: &Fixture) {
    let row = completed(f).await;
    let keep = async |ms| f.store.keep(row.id, ms, None).await.unwrap();
    assert_eq!(keep(KEEP - 1).await.expect("it is there").expires_at, Some(START + KEEP));
    let kept = keep(2 * KEEP).await.expect("it is there");
    assert_eq!(kept.expires_at, Some(START + 2 * KEEP));
    assert!(kept.version > row.version, "who watches it learns of it");
    f.advance(KEEP).await;
    assert_eq!(clean(f).await, Pruned::default());
    f.advance(KEEP).await;
    let over = keep(KEEP).await.expect("it is there still");
    assert!(over.expired().is_some(), "what is over is not brought back");
    clean(f).await;
    assert_eq!(keep(KEEP).await, None);
    let running = f.running("w").await;
    f.store.keep(running.id, KEEP, None).await.unwrap();
    assert_eq!(f.get(running.id).await.expires_at, None);
}

pub async fn a_key_that_led_to_an_expired_task_starts_another(f: &Fixture) {
    let keyed = |request_hash: &str| {
        let mut new = task();
        new.idempotency = Some(("key".to_owned(), request_hash.to_owned()));
        new
    };
    let first = keyed("hash");
    f.queue(&first).await;
    f.store.request_cancel(first.id, "ada", None).await.unwrap();
    f.advance(KEEP - 1).await;
    let led = async || f.store.started("ada", "key", "hash").await.unwrap();
    assert_eq!(led().await.map(|row| row.id), Some(first.id));
    f.advance(1).await;
    // Nobody has cleaned up yet; the key is free all the same, for whatever start.
    assert!(f.get(first.id).await.expired().is_some());
    assert_eq!(led().await, None);
    let second = keyed("another hash");
    f.queue(&second).await;
    let Inserted::SameKey(row) = f.store.insert(&keyed("another hash")).await.unwrap() else {
        panic!("the key leads to the second task")
    };
    assert_eq!(row.id, second.id);
    assert_eq!(clean(f).await.removed, [first.id]);
    let found = f.store.started("ada", "key", "another hash").await.unwrap();
    assert_eq!(found.map(|row| row.id), Some(second.id), "it went with no other");
}

pub async fn what_is_deleted_is_gone_with_all_its_data(f: &Fixture) {
    let ended = completed(f).await;
    let queued = f.queue(&task()).await;
    let kept = f.queue(&task()).await;
    for id in [ended.id, queued.id] {
        assert!(f.store.delete(id, KNOWN, None).await.unwrap());
        assert!(!f.store.delete(id, KNOWN, None).await.unwrap(), "there is nothing left to delete");
        assert_eq!(f.store.get(id).await.unwrap(), None);
        assert_eq!(f.store.input(id).await.unwrap(), None);
        assert_eq!(f.store.result(id).await.unwrap(), None);
        assert!(f.store.log(id, 0, 10).await.unwrap().is_empty());
        let over = f.store.tombstone(id).await.unwrap().expect("its owner may learn of it");
        assert!(over.deleted_at.is_some());
        assert_eq!((over.title.as_str(), over.owner), ("", kept.owner.clone()));
    }
    f.get(kept.id).await;
    f.advance(KNOWN).await;
    clean(f).await;
    assert_eq!(f.store.tombstone(ended.id).await.unwrap(), None);
}

pub async fn a_run_whose_task_is_deleted_is_lost(f: &Fixture) {
    let row = f.running("w").await;
    f.store.save_checkpoint(row.id, row.run_seq, "k", "v").await.unwrap();
    assert!(f.store.delete(row.id, KNOWN, None).await.unwrap());
    assert!(!f.store.save_checkpoint(row.id, row.run_seq, "k", "w").await.unwrap());
    assert_eq!(f.store.checkpoint(row.id, "k").await.unwrap(), None);
    assert!(f.store.renew_leases("w", LEASE, &[row.id]).await.unwrap().is_empty());
    let ending = Ending::Completed(result());
    assert_eq!(f.store.finish(row.id, row.run_seq, &ending).await.unwrap(), None);
    assert_eq!(f.store.counts().await.unwrap(), (0, 0));
}
