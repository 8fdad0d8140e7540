//! Runs at their end: a kill between the work and its record, a drain longer than the lease, results
//! that wait while the process goes, cancels without an announcement.

use std::{sync::Arc, time::Duration};

use milepost::{
    engine::{
        EngineOptions,
        clock::{ManualClock, SystemClock},
        store::{Store, sqlite::SqliteStore},
    },
    task::{Status, TaskId},
};

use crate::{
    faulty::{Fault, Faulty},
    fixture::{
        Fixture, Gates, Step, engine_at, engine_by, engine_over, folder, gate, kind, quick, reach,
        reopened,
    },
    leases::short,
};

async fn faulty_at(
    path: &std::path::Path,
    options: EngineOptions,
    gates: Gates,
) -> (Arc<Faulty>, Fixture) {
    let store = SqliteStore::open(path, Arc::new(SystemClock)).await.unwrap();
    let store = Arc::new(Faulty::new(Arc::new(store)));
    let f = engine_over(store.clone(), gates, options, kind()).await;
    (store, f)
}

async fn until(mut condition: impl AsyncFnMut() -> bool, what: &str) {
    let patience = std::time::Instant::now();
    while !condition().await {
        assert!(patience.elapsed() < Duration::from_secs(120), "not in time: {what}");
        tokio::task::yield_now().await;
    }
}

/// The work is done and its record is on its way to the store when the process is killed.
#[test]
fn a_kill_between_the_work_and_its_record_costs_that_piece_and_no_other() {
    for call in ["save_checkpoint", "finish"] {
        let (_folder, path) = folder();
        let steps = [
            Step::SayKept,
            reach("began"),
            Step::Keep(1),
            gate("second piece"),
            reach("did it"),
            Step::Keep(2),
        ];
        let runtime = || tokio::runtime::Runtime::new().unwrap();
        let killed = runtime();
        let (id, f): (TaskId, _) = killed.block_on(async {
            let (store, f) = faulty_at(&path, quick(), Gates::default()).await;
            let id = f.start(&steps).await;
            f.gates.pass("began").await;
            until(async || store.checkpoint(id, "kept").await.unwrap().is_some(), "kept").await;
            store.set(call, Fault::Hang);
            f.gates.open("second piece");
            f.gates.pass("did it").await;
            until(async || store.met(call) == 1, call).await;
            (id, f)
        });
        killed.shutdown_background();
        drop(f);
        runtime().block_on(async {
            let f = reopened(&path).await;
            f.gates.pass("began").await;
            let kept = if call == "finish" { 2 } else { 1 };
            let snapshot = f.get(id).await;
            let wanted = format!("kept Some({kept})");
            assert_eq!((snapshot.attempt, snapshot.message), (2, Some(wanted)), "{call}");
            f.gates.open("second piece");
            assert_eq!(f.ended(id).await.status, Status::Completed, "{call}");
            assert_eq!(f.result_text(id).await.as_deref(), Some("done"), "{call}");
            f.engine.shutdown().await;
        });
    }
}

#[tokio::test]
async fn a_drain_that_is_longer_than_the_lease_keeps_the_lease() {
    let (_folder, path) = folder();
    let lease = Duration::from_secs(60);
    let options = quick().with(|o| {
        o.lease = lease;
        o.drain = Duration::from_secs(3600);
    });
    // The test's clock, so that no lease is lost to a busy machine.
    let clock = Arc::new(ManualClock::new(1_800_000_000_000));
    let store = Arc::new(SqliteStore::open(&path, clock.clone()).await.unwrap());
    let f = engine_by(clock.clone(), store.clone(), Gates::default(), options, kind()).await;
    let id = f.start(&[reach("at work"), gate("go on")]).await;
    f.gates.pass("at work").await;
    let stopping = tokio::spawn({
        let engine = f.engine.clone();
        async move { engine.shutdown().await }
    });
    let row = async || store.get(id).await.unwrap().unwrap();
    let before = row().await;
    let lease_ms = i64::try_from(lease.as_millis()).unwrap();
    // Two leases and more.
    for step in 1..=5 {
        clock.advance(lease_ms / 2);
        let renewed = before.heartbeat_at.map(|at| at + step * (lease_ms / 2));
        until(async || row().await.heartbeat_at >= renewed, "a renewal").await;
    }
    assert_eq!(row().await.run_seq, before.run_seq);
    f.gates.open("go on");
    stopping.await.unwrap();
    drop((f, store));
    let f = engine_at(&path, quick(), kind()).await;
    let snapshot = f.get(id).await;
    assert_eq!((snapshot.status, snapshot.attempt), (Status::Completed, 1));
}

