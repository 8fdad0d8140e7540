//! Requests that are held until there is something to tell.

use std::time::{Duration, Instant};

use milepost::{
    engine::{Caller, KindOptions, LongPollOptions, ServiceError, WaitFor},
    task::{AnswerReason, PollRequest, PollResponse, Snapshot, Status, Watch},
};
use tokio::task::JoinHandle;

use crate::fixture::{Fixture, Step, engine_at, folder, gate, is, kind, quick, reach};

/// The poll of a client that was sent this snapshot a second ago.
pub(crate) fn after(snapshot: &Snapshot) -> PollRequest {
    let watch = Watch::at_version(snapshot.id, snapshot.version).with(|watch| {
        watch.progress = snapshot.progress;
        watch.rate = snapshot.rate_per_s;
        watch.age_ms = 1_000;
    });
    PollRequest::new(vec![watch], 20_000)
}

pub(crate) type Poll = JoinHandle<Result<PollResponse, ServiceError>>;

/// Sends a poll and waits until `held` have looked for themselves and wait.
pub(crate) async fn hold(f: &Fixture, request: PollRequest, held: usize) -> Poll {
    let (service, ada) = (f.service.clone(), f.ada.clone());
    let poll = tokio::spawn(async move { service.poll(&ada, &request).await });
    until_held(f, held).await;
    poll
}

async fn until_held(f: &Fixture, held: usize) {
    let patience = Instant::now();
    while f.service.held().waiting != held {
        assert!(patience.elapsed() < Duration::from_secs(120), "{:?}", f.service.held());
        tokio::task::yield_now().await;
    }
}

pub(crate) async fn answer(poll: Poll) -> PollResponse {
    poll.await.unwrap().unwrap()
}

fn patient() -> KindOptions {
    kind().with(|o| o.cancel_grace = Duration::from_secs(30))
}

#[tokio::test]
async fn a_held_poll_hears_of_a_wrong_bar_a_stage_and_the_end_but_of_no_word_between() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let steps = [
        Step::Stage(0),
        reach("a"),
        gate("a1"),
        Step::Message("only a word".to_owned()),
        Step::Progress(0.5),
        gate("b"),
        Step::Stage(1),
        gate("c"),
    ];
    let id = f.start(&steps).await;
    f.gates.pass("a").await;
    let poll = hold(&f, after(&f.get(id).await), 1).await;
    f.gates.open("a1");
    let response = answer(poll).await;
    assert_eq!(response.reason, Some(AnswerReason::Deviation));
    assert!(response.waited_ms.is_some());
    assert_eq!(response.poll_after_ms, 0.0);
    let bar = &response.tasks[0];
    assert_eq!((bar.progress, bar.message.as_deref()), (Some(12.5), Some("only a word")));
    let poll = hold(&f, after(bar), 1).await;
    f.gates.open("b");
    let response = answer(poll).await;
    assert_eq!((response.reason, response.tasks[0].step), (Some(AnswerReason::Step), Some(2)));
    let poll = hold(&f, after(&response.tasks[0]), 1).await;
    f.gates.open("c");
    let response = answer(poll).await;
    assert_eq!(response.reason, Some(AnswerReason::Ended));
    assert_eq!(response.tasks[0].status, Status::Completed);
    let figures = f.service.held();
    assert_eq!(figures.now, 0);
    for (reason, count) in [("deviation", 1), ("step", 1), ("ended", 1), ("timeout", 0)] {
        assert!(figures.answers.contains(&(reason, count)), "{figures:?}");
    }
}

