//! Limits that hold whoever somebody says that they are: connections count by their address.

use std::time::Instant;

use serde_json::{Value, json};

use crate::{
    fixture::{Place, Server, arg},
    raw::{Answer, Raw, ask, get, get_and_stay},
};

async fn silent(server: &Server, number: usize) -> Vec<Raw> {
    let mut all = Vec::new();
    for _ in 0..number {
        all.push(Raw::to(server).await);
    }
    all
}

#[tokio::test]
async fn one_address_has_its_connections_and_others_have_theirs() {
    let place = Place::new();
    let variables = [("MILEPOST_HTTP_CONNECTIONS_MAX_OPEN_PER_CLIENT", "4")];
    let server = place.serve(&["--no-worker"], &variables).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        let mut raw = Raw::to(&server).await;
        raw.write(&get_and_stay("/healthz")).await;
        assert_eq!(raw.answer().await.status, 200);
        held.push(raw);
    }
    for (path, media) in [
        ("/api/v1/kinds", "application/problem+json"),
        ("/api/status/x", "application/json"),
        ("/", "text/html; charset=utf-8"),
    ] {
        let full = ask(&server, &get(path, "localhost")).await;
        assert_eq!((full.status, full.header("content-type")), (503, media), "{full:?}");
        assert_eq!(full.header("retry-after"), "5");
        assert!(full.body.contains("http.connections.max_open_per_client"), "{full:?}");
    }
    let alive = ask(&server, &get("/healthz", "localhost")).await;
    assert_eq!((alive.status, &*alive.body), (200, "ok\n"));
    let mut other = Raw::from([127, 0, 0, 2], &server).await;
    other.write(&get("/api/v1/kinds", "localhost")).await;
    assert_eq!(other.answer().await.status, 200);
    drop(held);
    let patience = Instant::now();
    while ask(&server, &get("/api/v1/kinds", "localhost")).await.status != 200 {
        assert!(patience.elapsed().as_secs() < 120);
    }
}

#[tokio::test]
async fn with_few_files_a_flood_of_silent_connections_shuts_nobody_out() {
    let place = Place::new();
    let limited = ["sh", "-c", "ulimit -n 256; exec \"$@\"", "sh"];
    let command = place.wrapped(&limited, &["serve", "--addr", "127.0.0.1:0", "--no-worker"]);
    let server = place.serve_by(command, &[]).await;
    let flood = silent(&server, 250).await;
    let start = Instant::now();
    let alive = ask(&server, &get("/healthz", "localhost")).await;
    assert_eq!(alive.status, 200, "{}", place.log());
    let mut other = Raw::from([127, 0, 0, 2], &server).await;
    other.write(&get("/readyz", "localhost")).await;
    assert_eq!(other.answer().await.status, 200);
    // Before any of the silent ones was closed for its silence.
    assert!(start.elapsed().as_secs() < 30);
    assert!(
        place.log().contains("at most 128 connections, 32 from one address"),
        "{}",
        place.log()
    );
    drop(flood);
}

#[tokio::test]
async fn a_flood_of_slow_bodies_shuts_nobody_out() {
    let place = Place::new();
    let limited = ["sh", "-c", "ulimit -n 256; exec \"$@\"", "sh"];
    let command = place.wrapped(&limited, &["serve", "--addr", "127.0.0.1:0", "--no-worker"]);
    let server = place.serve_by(command, &[]).await;
    let mut flood = silent(&server, 250).await;
    for raw in &mut flood {
        let head =
            "POST /api/v1/uploads?name=x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx";
        raw.write(head.as_bytes()).await;
    }
    assert_eq!(ask(&server, &get("/healthz", "localhost")).await.status, 200);
    let mut other = Raw::from([127, 0, 0, 2], &server).await;
    let upload =
        "POST /api/v1/uploads?name=x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx";
    other.write(upload.as_bytes()).await;
    assert_eq!(other.answer().await.status, 201);
    drop(flood);
}

