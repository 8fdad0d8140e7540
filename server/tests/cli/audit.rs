//! What the log says of who did what: one line for each act, with the target `audit`.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::fixture::{Place, SLOW, Server};

const SECRET: &str = "the-text-of-an-input";

/// A caller with a session.
struct Calls<'a> {
    server: &'a Server,
    client: Client,
    cookie: String,
}

impl<'a> Calls<'a> {
    async fn new(server: &'a Server) -> Self {
        let client = Client::new();
        let page = client.get(format!("{}/", server.url)).send().await.unwrap();
        let cookie = page.headers()["set-cookie"].to_str().unwrap();
        Self { server, client, cookie: cookie.split(';').next().unwrap().to_owned() }
    }

    async fn send(&self, method: Method, path: &str, body: &str) -> (u16, Value) {
        let request = self.client.request(method, format!("{}{path}", self.server.url));
        let request =
            request.header("cookie", &self.cookie).header("content-type", "application/json");
        let response = request.body(body.to_owned()).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or_default())
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::POST, path, &body.to_string()).await
    }

    async fn start(&self, kind: &str, input: Value) -> String {
        let (status, task) =
            self.post("/api/v1/tasks", json!({ "kind": kind, "input": input })).await;
        assert_eq!(status, 202, "{task}");
        task["id"].as_str().unwrap().to_owned()
    }

    async fn ended(&self, id: &str) {
        let path = format!("/api/v1/tasks/{id}");
        loop {
            let (_, task) = self.send(Method::GET, &path, "").await;
            if ["completed", "error", "cancelled"].iter().any(|end| task["status"] == *end) {
                return;
            }
        }
    }
}

/// The audit lines for an action.
fn lines(place: &Place, action: &str) -> Vec<String> {
    let action = format!("action=\"{action}\"");
    let log = place.log();
    let lines = log.lines().filter(|line| line.contains(" audit: ") && line.contains(&action));
    lines.map(str::to_owned).collect()
}

/// The last line for an action has all of these.
fn last(place: &Place, action: &str, parts: &[&str]) {
    let lines = lines(place, action);
    let line = lines.last().unwrap_or_else(|| panic!("{action}: {}", place.log()));
    for part in ["address=127.0.0.1", "INFO"].iter().chain(parts) {
        assert!(line.contains(part), "{part} is not in {line}");
    }
}

const OK: &str = "outcome=\"ok\"";
const MINE: &str = "owner=\"session:";

#[tokio::test]
async fn every_act_is_one_line_in_the_audit_log() {
    let place = Place::with_research();
    let server = place.serve(&[], &[SLOW]).await;
    let ada = Calls::new(&server).await;
    last(&place, "begin_session", &[MINE, OK]);
    let data = json!({ "data": format!("a\n{SECRET}\n") });
    let id = ada.start("dataset", data.clone()).await;
    let shown = format!("id=\"{id}\"");
    last(&place, "start", &[MINE, OK, "kind=\"dataset\"", &shown]);
    ada.ended(&id).await;
    assert!(lines(&place, "download").is_empty(), "to look is no download");
    ada.send(Method::GET, &format!("/api/v1/tasks/{id}/result"), "").await;
    last(&place, "download", &[MINE, OK, &shown]);
    ada.send(Method::GET, &format!("/api/v1/tasks/{id}/files/none.txt"), "").await;
    last(&place, "download", &["outcome=\"not_found\"", &shown]);
    ada.post(&format!("/api/v1/tasks/{id}/keep"), json!({})).await;
    last(&place, "keep", &[MINE, OK, "kind=\"dataset\"", &shown]);
    let (_, again) = ada.post(&format!("/api/v1/tasks/{id}/rerun"), json!({})).await;
    let new = format!(" id=\"{}\"", again["id"].as_str().unwrap());
    last(&place, "rerun", &[MINE, OK, &new, &format!("rerun_of=\"{id}\"")]);
    let story = ada.start("story", json!({ "subject": "lighthouse", "player": "Ada" })).await;
    ada.post(&format!("/api/v1/tasks/{story}/cancel"), json!({})).await;
    last(&place, "cancel", &[MINE, OK, "kind=\"story\"", &format!("id=\"{story}\"")]);
    let upload = ada.send(Method::POST, "/api/v1/uploads?name=secret.csv", SECRET).await.1;
    last(&place, "upload", &[MINE, OK, &format!("id=\"{}\"", upload["id"].as_str().unwrap())]);
    let batch = json!({ "kind": "dataset", "inputs": [data, { "data": "b\n" }] });
    let (status, batch) = ada.post("/api/v1/batches", batch).await;
    assert_eq!(status, 202, "{batch}");
    let batch = batch["id"].as_str().unwrap();
    let shown = format!("id=\"{batch}\"");
    last(&place, "start_batch", &[MINE, OK, "kind=\"dataset\"", &shown]);
    ada.post(&format!("/api/v1/batches/{batch}/cancel"), json!({})).await;
    last(&place, "cancel_batch", &[MINE, OK, &shown]);
    ada.post(&format!("/api/v1/batches/{batch}/rerun"), json!({})).await;
    last(&place, "rerun_batch", &[MINE, "nothing_failed", &format!("rerun_of=\"{batch}\"")]);
    ada.post("/forget", json!({})).await;
    last(&place, "end_session", &[MINE, OK]);
    // One act, one line.
    for (action, count) in [("start", 2), ("rerun", 1), ("cancel", 1), ("begin_session", 1)] {
        assert_eq!(lines(&place, action).len(), count, "{action}");
    }
    let log = place.log();
    assert!(!log.contains(SECRET) && !log.contains("secret.csv"), "{log}");
    let seal = &ada.cookie[ada.cookie.len() - 32..];
    assert!(!log.contains(seal), "the cookie is in the log");
}

