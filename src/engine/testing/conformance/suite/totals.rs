//! What is stored, and how much may wait, for an account, for a client and in all.

use crate::{
    engine::store::{
        AllInserted, Ending, Inserted, LogEntry, LogGap, NewTask, ProgressWrite, Row, ScheduledBy,
        StoredResult, Usage, UsageOf,
    },
    task::{BatchId, LogStream, TaskId},
};
use uuid::Uuid;

use super::super::fixture::{Fixture, KEEP, START, result, task};
use super::{artifacts, report};

/// What a row and a line have beside what is in them.
const ROW: u64 = 1_024;
const LINE: u64 = 32;

fn of(owner: Option<&str>, client: Option<&str>) -> NewTask {
    NewTask {
        id: TaskId::from_uuid(Uuid::new_v4()),
        owner: owner.map(str::to_owned),
        client: client.map(str::to_owned),
        ..task()
    }
}

async fn rows(f: &Fixture) -> u64 {
    f.store.usage(&UsageOf::All).await.unwrap().rows
}

fn lines(row: &Row, version: i64, numbers: std::ops::Range<i64>) -> ProgressWrite {
    let line = |seq| LogEntry { seq, at: START, stream: LogStream::Task, text: "é123".to_owned() };
    ProgressWrite { log: numbers.map(line).collect(), ..report(row, version, 0.5) }
}

pub async fn the_bytes_of_a_task_are_counted_and_go_with_it(f: &Fixture) {
    assert_eq!(rows(f).await, 0);
    let row = f.running("w").await;
    let input = ROW + task().input.len() as u64;
    assert_eq!(rows(f).await, input);
    // Characters are not bytes. What is written twice counts once.
    let write = lines(&row, row.version + 1, 1..11);
    for _ in 0..2 {
        f.store.save_progress(std::slice::from_ref(&write)).await.unwrap();
    }
    assert_eq!(rows(f).await, input + 10 * (LINE + 5));
    let gap = Some(LogGap { after: 2, before: 9 });
    let write = ProgressWrite { log_gap: gap, ..lines(&row, row.version + 2, 11..12) };
    f.store.save_progress(&[write]).await.unwrap();
    let log = 5 * (LINE + 5);
    assert_eq!(rows(f).await, input + log);
    for value in ["\"longer\"", "7"] {
        assert!(f.store.save_checkpoint(row.id, row.run_seq, "key", value).await.unwrap());
        assert!(f.store.save_checkpoint(row.id, row.run_seq, "other", "1").await.unwrap());
        assert_eq!(rows(f).await, input + log + value.len() as u64 + 1);
    }
    let whole = StoredResult { bytes: vec![0; 1_000], ..result() };
    f.store.finish(row.id, row.run_seq, &Ending::Completed(whole)).await.unwrap().unwrap();
    assert_eq!(rows(f).await, input + log + 1_000);
    f.advance(KEEP).await;
    assert_eq!(f.store.clean(10, 1_000).await.unwrap().removed, [row.id]);
    assert_eq!(rows(f).await, 0);
    // Secrets count until they are dropped.
    let new = NewTask { sealed: Some("sealed".to_owned()), ..task() };
    f.queue(&new).await;
    assert_eq!((rows(f).await, new.input_bytes() as u64), (input + 6, input + 6 - ROW));
    f.store.request_cancel(new.id, "ada", None).await.unwrap();
    assert_eq!(rows(f).await, input);
}

pub async fn bytes_are_summed_by_account_by_client_and_in_all(f: &Fixture) {
    let each = ROW + task().input.len() as u64;
    for (owner, client) in
        [(Some("ada"), Some("one")), (Some("bob"), Some("one")), (None, Some("one")), (None, None)]
    {
        f.queue(&of(owner, client)).await;
    }
    artifacts::kept(f, &artifacts::upload(Some("ada"), "a"), 7).await.unwrap();
    for (of, tasks, files) in [
        (UsageOf::Account("ada".to_owned()), 1, 7),
        (UsageOf::Account("one".to_owned()), 1, 0),
        (UsageOf::Account(String::new()), 1, 0),
        (UsageOf::Account("eve".to_owned()), 0, 0),
        (UsageOf::Client("one".to_owned()), 3, 0),
        (UsageOf::Client("other".to_owned()), 0, 0),
        (UsageOf::All, 4, 7),
    ] {
        let usage = f.store.usage(&of).await.unwrap();
        assert_eq!(usage, Usage { rows: tasks * each, files }, "{of:?}");
    }
}