#[tokio::test]
async fn a_connection_without_a_request_is_closed() {
    let place = Place::new();
    let variables = [("MILEPOST_HTTP_CONNECTIONS_IDLE_TIMEOUT_S", "1")];
    let server = place.serve(&["--no-worker"], &variables).await;
    assert_eq!(Raw::to(&server).await.end().await, "");
    let mut drips = Raw::to(&server).await;
    drips.write(b"GET / HTTP/1.1\r\nHost: local").await;
    assert_eq!(drips.end().await, "");
    let mut idle = Raw::to(&server).await;
    idle.write(&get_and_stay("/healthz")).await;
    assert_eq!(idle.answer().await.status, 200);
    assert_eq!(idle.end().await, "");
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_given_up() {
    let place = Place::new();
    place.write("site/large.txt", &"x".repeat(64 << 20));
    let variables = [
        ("MILEPOST_HTTP_CONNECTIONS_WRITE_IDLE_TIMEOUT_S", "1"),
        ("MILEPOST_HTTP_CONNECTIONS_MAX_DISCARD_S", "1"),
        ("MILEPOST_HTTP_CONNECTIONS_MAX_OPEN_PER_CLIENT", "1"),
    ];
    let site = place.path("site");
    let server = place.serve(&["--no-worker", "--site", arg(&site)], &variables).await;
    let mut deaf = Raw::to(&server).await;
    deaf.write(&get("/large.txt", "localhost")).await;
    // Its place is the only one.
    let patience = Instant::now();
    while ask(&server, &get("/api/v1/kinds", "localhost")).await.status != 200 {
        assert!(patience.elapsed().as_secs() < 120);
    }
    drop(deaf);
}

#[tokio::test]
async fn whoever_drips_is_not_waited_for() {
    let place = Place::new();
    let variables = [
        ("MILEPOST_HTTP_CONNECTIONS_IDLE_TIMEOUT_S", "1"),
        ("MILEPOST_HTTP_CONNECTIONS_BODY_GRACE_S", "1"),
        ("MILEPOST_HTTP_CONNECTIONS_MAX_DISCARD_S", "1"),
    ];
    let server = place.serve(&["--no-worker"], &variables).await;
    let mut head = Raw::to(&server).await;
    head.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ").await;
    let drips = head.drip(b"x").await;
    assert!((1..200).contains(&drips), "{drips}");
    assert_eq!(head.end().await, "");
    let slow = "The body comes at less than 500 bytes per second \
                (http.connections.min_body_bytes_per_s)";
    for path in ["/api/task/start", "/api/v1/tasks", "/api/v1/uploads?name=x", "/start/dataset"] {
        let mut body = Raw::to(&server).await;
        let media = if path.starts_with("/start") { "x-www-form-urlencoded" } else { "json" };
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/{media}\r\n\
             Content-Length: 100000\r\n\r\n"
        );
        body.write(head.as_bytes()).await;
        let drips = body.drip(b"x").await;
        let answer = body.answer().await;
        assert_eq!(answer.status, 408, "{path}: {answer:?}");
        assert!(answer.body.contains(slow), "{path}: {answer:?}");
        assert!((1..200).contains(&drips), "{path}: {drips}");
        // And nobody goes on to listen.
        body.drip(b"x").await;
    }
}

#[tokio::test]
async fn a_client_that_reads_its_answer_too_slowly_is_given_up() {
    const SIZE: usize = 64 << 20;
    let place = Place::new();
    place.write("site/large.txt", &"x".repeat(SIZE));
    let variables = [
        ("MILEPOST_HTTP_CONNECTIONS_WRITE_IDLE_TIMEOUT_S", "1"),
        // As if a reader of 5 MB a second were slow.
        ("MILEPOST_HTTP_CONNECTIONS_MIN_BODY_BYTES_PER_S", "100000000"),
        ("MILEPOST_HTTP_CONNECTIONS_MAX_DISCARD_S", "1"),
    ];
    let site = place.path("site");
    let server = place.serve(&["--no-worker", "--site", arg(&site)], &variables).await;
    let mut slow = Raw::to(&server).await;
    slow.write(&get("/large.txt", "localhost")).await;
    let bytes = slow.sip(256 << 10).await;
    assert!(bytes < SIZE, "{bytes}");
    let mut fast = Raw::to(&server).await;
    fast.write(&get("/large.txt", "localhost")).await;
    assert_eq!(fast.answer().await.body.len(), SIZE);
}

