//! Clocks that are set while tasks run and wait: PostgreSQL's own, and this machine's under SQLite.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use milepost::{
    engine::{
        EngineOptions,
        clock::ManualClock,
        store::{
            Store,
            postgres::{PostgresOptions, PostgresStore},
            sqlite::SqliteStore,
        },
    },
    task::{Snapshot, Status},
};
use sqlx::{Connection as _, PgConnection};

use crate::{
    faulty::Faulty,
    fixture::{Fixture, Gates, Step, engine_by, engine_over, folder, gate, kind, quick, reach},
    postgres_server::schema,
};

const HOURS: i64 = 10 * 3_600_000;
const LEASE: Duration = Duration::from_secs(10);

/// The usual proportions, three times faster; one task a worker.
fn usual() -> EngineOptions {
    quick().with(|o| {
        o.lease = LEASE;
        o.heartbeat = LEASE / 5;
        o.concurrency = 1;
    })
}

/// A database whose clock the test sets: its function adds what a table says.
struct Database {
    url: String,
    clock: PgConnection,
}

impl Database {
    async fn new() -> Self {
        let url = schema().await;
        PostgresStore::open(&url, PostgresOptions::default()).await.unwrap().close().await;
        let mut clock = PgConnection::connect(&url).await.unwrap();
        for statement in [
            "CREATE TABLE test_clock (ahead BIGINT NOT NULL)",
            "INSERT INTO test_clock VALUES (0)",
            "CREATE OR REPLACE FUNCTION milepost_now() RETURNS BIGINT LANGUAGE sql VOLATILE AS $$ \
             SELECT (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT + ahead FROM test_clock $$",
        ] {
            sqlx::query(statement).execute(&mut clock).await.unwrap();
        }
        Self { url, clock }
    }

    async fn jump(&mut self, ms: i64) {
        let query = sqlx::query("UPDATE test_clock SET ahead = ahead + $1").bind(ms);
        query.execute(&mut self.clock).await.unwrap();
    }

    async fn engine(&self, options: EngineOptions) -> (Arc<Faulty>, Fixture) {
        let store = PostgresStore::open(&self.url, PostgresOptions::default()).await.unwrap();
        let store = Arc::new(Faulty::new(Arc::new(store)));
        let f = engine_over(store.clone(), Gates::default(), options, kind()).await;
        (store, f)
    }

    async fn worker(&self) -> (Arc<Faulty>, Fixture) {
        self.engine(usual()).await
    }

    async fn front(&self) -> Fixture {
        self.engine(usual().with(|o| o.worker = false)).await.1
    }
}

fn at_work() -> [Step; 3] {
    [Step::Stage(0), reach("at work"), gate("end")]
}

async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let patience = Instant::now();
    while !condition().await {
        assert!(patience.elapsed() < Duration::from_secs(120), "not in time: {what}");
        tokio::task::yield_now().await;
    }
}

