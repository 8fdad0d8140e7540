//! One task from its start to its end.

use std::{sync::Arc, time::Duration};

use milepost::{
    engine::{
        Engine, LongPollOptions, Registry, RetentionOptions, clock::SystemClock,
        store::sqlite::SqliteStore,
    },
    task::Status,
};

use crate::fixture::{Step, engine_at, folder, gate, is, kind, quick, reach};

#[tokio::test]
async fn a_task_runs_to_its_result() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let steps = [Step::Stage(0), Step::Log("hello".to_owned()), Step::Stage(1)];
    let id = f.start(&steps).await;
    let done = f.ended(id).await;
    assert_eq!((done.status, done.progress, done.attempt), (Status::Completed, Some(100.0), 1));
    assert_eq!((done.step, done.total_steps), (Some(2), Some(2)));
    assert_eq!(done.current_step.as_deref(), Some("Second"));
    let link = done.result.expect("a result");
    assert_eq!(link.href, None, "the engine knows no URL");
    assert_eq!((link.media_type.as_str(), link.size_bytes), ("text/markdown; charset=utf-8", 4));
    assert_eq!(f.result_text(id).await.as_deref(), Some("done"));
    let log = f.service.log(&f.ada, id, 0).await.unwrap().expect("a log");
    assert_eq!(log.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["hello"]);
}

#[tokio::test]
async fn progress_is_weighted_by_stages_and_never_falls() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let steps = [
        Step::Stage(0),
        Step::Progress(0.5),
        reach("a"),
        gate("a1"),
        Step::Stage(1),
        Step::Progress(0.5),
        Step::Progress(0.1),
        Step::ProgressNan,
        Step::Message("half of the second".to_owned()),
        reach("b"),
        gate("b1"),
        Step::Progress(7.5),
        reach("c"),
        gate("c1"),
    ];
    let id = f.start(&steps).await;
    f.gates.pass("a").await;
    let first = f.get(id).await;
    // The first stage has a quarter of the weight.
    assert_eq!((first.progress, first.step), (Some(12.5), Some(1)));
    f.gates.open("a1");
    f.gates.pass("b").await;
    let second = f.get(id).await;
    assert_eq!((second.progress, second.step), (Some(62.5), Some(2)));
    assert_eq!(second.message.as_deref(), Some("half of the second"));
    assert!(second.version > first.version);
    f.gates.open("b1");
    f.gates.pass("c").await;
    assert_eq!(f.get(id).await.progress, Some(100.0));
    assert_eq!(f.get(id).await.status, Status::Running);
    f.gates.open("c1");
    f.ended(id).await;
}

#[tokio::test]
async fn progress_that_is_not_known_any_more_is_none_and_comes_back_no_lower() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let steps = [
        Step::Stage(0),
        Step::Progress(0.8),
        Step::ProgressUnknown,
        Step::ProgressUnknown,
        reach("unknown"),
        gate("a"),
        Step::Progress(0.2),
        reach("again"),
        gate("b"),
        Step::ProgressUnknown,
        Step::Stage(1),
        reach("stage"),
        gate("c"),
    ];
    let id = f.start(&steps).await;
    f.gates.pass("unknown").await;
    let unknown = f.get(id).await;
    assert_eq!((unknown.progress, unknown.step), (None, Some(1)));
    assert_eq!((unknown.rate_per_s, unknown.eta_ms), (0.0, None));
    f.gates.open("a");
    f.gates.pass("again").await;
    assert_eq!(f.get(id).await.progress, Some(20.0), "what was shown before: 0.8 of a quarter");
    f.gates.open("b");
    f.gates.pass("stage").await;
    assert_eq!(f.get(id).await.progress, Some(25.0), "the next stage is known again");
    f.gates.open("c");
    assert_eq!(f.ended(id).await.progress, Some(100.0));
}

