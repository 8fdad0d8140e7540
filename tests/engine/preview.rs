//! The preview from the task to those who watch it.

use std::{sync::Arc, time::Duration};

use milepost::{
    engine::{
        Caller, EngineOptions,
        clock::SystemClock,
        store::{Store, sqlite::SqliteStore},
    },
    task::{AnswerReason, PollRequest, Preview, TaskId},
};

use crate::{
    faulty::{Fault, Faulty},
    fixture::{Fixture, Gates, Step, engine_at, engine_over, folder, gate, kind, quick, reach},
    long_poll::{after, answer, hold},
};

fn show(text: &str) -> Step {
    Step::Preview(text.to_owned())
}

fn at_once() -> EngineOptions {
    quick().with(|o| o.preview_interval = Duration::ZERO)
}

/// Waits until the preview is this text; returns its version.
async fn until(f: &Fixture, id: TaskId, text: &str) -> i64 {
    loop {
        // A test may take the store away.
        match f.service.preview(&f.ada, id, 0).await {
            Ok(Some(Some(preview))) if preview.text == text => return preview.version,
            Ok(None) => panic!("the task is not there"),
            _ => tokio::task::yield_now().await,
        }
    }
}

/// The preview in the answer to a poll that has version `known` of it.
async fn polled(f: &Fixture, id: TaskId, known: Option<i64>) -> Vec<Preview> {
    let mut request = after(&f.get(id).await);
    (request.watch[0].version, request.watch[0].preview_after) = (0, known);
    request.wait_ms = 0;
    f.service.poll(&f.ada, &request).await.unwrap().preview
}

#[tokio::test]
async fn what_is_finished_travels_in_the_poll_and_only_what_is_new() {
    let (_folder, path) = folder();
    let f = engine_at(&path, at_once(), kind()).await;
    let steps = [
        show("# One\n"),
        gate("a"),
        show("# One\n# Two\n"),
        gate("b"),
        show("# 1\n# Two\n"),
        gate("c"),
    ];
    let id = f.start(&steps).await;
    let first = until(&f, id, "# One\n").await;
    assert!(polled(&f, id, None).await.is_empty(), "it was not asked for");
    f.gates.open("a");
    let second = until(&f, id, "# One\n# Two\n").await;
    assert!(second > first);
    let part = polled(&f, id, Some(first)).await.remove(0);
    assert_eq!((part.offset, part.text.as_str(), part.size_bytes), (6, "# Two\n", 12));
    assert_eq!((part.version, part.media_type.as_str()), (second, "text/markdown"));
    assert!(polled(&f, id, Some(second)).await.is_empty());
    assert_eq!(polled(&f, id, Some(0)).await[0].text, "# One\n# Two\n");
    f.gates.open("b");
    let third = until(&f, id, "# 1\n# Two\n").await;
    let changed = f.service.preview(&f.ada, id, second).await.unwrap().unwrap().expect("a change");
    assert_eq!((changed.offset, changed.version), (0, third));
    let nobody = Caller::nobody();
    assert_eq!(f.service.preview(&nobody, id, 0).await.unwrap(), None);
    f.gates.open("c");
    f.ended(id).await;
    assert_eq!(f.service.preview(&f.ada, id, 0).await.unwrap(), Some(None), "the result is there");
    assert!(polled(&f, id, Some(0)).await.is_empty());
}

#[tokio::test]
async fn a_waiting_request_is_answered_for_a_change_of_the_preview() {
    let (_folder, path) = folder();
    let f = engine_at(&path, at_once(), kind()).await;
    let id = f.start(&[show("a"), reach("x"), gate("a"), show("ab"), gate("b")]).await;
    f.gates.pass("x").await;
    let known = until(&f, id, "a").await;
    let mut request: PollRequest = after(&f.get(id).await);
    request.watch[0].preview_after = Some(known);
    let held = hold(&f, request, 1).await;
    f.gates.open("a");
    let response = answer(held).await;
    assert_eq!(response.reason, Some(AnswerReason::Output));
    assert_eq!((response.preview[0].offset, response.preview[0].text.as_str()), (1, "b"));
    f.gates.open("b");
    f.ended(id).await;
}

#[tokio::test]
async fn a_preview_is_written_at_most_once_in_its_interval_and_is_cut() {
    let (_folder, path) = folder();
    let options = quick().with(|o| {
        o.preview_interval = Duration::from_secs(3_600);
        o.max_preview_bytes = 4;
    });
    let f = engine_at(&path, options, kind()).await;
    let id = f.start(&[show("aüxyz"), gate("a"), show("b"), gate("b")]).await;
    until(&f, id, "aüx").await;
    f.gates.open("a");
    f.gates.open("b");
    f.ended(id).await;
}

#[tokio::test]
async fn the_next_run_goes_on_from_the_stored_preview_and_replaces_what_it_cannot_read() {
    for is_read in [true, false] {
        let (_folder, path) = folder();
        let store = SqliteStore::open(&path, Arc::new(SystemClock)).await.unwrap();
        let faulty = Arc::new(Faulty::new(Arc::new(store)));
        let store: Arc<dyn Store> = faulty.clone();
        let f = engine_over(store, Gates::default(), at_once(), kind()).await;
        let steps = [show("one "), gate("a"), Step::RetryOnce, show("one two"), gate("b")];
        let id = f.start(&steps).await;
        let first = until(&f, id, "one ").await;
        if !is_read {
            faulty.set("preview", Fault::Fail(u32::MAX));
        }
        f.gates.open("a");
        f.gates.open("a");
        until(&f, id, "one two").await;
        let part = polled(&f, id, Some(first)).await.remove(0);
        let expected = if is_read { (4, "two") } else { (0, "one two") };
        assert_eq!((part.offset, part.text.as_str()), expected);
        f.gates.open("b");
        f.ended(id).await;
    }
}
