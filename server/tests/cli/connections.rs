//! Limits that hold whoever somebody says that they are: connections count by their address.

use std::time::Instant;

use crate::{
    fixture::{Place, Server, arg},
    raw::{Raw, ask, get, get_and_stay},
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
        assert!(patience.elapsed().as_secs() < 30);
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
    assert!(start.elapsed().as_secs() < 5);
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
        assert!(patience.elapsed().as_secs() < 30);
    }
    drop(deaf);
}