#[tokio::test]
async fn an_unchanged_task_keeps_its_version() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let id = f.start(&[Step::Stage(0), reach("a"), gate("b")]).await;
    f.gates.pass("a").await;
    let first = f.get(id).await.version;
    assert_eq!(f.get(id).await.version, first);
    f.gates.open("b");
    assert!(f.ended(id).await.version > first);
}

#[tokio::test]
async fn a_running_task_is_cancelled() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let id = f.start(&[Step::Stage(0), Step::Progress(0.5), reach("a"), gate("never")]).await;
    f.gates.pass("a").await;
    let cancelled = f.service.cancel(&f.ada, id).await.unwrap().expect("the task is there");
    assert!(cancelled.accepted);
    let done = f.ended(id).await;
    assert_eq!((done.status, done.progress), (Status::Cancelled, Some(12.5)));
    assert_eq!(done.cancel.expect("a receipt").requested_by, "owner");
    let again = f.service.cancel(&f.ada, id).await.unwrap().expect("the task is there");
    assert!(!again.accepted);
    assert_eq!(again.snapshot.status, Status::Cancelled);
    assert_eq!(f.result_text(id).await, None);
}

#[tokio::test]
async fn a_task_that_ignores_a_cancel_is_dropped_after_the_grace() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let id = f.start(&[reach("a"), Step::DeafGate("never".to_owned())]).await;
    f.gates.pass("a").await;
    f.service.cancel(&f.ada, id).await.unwrap();
    assert_eq!(f.get(id).await.status, Status::Cancelling);
    assert_eq!(f.ended(id).await.status, Status::Cancelled);
}

#[tokio::test]
async fn work_that_is_whole_when_the_cancel_comes_counts() {
    let (_folder, path) = folder();
    let patient = kind().with(|o| o.cancel_grace = Duration::from_secs(30));
    let f = engine_at(&path, quick(), patient).await;
    let id = f.start(&[reach("a"), Step::DeafGate("b".to_owned())]).await;
    f.gates.pass("a").await;
    f.service.cancel(&f.ada, id).await.unwrap();
    f.gates.open("b");
    assert_eq!(f.ended(id).await.status, Status::Completed);
    assert_eq!(f.result_text(id).await.as_deref(), Some("done"));
}

#[tokio::test]
async fn a_failure_is_told_with_its_code() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let id = f.start(&[Step::Stage(1), Step::Fail]).await;
    let done = f.ended(id).await;
    assert_eq!((done.status, done.progress, done.attempt), (Status::Error, Some(25.0), 1));
    let error = done.error.expect("an error");
    assert_eq!((error.code.as_str(), error.retryable), ("quota", false));
    assert_eq!(error.message, "The quota is used up.");
}

#[tokio::test]
async fn a_panic_is_an_error_and_the_worker_lives_on() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let id = f.start(&[Step::Panic]).await;
    let error = f.ended(id).await.error.expect("an error");
    assert_eq!(error.code, "panic");
    assert!(error.message.contains("the script says so"), "{}", error.message);
    let id = f.start(&[]).await;
    assert_eq!(f.ended(id).await.status, Status::Completed);
}

#[tokio::test]
async fn a_task_that_takes_too_long_fails_with_its_limit() {
    let (_folder, path) = folder();
    let short = kind().with(|o| o.timeout = Duration::from_millis(50));
    let f = engine_at(&path, quick(), short).await;
    let id = f.start(&[gate("never")]).await;
    let error = f.ended(id).await.error.expect("an error");
    assert_eq!((error.code.as_str(), error.retryable), ("timeout", true));
}

#[tokio::test]
async fn a_passing_fault_is_tried_again_from_the_checkpoint() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let steps = [Step::SayKept, reach("a"), gate("b"), Step::Keep(7), Step::RetryOnce];
    let id = f.start(&steps).await;
    f.gates.pass("a").await;
    assert_eq!(f.get(id).await.message.as_deref(), Some("kept None"));
    f.gates.open("b");
    f.gates.pass("a").await;
    let second = f.get(id).await;
    assert_eq!((second.attempt, second.message.as_deref()), (2, Some("kept Some(7)")));
    f.gates.open("b");
    assert_eq!(f.ended(id).await.status, Status::Completed);
}

