//! Limits that hold for somebody with a new identity for each request.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use futures_util::stream;
use milepost::{
    engine::{
        Artifacts, Caller, ClientAddress, Disk, DiskSpace, EngineOptions, FileOptions,
        RetentionOptions, ServiceError, StorageOptions,
    },
    task::{PollRequest, Problem, StartBatch, Status, TaskId, Watch},
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    faulty::{Fault, Faulty},
    fixture::{
        Fixture, Gates, Step, engine_at, engine_over, folder, gate, kind, quick, reach, scripted,
    },
};

fn client(last: u8) -> Option<ClientAddress> {
    Some(IpAddr::from([192, 0, 2, last]).into())
}

/// Somebody whom nobody has seen before, at this address.
fn newcomer(last: u8) -> Caller {
    Caller::owner(Uuid::new_v4().to_string()).at(client(last))
}

/// An engine that starts tasks and runs none.
async fn idle(options: EngineOptions) -> (tempfile::TempDir, Fixture) {
    let (folder, path) = folder();
    let options = options.with(|o| o.worker = false);
    (folder, engine_at(&path, options, kind()).await)
}

async fn start(f: &Fixture, caller: &Caller) -> Result<TaskId, Problem> {
    let started = f.service.start(caller, scripted(&[]), None).await;
    started.map(|started| started.receipt.id).map_err(Problem::from)
}

fn is_refused<T: std::fmt::Debug>(outcome: Result<T, Problem>, status: u16, snapshot: &[&str]) {
    let problem = outcome.expect_err("it is refused");
    assert_eq!(problem.status, status, "{problem:?}");
    for text in snapshot {
        assert!(problem.detail.contains(text), "{text}: {problem:?}");
    }
    assert!(problem.retry_after_ms.is_some(), "{problem:?}");
}

#[tokio::test]
async fn one_address_has_no_more_waiting_tasks_whatever_it_calls_itself() {
    let (_folder, f) = idle(quick().with(|o| o.max_queued_per_client = 3)).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let caller = newcomer(1);
        ids.push((start(&f, &caller).await.unwrap(), caller));
    }
    let snapshot = ["3 tasks from your network address", "engine.max_queued_per_client"];
    is_refused(start(&f, &newcomer(1)).await, 429, &snapshot);
    // Without any identity, too, and in a batch.
    is_refused(start(&f, &Caller::nobody().at(client(1))).await, 429, &snapshot);
    let inputs = vec![json!({ "steps": [] }), json!({ "steps": [] })];
    let batch = StartBatch::new("scripted", inputs.clone());
    let batch = async |caller: Caller| {
        let started = f.service.start_batch(&caller, batch.clone(), None).await;
        started.map_err(Problem::from)
    };
    is_refused(batch(newcomer(1)).await, 429, &snapshot);
    // Others are not in it.
    start(&f, &newcomer(2)).await.unwrap();
    // One place is no room for two.
    let (id, caller) = &ids[0];
    f.service.cancel(caller, *id).await.unwrap().unwrap();
    is_refused(batch(newcomer(1)).await, 429, &snapshot);
    start(&f, &newcomer(1)).await.unwrap();
}

#[tokio::test]
async fn no_more_tasks_wait_in_all_wherever_they_come_from() {
    let (_folder, f) = idle(quick().with(|o| o.max_queued = 3)).await;
    for last in 1..=3 {
        start(&f, &newcomer(last)).await.unwrap();
    }
    let snapshot = ["3 tasks wait in the queue of this server", "engine.max_queued)"];
    is_refused(start(&f, &newcomer(4)).await, 503, &snapshot);
}

/// Room for two tasks of the test, which have 1,024 bytes and an input.
fn two_tasks() -> StorageOptions {
    StorageOptions::default().with(|o| {
        o.max_bytes_per_owner = 2_500;
        o.max_bytes_per_client = 2_500;
        o.max_bytes = 2_500;
    })
}

