//! The receipt of a cancel, in every state in which one can be asked for; and what a run says of
//! what it took up.

use std::{path::Path, time::Duration};

use milepost::{
    engine::KindOptions,
    task::{CancelOutcome, CancelReceipt, ResumeReason, Resumed, Snapshot, Status},
};

use crate::fixture::{Fixture, Step, engine_at, folder, gate, is, kind, quick, reach, reopened};

fn kept(what: &str) -> Step {
    Step::Kept(what.to_owned())
}

fn deaf(name: &str) -> Step {
    Step::DeafGate(name.to_owned())
}

/// Tasks that may take their time to stop.
fn patient() -> KindOptions {
    kind().with(|o| o.cancel_grace = Duration::from_secs(30))
}

async fn cancel(f: &Fixture, task: &Snapshot) -> Snapshot {
    let cancelled = f.service.cancel(&f.ada, task.id).await.unwrap().expect("the task is there");
    assert!(cancelled.accepted, "{cancelled:?}");
    cancelled.snapshot
}

fn receipt(task: &Snapshot) -> &CancelReceipt {
    task.cancel.as_ref().expect("a receipt")
}

/// The steps that were made, in their order and by their times.
fn steps(receipt: &CancelReceipt) -> (bool, bool, bool) {
    let times: Vec<jiff::Timestamp> = [
        Some(&receipt.requested_at),
        receipt.delivered_at.as_ref(),
        receipt.acknowledged_at.as_ref(),
        receipt.stopped_at.as_ref(),
    ]
    .into_iter()
    .flatten()
    .map(|at| at.parse().unwrap())
    .collect();
    assert!(times.is_sorted(), "{receipt:?}");
    (
        receipt.delivered_at.is_some(),
        receipt.acknowledged_at.is_some(),
        receipt.stopped_at.is_some(),
    )
}

/// What the next process tells of the same task.
async fn after_a_restart(f: Fixture, path: &Path, task: &Snapshot) -> Snapshot {
    f.engine.shutdown().await;
    drop(f);
    engine_at(path, quick(), kind()).await.get(task.id).await
}

#[tokio::test]
async fn a_task_that_stops_has_a_receipt_with_every_step_and_keeps_it() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let id = f.start(&[kept("2 of 5 chapters"), reach("a"), gate("never")]).await;
    f.gates.pass("a").await;
    let running = f.get(id).await;
    assert_eq!(running.cancel, None);
    cancel(&f, &running).await;
    let done = f.ended(id).await;
    let receipt = receipt(&done);
    assert_eq!((done.status, receipt.outcome), (Status::Cancelled, Some(CancelOutcome::Stopped)));
    assert_eq!(steps(receipt), (true, true, true));
    assert_eq!(receipt.requested_by, "owner");
    assert_eq!(receipt.preserved.as_deref(), Some("2 of 5 chapters"));
    assert_eq!(after_a_restart(f, &path, &done).await.cancel, done.cancel);
}

#[tokio::test]
async fn a_task_that_does_not_look_is_forced_and_the_receipt_says_so_meanwhile() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let id = f.start(&[reach("a"), deaf("never")]).await;
    f.gates.pass("a").await;
    let asked = cancel(&f, &f.get(id).await).await;
    assert_eq!(asked.status, Status::Cancelling);
    assert_eq!((steps(receipt(&asked)), receipt(&asked).outcome), ((true, false, false), None));
    let done = f.ended(id).await;
    assert_eq!(receipt(&done).outcome, Some(CancelOutcome::Forced));
    assert_eq!(steps(receipt(&done)), (true, false, true));
    assert_eq!(receipt(&done).preserved, None);
}

#[tokio::test]
async fn a_task_that_sees_the_cancel_and_stays_is_forced_all_the_same() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let id = f.start(&[reach("a"), Step::AwaitCancel, deaf("never")]).await;
    f.gates.pass("a").await;
    let asked = cancel(&f, &f.get(id).await).await;
    let seen = f.until(id, |task| steps(receipt(task)) != (true, false, false)).await;
    assert!(seen.version > asked.version, "watchers hear of it");
    let done = f.ended(id).await;
    assert_eq!(receipt(&done).outcome, Some(CancelOutcome::Forced));
    assert_eq!(steps(receipt(&done)), (true, true, true));
}

#[tokio::test]
async fn a_task_that_waits_never_started() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick().with(|o| o.worker = false), kind()).await;
    let id = f.start(&[Step::Stage(0)]).await;
    let done = cancel(&f, &f.get(id).await).await;
    assert_eq!((done.status, done.started_at.as_ref()), (Status::Cancelled, None));
    assert_eq!(receipt(&done).outcome, Some(CancelOutcome::NeverStarted));
    assert_eq!(steps(receipt(&done)), (false, false, true));
}

#[tokio::test]
async fn a_task_between_two_attempts_is_not_tried_again() {
    let (_folder, path) = folder();
    let hour = Duration::from_secs(3600);
    let slow = quick().with(|o| {
        o.retry_base = hour;
        o.retry_max = hour;
    });
    let f = engine_at(&path, slow, kind()).await;
    let id = f.start(&[Step::Stage(1), kept("half"), Step::RetryAlways]).await;
    let waiting = f.until(id, |task| task.attempt == 1 && task.status == Status::Queued).await;
    assert_eq!(waiting.resumed, None);
    let done = cancel(&f, &waiting).await;
    assert_eq!(done.status, Status::Cancelled);
    assert_eq!(receipt(&done).outcome, Some(CancelOutcome::BetweenAttempts));
    assert_eq!(receipt(&done).preserved.as_deref(), Some("half"));
}

