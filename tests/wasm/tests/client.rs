//! The client over `fetch`, which each test replaces by a script.

#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use js_sys::{Function, Reflect};
use milepost::{
    client::{Client, Error},
    task::{StartTask, Status, TaskId},
};
use wasm_bindgen_test::wasm_bindgen_test;

const ID: &str = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55";

/// Replaces `fetch` by a function of `request` and `calls`, all calls so far as texts.
fn answer_with(body: &str) {
    let script = format!(
        "const calls = globalThis.calls = [];
         globalThis.fetch = async (request) => {{
             const token = request.headers.get('authorization') ?? '-';
             calls.push(`${{request.method}} ${{new URL(request.url).pathname}} ${{token}}`);
             globalThis.signal = request.signal;
             {body}
         }};"
    );
    Function::new_no_args(&script).call0(&js_sys::global()).unwrap();
}

fn calls() -> Vec<String> {
    let calls = Reflect::get(&js_sys::global(), &"calls".into()).unwrap();
    js_sys::Array::from(&calls).iter().filter_map(|call| call.as_string()).collect()
}

fn snapshot(status: &str, version: i64) -> String {
    serde_json::json!({
        "id": ID, "kind": "count", "title": "Count", "status": status, "progress": 100.0,
        "rate_per_s": 0.0, "eta_ms": null, "attempt": 1, "version": version, "poll_after_ms": 0,
        "elapsed_ms": 0, "updated_age_ms": 0, "created_at": "2026-12-01T00:00:00Z",
        "updated_at": "2026-12-01T00:00:00Z", "existing": false,
    })
    .to_string()
}

#[wasm_bindgen_test]
async fn a_task_is_started_and_followed_to_its_end() {
    let (queued, running, completed) =
        (snapshot("queued", 1), snapshot("running", 2), snapshot("completed", 3));
    answer_with(&format!(
        "if (!request.url.endsWith('/poll')) return new Response(`{queued}`, {{ status: 202 }});
         const polls = calls.filter((call) => call.includes('/poll')).length;
         const task = polls == 1 ? `{running}` : `{completed}`;
         return new Response(`{{\"tasks\": [${{task}}], \"poll_after_ms\": 0}}`);"
    ));
    let client = Client::builder("http://server/jobs").bearer("s3cret").build().unwrap();
    let start = StartTask::new("count", serde_json::json!({}));
    let started = client.start(&start).await.unwrap().snapshot;
    assert_eq!(started.status, Status::Queued);
    let mut follow = client.follow_snapshot(started);
    let mut seen = Vec::new();
    while let Some(snapshot) = follow.next().await {
        seen.push(snapshot.unwrap().status);
    }
    assert_eq!(seen, [Status::Queued, Status::Running, Status::Completed]);
    assert_eq!(
        calls(),
        [
            "POST /jobs/api/v1/tasks Bearer s3cret",
            "POST /jobs/api/v1/tasks/poll Bearer s3cret",
            "POST /jobs/api/v1/tasks/poll Bearer s3cret",
        ]
    );
}

#[wasm_bindgen_test]
async fn a_refusal_is_typed_and_a_server_that_is_away_is_unreachable() {
    let id: TaskId = ID.parse().unwrap();
    let client = Client::new("http://server").unwrap();
    answer_with(
        "return new Response('{\"type\": \"about:blank\", \"title\": \"Not Found\", \"status\": 404, \
         \"detail\": \"Task not found\"}', { status: 404 });",
    );
    let error = client.status(id).await.unwrap_err();
    assert!(error.is_not_found() && error.detail() == Some("Task not found"), "{error:?}");
    answer_with("throw new TypeError('fetch failed');");
    let error = client.status(id).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
}

#[wasm_bindgen_test]
async fn a_request_that_takes_too_long_is_aborted() {
    answer_with("return new Promise(() => {});");
    let client = Client::builder("http://server").response_timeout(Duration::from_millis(1));
    let error = client.build().unwrap().kinds().await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
    let signal = Reflect::get(&js_sys::global(), &"signal".into()).unwrap();
    assert_eq!(Reflect::get(&signal, &"aborted".into()).unwrap(), true);
}

#[wasm_bindgen_test]
async fn a_result_is_read_piece_by_piece_up_to_the_limit() {
    let id: TaskId = ID.parse().unwrap();
    let client = Client::builder("http://server").max_result_bytes(8).build().unwrap();
    answer_with("return new Response('four');");
    assert_eq!(client.result(id).await.unwrap(), b"four");
    // A body without end.
    answer_with(
        "return new Response(new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(4)) }));",
    );
    let error = client.result(id).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { max_bytes: 8 }), "{error:?}");
}

#[wasm_bindgen_test]
fn the_page_s_own_server_is_named_by_a_path() {
    for url in ["", "/jobs", "/jobs/", "https://other"] {
        assert!(Client::new(url).is_ok(), "{url}");
    }
    for url in ["//other", "jobs", "ftp://other", "http://"] {
        assert!(matches!(Client::new(url), Err(Error::Url { .. })), "{url}");
    }
}