/// It never ran anywhere else.
fn is_first_run(snapshot: &Snapshot, status: Status) {
    assert_eq!((snapshot.status, snapshot.attempt), (status, 1), "{snapshot:#?}");
    assert!(snapshot.resumed.is_none(), "{snapshot:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_whose_clock_is_set_forward_takes_nothing_from_those_who_live() {
    let mut database = Database::new().await;
    let front = database.front().await;
    let workers = [database.worker().await, database.worker().await];
    let mut ids = Vec::new();
    for _ in &workers {
        ids.push(front.start(&at_work()).await);
    }
    for (_, f) in &workers {
        f.gates.pass("at work").await;
    }
    // They have watched the clock for long enough to take what has ended by it.
    for (store, _) in &workers {
        until("a search", async || store.made("rescue_expired") > 0).await;
    }
    for hours in [HOURS, 2 * HOURS] {
        database.jump(hours).await;
        // And one that comes just then, before anybody has renewed anything.
        let (store, fresh) = database.worker().await;
        until("searches", async || store.made("rescue_expired") >= 5).await;
        for id in &ids {
            is_first_run(&front.get(*id).await, Status::Running);
        }
        fresh.engine.shutdown().await;
    }
    for (_, f) in &workers {
        f.gates.open("end");
    }
    for id in ids {
        is_first_run(&front.ended(id).await, Status::Completed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_whose_clock_is_set_back_keeps_no_ghost_and_lets_nothing_wait() {
    let mut database = Database::new().await;
    let front = database.front().await;
    let (_, dead) = database.worker().await;
    let of_the_dead = front.start(&at_work()).await;
    dead.gates.pass("at work").await;
    // Its lease is one of the time that was.
    drop(dead);
    let (_, alive) = database.worker().await;
    let living = front.start(&at_work()).await;
    alive.gates.pass("at work").await;
    let waiting = front.start(&at_work()).await;
    let soon = async |what: &str| {
        let there = tokio::time::timeout(LEASE * 12, alive.gates.pass("at work")).await;
        assert!(there.is_ok(), "{what} does not start");
        alive.gates.open("end");
    };

    database.jump(-HOURS).await;
    alive.gates.open("end");
    is_first_run(&front.ended(living).await, Status::Completed);
    soon("what was queued by the time that was").await;
    is_first_run(&front.ended(waiting).await, Status::Completed);
    soon("what a dead worker had").await;
    let snapshot = front.ended(of_the_dead).await;
    assert!(snapshot.status == Status::Completed && snapshot.attempt >= 2, "{snapshot:#?}");
}

/// A busy machine only makes it later, so that the best of three counts.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_workers_task_is_at_work_at_another_within_one_lease() {
    let mut times = Vec::new();
    while times.len() < 3 && times.iter().all(|took| *took > LEASE) {
        times.push(time_to_the_second_run().await);
    }
    assert!(times.iter().any(|took| *took <= LEASE), "{times:?}");
}

/// From the end of a worker to the work of another on its task.
async fn time_to_the_second_run() -> Duration {
    let database = Database::new().await;
    let front = database.front().await;
    let (_, spare) = database.worker().await;
    let busy = front.start(&at_work()).await;
    spare.gates.pass("at work").await;
    let (store, killed) = database.worker().await;
    let id = front.start(&at_work()).await;
    killed.gates.pass("at work").await;
    spare.gates.open("end");
    front.ended(busy).await;
    // The worst moment: it has just said that it lives.
    let renewals = store.made("renew_leases");
    let renewed = async || front.get(id).await.heartbeat_age_ms.is_some_and(|age| age < 50);
    until("a heartbeat", async || store.made("renew_leases") > renewals && renewed().await).await;
    drop(killed);
    let begun = Instant::now();
    spare.gates.pass("at work").await;
    let took = begun.elapsed();
    assert!(front.get(id).await.attempt >= 2);
    spare.gates.open("end");
    front.ended(id).await;
    took
}

/// Under SQLite the clock is this machine's.
async fn lone(clock: &Arc<ManualClock>) -> (tempfile::TempDir, Arc<Faulty>, Fixture) {
    let (folder, path) = folder();
    let store = Arc::new(SqliteStore::open(&path, clock.clone()).await.unwrap());
    let store = Arc::new(Faulty::new(store));
    let f = engine_by(clock.clone(), store.clone(), Gates::default(), usual(), kind()).await;
    (folder, store, f)
}

#[tokio::test]
async fn a_machine_whose_clock_is_set_loses_no_run_and_lets_nothing_wait() {
    for hours in [HOURS, -HOURS] {
        let clock = Arc::new(ManualClock::new(1_800_000_000_000));
        let (_folder, store, f) = lone(&clock).await;
        let running = f.start(&at_work()).await;
        f.gates.pass("at work").await;
        let waiting = f.start(&at_work()).await;
        until("a search", async || store.made("rescue_expired") > 0).await;
        // Between two heartbeats, as nearly always.
        let renewals = store.made("renew_leases");
        until("a heartbeat", async || store.made("renew_leases") > renewals).await;
        clock.advance(hours);
        let searches = store.made("rescue_expired");
        until("searches", async || store.made("rescue_expired") >= searches + 3).await;
        is_first_run(&f.get(running).await, Status::Running);
        f.gates.open("end");
        is_first_run(&f.ended(running).await, Status::Completed);
        f.gates.open("end");
        is_first_run(&f.ended(waiting).await, Status::Completed);
    }
}

#[tokio::test]
async fn a_log_goes_on_though_the_clock_was_set_back() {
    let clock = Arc::new(ManualClock::new(1_800_000_000_000));
    let (_folder, _store, f) = lone(&clock).await;
    let log = |text: &str| Step::Log(text.to_owned());
    let steps =
        [log("one"), reach("at work"), gate("go on"), log("two"), reach("later"), gate("end")];
    let id = f.start(&steps).await;
    f.gates.pass("at work").await;
    let before = f.get(id).await.version;
    clock.advance(-HOURS);
    f.gates.open("go on");
    f.gates.pass("later").await;
    until("whoever follows the log hears of the line", async || {
        f.get(id).await.output_version > before
    })
    .await;
}
