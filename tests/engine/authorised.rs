//! Who may see a task is asked before a request is held and once more before it is answered: what was
//! allowed then may not be now.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use milepost::{
    engine::{RetentionOptions, WaitFor, clock::ManualClock, store::sqlite::SqliteStore},
    task::{AnswerReason, Gone, GoneReason, PollRequest, PollResponse, TaskId, Watch},
};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    fixture::{Fixture, Gates, engine_at, engine_by, folder, gate, kind, quick, reach},
    long_poll::{after, answer, hold},
};

/// A permission older than this is read again before a response.
const FRESH: Duration = Duration::from_millis(250);

/// One at work, so that the next one waits.
async fn busy(path: &std::path::Path) -> (Fixture, TaskId) {
    let f = engine_at(path, quick().with(|o| o.concurrency = 1), kind()).await;
    f.start(&[reach("at work"), gate("never")]).await;
    f.gates.pass("at work").await;
    let waiting = f.start(&[gate("never")]).await;
    (f, waiting)
}

/// What somebody else does to the row of a task.
async fn write(path: &std::path::Path, id: TaskId, statement: &'static str) {
    let file = SqliteConnectOptions::new().filename(path);
    let mut other = SqliteConnection::connect_with(&file).await.unwrap();
    let done = sqlx::query(statement).bind(id.to_string()).execute(&mut other).await.unwrap();
    assert_eq!(done.rows_affected(), 1);
    other.close().await.unwrap();
}

fn is_gone(snapshot: &PollResponse, id: TaskId, reason: GoneReason) {
    assert!(snapshot.tasks.is_empty(), "{snapshot:#?}");
    assert_eq!(snapshot.gone, [Gone::new(id, reason)]);
}

/// It is given to somebody else, and then it changes.
const GIVEN_AWAY: &str = "UPDATE tasks SET owner = 'bob', status = 'cancelled', \
    version = ((version >> 20) + 2) << 20 WHERE id = $1";
const DELETED: &str = "DELETE FROM tasks WHERE id = $1";

#[tokio::test]
async fn a_task_that_was_given_away_or_deleted_while_a_poll_was_held_is_not_shown() {
    for change in [GIVEN_AWAY, DELETED] {
        let (_folder, path) = folder();
        let (f, id) = busy(&path).await;
        let poll = hold(&f, after(&f.get(id).await), 1).await;
        write(&path, id, change).await;
        let response = answer(poll).await;
        assert!(response.waited_ms.is_some(), "it was held");
        assert_eq!(response.reason, Some(AnswerReason::Ended), "{change}");
        is_gone(&response, id, GoneReason::NotFound);
    }
}

#[tokio::test]
async fn who_waited_for_one_task_that_was_given_away_sees_nothing_of_it() {
    let (_folder, path) = folder();
    let (f, id) = busy(&path).await;
    let (service, ada) = (f.service.clone(), f.ada.clone());
    let longest = Duration::from_secs(20);
    let wait =
        tokio::spawn(async move { service.wait(&ada, id, WaitFor::News(None), longest).await });
    while f.service.held().waiting == 0 {
        tokio::task::yield_now().await;
    }
    write(&path, id, GIVEN_AWAY).await;
    assert_eq!(wait.await.unwrap().unwrap(), Some(longest));
    assert!(f.service.get(&f.ada, id).await.unwrap().is_none());
}

/// Two are watched; the one that had ended expires while the other is waited for.
#[tokio::test]
async fn a_task_whose_time_was_over_while_a_poll_was_held_is_told_as_expired() {
    let (_folder, path) = folder();
    let clock = Arc::new(ManualClock::new(1_800_000_000_000));
    let store = Arc::new(SqliteStore::open(&path, clock.clone()).await.unwrap());
    let keep = Duration::from_secs(60);
    // Nobody removes it: it is the answer that looks at the time.
    let options = quick().with(|o| {
        o.retention = RetentionOptions::default().with(|o| {
            o.keep = keep;
            o.prune_interval = Duration::from_secs(3600);
        })
    });
    let f = engine_by(clock.clone(), store, Gates::default(), options, kind()).await;
    let over = f.start(&[]).await;
    let over = f.ended(over).await;
    let id = f.start(&[reach("at work"), gate("end")]).await;
    f.gates.pass("at work").await;
    let snapshot = f.get(id).await;
    let watch =
        vec![Watch::at_version(over.id, over.version), Watch::at_version(id, snapshot.version)];
    let poll = hold(&f, PollRequest::new(watch, 20_000), 1).await;
    clock.advance(61_000);
    let held = Instant::now();
    while held.elapsed() <= FRESH {
        tokio::task::yield_now().await;
    }
    f.gates.open("end");
    let response = answer(poll).await;
    assert!(response.waited_ms.is_some(), "it was held");
    assert_eq!(response.gone, [Gone::new(over.id, GoneReason::Expired)]);
    let ended: Vec<_> = response.tasks.iter().map(|task| task.id).collect();
    assert_eq!(ended, [id]);
}