#[tokio::test]
async fn what_was_refused_is_in_the_audit_log_too() {
    let place = Place::with_research();
    let narrow = ("MILEPOST_ENGINE_MAX_QUEUED_PER_OWNER", "1");
    let server = place.serve(&["--no-worker"], &[narrow]).await;
    let (ada, bob) = (Calls::new(&server).await, Calls::new(&server).await);
    let data = json!({ "data": "a\n" });
    let id = ada.start("dataset", data.clone()).await;
    let start = json!({ "kind": "dataset", "input": data });
    assert_eq!(ada.post("/api/v1/tasks", start).await.0, 429);
    last(&place, "start", &[MINE, "outcome=\"queue_full\"", "kind=\"dataset\""]);
    let unknown = json!({ "kind": SECRET, "input": {} });
    assert_eq!(ada.post("/api/v1/tasks", unknown).await.0, 400);
    last(&place, "start", &[MINE, "outcome=\"unknown_kind\""]);
    for action in ["cancel", "keep"] {
        assert_eq!(bob.post(&format!("/api/v1/tasks/{id}/{action}"), json!({})).await.0, 404);
        last(&place, action, &[MINE, "outcome=\"not_found\"", &format!("id=\"{id}\"")]);
    }
    let path = format!("/api/v1/tasks/{id}/cancel");
    let request = Client::new().post(format!("{}{path}", server.url));
    let answer = request.header("origin", "http://evil.example").send().await.unwrap();
    assert_eq!(answer.status(), 403);
    last(&place, "request", &["owner=\"anonymous\"", "outcome=\"403\"", &format!("id=\"{path}\"")]);
    assert!(!place.log().contains(SECRET));
}

#[tokio::test]
async fn an_operator_can_turn_the_audit_log_off() {
    let place = Place::new();
    let server = place.serve(&[], &[("MILEPOST_LOG_FILTER", "info,audit=off")]).await;
    let ada = Calls::new(&server).await;
    ada.start("dataset", json!({ "data": "a\n" })).await;
    assert!(!place.log().contains(" audit: "), "{}", place.log());
}

#[tokio::test]
async fn an_act_over_a_filter_names_the_tasks_that_it_was_done_for() {
    let place = Place::new();
    let operator = ("MILEPOST_AUTH_LOCAL_OPERATOR", "true");
    let server = place.serve(&["--no-worker"], &[operator]).await;
    let ada = Calls::new(&server).await;
    let first = ada.start("dataset", json!({ "data": "a\n" })).await;
    let second = ada.start("dataset", json!({ "data": "b\n" })).await;
    let filter = json!({ "kind": "dataset" });
    let (status, done) = ada.post("/api/v1/admin/cancel", filter).await;
    assert_eq!((status, &done["done"]), (200, &json!(2)), "{done}");
    last(&place, "cancel_all", &[OK, "tasks=2", &first, &second]);
    let (status, _) = ada.post("/api/v1/admin/rerun", json!({ "kind": "none" })).await;
    assert_eq!(status, 200);
    last(&place, "rerun_all", &[OK, "tasks=0", "ids=\"\""]);
}
