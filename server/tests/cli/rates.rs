//! Limits that hold for somebody who makes a new identity for each request.

use std::net::IpAddr;

use reqwest::{Client, Response, header};
use serde_json::{Value, json};

use crate::fixture::{Place, Server};

/// Somebody at this address whom nobody has seen before.
fn stranger(last: u8) -> Client {
    let address = IpAddr::from([127, 0, 0, last]);
    Client::builder().local_address(address).build().unwrap()
}

/// The cookie of a new session.
async fn session(server: &Server, client: &Client) -> Option<String> {
    let page = client.get(format!("{}/", server.url)).send().await.unwrap();
    let set = page.headers().get(header::SET_COOKIE)?.to_str().unwrap().to_owned();
    set.split(';').next().map(str::to_owned)
}

/// Posts in a new session.
async fn post(server: &Server, last: u8, path: &str, body: &Value) -> Response {
    let client = stranger(last);
    let cookie = session(server, &client).await.unwrap();
    let request = client.post(format!("{}{path}", server.url)).header(header::COOKIE, cookie);
    request.json(body).send().await.unwrap()
}

fn input() -> Value {
    json!({ "data": "a,b\n1,2\n" })
}

#[tokio::test]
async fn starts_count_by_address_whatever_door_they_come_through() {
    let place = Place::new();
    let variables = [("MILEPOST_HTTP_RATE_STARTS_PER_MINUTE", "7")];
    let server = place.serve(&["--no-worker"], &variables).await;
    let start = json!({ "kind": "dataset", "input": input() });
    let inputs: Vec<_> = (0..6).map(|n| json!({ "data": format!("a,b\n{n},2\n") })).collect();
    let batch = json!({ "kind": "dataset", "inputs": inputs });
    // A batch weighs as much as its tasks.
    assert_eq!(post(&server, 1, "/api/v1/batches", &batch).await.status(), 202);
    assert_eq!(post(&server, 1, "/api/v1/batches", &batch).await.status(), 429);
    assert_eq!(post(&server, 1, "/api/task/start", &input()).await.status(), 200);

    let tasks = refused(async || post(&server, 1, "/api/v1/tasks", &start).await).await;
    let retry: u32 = tasks.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&retry), "{retry}");
    assert_eq!(tasks.headers()["content-type"], "application/problem+json");
    let problem: Value = tasks.json().await.unwrap();
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("(http.rate.starts_per_minute)"), "{detail}");

    let simple = refused(async || post(&server, 1, "/api/task/start", &input()).await).await;
    assert!(simple.headers().contains_key("retry-after"));
    let simple: Value = simple.json().await.unwrap();
    assert_eq!(simple.as_object().unwrap().len(), 1, "{simple}");

    let form = async || {
        let form = stranger(1).post(format!("{}/start/dataset", server.url));
        form.form(&[("data", "a")]).send().await.unwrap()
    };
    let form = refused(form).await.text().await.unwrap();
    assert!(form.contains("http.rate.starts_per_minute"), "{form}");

    assert_eq!(post(&server, 2, "/api/v1/tasks", &start).await.status(), 202);
}

/// The first of these that is refused: however slow the machine is, one of few.
async fn refused(ask: impl AsyncFn() -> Response) -> Response {
    for _ in 0..50 {
        let answer = ask().await;
        if answer.status() == 429 {
            return answer;
        }
    }
    panic!("nothing was refused");
}

#[tokio::test]
async fn uploads_count_by_address() {
    let place = Place::new();
    let variables = [("MILEPOST_HTTP_RATE_UPLOADS_PER_MINUTE", "2")];
    let server = place.serve(&["--no-worker"], &variables).await;
    let upload = async |last| {
        let path = "/api/v1/uploads?name=x.csv";
        post(&server, last, path, &json!({})).await.status().as_u16()
    };
    assert_eq!([upload(1).await, upload(1).await, upload(1).await], [201, 201, 429]);
    assert_eq!(upload(2).await, 201);
}

#[tokio::test]
async fn new_sessions_count_by_address() {
    let place = Place::new();
    let variables = [("MILEPOST_HTTP_RATE_SESSIONS_PER_MINUTE", "3")];
    let server = place.serve(&["--no-worker"], &variables).await;
    let mut known = None;
    for _ in 0..3 {
        known = session(&server, &stranger(1)).await;
        assert!(known.is_some());
    }
    let refused = stranger(1).get(format!("{}/", server.url)).send().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    assert!(refused.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(refused.text().await.unwrap().contains("http.rate.sessions_per_minute"));
    // Who has a session goes on, and so does everybody elsewhere.
    let cookie = known.unwrap();
    let page = stranger(1).get(format!("{}/", server.url)).header(header::COOKIE, cookie);
    assert_eq!(page.send().await.unwrap().status(), 200);
    assert!(session(&server, &stranger(2)).await.is_some());
}
