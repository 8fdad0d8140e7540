//! TERM while requests are held: each of them is answered, and then the process ends.

use std::time::{Duration, Instant};

use reqwest::Response;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
};

use crate::fixture::{Place, SLOW, Server};

/// Polls that are held when TERM comes.
const POLLS: usize = 5;

async fn get(server: &Server, path: &str) -> Response {
    reqwest::get(format!("{}{path}", server.url)).await.unwrap()
}

/// Starts a story and waits until it is in its longest stage, of which nothing is told for long.
async fn writing(server: &Server) -> Value {
    let body = json!({ "kind": "story", "input": { "subject": "lighthouse", "player": "Ada" } });
    let tasks = format!("{}/api/v1/tasks", server.url);
    let shown = reqwest::Client::new().post(tasks).json(&body).send().await.unwrap();
    let shown: Value = shown.json().await.unwrap();
    let path = format!("/api/v1/tasks/{}", shown["id"].as_str().unwrap());
    loop {
        let shown: Value = get(server, &path).await.json().await.unwrap();
        if shown["current_step"] == "Writing" {
            return shown;
        }
        assert!(["queued", "running"].contains(&shown["status"].as_str().unwrap()), "{shown:#}");
    }
}

/// A poll of a client that has had all its early answers: it hears of what matters only.
fn poll(server: &Server, shown: &Value) -> reqwest::RequestBuilder {
    let watch =
        json!([{ "id": shown["id"], "version": shown["version"], "early_responses": 1_000_000 }]);
    let body = json!({ "watch": watch, "wait_ms": 20_000 });
    reqwest::Client::new().post(format!("{}/api/v1/tasks/poll", server.url)).json(&body)
}

fn send(request: reqwest::RequestBuilder) -> JoinHandle<Response> {
    tokio::spawn(async move { request.send().await.unwrap() })
}

async fn until_held(server: &Server, held: usize) {
    let line = format!("milepost_long_polls {held}\n");
    let all_held =
        async { while !get(server, "/metrics").await.text().await.unwrap().contains(&line) {} };
    tokio::time::timeout(Duration::from_secs(30), all_held).await.unwrap();
}

#[tokio::test]
async fn on_term_every_held_request_is_answered_with_the_reason_and_the_process_ends_well() {
    let place = Place::with_research();
    let variables = [SLOW, ("MILEPOST_ENGINE_DRAIN_S", "0")];
    let server = place.serve(&[], &variables).await;
    let shown = writing(&server).await;
    let task = format!("{}/api/v1/tasks/{}", server.url, shown["id"].as_str().unwrap());
    let polls: Vec<_> = (0..POLLS).map(|_| send(poll(&server, &shown))).collect();
    let prefer = reqwest::Client::new().get(&task).header("prefer", "wait=20");
    let prefer = send(prefer);
    until_held(&server, POLLS + 1).await;

    let (status, more) = server.stop().await;
    assert_eq!((status.code(), more), (Some(0), None), "{}", place.log());
    let mut pauses = Vec::new();
    for poll in polls {
        let answer: Value = poll.await.unwrap().json().await.unwrap();
        assert_eq!(answer["reason"], "shutting_down", "{answer}");
        assert!(answer["waited_ms"].is_i64(), "{answer}");
        let pause = answer["poll_after_ms"].as_f64().unwrap();
        assert!(pause <= 8_000.0, "{answer}");
        pauses.push(pause);
    }
    pauses.dedup();
    assert!(pauses.len() > 1, "they would all come back at one moment: {pauses:?}");
    let prefer = prefer.await.unwrap();
    assert_eq!(prefer.status(), 200, "{prefer:?}");
    assert!(!prefer.headers().contains_key("preference-applied"), "{prefer:?}");
    assert!(!place.log().contains("did not end in time"), "{}", place.log());

    // The next server has something new to tell to those who come back, and holds them again.
    let server = place.serve(&[], &variables).await;
    let back: Value = poll(&server, &shown).send().await.unwrap().json().await.unwrap();
    assert!(["attempt", "changed"].contains(&back["reason"].as_str().unwrap()), "{back}");
    assert_eq!(back["tasks"][0]["id"], shown["id"]);
    let task = writing_again(&server, &shown).await;
    let held = send(poll(&server, &task));
    until_held(&server, 1).await;
    server.stop().await;
    let answer: Value = held.await.unwrap().json().await.unwrap();
    assert_eq!(answer["reason"], "shutting_down", "{answer}");
}

