//! The lease protocol, with a store that does not answer.

use std::{sync::Arc, time::Duration};

use milepost::{
    engine::{
        EngineOptions,
        clock::SystemClock,
        store::{Store, sqlite::SqliteStore},
    },
    task::{Snapshot, Status},
};

use sqlx::{Connection as _, sqlite::SqliteConnectOptions};

use crate::{
    faulty::{Fault, Faulty},
    fixture::{Fixture, Gates, Step, engine_over, folder, gate, is, kind, quick, reach},
};

/// Short enough to wait for its end, and long enough for a busy machine not to lose it before.
pub(crate) const SHORT: Duration = Duration::from_secs(2);

/// A lease that ends soon. A busy machine may lose it again, so that a test asserts on the least number of
/// attempts.
pub(crate) fn short() -> EngineOptions {
    quick().with(|o| o.lease = SHORT)
}

pub(crate) async fn faulty(options: EngineOptions) -> (tempfile::TempDir, Arc<Faulty>, Fixture) {
    let (folder, path) = folder();
    let store = SqliteStore::open(&path, Arc::new(SystemClock)).await.unwrap();
    let store = Arc::new(Faulty::new(Arc::new(store)));
    let f = engine_over(store.clone(), Gates::default(), options, kind()).await;
    (folder, store, f)
}

#[tokio::test]
async fn a_run_without_a_heartbeat_is_given_up_and_taken_up_again() {
    for fault in [Fault::Fail(u32::MAX), Fault::Hang] {
        let (_folder, store, f) = faulty(short()).await;
        let steps = [Step::Keep(7), reach("at work"), gate("go on"), Step::SayKept];
        let id = f.start(&steps).await;
        f.gates.pass("at work").await;
        store.set("renew_leases", fault);
        // It is forgotten here, while the store still says that it runs.
        // Nobody searches for expired leases who cannot renew, so that no second run begins before.
        let given_up = |age_ms: i64| u128::from(age_ms.unsigned_abs()) > SHORT.as_millis() * 6 / 10;
        let snapshot =
            f.until(id, |snapshot| snapshot.heartbeat_age_ms.is_some_and(given_up)).await;
        assert_eq!((snapshot.status, snapshot.attempt), (Status::Running, 1), "{fault:?}");
        store.heal();
        // The second run, after the lease; nobody cancelled anything. A busy machine may lose that one, too.
        f.gates.pass("at work").await;
        f.gates.open("at work");
        let second = |snapshot: &Snapshot| snapshot.attempt >= 2 && is(Status::Running)(snapshot);
        assert_eq!(f.until(id, second).await.cancel, None, "{fault:?}");
        f.gates.open("go on");
        let snapshot = f.ended(id).await;
        assert_eq!(snapshot.status, Status::Completed, "{fault:?}");
        assert!(snapshot.attempt >= 2, "{fault:?}: {snapshot:#?}");
        assert_eq!(snapshot.message.as_deref(), Some("kept Some(7)"));
    }
}

#[tokio::test]
async fn a_heartbeat_that_fails_for_less_than_the_lease_costs_nothing() {
    let (_folder, store, f) = faulty(quick().with(|o| o.lease = Duration::from_secs(60))).await;
    let id = f.start(&[reach("at work"), gate("go on")]).await;
    f.gates.pass("at work").await;
    store.set("renew_leases", Fault::Fail(5));
    while store.met("renew_leases") < 5 {
        tokio::task::yield_now().await;
    }
    f.gates.open("go on");
    let snapshot = f.ended(id).await;
    assert_eq!((snapshot.status, snapshot.attempt), (Status::Completed, 1));
}

#[tokio::test]
async fn a_search_for_ended_leases_that_hangs_does_not_keep_the_heart_from_beating() {
    // A search may take a fifth of it; the rest is for a busy machine.
    let (_folder, store, f) = faulty(quick().with(|o| o.lease = Duration::from_secs(15))).await;
    let id = f.start(&[reach("at work"), gate("go on")]).await;
    f.gates.pass("at work").await;
    // The first thing that a search does.
    store.set("now_ms", Fault::Hang);
    let renewals = store.made("renew_leases");
    // Each search that hangs is followed by a renewal.
    while store.met("now_ms") < 3 || store.made("renew_leases") < renewals + 2 {
        tokio::task::yield_now().await;
    }
    f.gates.open("go on");
    let snapshot = f.ended(id).await;
    assert_eq!((snapshot.status, snapshot.attempt), (Status::Completed, 1));
}

/// Its only thread is this test's.
#[tokio::test]
async fn a_blocked_runtime_does_not_stop_the_renewals() {
    let (_folder, store, f) = faulty(quick().with(|o| o.lease = Duration::from_secs(60))).await;
    let id = f.start(&[reach("at work"), gate("go on")]).await;
    f.gates.pass("at work").await;
    // Nothing of this runtime runs meanwhile, as if a task computed.
    let (blocked, renewals) = (std::time::Instant::now(), store.made("renew_leases"));
    while store.made("renew_leases") < renewals + 3 {
        assert!(blocked.elapsed() < Duration::from_secs(60), "no renewal");
        std::thread::yield_now();
    }
    f.gates.open("go on");
    let snapshot = f.ended(id).await;
    assert_eq!((snapshot.status, snapshot.attempt), (Status::Completed, 1));
    assert!(store.get(id).await.unwrap().unwrap().heartbeat_at.is_some());
}

