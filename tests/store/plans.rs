//! 100,000 ended tasks: PostgreSQL counts by itself how often a table is read from end to end.

use milepost::{
    engine::store::{AllTasksQuery, Ending, ListQuery, ProgressWrite},
    task::Status,
};
use sqlx::PgConnection;

use crate::{
    fixture::{Fixture, LEASE, result, task},
    postgres::open,
};

const FILL: &str = "INSERT INTO tasks (id, owner, kind, title, search_title, stages, lookup_key, status, run_at, max_attempts, \
    version, created_at, updated_at, finished_at, input) \
    SELECT gen_random_uuid(), 'owner ' || (i % 100), 'story', 'a story', 'a story', '[]', 'key ' || i, 'completed', i, 3, 1, i, i, i, '{}' \
    FROM generate_series(1, 100000) i";

/// How often the table was read from end to end, and through an index, by connections that are closed.
async fn scans(connection: &mut PgConnection) -> (i64, i64) {
    let counts = "SELECT seq_scan, idx_scan FROM pg_stat_user_tables \
        WHERE relname = 'tasks' AND schemaname = current_schema()";
    sqlx::query_as(counts).fetch_one(connection).await.unwrap()
}

/// The owner's tasks by each filter; all are completed stories.
async fn lists(f: &Fixture, owner: &str) {
    let (status, kind) = (Some(Status::Completed), Some("story".to_owned()));
    let q = Some("STORY".to_owned());
    for status in [None, status] {
        for kind in [&None, &kind] {
            for q in [&None, &q] {
                let query = ListQuery::default().with(|query| {
                    (query.owner, query.status) = (owner.to_owned(), status);
                    (query.kind, query.q) = (kind.clone(), q.clone());
                    (query.limit, query.examine) = (50, Some(1_000));
                });
                assert!(!f.store.list(&query).await.unwrap().is_empty(), "{query:?}");
                f.store.last_examined(&query).await.unwrap();
            }
        }
    }
}

/// Each call of the store that is made all the time.
async fn everything(f: &Fixture) {
    let mut new = task();
    new.unique_key = Some("lighthouse".to_owned());
    new.lookup_key = new.unique_key.clone();
    new.idempotency = Some(("key".to_owned(), "hash".to_owned()));
    let id = f.queue(&new).await.id;
    // Behind the other: queued in the same moment, their ids alone would decide.
    f.queue(&task().with(|new| new.priority = -1)).await;
    assert!(f.store.started("ada", "key", "hash").await.unwrap().is_some());
    assert_eq!(f.store.queue("story", 10).await.unwrap().len(), 2);
    let row = f.claim("w", 1).await.remove(0);
    f.store.input(id).await.unwrap().unwrap();
    let write = ProgressWrite::new(&row).with(|write| write.progress = Some(0.5));
    f.store.save_progress(&[write]).await.unwrap();
    assert!(f.store.save_checkpoint(id, row.run_seq, "k", "1").await.unwrap());
    assert_eq!(f.store.renew_leases("w", LEASE, &[id]).await.unwrap().len(), 1);
    assert!(f.store.cancels("w", &[id]).await.unwrap().is_empty());
    assert!(f.rescue_expired().await.unwrap().is_empty());
    f.store.request_cancel(id, "ada", None).await.unwrap();
    f.get(id).await;
    f.store.finish(id, row.run_seq, &Ending::Completed(result())).await.unwrap().unwrap();
    f.store.newest("ada", "story", "lighthouse").await.unwrap().unwrap();
    for owner in ["ada", "owner 7"] {
        lists(f, owner).await;
    }
    f.store.busiest_accounts(10).await.unwrap();
    f.store.longest_running(10).await.unwrap();
    assert_eq!(f.store.counts().await.unwrap(), (1, 0));
}

#[tokio::test]
async fn nothing_that_is_asked_all_the_time_looks_at_every_task() {
    let f = open().await;
    let connection = f.connection().expect("PostgreSQL");
    {
        let mut connection = connection.lock().await;
        for statement in [FILL, "ANALYZE tasks", "SELECT pg_stat_force_next_flush()"] {
            sqlx::query(statement).execute(&mut *connection).await.unwrap();
        }
    }
    let before = scans(&mut *connection.lock().await).await;
    everything(&f).await;
    f.store.close().await;
    let mut connection = connection.lock().await;
    // A connection tells what it has counted when it ends.
    let patience = std::time::Instant::now();
    let after = loop {
        let after = scans(&mut connection).await;
        if after.1 >= before.1 + 15 {
            break after;
        }
        assert!(patience.elapsed().as_secs() < 120, "{before:?}, then {after:?}");
    };
    assert_eq!(after.0, before.0, "read from end to end");
}

/// 20,000 queued tasks of one account, and 20 of each of a hundred others.
const QUEUE: &str = "INSERT INTO tasks (id, owner, kind, title, search_title, stages, status, run_at, \
    max_attempts, version, created_at, updated_at, input) \
    SELECT gen_random_uuid(), CASE WHEN i <= 20000 THEN 'long' ELSE 'owner ' || (i % 100) END, \
    'story', 'a story', 'a story', '[]', 'queued', 0, 3, 1, CASE WHEN i <= 20000 THEN i ELSE 0 END, 0, '{}' \
    FROM generate_series(1, 22000) i";

/// A tag for each task of the long queue.
const TAGS: &str = "INSERT INTO task_tags (task_id, tag, owner, created_at) \
    SELECT id, 'red', owner, created_at FROM tasks WHERE owner = 'long'";