#[tokio::test]
async fn attempts_are_used_up() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind().with(|o| o.max_attempts = 2)).await;
    let id = f.start(&[Step::RetryAlways]).await;
    let done = f.ended(id).await;
    assert_eq!(done.attempt, 2);
    let error = done.error.expect("an error");
    assert_eq!((error.code.as_str(), error.retryable), ("busy", true));
}

#[tokio::test]
async fn a_task_that_waits_uses_up_no_attempts() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind().with(|o| o.max_attempts = 2)).await;
    let done = f.ended(f.start(&[Step::WaitTimes(5)]).await).await;
    assert_eq!((done.status, done.attempt), (Status::Completed, 1));
}

#[tokio::test]
async fn a_task_that_gives_up_may_be_started_again() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let done = f.ended(f.start(&[Step::GiveUp]).await).await;
    let error = done.error.expect("an error");
    assert_eq!((error.code.as_str(), error.retryable, done.attempt), ("away", true, 1));
}

#[tokio::test]
async fn no_more_run_at_once_than_the_kind_allows() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind().with(|o| o.concurrency = 1)).await;
    let first = f.start(&[reach("a"), gate("b")]).await;
    f.gates.pass("a").await;
    let second = f.start(&[reach("a"), gate("b")]).await;
    assert_eq!(f.get(second).await.status, Status::Queued);
    assert_eq!(f.service.counts().await.unwrap(), (1, 1));
    f.gates.open("b");
    f.ended(first).await;
    f.gates.pass("a").await;
    f.until(second, is(Status::Running)).await;
    f.gates.open("b");
    f.ended(second).await;
}

#[tokio::test]
async fn an_engine_with_options_that_cannot_work_does_not_start() {
    let (_folder, path) = folder();
    let clock = Arc::new(SystemClock);
    let store = Arc::new(SqliteStore::open(&path, clock.clone()).await.unwrap());
    let retention = RetentionOptions::default().with(|o| o.prune_interval = Duration::ZERO);
    let long_poll = LongPollOptions::default().with(|o| o.tick = Duration::MAX);
    for (options, key) in [
        (quick().with(|o| o.lease = Duration::MAX), "lease"),
        (quick().with(|o| o.lease = Duration::ZERO), "lease"),
        (quick().with(|o| o.drain = Duration::MAX), "drain"),
        (quick().with(|o| o.flush = Duration::ZERO), "flush"),
        (quick().with(|o| o.heartbeat = Duration::from_secs(11)), "heartbeat"),
        (quick().with(|o| o.concurrency = 0), "concurrency"),
        (quick().with(|o| o.retention = retention), "retention.prune_interval"),
        (quick().with(|o| o.long_poll = long_poll), "long_poll.tick"),
    ] {
        let started = Engine::start(store.clone(), clock.clone(), Registry::new(), options).await;
        let error = started.err().expect("an error").to_string();
        assert!(error.starts_with(&format!("the engine's option {key} must be ")), "{error}");
    }
    // The longest durations that are accepted work, to the end of a shutdown.
    let longest = Duration::from_secs(100 * 365 * 86_400);
    let patient = kind().with(|o| {
        o.timeout = Duration::MAX;
        o.cancel_grace = Duration::MAX;
    });
    drop(store);
    let options = quick().with(|o| {
        o.lease = longest;
        o.drain = longest;
        o.flush = longest;
    });
    let f = engine_at(&path, options, patient).await;
    let id = f.start(&[Step::Log("hello".to_owned())]).await;
    assert_eq!(f.ended(id).await.status, Status::Completed);
    f.engine.shutdown().await;
}