#[tokio::test]
async fn a_cancel_during_a_shutdown_is_not_forgotten() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), patient()).await;
    let script = [reach("a"), Step::AwaitCancel, reach("cancelled"), deaf("b"), Step::Stage(1)];
    let id = f.start(&script).await;
    f.gates.pass("a").await;
    let engine = f.engine.clone();
    let shutdown = tokio::spawn(async move { engine.shutdown().await });
    // The shutdown asked the run to stop before a cancel did.
    f.gates.pass("cancelled").await;
    let asked = cancel(&f, &f.get(id).await).await;
    assert_eq!(asked.status, Status::Cancelling);
    f.gates.open("b");
    shutdown.await.unwrap();
    drop(f);
    let done = engine_at(&path, quick(), kind()).await.get(id).await;
    assert_eq!((done.status, done.attempt), (Status::Cancelled, 1));
    assert_eq!(receipt(&done).outcome, Some(CancelOutcome::Stopped));
    assert_eq!(steps(receipt(&done)), (true, true, true));
}

#[test]
fn a_cancel_of_a_task_whose_worker_died_says_that_the_worker_was_lost() {
    let (_folder, path) = folder();
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
    };
    let killed = runtime();
    let (id, fixture) = killed.block_on(async {
        let f = engine_at(&path, quick(), patient()).await;
        let id = f.start(&[kept("nothing"), reach("a"), deaf("never")]).await;
        f.gates.pass("a").await;
        cancel(&f, &f.get(id).await).await;
        (id, f)
    });
    killed.shutdown_background();
    drop(fixture);
    runtime().block_on(async {
        let f = reopened(&path).await;
        let done = f.get(id).await;
        assert_eq!(done.status, Status::Cancelled);
        assert_eq!(receipt(&done).outcome, Some(CancelOutcome::WorkerLost));
        assert!(steps(receipt(&done)).2);
        f.engine.shutdown().await;
    });
}

#[tokio::test]
async fn a_cancel_that_comes_too_late_says_so() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), patient()).await;
    let id = f.start(&[kept("half"), reach("a"), deaf("b")]).await;
    f.gates.pass("a").await;
    cancel(&f, &f.get(id).await).await;
    f.gates.open("b");
    let done = f.ended(id).await;
    assert_eq!(
        (done.status, receipt(&done).outcome),
        (Status::Completed, Some(CancelOutcome::TooLate))
    );
    assert_eq!(steps(receipt(&done)), (true, false, true));
    assert_eq!(receipt(&done).preserved, None, "all of it is there");
}

#[tokio::test]
async fn two_clicks_have_one_receipt() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), patient()).await;
    let id = f.start(&[reach("a"), deaf("b"), Step::Stage(1)]).await;
    f.gates.pass("a").await;
    let running = f.get(id).await;
    let (first, second) = tokio::join!(cancel(&f, &running), cancel(&f, &running));
    assert_eq!(first.cancel, second.cancel);
    f.gates.open("b");
    let done = f.ended(id).await;
    let again = f.service.cancel(&f.ada, id).await.unwrap().expect("the task is there");
    assert_eq!((again.accepted, again.snapshot.cancel), (false, done.cancel));
}

#[tokio::test]
async fn a_cancel_that_races_the_end_tells_what_happened() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), patient()).await;
    for _ in 0..40 {
        let id = f.start(&[reach("a"), gate("b")]).await;
        f.gates.pass("a").await;
        f.gates.open("b");
        let asked = f.service.cancel(&f.ada, id).await.unwrap().expect("the task is there");
        let done = f.ended(id).await;
        let outcome = done.cancel.as_ref().and_then(|receipt| receipt.outcome);
        match (done.status, asked.accepted) {
            (Status::Cancelled, true) => {
                assert_eq!(outcome, Some(CancelOutcome::Stopped));
                // The permit that the task did not take.
                f.gates.pass("b").await;
            }
            (Status::Completed, true) => assert_eq!(outcome, Some(CancelOutcome::TooLate)),
            (Status::Completed, false) => assert_eq!(done.cancel, None),
            other => panic!("{other:?}"),
        }
    }
}

fn resumed(task: &Snapshot) -> &Resumed {
    task.resumed.as_ref().expect("it took something up")
}

#[tokio::test]
async fn a_run_after_a_shutdown_says_what_it_took_up() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let id = f.start(&[Step::Stage(1), Step::Keep(1), reach("a"), gate("b")]).await;
    f.gates.pass("a").await;
    assert_eq!(f.get(id).await.resumed, None);
    f.engine.shutdown().await;
    drop(f);
    let f = engine_at(&path, quick(), kind()).await;
    f.gates.pass("a").await;
    let live = f.get(id).await;
    assert_eq!((resumed(&live).reason, resumed(&live).step), (ResumeReason::Released, Some(2)));
    assert!(resumed(&live).checkpoint_at.is_some() && resumed(&live).redone_ms >= 0);
    assert_eq!(Some(&resumed(&live).at), live.started_at.as_ref());
    f.gates.open("b");
    assert_eq!(f.ended(id).await.resumed, live.resumed);
}

#[tokio::test]
async fn a_second_attempt_says_what_it_took_up() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let id = f.start(&[Step::Stage(0), reach("a"), gate("b"), Step::RetryOnce]).await;
    f.gates.pass("a").await;
    f.gates.open("b");
    f.gates.pass("a").await;
    let second = f.until(id, is(Status::Running)).await;
    assert_eq!((resumed(&second).reason, resumed(&second).step), (ResumeReason::Retry, Some(1)));
    assert_eq!(resumed(&second).checkpoint_at, None, "it had kept nothing");
    f.gates.open("b");
    f.ended(id).await;
}