/// How many rows of `tasks` and its indexes were read by connections that are closed.
async fn rows_read(connection: &mut PgConnection) -> i64 {
    let counts = "SELECT (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes \
        WHERE relname = 'tasks' AND schemaname = current_schema())::BIGINT + \
        (SELECT sum(seq_tup_read) FROM pg_stat_user_tables \
        WHERE relname = 'tasks' AND schemaname = current_schema())::BIGINT";
    let (rows,) = sqlx::query_as(counts).fetch_one(connection).await.unwrap();
    rows
}

/// How many were read since then. A connection tells it when it ends; waits for so many.
async fn rows_read_since(connection: &mut PgConnection, before: i64, at_least: i64) -> i64 {
    let patience = std::time::Instant::now();
    loop {
        let read = rows_read(connection).await - before;
        if read >= at_least {
            return read;
        }
        assert!(patience.elapsed().as_secs() < 120, "{read}");
    }
}

/// A database with the long queue, and the number of rows that were read when it was filled.
async fn filled(statements: &[&'static str]) -> (Fixture, i64) {
    let f = open().await;
    let before = {
        let mut connection = f.connection().expect("PostgreSQL").lock().await;
        for statement in statements.iter().chain(&["SELECT pg_stat_force_next_flush()"]) {
            sqlx::query(*statement).execute(&mut *connection).await.unwrap();
        }
        rows_read(&mut connection).await
    };
    (f, before)
}

/// Makes each query on the filled database, often enough for a plan that is made once for all values, without statistics
/// and with them: of each 50 rows are found, at least so many read, and few more than are examined.
async fn each_reads_few<Q: std::fmt::Debug>(
    queries: &[Q],
    fill: &[&'static str],
    at_least: i64,
    find: impl AsyncFn(&Fixture, &Q) -> usize,
) {
    let statistics = ["SELECT 1", "ANALYZE"];
    for (query, statistics) in queries.iter().flat_map(|query| statistics.map(|it| (query, it))) {
        let (f, before) = filled(&[fill, &[statistics]].concat()).await;
        for _ in 0..8 {
            assert_eq!(find(&f, query).await, 50, "{query:?}");
        }
        f.store.close().await;
        let mut connection = f.connection().expect("PostgreSQL").lock().await;
        let read = rows_read_since(&mut connection, before, 8 * at_least).await;
        assert!(read < 8 * 4_000, "{statistics}: {read} rows for 8 times {query:?}");
    }
}

#[tokio::test]
async fn a_claim_reads_a_few_rows_of_a_long_queue_without_statistics_and_with_old_ones() {
    for statistics in ["SELECT 1", "ANALYZE tasks"] {
        let (f, before) = filled(&[statistics, QUEUE]).await;
        // Often enough for a plan that is made once for all values.
        for _ in 0..8 {
            assert_eq!(f.claim("w", 16).await.len(), 16);
        }
        f.store.close().await;
        let mut connection = f.connection().expect("PostgreSQL").lock().await;
        // At least the rows that were claimed.
        let read = rows_read_since(&mut connection, before, 8 * 16).await;
        assert!(read < 8 * 2_000, "{statistics}: {read} rows for 8 claims");
    }
}

#[tokio::test]
async fn a_list_of_an_owner_reads_those_that_it_shows_or_examines() {
    let list = |change: &dyn Fn(&mut ListQuery)| {
        ListQuery::default().with(|query| {
            (query.owner, query.limit, query.examine) = ("long".to_owned(), 50, Some(1_000));
            change(query);
        })
    };
    let (status, kind) = (Some(Status::Queued), || Some("story".to_owned()));
    let (q, tag) = (|| Some("story".to_owned()), || Some("red".to_owned()));
    let queries = [
        list(&|_| {}),
        list(&|query| query.status = status),
        list(&|query| query.kind = kind()),
        list(&|query| (query.status, query.kind) = (status, kind())),
        list(&|query| query.q = q()),
        list(&|query| (query.q, query.status) = (q(), status)),
        list(&|query| (query.q, query.kind) = (q(), kind())),
        list(&|query| query.tag = tag()),
        list(&|query| (query.tag, query.kind, query.q) = (tag(), kind(), q())),
    ];
    let find = async |f: &Fixture, query: &ListQuery| f.store.list(query).await.unwrap().len();
    each_reads_few(&queries, &[QUEUE, TAGS], 50, find).await;
}

#[tokio::test]
async fn a_list_of_all_tasks_reads_those_that_it_examines_without_statistics_and_with_them() {
    let list = |change: &dyn Fn(&mut AllTasksQuery)| {
        AllTasksQuery::default().with(|query| {
            (query.limit, query.examine) = (50, 1_000);
            change(query);
        })
    };
    let queries = [
        list(&|_| {}),
        list(&|query| query.statuses = vec![Status::Queued, Status::Completed]),
        list(&|query| query.kind = Some("story".to_owned())),
        list(&|query| query.owner = Some("lo".to_owned())),
        list(&|query| (query.q, query.search_inputs) = (Some("{}".to_owned()), true)),
        list(&|query| query.since = Some(0)),
    ];
    // The ids that are examined, their tasks, and the last of the ids.
    let find = async |f: &Fixture, query: &AllTasksQuery| {
        f.store.list_all(query).await.unwrap().rows.len()
    };
    each_reads_few(&queries, &[QUEUE], 2_000, find).await;
}
