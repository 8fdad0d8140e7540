//! Connections to PostgreSQL that hang: nothing comes back, and no error either.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use milepost::{
    engine::{
        EngineOptions,
        store::postgres::{PostgresOptions, PostgresStore},
    },
    task::Status,
};

use crate::{
    fixture::{Fixture, Gates, Step, engine_over, gate, kind, quick, reach},
    postgres_server::schema,
    silent::Way,
};

/// As in production, a few times faster.
fn impatient() -> PostgresOptions {
    PostgresOptions::default().with(|o| {
        o.connections = 3;
        o.acquire_timeout = Duration::from_millis(500);
        o.statement_timeout = Duration::from_secs(1);
        o.call_timeout = Duration::from_secs(2);
    })
}

/// Cancels are looked for when the database says so, and not all the time: what names a run is said by
/// the heartbeat alone.
fn options(lease: Duration) -> EngineOptions {
    quick().with(|o| {
        o.lease = lease;
        o.heartbeat = lease / 10;
        o.queue_poll = lease;
    })
}

/// An engine that works over a way, and one that answers without.
async fn pair(lease: Duration) -> (Way, Fixture, Fixture) {
    let url = schema().await;
    let way = Way::to(&url);
    let idle = quick().with(|o| o.worker = false);
    let open =
        async |url: &str, options| Arc::new(PostgresStore::open(url, options).await.unwrap());
    let front = open(&url, PostgresOptions::default()).await;
    let front = engine_over(front, Gates::default(), idle, kind()).await;
    let worker = open(&way.url, impatient()).await;
    let worker = engine_over(worker, Gates::default(), options(lease), kind()).await;
    (way, front, worker)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_hangs_costs_no_run_whatever_was_said_over_it() {
    // The heartbeat, the report, the checkpoint, the end.
    for said in ["the run", "SET version = $3", "INSERT INTO checkpoints", "cancel_requested_at IS"]
    {
        // Each must be over and made again within 60 % of this.
        let (way, front, worker) = pair(Duration::from_secs(20)).await;
        let steps = [reach("at work"), gate("go on"), Step::Stage(1), Step::Keep(7), Step::SayKept];
        let id = front.start(&steps).await;
        worker.gates.pass("at work").await;
        let word = if said == "the run" { format!("[\"{id}\"]") } else { said.to_owned() };
        way.silence_at(&word);
        let patience = Instant::now();
        while said == "the run" && way.silenced() == 0 {
            assert!(patience.elapsed() < Duration::from_secs(120), "no heartbeat");
            tokio::task::yield_now().await;
        }
        worker.gates.open("go on");
        let snapshot = front.ended(id).await;
        assert_eq!((snapshot.status, snapshot.attempt), (Status::Completed, 1), "{word}");
        assert_eq!(snapshot.message.as_deref(), Some("kept Some(7)"), "{word}");
        assert_eq!(way.silenced(), 1, "{word}");
        // And the next task finds everything as before.
        let next = front.start(&[Step::Stage(0)]).await;
        assert_eq!(front.ended(next).await.attempt, 1, "{word}");
        // It ends; the connection that hangs does not hold it up for ever.
        worker.engine.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_all_fall_silent_at_once_cost_no_run_where_new_ones_come_through() {
    let (way, front, worker) = pair(Duration::from_secs(20)).await;
    let id = front.start(&[reach("at work"), gate("go on"), Step::Stage(1)]).await;
    worker.gates.pass("at work").await;
    way.silence(false);
    worker.gates.open("go on");
    let snapshot = front.ended(id).await;
    assert_eq!((snapshot.status, snapshot.attempt), (Status::Completed, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_that_is_silent_for_longer_than_the_lease_costs_an_attempt_and_no_more() {
    let lease = Duration::from_secs(4);
    let (way, front, worker) = pair(lease).await;
    let steps = [Step::Keep(7), reach("at work"), gate("go on"), Step::SayKept];
    let id = front.start(&steps).await;
    worker.gates.pass("at work").await;
    way.silence(true);
    // Its heart stops for all to see.
    let longest = i64::try_from((lease * 2).as_millis()).unwrap();
    front.until(id, |snapshot| snapshot.heartbeat_age_ms.is_some_and(|age| age > longest)).await;
    way.open();
    worker.gates.pass("at work").await;
    worker.gates.open("go on");
    let snapshot = front.ended(id).await;
    assert!(snapshot.status == Status::Completed && snapshot.attempt >= 2, "{snapshot:#?}");
    assert_eq!(snapshot.message.as_deref(), Some("kept Some(7)"));
}