#[tokio::test]
async fn a_task_that_stands_still_is_told_to_the_one_whose_bar_moves() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let id = f.start(&[Step::Stage(0), reach("a"), gate("never")]).await;
    f.gates.pass("a").await;
    let snapshot = f.get(id).await;
    let mut rushing = after(&snapshot);
    rushing.watch[0].rate = 0.1;
    let still = hold(&f, after(&snapshot), 1).await;
    let corrected = f.service.poll(&f.ada, &rushing).await.unwrap();
    assert_eq!(corrected.reason, Some(AnswerReason::Deviation));
    assert!(corrected.tasks[0].version > snapshot.version, "a client takes newer versions only");
    assert_eq!(corrected.tasks[0].rate_per_s, 0.0);
    // Who was right hears of nothing but the end.
    f.gates.open("never");
    assert_eq!(answer(still).await.reason, Some(AnswerReason::Ended));
}

/// A correction that carried the version which the client knows would be dropped by it, and asked for
/// again and again.
#[tokio::test]
async fn a_correction_is_a_newer_version_and_one_for_all_whose_bars_are_wrong() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let id = f.start(&[Step::Stage(0), reach("a"), gate("never")]).await;
    f.gates.pass("a").await;
    let snapshot = f.get(id).await;
    let rushing = |rate| {
        let mut request = after(&snapshot);
        request.watch[0].rate = rate;
        request
    };
    let (fast, faster) = (rushing(0.1), rushing(0.2));
    let (fast, faster) =
        tokio::join!(f.service.poll(&f.ada, &fast), f.service.poll(&f.ada, &faster));
    for answer in [fast.unwrap(), faster.unwrap()] {
        assert_eq!(answer.reason, Some(AnswerReason::Deviation));
        assert_eq!(answer.tasks[0].version, snapshot.version + 1);
        assert_eq!(answer.tasks[0].progress, snapshot.progress);
    }
    // Who takes it has nothing more to hear.
    let known = hold(&f, after(&f.get(id).await), 1).await;
    f.gates.open("never");
    assert_eq!(answer(known).await.reason, Some(AnswerReason::Ended));
}

#[tokio::test]
async fn a_cancel_is_told_at_once() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), patient()).await;
    let id = f.start(&[Step::Stage(0), reach("a"), Step::DeafGate("b".to_owned())]).await;
    f.gates.pass("a").await;
    let poll = hold(&f, after(&f.get(id).await), 1).await;
    f.service.cancel(&f.ada, id).await.unwrap();
    let response = answer(poll).await;
    assert_eq!(response.reason, Some(AnswerReason::Cancelling));
    let poll = hold(&f, after(&response.tasks[0]), 1).await;
    f.gates.open("b");
    assert_eq!(answer(poll).await.reason, Some(AnswerReason::Ended));
}

#[tokio::test]
async fn a_waiting_task_is_held_for_and_its_start_and_its_cancel_are_told() {
    let (_folder, path) = folder();
    let one = quick().with(|o| o.concurrency = 1);
    let f = engine_at(&path, one, kind()).await;
    f.start(&[reach("a"), gate("a1")]).await;
    f.gates.pass("a").await;
    let (second, third) = (f.start(&[gate("b")]).await, f.start(&[]).await);
    let starts = hold(&f, after(&f.get(second).await), 1).await;
    let never = hold(&f, after(&f.get(third).await), 2).await;
    f.service.cancel(&f.ada, third).await.unwrap();
    assert_eq!(answer(never).await.tasks[0].status, Status::Cancelled);
    f.gates.open("a1");
    let response = answer(starts).await;
    assert_eq!((response.reason, response.tasks[0].attempt), (Some(AnswerReason::Attempt), 1));
}

#[tokio::test]
async fn what_a_client_does_not_know_or_may_not_see_is_not_held_for() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let id = f.start(&[reach("a"), gate("b")]).await;
    f.gates.pass("a").await;
    let mut request = after(&f.get(id).await);
    let stranger = f.service.poll(&Caller::owner("bob"), &request).await.unwrap();
    assert_eq!((stranger.reason, stranger.gone.len()), (Some(AnswerReason::Ended), 1));
    request.watch[0].version = i64::MAX;
    let restarted = f.service.poll(&f.ada, &request).await.unwrap();
    assert_eq!(restarted.reason, Some(AnswerReason::Changed));
    assert_eq!((restarted.waited_ms, restarted.tasks.len()), (None, 1));
    f.gates.open("b");
    let over = f.ended(id).await;
    let known = f.service.poll(&f.ada, &after(&over)).await.unwrap();
    assert_eq!((known.reason, known.tasks.len()), (Some(AnswerReason::NoWait), 0));
}

