//! What operators see and steer, and who they are.

use std::{net::SocketAddr, time::Duration};

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Request, header},
};
use serde_json::{Value, json};

use milepost::{
    engine::store::Store as _,
    http::HttpOptions,
    task::{OPERATION, TaskId},
};

use crate::fixture::{
    ADA, Answer, BOB, Fixture, fixture_of, fixture_on, fixture_with, options, quick, store_in,
};

/// A server whose machine operates it.
async fn operated() -> Fixture {
    fixture_with(by_machine()).await
}

fn by_machine() -> HttpOptions {
    options().with(|o| o.auth.local_operator = true)
}

/// A request from this machine.
async fn local(f: &Fixture, method: &str, path: &str, body: &Value) -> Answer {
    from(f, "127.0.0.1:1", &[(header::HOST.as_str(), "localhost:3000")], (method, path), body).await
}

async fn from(
    f: &Fixture,
    peer: &str,
    headers: &[(&str, &str)],
    (method, path): (&str, &str),
    body: &Value,
) -> Answer {
    let peer: SocketAddr = peer.parse().unwrap();
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .extension(ConnectInfo(peer))
        .header(header::CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if method == "GET" { Body::empty() } else { Body::from(body.to_string()) };
    f.send(request.body(body).unwrap()).await
}

#[tokio::test]
async fn only_who_connects_from_the_machine_itself_operates() {
    let f = operated().await;
    let host = (header::HOST.as_str(), "127.0.0.1:3000");
    for path in ["overview", "tasks", "pause", "resume", "cancel", "rerun"] {
        let method = if matches!(path, "overview" | "tasks") { "GET" } else { "POST" };
        let path = format!("/api/v1/admin/{path}");
        for (peer, headers) in [
            ("192.0.2.7:1", &[host][..]),
            ("127.0.0.1:1", &[(header::HOST.as_str(), "here")]),
            ("127.0.0.1:1", &[host, ("x-forwarded-for", "192.0.2.7")]),
            ("127.0.0.1:1", &[host, ("forwarded", "for=192.0.2.7")]),
            ("127.0.0.1:1", &[host, ("via", "1.1 proxy")]),
        ] {
            let answer = from(&f, peer, headers, (method, &path), &json!({})).await;
            f.problem(&answer, 403);
        }
    }
    for (peer, host) in [
        ("127.0.0.1:1", "localhost"),
        ("[::1]:1", "[::1]:3000"),
        ("[::ffff:127.0.0.1]:1", "127.0.0.1"),
    ] {
        let headers = [(header::HOST.as_str(), host)];
        let path = ("GET", "/api/v1/admin/overview");
        assert_eq!(from(&f, peer, &headers, path, &json!({})).await.status, 200, "{peer} {host}");
    }
}

#[tokio::test]
async fn a_server_with_a_public_origin_has_no_operator_by_address() {
    let http = by_machine().with(|o| o.public_origins = vec!["http://localhost:3000".to_owned()]);
    let f = fixture_of(http, quick()).await;
    f.problem(&local(&f, "GET", "/api/v1/admin/overview", &json!({})).await, 403);
    let f = fixture_of(options(), quick()).await;
    f.problem(&local(&f, "GET", "/api/v1/admin/overview", &json!({})).await, 403);
}

#[tokio::test]
async fn the_overview_has_the_tasks_of_all_and_what_became_of_them() {
    let f = operated().await;
    let bad = f.start(ADA, "echo", json!({ "text": "x", "fail": true })).await;
    f.until(ADA, &bad, "error").await;
    let running = f.start(BOB, "endless", json!({})).await;
    f.until(BOB, &running, "running").await;
    f.start(BOB, "endless", json!({})).await;
    let overview = local(&f, "GET", "/api/v1/admin/overview", &json!({})).await.json();
    f.fits("Overview", &overview);
    let kind = |name: &str| {
        let kinds = overview["kinds"].as_array().unwrap();
        kinds.iter().find(|kind| kind["kind"] == name).unwrap().clone()
    };
    assert_eq!((&kind("endless")["running"], &kind("endless")["waiting"]), (&json!(1), &json!(1)));
    assert_eq!(kind("echo")["running"], 0);
    assert_eq!(overview["slowest"][0]["id"], json!(running));
    assert_eq!(overview["failed"][0]["id"], json!(bad));
    assert_eq!(overview["failed"][0]["error"]["code"], "hoarse");
    assert_eq!(overview["accounts"][0]["running"], 1);
    assert_eq!(overview["hours"].as_array().unwrap().len(), 24);
    assert_eq!(overview["stuck"], json!([]));
}

#[tokio::test]
async fn a_task_is_stuck_without_news_for_longer_than_its_kind_has_shown() {
    let runs = async |runs: usize| {
        let folder = tempfile::tempdir().unwrap();
        let store = store_in(&folder).await;
        for _ in 0..runs {
            let (id, times) = (TaskId::from_uuid(uuid::Uuid::new_v4()), [(String::new(), 1)]);
            store.keep_stage_times(id, "endless", &times, 100).await.unwrap();
        }
        let engine = quick().with(|o| o.stuck_after = Duration::from_millis(1));
        let f = fixture_on(folder, store, by_machine(), engine).await;
        let running = f.start(BOB, "endless", json!({})).await;
        f.until(BOB, &running, "running").await;
        (f, running)
    };
    let overview =
        async |f: &Fixture| local(f, "GET", "/api/v1/admin/overview", &json!({})).await.json();
    let (f, running) = runs(2).await;
    while overview(&f).await["stuck"] == json!([]) {
        tokio::task::yield_now().await;
    }
    assert_eq!(overview(&f).await["stuck"][0]["id"], json!(running));
    assert_eq!(overview(&f).await["stuck"][0]["stuck_after_ms"], 1);
    // Three runs without a long silence: none under a minute is unusual.
    let (f, running) = runs(3).await;
    while overview(&f).await["slowest"][0]["updated_age_ms"].as_i64().unwrap() < 10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(overview(&f).await["slowest"][0]["id"], json!(running));
    assert_eq!(overview(&f).await["stuck"], json!([]));
}

#[tokio::test]
async fn operators_watch_all_tasks_by_polling_and_nobody_else_does() {
    let f = operated().await;
    let watch = json!({ "watch": [{ "id": OPERATION, "version": 0 }], "wait_ms": 20_000 });
    let answer = local(&f, "POST", "/api/v1/tasks/poll", &watch).await.json();
    assert_eq!(answer["reason"], "no_wait");
    assert_eq!(answer["tasks"][0]["id"], json!(OPERATION));
    assert_eq!(answer["tasks"][0]["status"], "running");
    assert_eq!(answer["poll_after_ms"], 5_000.0);
    let refused = f.post("/api/v1/tasks/poll", ADA, &watch).await.json();
    assert_eq!(refused["tasks"], json!([]));
    assert_eq!(refused["gone"][0]["id"], json!(OPERATION));
    f.problem(&f.get(&format!("/api/v1/tasks/{OPERATION}"), ADA).await, 404);
}

#[tokio::test]
async fn a_paused_kind_waits_and_says_why() {
    let f = operated().await;
    let paused = local(&f, "POST", "/api/v1/admin/pause", &json!({ "kind": "echo" })).await;
    f.fits("Paused", &paused.json());
    assert_eq!(paused.json(), json!({ "kinds": ["echo"], "workers": [] }));
    let id = f.start(ADA, "echo", json!({ "text": "x" })).await;
    let waiting = f.get(&format!("/api/v1/tasks/{id}"), ADA).await.json();
    assert_eq!(waiting["status"], "queued");
    assert_eq!(waiting["message"], "waits: an operator has paused this kind of task");
    for body in [
        json!({ "kind": "none" }),
        json!({ "worker": "none" }),
        json!({}),
        json!({ "kind": "echo", "worker": "w" }),
    ] {
        f.problem(&local(&f, "POST", "/api/v1/admin/pause", &body).await, 400);
    }
    let resumed = local(&f, "POST", "/api/v1/admin/resume", &json!({ "kind": "echo" })).await;
    assert_eq!(resumed.json()["kinds"], json!([]));
    f.until(ADA, &id, "completed").await;
}

#[tokio::test]
async fn what_matches_a_filter_is_cancelled_and_rerun_for_its_owner() {
    let f = operated().await;
    for cookie in [ADA, BOB] {
        let start = json!({ "kind": "endless", "input": {}, "tags": [if cookie == ADA { "a" } else { "b" }] });
        assert_eq!(f.post("/api/v1/tasks", cookie, &start).await.status, 202);
    }
    let all =
        local(&f, "GET", "/api/v1/admin/tasks?status=queued,running", &json!({})).await.json();
    f.fits("OperatorTasks", &all);
    assert_eq!(all["tasks"].as_array().unwrap().len(), 2);
    let done = local(&f, "POST", "/api/v1/admin/cancel", &json!({ "tag": "b" })).await.json();
    f.fits("ManyDone", &done);
    assert_eq!(done, json!({ "done": 1, "refused": 0, "more": false }));
    let bobs =
        f.get("/api/v1/tasks", BOB).await.json()["tasks"][0]["id"].as_str().unwrap().to_owned();
    f.until(BOB, &bobs, "cancelled").await;
    let done = local(&f, "POST", "/api/v1/admin/rerun", &json!({ "tag": "b" })).await.json();
    assert_eq!(done["done"], 1);
    let list = f.get("/api/v1/tasks?tag=b", BOB).await.json();
    assert_eq!(list["tasks"].as_array().unwrap().len(), 2, "the new one is his, too");
    for act in ["cancel", "rerun"] {
        for nothing in [json!({}), json!({ "owner": "", "status": " " })] {
            f.problem(&local(&f, "POST", &format!("/api/v1/admin/{act}"), &nothing).await, 400);
        }
    }
    let wrong = json!({ "status": "completed" });
    f.problem(&local(&f, "POST", "/api/v1/admin/cancel", &wrong).await, 400);
    f.problem(&local(&f, "GET", "/api/v1/admin/tasks?status=odd", &json!({})).await, 400);
    f.problem(&local(&f, "GET", "/api/v1/admin/tasks?since=today", &json!({})).await, 400);
}

#[tokio::test]
async fn an_act_over_a_filter_goes_on_where_it_ended() {
    let engine = quick().with(|o| {
        (o.max_queued_per_owner, o.list_rows, o.max_list_rows) = (10, 2, 2);
    });
    let f = fixture_of(by_machine(), engine).await;
    for _ in 0..5 {
        f.start(ADA, "endless", json!({})).await;
    }
    let filter = json!({ "kind": "endless" });
    for (act, last) in [("cancel", 1), ("rerun", 1)] {
        let mut path = format!("/api/v1/admin/{act}");
        for number in [2, 2, last] {
            let answer = local(&f, "POST", &path, &filter).await;
            assert_eq!(answer.status, 200, "{}", answer.json());
            let done = answer.json();
            f.fits("ManyDone", &done);
            assert_eq!((&done["done"], &done["refused"]), (&json!(number), &json!(0)), "{act}");
            assert_eq!(done["more"], json!(done["next_cursor"].is_string()), "{act}");
            if let Some(cursor) = done["next_cursor"].as_str() {
                path = format!("/api/v1/admin/{act}?cursor={cursor}");
            }
        }
        for list in f.get("/api/v1/tasks", ADA).await.json()["tasks"].as_array().unwrap() {
            let id = list["id"].as_str().unwrap();
            if act == "cancel" {
                f.until(ADA, id, "cancelled").await;
            }
        }
    }
    let wrong = local(&f, "POST", "/api/v1/admin/cancel?cursor=x", &filter).await;
    f.problem(&wrong, 400);
}