#[tokio::test]
async fn no_more_bytes_are_stored_for_one_owner_one_address_and_in_all() {
    let plenty = StorageOptions::default();
    for (storage, own, last, who, setting) in [
        (
            plenty.clone().with(|o| o.max_bytes_per_owner = 2_500),
            Some(Caller::owner("ada").at(client(1))),
            [1, 2, 3],
            "your tasks",
            "storage.max_bytes_per_owner",
        ),
        (
            plenty.clone().with(|o| o.max_bytes_per_client = 2_500),
            None,
            [1, 1, 1],
            "from your network address",
            "storage.max_bytes_per_client",
        ),
        (
            plenty.clone().with(|o| o.max_bytes = 2_500),
            None,
            [1, 2, 3],
            "all tasks of this server",
            "storage.max_bytes)",
        ),
    ] {
        let (_folder, f) = idle(quick().with(|o| o.storage = storage)).await;
        let caller = |last| own.clone().unwrap_or_else(|| newcomer(last));
        for last in &last[..2] {
            start(&f, &caller(*last)).await.unwrap();
        }
        let snapshot = [who, "2500", setting];
        is_refused(start(&f, &caller(last[2])).await, 507, &snapshot);
    }
}

#[tokio::test]
async fn what_a_task_writes_counts_until_it_has_expired() {
    let (_folder, path) = folder();
    let retention = RetentionOptions::default().with(|o| {
        o.keep = std::time::Duration::from_millis(1);
        o.prune_interval = std::time::Duration::from_millis(20);
    });
    let options = quick().with(|o| {
        o.storage = two_tasks();
        o.max_result_bytes = 10_000;
        o.max_log_lines = 1_000;
        o.retention = retention;
    });
    let f = engine_at(&path, options, kind()).await;
    // Its log alone is more than may be.
    let steps = [Step::LogMany(100), Step::Stage(1), reach("written"), gate("go on")];
    let started = f.service.start(&newcomer(1), scripted(&steps), None).await;
    started.unwrap();
    f.gates.pass("written").await;
    // By a figure of a moment ago one or two are let in, and nobody is refused.
    let patience = std::time::Instant::now();
    let refused = loop {
        if let refused @ Err(_) = start(&f, &newcomer(2)).await {
            break refused;
        }
        assert!(patience.elapsed().as_secs() < 120, "everything is let in");
    };
    is_refused(refused, 507, &["storage.max_bytes)"]);
    f.gates.open("go on");
    while start(&f, &newcomer(2)).await.is_err() {
        assert!(patience.elapsed().as_secs() < 120, "nothing comes down");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn no_more_bytes_of_files_are_stored_for_one_address_and_in_all() {
    for (files, last, setting) in [
        (
            FileOptions::default().with(|o| o.max_bytes_per_client = 2_500),
            [1, 1, 1],
            "files.max_bytes_per_client",
        ),
        (FileOptions::default().with(|o| o.max_bytes = 2_500), [1, 2, 3], "files.max_bytes)"),
    ] {
        let artifacts = Some(Artifacts::in_memory());
        let (_folder, f) = idle(quick().with(|o| {
            o.files = files;
            o.artifacts = artifacts;
        }))
        .await;
        let upload = async |last| {
            let bytes = stream::iter([Ok(Bytes::from(vec![b'x'; 1_000]))]);
            let caller = newcomer(last);
            let uploaded = f.service.upload(&caller, "a.csv", None, None, bytes).await;
            uploaded.map_err(Problem::from)
        };
        for last in &last[..2] {
            upload(*last).await.unwrap();
        }
        is_refused(upload(last[2]).await, 507, &["2500", setting]);
    }
}

/// A disk whose room the test decides.
#[derive(Debug)]
struct FakeDisk(AtomicU64);

impl Disk for FakeDisk {
    fn space(&self) -> std::io::Result<DiskSpace> {
        Ok(DiskSpace::new(self.0.load(Ordering::SeqCst), 1 << 40))
    }
}

#[tokio::test]
async fn a_disk_with_little_room_takes_nothing_new_in_and_lets_what_runs_end() {
    let (_folder, path) = folder();
    let disk = Arc::new(FakeDisk(AtomicU64::new(1 << 30)));
    let storage = StorageOptions::default().with(|o| {
        o.disk = Some(Arc::clone(&disk) as Arc<dyn Disk>);
        o.min_free_bytes = 1_000_000;
    });
    let artifacts = Some(Artifacts::in_memory());
    let f = engine_at(
        &path,
        quick().with(|o| {
            o.storage = storage;
            o.artifacts = artifacts;
        }),
        kind(),
    )
    .await;
    let id = f.start(&[reach("at work"), gate("go on"), Step::Keep(7), Step::Stage(1)]).await;
    f.gates.pass("at work").await;
    disk.0.store(999_999, Ordering::SeqCst);
    let snapshot = ["999999 bytes left", "1000000 stay free", "storage.min_free_bytes"];
    is_refused(start(&f, &newcomer(1)).await, 507, &snapshot);
    let bytes = stream::iter([Ok(Bytes::from_static(b"a,b"))]);
    let uploaded = f.service.upload(&newcomer(1), "a.csv", None, None, bytes).await;
    is_refused(uploaded.map_err(Problem::from), 507, &snapshot);
    f.gates.open("go on");
    assert_eq!(f.ended(id).await.status, Status::Completed);
    disk.0.store(1_000_000, Ordering::SeqCst);
    start(&f, &newcomer(1)).await.unwrap();
}

#[tokio::test]
async fn a_poll_costs_two_statements_whatever_is_watched_and_known() {
    let (_folder, path) = folder();
    let store = milepost::engine::store::sqlite::SqliteStore::open(
        &path,
        Arc::new(milepost::engine::clock::SystemClock),
    );
    let store = Arc::new(Faulty::new(Arc::new(store.await.unwrap())));
    let options = quick().with(|o| {
        o.worker = false;
        o.max_queued_per_owner = 100;
    });
    let f = engine_over(Arc::clone(&store) as _, Gates::default(), options, kind()).await;
    let unknown = || TaskId::from_uuid(Uuid::new_v4());
    let mut known = Vec::new();
    for _ in 0..50 {
        known.push(f.start(&[]).await);
    }
    let strangers = Caller::owner("bob");
    for (watched, caller) in [
        ((0..100).map(|_| unknown()).collect::<Vec<_>>(), &f.ada),
        (known.clone(), &strangers),
        (known.iter().copied().chain((0..50).map(|_| unknown())).collect(), &f.ada),
    ] {
        for wait_ms in [0, 1_000] {
            let reads = || ["get", "tombstones"].map(|call| store.made(call)).iter().sum::<u32>();
            let (before, orders) = (reads(), store.made("queue"));
            let watch = watched.iter().map(|id| Watch::at_version(*id, 0)).collect();
            let request = PollRequest::new(watch, wait_ms);
            let answer = f.service.poll(caller, &request).await.unwrap();
            assert_eq!(answer.gone.len() + answer.tasks.len(), watched.len());
            let made = reads() - before;
            assert!(made <= 2, "{made} statements for {} tasks, {wait_ms} ms", watched.len());
            assert!(store.made("queue") <= orders + 1, "the order of the queue is read once");
        }
    }
    // An order that cannot be read is asked for once, too.
    store.set("queue", Fault::Fail(u32::MAX));
    let orders = store.made("queue");
    let watch = known.iter().map(|id| Watch::at_version(*id, 0)).collect();
    f.service.poll(&f.ada, &PollRequest::new(watch, 0)).await.unwrap();
    assert!(store.made("queue") <= orders + 1, "{} times", store.made("queue") - orders);
    store.heal();
    // A batch, its end and its repetition.
    let inputs = vec![json!({ "steps": [] }); 40];
    let batch = StartBatch::new("scripted", inputs);
    let batch = f.service.start_batch(&f.ada, batch, None).await.unwrap();
    let reads = || ["get", "tombstones", "inputs"].map(|call| store.made(call)).iter().sum::<u32>();
    let before = reads();
    f.service.batch(&f.ada, batch.id).await.unwrap().unwrap();
    f.service.cancel_batch(&f.ada, batch.id).await.unwrap().unwrap();
    let again = f.service.rerun_batch(&f.ada, batch.id, None).await;
    assert!(matches!(again, Err(ServiceError::NothingFailed)), "{again:?}");
    assert!(reads() - before <= 1, "{} reads of single tasks", reads() - before);
}
