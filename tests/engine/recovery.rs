//! What happens to tasks when their process ends, kindly or not.

use std::time::Duration;

use milepost::task::{ResumeReason, Status};

use crate::fixture::{Step, engine_at, folder, gate, kind, quick, reach, reopened};

#[tokio::test]
async fn a_shutdown_gives_running_tasks_back_without_costing_an_attempt() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let steps = [Step::SayKept, Step::Keep(1), Step::Stage(1), reach("a"), gate("b")];
    let id = f.start(&steps).await;
    f.gates.pass("a").await;
    let before = f.get(id).await;
    f.engine.shutdown().await;
    drop(f);

    let f = engine_at(&path, quick(), kind()).await;
    f.gates.pass("a").await;
    let after = f.get(id).await;
    assert_eq!((after.attempt, after.progress), (1, Some(25.0)));
    assert!(after.version > before.version, "{} after {}", after.version, before.version);
    f.gates.open("b");
    assert_eq!(f.ended(id).await.status, Status::Completed);
}

#[tokio::test]
async fn a_shutdown_lets_tasks_finish_that_need_little() {
    let (_folder, path) = folder();
    let patient = quick().with(|o| o.drain = Duration::from_secs(30));
    let f = engine_at(&path, patient, kind()).await;
    let id = f.start(&[reach("a"), gate("b")]).await;
    f.gates.pass("a").await;
    f.gates.open("b");
    f.engine.shutdown().await;
    drop(f);
    let f = engine_at(&path, quick(), kind()).await;
    assert_eq!(f.get(id).await.status, Status::Completed);
}

#[tokio::test]
async fn a_queued_task_outlives_its_process() {
    let (_folder, path) = folder();
    let idle = quick().with(|o| o.worker = false);
    let f = engine_at(&path, idle, kind()).await;
    let id = f.start(&[Step::Stage(0)]).await;
    f.engine.shutdown().await;
    drop(f);
    let f = engine_at(&path, quick(), kind()).await;
    assert_eq!(f.ended(id).await.status, Status::Completed);
}

/// The engine is dropped with its runtime, as by a kill: nobody says goodbye to the store.
#[test]
fn a_killed_process_leaves_no_ghost_and_costs_one_attempt() {
    let (_folder, path) = folder();
    let steps = [Step::Stage(1), Step::SayKept, Step::Keep(5), reach("a"), gate("b")];
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
    };
    let killed = runtime();
    let (id, fixture) = killed.block_on(async {
        let f = engine_at(&path, quick(), kind()).await;
        let id = f.start(&steps).await;
        f.gates.pass("a").await;
        assert_eq!(f.get(id).await.status, Status::Running);
        (id, f)
    });
    killed.shutdown_background();
    drop(fixture);

    runtime().block_on(async {
        let f = reopened(&path).await;
        f.gates.pass("a").await;
        let second = f.get(id).await;
        assert_eq!((second.status, second.attempt), (Status::Running, 2));
        assert_eq!(second.message.as_deref(), Some("kept Some(5)"));
        let resumed = second.resumed.expect("it took something up");
        assert_eq!((resumed.reason, resumed.step), (ResumeReason::WorkerLost, Some(2)));
        assert!(resumed.checkpoint_at.is_some() && resumed.redone_ms >= 0, "{resumed:?}");
        f.gates.open("b");
        assert_eq!(f.ended(id).await.status, Status::Completed);
        f.engine.shutdown().await;
    });
}

/// Attempts are counted at the claim, so that a task which kills its process ends all the same.
#[test]
fn a_task_that_kills_its_process_each_time_ends_when_its_attempts_are_used_up() {
    let (_folder, path) = folder();
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
    };
    let mut id = None;
    for attempt in 1..=3 {
        let killed = runtime();
        let fixture = killed.block_on(async {
            let f = match id {
                None => engine_at(&path, quick(), kind()).await,
                Some(_) => reopened(&path).await,
            };
            let id = match id {
                None => *id.insert(f.start(&[reach("a"), gate("never")]).await),
                Some(id) => id,
            };
            f.gates.pass("a").await;
            assert_eq!(f.get(id).await.attempt, attempt);
            f
        });
        killed.shutdown_background();
        drop(fixture);
    }
    runtime().block_on(async {
        let f = reopened(&path).await;
        let snapshot = f.get(id.unwrap()).await;
        assert_eq!((snapshot.status, snapshot.attempt), (Status::Error, 3));
        assert_eq!(snapshot.error.unwrap().code, "worker_lost");
        f.engine.shutdown().await;
    });
}