#[tokio::test]
async fn nothing_to_tell_is_said_when_the_hold_is_over() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let id = f.start(&[reach("a"), gate("b")]).await;
    f.gates.pass("a").await;
    let mut request = after(&f.until(id, is(Status::Running)).await);
    request.wait_ms = 100;
    let response = f.service.poll(&f.ada, &request).await.unwrap();
    assert_eq!((response.reason, response.tasks.len()), (Some(AnswerReason::Timeout), 0));
    assert!(response.waited_ms.is_some_and(|ms| ms >= 90), "{:?}", response.waited_ms);
}

#[tokio::test]
async fn a_limit_is_answered_with_a_pause_and_a_client_that_leaves_makes_room() {
    let (_folder, path) = folder();
    let long_poll_options = LongPollOptions::default().with(|o| o.max_waiting_per_owner = 1);
    let f = engine_at(&path, quick().with(|o| o.long_poll = long_poll_options), kind()).await;
    let id = f.start(&[reach("a"), gate("b")]).await;
    f.gates.pass("a").await;
    let request = after(&f.get(id).await);
    let first = hold(&f, request.clone(), 1).await;
    let second = f.service.poll(&f.ada, &request).await.unwrap();
    assert_eq!((second.reason, second.waited_ms), (Some(AnswerReason::NoWait), None));
    assert!(second.poll_after_ms >= 500.0);
    first.abort();
    until_held(&f, 0).await;
    let third = hold(&f, request, 1).await;
    f.gates.open("b");
    assert_eq!(answer(third).await.reason, Some(AnswerReason::Ended));
}

#[tokio::test]
async fn a_shutdown_answers_the_held_first_and_spreads_their_return() {
    let (_folder, path) = folder();
    let slow = quick().with(|o| o.drain = Duration::from_secs(60));
    let f = engine_at(&path, slow, kind()).await;
    let id = f.start(&[reach("a"), gate("b")]).await;
    f.gates.pass("a").await;
    let request = after(&f.get(id).await);
    let mut held = Vec::new();
    for number in 1..=8 {
        held.push(hold(&f, request.clone(), number).await);
    }
    let engine = f.engine.clone();
    let shutdown = tokio::spawn(async move { engine.shutdown().await });
    let mut pauses = Vec::new();
    for poll in held {
        let response = answer(poll).await;
        assert_eq!(response.reason, Some(AnswerReason::ShuttingDown));
        assert!((500.0..=8_000.0).contains(&response.poll_after_ms), "{}", response.poll_after_ms);
        pauses.push(response.poll_after_ms);
    }
    pauses.dedup();
    assert!(pauses.len() > 1, "all at one moment: {pauses:?}");
    // The task still runs; whoever asks now is not held.
    let late = f.service.poll(&f.ada, &request).await.unwrap();
    assert_eq!((late.reason, late.waited_ms), (Some(AnswerReason::ShuttingDown), None));
    assert!(!shutdown.is_finished());
    f.gates.open("b");
    shutdown.await.unwrap();
}

#[tokio::test]
async fn one_may_wait_for_the_end_alone() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let id = f.start(&[reach("a"), gate("b"), Step::Stage(0), Step::Stage(1)]).await;
    f.gates.pass("a").await;
    let (service, ada) = (f.service.clone(), f.ada.clone());
    let longest = Duration::from_secs(20);
    let wait = tokio::spawn(async move { service.wait(&ada, id, WaitFor::End, longest).await });
    until_held(&f, 1).await;
    f.gates.open("b");
    assert_eq!(wait.await.unwrap().unwrap(), Some(longest));
    assert_eq!(f.get(id).await.status, Status::Completed);
}
