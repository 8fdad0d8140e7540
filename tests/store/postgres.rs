//! The shared store: the suite over a real server, and what only many processes can get wrong.

use std::sync::Arc;

use milepost::{
    engine::store::{
        CancelOutcome, Change, Ending, ProgressWrite, Row, Store, StoreError,
        postgres::{PostgresOptions, PostgresStore},
    },
    task::Status,
};
use sqlx::{Connection as _, PgConnection};

use crate::{
    fixture::{Fixture, LEASE, task},
    postgres_server::{schema, server},
};

pub(crate) async fn open() -> Fixture {
    Fixture::postgres(&schema().await, PostgresOptions::default()).await.unwrap()
}

milepost::testing::conformance!(open);

#[tokio::test]
async fn a_new_process_leaves_live_leases_alone() {
    let f = open().await;
    let row = f.running("alive").await;
    assert!(f.store.reclaim_after_restart("new").await.unwrap().is_empty());
    f.advance(LEASE + 1).await;
    // Nor does it judge them by a clock that it has just looked at for the first time.
    assert!(f.store.reclaim_after_restart("new").await.unwrap().is_empty());
    assert_eq!(f.get(row.id).await.status, Status::Running);
}

#[tokio::test]
async fn processes_that_start_together_take_turns_at_the_tables() {
    let url = schema().await;
    let open = || PostgresStore::open(&url, PostgresOptions::default());
    let (a, b, c, d) = tokio::join!(open(), open(), open(), open());
    for store in [a, b, c, d] {
        assert_eq!(store.unwrap().counts().await.unwrap(), (0, 0));
    }
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_told_without_its_password() {
    for (url, snapshot) in [
        ("postgres://ada:secret@127.0.0.1:1/m", "127.0.0.1:1/m cannot be opened"),
        ("postgres://ada:secret@[", "not of the form postgres://"),
    ] {
        let opened = PostgresStore::open(url, PostgresOptions::default()).await;
        let Err(error) = opened else { panic!("{url} opened") };
        let line = error.to_string();
        assert!(line.contains(snapshot) && !line.contains("secret"), "{line}");
    }
}

#[tokio::test]
async fn many_workers_on_few_rows_never_get_one_twice() {
    let f = open().await;
    for _ in 0..20 {
        f.queue(&task()).await;
    }
    let f = Arc::new(f);
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..8 {
        let f = Arc::clone(&f);
        workers.spawn(async move {
            let (mut mine, name) = (Vec::new(), format!("worker {worker}"));
            // As a worker that is rung each time: until nothing is left.
            while f.store.counts().await.unwrap().0 > 0 {
                mine.extend(f.claim(&name, 2).await.into_iter().map(|row| row.id));
            }
            mine
        });
    }
    let mut claimed = workers.join_all().await.concat();
    assert_eq!(claimed.len(), 20);
    claimed.sort();
    claimed.dedup();
    assert_eq!(claimed.len(), 20);
}

#[tokio::test]
async fn starts_of_one_owner_at_once_keep_key_and_limit() {
    let f = Arc::new(open().await);
    let mut starts = tokio::task::JoinSet::new();
    for n in 0..12 {
        let f = Arc::clone(&f);
        starts.spawn(async move {
            let mut new = task();
            new.max_queued = 4;
            new.idempotency = (n % 2 == 0).then(|| ("key".to_owned(), "hash".to_owned()));
            f.store.insert(&new).await.unwrap();
        });
    }
    starts.join_all().await;
    assert_eq!(f.store.counts().await.unwrap().0, 4);
}

#[tokio::test]
async fn another_process_hears_of_starts_and_cancels_even_after_its_connection_is_cut() {
    let url = schema().await;
    let open = || PostgresStore::open(&url, PostgresOptions::default());
    let (here, there) = (open().await.unwrap(), open().await.unwrap());
    let mut changes = there.changes().unwrap();
    // The server is shared by the tests of this process: others may be heard too.
    let hear = async |changes: &mut milepost::engine::store::Changes, wanted: Change| {
        let patience = std::time::Duration::from_secs(30);
        let heard = async { while changes.recv().await.unwrap() != wanted {} };
        tokio::time::timeout(patience, heard).await.unwrap();
    };
    hear(&mut changes, Change::Anything).await;
    let new = task();
    here.insert(&new).await.unwrap();
    hear(&mut changes, Change::Queued).await;
    let mut admin = PgConnection::connect(&url).await.unwrap();
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'",
    )
    .execute(&mut admin)
    .await
    .unwrap();
    hear(&mut changes, Change::Anything).await;
    here.request_cancel(new.id, "owner", None).await.unwrap();
    hear(&mut changes, Change::Cancel(new.id)).await;
    there.close().await;
    assert_eq!(changes.recv().await, None);
}