#[tokio::test]
async fn a_result_that_waits_for_the_store_is_written_before_the_process_goes() {
    let (_folder, path) = folder();
    let (store, f) = faulty_at(&path, quick(), Gates::default()).await;
    let id = f.start(&[reach("at work"), gate("go on")]).await;
    f.gates.pass("at work").await;
    store.set("finish", Fault::Fail(2));
    f.gates.open("go on");
    until(async || store.met("finish") > 0, "the result waits").await;
    f.engine.shutdown().await;
    assert_eq!(store.met("finish"), 2);
    drop((f, store));
    let f = engine_at(&path, quick(), kind()).await;
    let snapshot = f.get(id).await;
    assert_eq!((snapshot.status, snapshot.attempt), (Status::Completed, 1));
    assert_eq!(f.result_text(id).await.as_deref(), Some("done"));
}

#[tokio::test]
async fn a_run_that_hears_nothing_is_dropped_before_its_lease_ends() {
    let (_folder, path) = folder();
    let (store, f) = faulty_at(&path, short(), Gates::default()).await;
    let id = f.start(&[reach("at work"), Step::DeafGate("deaf".to_owned())]).await;
    f.gates.pass("at work").await;
    store.set("renew_leases", Fault::Fail(u32::MAX));
    let row = async || store.get(id).await.unwrap().unwrap();
    until(async || store.met("renew_leases") > 0, "a lost heartbeat").await;
    // Only the first run could go through now.
    until(async || f.get(id).await.heartbeat_age_ms.is_some_and(|age| age > 1_800), "given up")
        .await;
    assert_eq!(row().await.status, Status::Running);
    store.heal();
    f.gates.pass("at work").await;
    f.gates.open("deaf");
    let snapshot = f.ended(id).await;
    assert!(snapshot.status == Status::Completed && snapshot.attempt >= 2, "{snapshot:#?}");
}

#[tokio::test]
async fn a_fresh_claim_is_not_judged_by_an_older_heartbeat() {
    let (_folder, path) = folder();
    let options = quick().with(|o| o.lease = Duration::from_secs(120));
    let (store, f) = faulty_at(&path, options, Gates::default()).await;
    store.set("renew_leases", Fault::Wait);
    until(async || store.met("renew_leases") == 1, "a heartbeat under way").await;
    let id = f.start(&[reach("at work"), gate("go on")]).await;
    f.gates.pass("at work").await;
    let renewals = store.made("renew_leases");
    // The answer of the heartbeat that asked before the claim knows nothing of the run.
    store.heal();
    until(async || store.made("renew_leases") > renewals + 1, "two more heartbeats").await;
    f.gates.open("go on");
    let snapshot = f.ended(id).await;
    assert_eq!((snapshot.status, snapshot.attempt), (Status::Completed, 1));
}

#[tokio::test]
async fn an_ending_that_hangs_delays_no_other_task() {
    let (_folder, path) = folder();
    let (store, f) = faulty_at(&path, quick(), Gates::default()).await;
    let hung = f.start(&[reach("at work"), gate("end")]).await;
    f.gates.pass("at work").await;
    store.set_end_of(hung, Fault::Wait);
    f.gates.open("end");
    until(async || store.met("finish") == 1, "the ending is under way").await;

    let steps = [Step::Log("news".to_owned()), reach("spoken"), gate("end of the other")];
    let other = f.start(&steps).await;
    f.gates.pass("spoken").await;
    let log = async || f.service.log(&f.ada, other, 0).await.unwrap().expect("a log");
    until(async || !log().await.is_empty(), "its report is written").await;
    f.gates.open("end of the other");
    assert_eq!(f.ended(other).await.status, Status::Completed);
    assert_eq!(f.get(hung).await.status, Status::Running);

    store.heal();
    assert_eq!(f.ended(hung).await.status, Status::Completed);
}

