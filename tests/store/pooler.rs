//! The shared store through a real PgBouncer, in both of its modes: the suite, and what only a
//! pooler can get wrong.

use std::sync::OnceLock;

use milepost::engine::store::{
    Change, Store,
    postgres::{PoolMode, PostgresOptions, PostgresStore},
};

use crate::{
    fixture::{Fixture, task},
    pgbouncer::Pooler,
    postgres_server::{Server, server},
};

/// The server and the pooler of the tests of this process.
async fn pooled(mode: &'static str) -> (String, String) {
    static SERVER: OnceLock<Server> = OnceLock::new();
    static POOLERS: std::sync::Mutex<Vec<Pooler>> = std::sync::Mutex::new(Vec::new());
    let server = tokio::task::spawn_blocking(|| SERVER.get_or_init(server)).await.unwrap();
    let direct = server.database().await;
    let pooler = Pooler::new(server, &direct, mode);
    let url = pooler.url();
    POOLERS.lock().unwrap().push(pooler);
    (url, direct)
}

async fn by_transaction() -> Fixture {
    let (url, direct) = pooled("transaction").await;
    Fixture::postgres_behind(&url, &direct, PostgresOptions::default()).await.unwrap()
}

milepost::testing::conformance!(by_transaction);

#[tokio::test]
async fn what_a_transaction_sets_is_found_in_each_and_nothing_is_left_behind() {
    let (url, direct) = pooled("transaction").await;
    let store = PostgresStore::open(&url, PostgresOptions::default()).await.unwrap();
    store.insert(&task()).await.unwrap();
    assert_eq!(store.counts().await.unwrap(), (1, 0));
    store.check_writable().await.unwrap();
    // Another program on the pooler finds the connections as they were, and none of ours prepared.
    let mut other = <sqlx::PgConnection as sqlx::Connection>::connect(&direct).await.unwrap();
    let prepared = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SET enable_sort%'";
    let left: i64 = sqlx::query_scalar(prepared).fetch_one(&mut other).await.unwrap();
    assert_eq!(left, 0);
    let options = url.parse::<sqlx::postgres::PgConnectOptions>().unwrap();
    let options = options.extra_float_digits(None);
    for _ in 0..8 {
        let mut client = sqlx::ConnectOptions::connect(&options).await.unwrap();
        let left = "SELECT (SELECT count(*) FROM pg_prepared_statements)::text || ' ' || \
            current_setting('enable_sort') || ' ' || current_setting('statement_timeout')";
        let row = sqlx::raw_sql(left).fetch_one(&mut client).await.unwrap();
        assert_eq!(sqlx::Row::get::<String, _>(&row, 0), "0 on 0");
    }
}

#[tokio::test]
async fn a_session_of_a_pooler_is_used_as_a_connection_of_the_database() {
    let (url, _) = pooled("session").await;
    let store = PostgresStore::open(&url, PostgresOptions::default()).await.unwrap();
    let mut changes = store.changes().unwrap();
    assert_eq!(changes.recv().await, Some(Change::Anything), "it listens");
    store.insert(&task()).await.unwrap();
    assert_eq!(changes.recv().await, Some(Change::Queued));
    assert_eq!(store.counts().await.unwrap(), (1, 0));
    store.close().await;
}

#[tokio::test]
async fn notifications_need_a_direct_connection_where_the_pooler_passes_none_on() {
    let (url, direct) = pooled("transaction").await;
    for mode in [PoolMode::Auto, PoolMode::Transaction] {
        let without = PostgresOptions::default().with(|o| o.pool_mode = mode);
        let store = PostgresStore::open(&url, without.clone()).await.unwrap();
        let mut changes = store.changes().expect("it is shared");
        store.insert(&task()).await.unwrap();
        assert!(changes.try_recv().is_err(), "nothing is heard");
        store.close().await;
        assert_eq!(changes.recv().await, None, "it ends with the store");

        let with = without.with(|o| o.direct_url = Some(direct.clone()));
        let store = PostgresStore::open(&url, with).await.unwrap();
        let mut changes = store.changes().unwrap();
        assert_eq!(changes.recv().await, Some(Change::Anything), "it listens");
        store.insert(&task()).await.unwrap();
        assert_eq!(changes.recv().await, Some(Change::Queued));
        store.close().await;
    }
}

#[tokio::test]
async fn processes_that_start_together_behind_a_pooler_take_turns_at_the_tables() {
    let (url, _) = pooled("transaction").await;
    let open = || PostgresStore::open(&url, PostgresOptions::default());
    let (a, b, c, d) = tokio::join!(open(), open(), open(), open());
    for store in [a, b, c, d] {
        assert_eq!(store.unwrap().counts().await.unwrap(), (0, 0));
    }
}