#[tokio::test]
async fn after_term_running_tasks_may_end_and_whoever_asks_meanwhile_is_not_held() {
    let place = Place::with_research();
    let variables = [("MILEPOST_STORY_WORDS_PER_SECOND", "150"), ("MILEPOST_ENGINE_DRAIN_S", "60")];
    let server = place.serve(&[], &variables).await;
    let shown = writing(&server).await;
    let held = send(poll(&server, &shown));
    until_held(&server, 1).await;
    let (later, url) = (poll(&server, &shown), server.url.clone());
    let stopping = tokio::spawn(server.stop());
    let answer: Value = held.await.unwrap().json().await.unwrap();
    assert_eq!(answer["reason"], "shutting_down", "{answer}");
    // The story is still told, and the server still answers.
    let answer: Value = later.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["reason"], "shutting_down", "{answer}");
    assert!(answer.get("waited_ms").is_none(), "{answer}");
    let ready = reqwest::get(format!("{url}/readyz")).await.unwrap();
    assert_eq!(ready.status(), 503);
    let (status, _) = stopping.await.unwrap();
    assert_eq!(status.code(), Some(0), "{}", place.log());
    assert!(place.path("output/lighthouse/story.md").is_file(), "it was told to its end");
}

/// A start whose body is still on its way.
struct Begun {
    stream: TcpStream,
    rest: &'static str,
}

impl Begun {
    async fn at(address: &str) -> Self {
        const BODY: &str = r#"{"kind":"dataset","input":{"data":"a,b\n1,2\n"}}"#;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST /api/v1/tasks HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
            BODY.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // Now it waits for the body.
        let mut go_on = [0; 25];
        stream.read_exact(&mut go_on).await.unwrap();
        assert!(go_on.starts_with(b"HTTP/1.1 100 "), "{go_on:?}");
        let (first, rest) = BODY.split_at(BODY.len() / 2);
        stream.write_all(first.as_bytes()).await.unwrap();
        Self { stream, rest }
    }

    async fn answer(mut self) -> String {
        self.stream.write_all(self.rest.as_bytes()).await.unwrap();
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

#[tokio::test]
async fn a_request_that_is_under_way_at_term_is_answered_as_ever_and_one_that_never_ends_is_cut() {
    let place = Place::with_research();
    let variables = [SLOW, ("MILEPOST_ENGINE_DRAIN_S", "0")];
    let server = place.serve(&[], &variables).await;
    writing(&server).await;
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    let (begun, never) = (Begun::at(&address).await, Begun::at(&address).await);
    let stopping = tokio::spawn(server.stop());
    // Nobody is let in any more once the tasks are over: then only the requests under way are left.
    let patience = Instant::now();
    while TcpStream::connect(&address).await.is_ok() {
        assert!(patience.elapsed() < Duration::from_secs(120), "{}", place.log());
    }
    let answer = begun.answer().await;
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    let started: Value = serde_json::from_str(body).unwrap();
    let (status, _) = stopping.await.unwrap();
    assert_eq!(status.code(), Some(0), "{}", place.log());
    assert!(place.log().contains("some connections did not end in time"), "{}", place.log());
    drop(never);

    // What was accepted so late is done by the next server.
    let server = place.serve(&[], &[]).await;
    let id = started["id"].as_str().unwrap();
    let ended = server.run(&place, &["status", id, "--follow"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

/// Waits until the task is in its longest stage once more.
async fn writing_again(server: &Server, shown: &Value) -> Value {
    let path = format!("/api/v1/tasks/{}", shown["id"].as_str().unwrap());
    loop {
        let shown: Value = get(server, &path).await.json().await.unwrap();
        if shown["status"] == "running" && shown["current_step"] == "Writing" {
            return shown;
        }
    }
}