#[tokio::test]
async fn each_call_of_the_store_may_fail_in_turn_and_the_task_completes() {
    let calls = [
        "claim",
        "inputs",
        "get",
        "save_progress",
        "checkpoint",
        "save_checkpoint",
        "finish",
        "renew_leases",
        "rescue_expired",
    ];
    for call in calls {
        let (_folder, store, f) = faulty(quick()).await;
        store.set(call, Fault::Fail(1));
        let steps = [
            Step::Stage(0),
            Step::SayKept,
            Step::Keep(1),
            Step::Stage(1),
            Step::Message("nearly".to_owned()),
            reach("at the end"),
            gate("end"),
        ];
        let id = match f.service.start(&f.ada, crate::fixture::scripted(&steps), None).await {
            Ok(started) => started.receipt.id,
            Err(error) => panic!("{call}: {error}"),
        };
        f.gates.pass("at the end").await;
        while matches!(call, "renew_leases" | "rescue_expired") && store.met(call) == 0 {
            tokio::task::yield_now().await;
        }
        f.gates.open("end");
        let stored = loop {
            // A read may meet the fault as well; then it is asked again.
            if let Ok(Some(row)) = store.get(id).await
                && row.status.is_terminal()
            {
                break row;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!((stored.status, stored.attempt), (Status::Completed, 1), "{call}: {stored:?}");
        assert_eq!(store.met(call), 1, "{call}");
        assert_eq!(f.result_text(id).await.as_deref(), Some("done"), "{call}");
    }
}

#[tokio::test]
async fn a_result_outlives_an_outage() {
    let (_folder, store, f) = faulty(quick()).await;
    let id = f.start(&[reach("at work"), gate("go on")]).await;
    f.gates.pass("at work").await;
    store.set("finish", Fault::Fail(3));
    f.gates.open("go on");
    let snapshot = f.ended(id).await;
    assert_eq!((snapshot.status, snapshot.attempt), (Status::Completed, 1));
    assert_eq!(store.met("finish"), 3);
}

#[tokio::test]
async fn a_write_lock_held_by_somebody_else_delays_and_loses_nothing() {
    let (_folder, path) = folder();
    let f = engine_over(
        Arc::new(SqliteStore::open(&path, Arc::new(SystemClock)).await.unwrap()),
        Gates::default(),
        quick(),
        kind(),
    )
    .await;
    let id = f.start(&[reach("at work"), gate("go on"), Step::Stage(1), reach("later")]).await;
    f.gates.pass("at work").await;
    let other = SqliteConnectOptions::new().filename(&path);
    let mut other = sqlx::SqliteConnection::connect_with(&other).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    f.gates.open("go on");
    // What is read is read as ever.
    assert_eq!(f.get(id).await.status, Status::Running);
    let waiting = tokio::time::timeout(Duration::from_millis(200), f.gates.pass("later")).await;
    assert!(waiting.is_err(), "a stage was entered that nobody could write down");
    sqlx::query("COMMIT").execute(&mut other).await.unwrap();
    f.gates.pass("later").await;
    let snapshot = f.ended(id).await;
    assert_eq!((snapshot.status, snapshot.attempt), (Status::Completed, 1));
}

#[tokio::test]
async fn who_is_alone_with_its_store_asks_for_no_order_after_a_claim() {
    let options = quick().with(|o| o.max_queue_positions = 0);
    let (_folder, store, f) = faulty(options).await;
    for _ in 0..3 {
        let id = f.start(&[Step::Stage(0)]).await;
        f.ended(id).await;
    }
    assert_eq!(store.made("queue"), 0);
}

#[tokio::test]
async fn a_checkpoint_waits_for_the_store_as_long_as_a_lease_lasts() {
    let steps = [Step::Keep(7), Step::SayKept, reach("kept"), gate("end")];
    for call in ["save_checkpoint", "checkpoint"] {
        let (_folder, store, f) = faulty(quick()).await;
        store.set(call, Fault::Fail(4));
        let id = f.start(&steps).await;
        f.gates.pass("kept").await;
        let snapshot = f.until(id, |snapshot| snapshot.message.is_some()).await;
        assert_eq!(
            (snapshot.attempt, snapshot.message.as_deref()),
            (1, Some("kept Some(7)")),
            "{call}"
        );
        assert_eq!(store.met(call), 4);
    }
    let (_folder, store, f) = faulty(short()).await;
    store.set("save_checkpoint", Fault::Fail(u32::MAX));
    let id = f.start(&steps).await;
    f.until(id, |snapshot| snapshot.attempt >= 2).await;
    store.heal();
    f.gates.pass("kept").await;
    f.gates.open("end");
    assert_eq!(f.ended(id).await.status, Status::Completed);
}