#[tokio::test]
async fn a_worker_that_hears_of_nothing_finds_starts_and_cancels_by_asking() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path, Arc::new(SystemClock)).await.unwrap();
    let store = Arc::new(Faulty::new(Arc::new(store)));
    store.say_no_change();
    let gates = Gates::default();
    let idle = quick().with(|o| o.worker = false);
    let front = engine_over(store.clone(), gates.clone(), idle, kind()).await;
    // Nothing comes by a heartbeat either.
    let hour = Duration::from_secs(3600);
    let asks = quick().with(|o| {
        o.heartbeat = hour;
        o.lease = hour * 3;
    });
    let _worker = engine_over(store.clone(), gates, asks, kind()).await;
    let id = front.start(&[reach("at work"), gate("never")]).await;
    front.gates.pass("at work").await;
    front.service.cancel(&front.ada, id).await.unwrap();
    assert_eq!(front.ended(id).await.status, Status::Cancelled);
}

#[tokio::test]
async fn nobody_is_told_of_lines_that_are_not_in_the_store_yet() {
    let (_folder, path) = folder();
    let (store, f) = faulty_at(&path, quick(), Gates::default()).await;
    let steps = [
        reach("at work"),
        gate("speak"),
        Step::Log("news".to_owned()),
        reach("spoken"),
        gate("tell"),
        Step::Progress(0.5),
        reach("cancelled"),
        gate("end"),
    ];
    let id = f.start(&steps).await;
    f.gates.pass("at work").await;
    let before = f.get(id).await;
    store.set("save_progress", Fault::Wait);
    f.gates.open("speak");
    f.gates.pass("spoken").await;
    until(async || store.met("save_progress") > 0, "the line is on its way").await;
    assert_eq!(f.get(id).await.output_version, before.output_version);
    // A report meanwhile is shown under the version with which the line will be written.
    f.gates.open("tell");
    f.gates.pass("cancelled").await;
    let snapshot = f.until(id, |snapshot| snapshot.progress == Some(50.0)).await;
    assert!(
        snapshot.version > before.version && snapshot.output_version == before.output_version,
        "{snapshot:#?}"
    );
    store.heal();
    let snapshot = f.until(id, |now| now.output_version > snapshot.version).await;
    let log = f.service.log(&f.ada, id, 0).await.unwrap().expect("a log");
    assert_eq!(log.iter().map(|line| &*line.text).collect::<Vec<_>>(), ["news"]);
    until(
        async || store.get(id).await.unwrap().unwrap().output_version >= snapshot.output_version,
        "written",
    )
    .await;
    f.gates.open("end");
    assert_eq!(f.ended(id).await.status, Status::Completed);
}

#[tokio::test]
async fn what_is_kept_while_lines_are_on_their_way_is_written_too() {
    let (_folder, path) = folder();
    let (store, f) = faulty_at(&path, quick(), Gates::default()).await;
    let steps = [
        reach("at work"),
        gate("speak"),
        Step::Log("news".to_owned()),
        reach("spoken"),
        gate("keep"),
        Step::Kept("one chapter".to_owned()),
        reach("kept"),
        gate("end"),
    ];
    let id = f.start(&steps).await;
    f.gates.pass("at work").await;
    store.set("save_progress", Fault::Wait);
    f.gates.open("speak");
    f.gates.pass("spoken").await;
    until(async || store.met("save_progress") > 0, "the line is on its way").await;
    f.gates.open("keep");
    f.gates.pass("kept").await;
    store.heal();
    let kept = async || store.get(id).await.unwrap().unwrap().stopping.preserved;
    until(async || kept().await.as_deref() == Some("one chapter"), "what is kept").await;
    f.gates.open("end");
    assert_eq!(f.ended(id).await.status, Status::Completed);
}