#[tokio::test]
async fn a_connection_that_the_server_has_ended_is_not_used_again() {
    let url = schema().await;
    let store = PostgresStore::open(&url, PostgresOptions::default()).await.unwrap();
    store.insert(&task()).await.unwrap();
    let mut admin = PgConnection::connect(&url).await.unwrap();
    let schema: String =
        sqlx::query_scalar("SELECT current_schema()").fetch_one(&mut admin).await.unwrap();
    // The insert waits for the table, so that the end of its connection reaches it at work.
    let mut lock = admin.begin().await.unwrap();
    let statement = sqlx::AssertSqlSafe(format!("LOCK TABLE {schema}.tasks IN EXCLUSIVE MODE"));
    sqlx::raw_sql(statement).execute(&mut *lock).await.unwrap();
    let new = task();
    let waiting = store.insert(&new);
    let end = async {
        let ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE NOT granted \
                     AND relation = (current_schema() || '.tasks')::regclass";
        while sqlx::query_scalar::<_, i64>(ended).fetch_one(&mut *lock).await.unwrap() == 0 {}
    };
    let (outcome, ()) = tokio::join!(waiting, end);
    let error = outcome.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    assert!(error.to_string().contains("SQLSTATE 57P01"), "{error}");
    lock.rollback().await.unwrap();
    // Its connection was not returned to the pool, and what it had begun is undone.
    for _ in 0..20 {
        store.insert(&task()).await.unwrap();
    }
    assert_eq!(store.counts().await.unwrap(), (21, 0));
}

#[tokio::test]
async fn a_cancel_that_races_releases_and_claims_is_never_refused() {
    let f = Arc::new(open().await);
    let row = f.running("w").await;
    let id = row.id;
    let churn = {
        let f = Arc::clone(&f);
        tokio::spawn(async move {
            let mut run_seq = row.run_seq;
            // Until the cancel has ended it.
            while f.store.finish(id, run_seq, &Ending::Released).await.unwrap().is_some() {
                let Some(row) = f.claim("w", 1).await.pop() else { return };
                run_seq = row.run_seq;
            }
        })
    };
    let outcome = f.store.request_cancel(id, "ada", None).await.unwrap();
    assert!(matches!(outcome, Some(CancelOutcome::Accepted(_))), "{outcome:?}");
    churn.await.unwrap();
    assert_eq!(f.get(id).await.status, Status::Cancelled);
}

#[tokio::test]
async fn heartbeats_and_reports_of_many_runs_do_not_wait_for_each_other() {
    let f = Arc::new(open().await);
    for _ in 0..30 {
        f.queue(&task()).await;
    }
    let rows = f.claim("w", 30).await;
    let runs: Vec<_> = rows.iter().map(|row| row.id).collect();
    let report = |row: &Row, version| {
        ProgressWrite::new(row).with(|write| {
            write.version = row.version + version;
            write.progress = Some(0.5);
            write.step = 1;
        })
    };
    let renewals = {
        let f = Arc::clone(&f);
        tokio::spawn(async move {
            for _ in 0..30 {
                assert_eq!(f.store.renew_leases("w", LEASE, &runs).await.unwrap().len(), 30);
            }
        })
    };
    for version in 1..10 {
        // In the other order of what was claimed each time.
        let mut writes: Vec<_> = rows.iter().map(|row| report(row, version)).collect();
        if version % 2 == 0 {
            writes.reverse();
        }
        f.store.save_progress(&writes).await.unwrap();
    }
    renewals.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_away_is_found_again() {
    let server = tokio::task::spawn_blocking(server).await.unwrap();
    let url = server.schema().await;
    let store = PostgresStore::open(&url, PostgresOptions::default()).await.unwrap();
    let new = task();
    store.insert(&new).await.unwrap();
    tokio::task::block_in_place(|| server.stop());
    let error = store.get(new.id).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    tokio::task::block_in_place(|| server.start());
    assert!(store.get(new.id).await.unwrap().is_some());
    assert!(store.renew_leases("w", 1_000, &[]).await.unwrap().is_empty());
}
