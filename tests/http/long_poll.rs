//! Requests that are held: over the wire.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::fixture::{ADA, Fixture, fixture};

async fn until_held(f: &Fixture, held: usize) {
    let patience = Instant::now();
    while f.engine.service().held().waiting != held {
        assert!(patience.elapsed() < Duration::from_secs(120), "{:?}", f.engine.service().held());
        tokio::task::yield_now().await;
    }
}

fn watching(snapshot: &Value) -> Value {
    json!({ "watch": [{ "id": snapshot["id"], "version": snapshot["version"] }], "wait_ms": 20_000 })
}

#[tokio::test]
async fn a_poll_is_held_until_its_task_is_cancelled() {
    let f = fixture().await;
    let id = f.start(ADA, "endless", json!({})).await;
    let snapshot = f.until(ADA, &id, "running").await;
    let body = watching(&snapshot);
    let cancel = async {
        until_held(&f, 1).await;
        f.post(&format!("/api/v1/tasks/{id}/cancel"), ADA, &json!({})).await
    };
    let (answer, _) = tokio::join!(f.post("/api/v1/tasks/poll", ADA, &body), cancel);
    let answer = answer.json();
    f.fits("PollResponse", &answer);
    assert_eq!(answer["tasks"][0]["id"], id.as_str());
    assert!(["cancelling", "ended"].contains(&answer["reason"].as_str().unwrap()), "{answer}");
    assert!(answer["waited_ms"].is_i64());
    let metrics = String::from_utf8(f.get("/metrics", "").await.bytes).unwrap();
    assert!(metrics.contains("milepost_long_polls 0\n"), "{metrics}");
    assert!(
        metrics.contains("milepost_long_poll_limit_hits_total{limit=\"owner\"} 0\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_status_request_waits_for_news_and_says_so() {
    let f = fixture().await;
    let id = f.start(ADA, "endless", json!({})).await;
    let snapshot = f.until(ADA, &id, "running").await;
    let path = format!("/api/v1/tasks/{id}");
    let etag = format!("W/\"{}\"", snapshot["version"]);
    let unchanged = f.get_with(&path, ADA, &[("if-none-match", &etag), ("prefer", "wait=1")]).await;
    assert_eq!(unchanged.status, 304);
    assert_eq!(unchanged.header("preference-applied"), "wait=1");
    // As Apache makes it where it compresses.
    let compressed = format!("W/\"{}-gzip\"", snapshot["version"]);
    let headers = [("if-none-match", &*compressed), ("prefer", "wait=1")];
    let unchanged = f.get_with(&path, ADA, &headers).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.header("etag")), (304, &*etag));
    let cancel = async {
        until_held(&f, 1).await;
        f.post(&format!("{path}/cancel"), ADA, &json!({})).await
    };
    let wait = [("if-none-match", etag.as_str()), ("prefer", "wait=20")];
    let (changed, _) = tokio::join!(f.get_with(&path, ADA, &wait), cancel);
    assert_eq!(changed.status, 200);
    assert_eq!(changed.header("preference-applied"), "wait=20");
    assert!(["cancelling", "cancelled"].contains(&changed.json()["status"].as_str().unwrap()));
    // The client's version is known, so that there is news at once: it does not wait.
    let begin = std::time::Instant::now();
    let headers = [("if-none-match", &*compressed), ("prefer", "wait=20")];
    assert_eq!(f.get_with(&path, ADA, &headers).await.status, 200);
    assert!(begin.elapsed().as_secs() < 20);
    let plain = f.get(&path, ADA).await;
    assert_eq!(plain.header("preference-applied"), "");
    let foreign = f.get_with(&path, "", &[("prefer", "wait=20")]).await;
    f.problem(&foreign, 404);
}

#[tokio::test]
async fn a_start_that_waits_comes_back_with_the_end() {
    let f = fixture().await;
    let body = json!({ "kind": "echo", "input": { "text": "hello" } });
    let answer = f.post_with("/api/v1/tasks", ADA, &body, &[("prefer", "wait=20")]).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.header("preference-applied"), "wait=20");
    let started = answer.json();
    f.fits("StartedTask", &started);
    assert_eq!((&started["status"], &started["existing"]), (&json!("completed"), &json!(false)));
    assert_eq!(answer.header("retry-after"), "", "there is nothing to come");
}

#[tokio::test]
async fn each_call_about_a_task_waits_for_its_end_on_request() {
    let f = fixture().await;
    let id = f.start(ADA, "endless", json!({})).await;
    f.until(ADA, &id, "running").await;
    let path = format!("/api/v1/tasks/{id}");
    let result = format!("{path}/result");
    let until_end = [("prefer", "wait=20; until=end")];
    let wait = [("prefer", "wait=20")];
    let cancel = async {
        until_held(&f, 2).await;
        f.post_with(&format!("{path}/cancel"), ADA, &json!({}), &wait).await
    };
    let (state, result, cancelled) =
        tokio::join!(f.get_with(&path, ADA, &until_end), f.get_with(&result, ADA, &wait), cancel);
    for ended in [&state, &cancelled] {
        assert_eq!(ended.json()["status"], "cancelled");
        assert_eq!(ended.header("preference-applied"), "wait=20");
        assert_eq!(ended.header("retry-after"), "");
    }
    assert!(f.problem(&result, 409).contains("ended as `cancelled`"));

    let (rerun, a_second) = (format!("{path}/rerun"), [("prefer", "wait=1")]);
    let rerun = f.post_with(&rerun, ADA, &json!({}), &a_second).await;
    f.fits("StartedTask", &rerun.json());
    assert_eq!((rerun.status.as_u16(), rerun.header("preference-applied")), (202, "wait=1"));
    assert_eq!(rerun.json()["status"], "running");
}

#[tokio::test]
async fn a_repeated_start_says_that_the_task_exists() {
    let f = fixture().await;
    let body = json!({ "kind": "echo", "input": { "text": "hello" } });
    let key = [("idempotency-key", "k1")];
    for existing in [false, true] {
        let started = f.post_with("/api/v1/tasks", ADA, &body, &key).await.json();
        assert_eq!(started["existing"], existing, "{started}");
    }
}

#[tokio::test]
async fn a_client_that_goes_away_frees_its_place_at_once() {
    let f = fixture().await;
    let id = f.start(ADA, "endless", json!({})).await;
    let snapshot = f.until(ADA, &id, "running").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = f.router.clone();
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let body = watching(&snapshot).to_string();
    let mut client = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /api/v1/tasks/poll HTTP/1.1\r\nHost: here\r\nCookie: {ADA}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    client.write_all(request.as_bytes()).await.unwrap();
    until_held(&f, 1).await;
    drop(client);
    let gone = Instant::now();
    until_held(&f, 0).await;
    // Sooner than the 20 s for which it asked.
    assert!(gone.elapsed() < Duration::from_secs(15), "{:?}", gone.elapsed());
    server.abort();
}