pub async fn a_clients_queue_and_that_of_all_take_no_more(f: &Fixture) {
    // A new owner for each.
    let mut number = 0;
    let mut new = |client: &str| {
        number += 1;
        let owner = format!("owner {number}");
        let limits = of(Some(&owner), Some(client));
        NewTask { max_queued_per_client: 2, max_queued_in_all: 3, ..limits }
    };
    for _ in 0..2 {
        f.queue(&new("one")).await;
    }
    assert!(matches!(f.store.insert(&new("one")).await.unwrap(), Inserted::ClientFull(2)));
    // All of a batch or none.
    let batch = BatchId::from_uuid(Uuid::new_v4());
    let mut both = [new("other"), new("other")];
    for (place, new) in (0..).zip(&mut both) {
        (new.owner, new.batch) = (Some("eve".to_owned()), Some((batch, place)));
    }
    let inserted = f.store.insert_all(&both).await.unwrap();
    let AllInserted::Not(1, why) = inserted else { panic!("{inserted:?}") };
    assert!(matches!(*why, Inserted::AllFull(3)), "{why:?}");
    f.queue(&new("other")).await;
    assert!(matches!(f.store.insert(&new("third")).await.unwrap(), Inserted::AllFull(3)));
    f.claim("w", 1).await;
    f.queue(&new("third")).await;
}

pub async fn scheduled_tasks_have_limits_of_their_own(f: &Fixture) {
    let later = |owner: &str, client: &str| {
        let limits = of(Some(owner), Some(client)).with(|new| {
            (new.max_queued, new.max_queued_per_client, new.max_queued_in_all) = (1, 1, 2);
            (new.max_scheduled, new.max_scheduled_per_client) = (2, 3);
            new.max_scheduled_in_all = 4;
        });
        NewTask { run_at: Some(START + 60_000), ..limits }
    };
    let full = async |new: NewTask, by: ScheduledBy, number: u32| {
        let inserted = f.store.insert(&new).await.unwrap();
        let is_full =
            matches!(inserted, Inserted::ScheduleFull(is, has) if (is, has) == (by, number));
        assert!(is_full, "{inserted:?}");
    };
    for owner in ["ada", "ada", "bob"] {
        f.queue(&later(owner, "one")).await;
    }
    full(later("ada", "two"), ScheduledBy::Account, 2).await;
    full(later("eve", "one"), ScheduledBy::Client, 3).await;
    f.queue(&later("eve", "two")).await;
    full(later("zoe", "three"), ScheduledBy::All, 4).await;
    // They keep nobody out of the queue, and a time that has come is now.
    let now = |owner: &str, client: &str| NewTask { run_at: None, ..later(owner, client) };
    f.queue(&now("ada", "one")).await;
    f.queue(&NewTask { run_at: Some(START), ..later("bob", "two") }).await;
    assert!(matches!(f.store.insert(&now("ada", "one")).await.unwrap(), Inserted::Full(1)));
    assert!(matches!(f.store.insert(&now("zoe", "four")).await.unwrap(), Inserted::AllFull(2)));
    let batch = BatchId::from_uuid(Uuid::new_v4());
    let both = [0, 1].map(|place| NewTask { batch: Some((batch, place)), ..later("zoe", "five") });
    let inserted = f.store.insert_all(&both).await.unwrap();
    let AllInserted::Not(0, why) = inserted else { panic!("{inserted:?}") };
    assert!(matches!(*why, Inserted::ScheduleFull(ScheduledBy::All, 4)), "{why:?}");
    // Once their time has come they wait in the queue like others.
    f.advance(60_000).await;
    let inserted = f.store.insert(&now("eve", "four")).await.unwrap();
    assert!(matches!(inserted, Inserted::Full(1)), "{inserted:?}");
    let next = NewTask { run_at: Some(START + 120_000), ..later("ada", "one") };
    f.queue(&next).await;
}

pub async fn a_retry_that_waits_counts_as_queued(f: &Fixture) {
    let one = NewTask { max_queued: 1, max_scheduled: 1, ..task() };
    f.queue(&one).await;
    let row = f.claim("w", 1).await.remove(0);
    let run_at = START + 60_000;
    let ending = Ending::Again { after_ms: 60_000, message: "later".to_owned() };
    f.store.finish(row.id, row.run_seq, &ending).await.unwrap().unwrap();
    let new = NewTask { id: TaskId::from_uuid(Uuid::new_v4()), ..one.clone() };
    assert!(matches!(f.store.insert(&new).await.unwrap(), Inserted::Full(1)));
    f.queue(&NewTask { run_at: Some(run_at), ..new }).await;
}