/// An upload of which a byte comes and no more.
async fn stalled(server: &Server) -> Raw {
    let mut raw = Raw::to(server).await;
    let head =
        "POST /api/v1/uploads?name=x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx";
    raw.write(head.as_bytes()).await;
    raw
}

async fn upload(ip: [u8; 4], server: &Server) -> Answer {
    let mut raw = Raw::from(ip, server).await;
    let upload =
        "POST /api/v1/uploads?name=x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx";
    raw.write(upload.as_bytes()).await;
    raw.answer().await
}

#[tokio::test]
async fn the_stalled_uploads_of_one_address_leave_places_for_others() {
    let place = Place::new();
    let server = place.serve(&["--no-worker"], &[]).await;
    let mut held = Vec::new();
    for _ in 0..17 {
        held.push(stalled(&server).await);
    }
    // One of them is answered.
    let answers = held.iter_mut().map(|raw| Box::pin(raw.answer()));
    let (refused, ..) = futures_util::future::select_all(answers).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "5"), "{refused:?}");
    let setting = "16 from your address are open, the most that one may have \
                   (files.max_concurrent_uploads_per_client)";
    assert!(refused.body.contains(setting), "{refused:?}");
    assert_eq!(upload([127, 0, 0, 2], &server).await.status, 201);
    drop(held);
}

#[tokio::test]
async fn a_stalled_upload_holds_its_place_only_for_a_while() {
    let place = Place::new();
    let variables = [
        ("MILEPOST_FILES_UPLOAD_IDLE_TIMEOUT_S", "1"),
        ("MILEPOST_FILES_MAX_CONCURRENT_UPLOADS_PER_CLIENT", "1"),
    ];
    let server = place.serve(&["--no-worker"], &variables).await;
    let answer = stalled(&server).await.answer().await;
    assert_eq!(answer.status, 408, "{answer:?}");
    assert!(
        answer.body.contains("nothing came for 1 s (files.upload_idle_timeout_s)"),
        "{answer:?}"
    );
    assert_eq!(upload([127, 0, 0, 1], &server).await.status, 201);
}

/// A poll that waits for news of a task.
async fn poll(ip: [u8; 4], server: &Server, task: &Value) -> Raw {
    let watch = json!([{ "id": task["id"], "version": task["version"] }]);
    let body = json!({ "watch": watch, "wait_ms": 20_000 }).to_string();
    let mut raw = Raw::from(ip, server).await;
    let head = format!(
        "POST /api/v1/tasks/poll HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    raw.write(head.as_bytes()).await;
    raw
}

async fn until_held(server: &Server, held: usize) -> String {
    let line = format!("milepost_long_polls {held}\n");
    let patience = Instant::now();
    loop {
        let metrics = ask(server, &get("/metrics", "localhost")).await.body;
        if metrics.contains(&line) {
            return metrics;
        }
        assert!(patience.elapsed().as_secs() < 120, "{metrics}");
    }
}

#[tokio::test]
async fn whoever_polls_without_a_session_leaves_places_for_others() {
    let place = Place::new();
    let variables = [("MILEPOST_LONG_POLL_MAX_WAITING_ANONYMOUS_PER_CLIENT", "1")];
    let server = place.serve(&["--no-worker"], &variables).await;
    let start = json!({ "kind": "dataset", "input": { "data": "a,b\n1,2\n" } });
    let tasks = format!("{}/api/v1/tasks", server.url);
    let task = reqwest::Client::new().post(tasks).json(&start).send().await.unwrap();
    let task: Value = task.json().await.unwrap();
    let first = poll([127, 0, 0, 1], &server, &task).await;
    until_held(&server, 1).await;
    let second = poll([127, 0, 0, 1], &server, &task).await.answer().await;
    let shown: Value = serde_json::from_str(&second.body).unwrap();
    assert_eq!(shown["reason"], "no_wait", "{shown}");
    let other = poll([127, 0, 0, 2], &server, &task).await;
    let metrics = until_held(&server, 2).await;
    assert!(
        metrics.contains("milepost_long_poll_limit_hits_total{limit=\"client\"} 1\n"),
        "{metrics}"
    );
    drop((first, other));
}
