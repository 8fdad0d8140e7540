//! Limits that hold for somebody who comes with a new cookie each time, from one address.

use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::fixture::{Place, Server};

/// Starts a task as somebody whom the server has never seen.
async fn start(server: &Server, input: &Value) -> Response {
    let client = Client::new();
    let page = client.get(&server.url).send().await.unwrap();
    let cookie = page.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let call = client.post(format!("{}/api/v1/tasks", server.url)).header("cookie", cookie);
    call.json(&json!({ "kind": "dataset", "input": input })).send().await.unwrap()
}

async fn is_refused(answer: Response, status: u16, setting: &str) {
    assert_eq!(answer.status(), status);
    assert!(answer.headers().contains_key("retry-after"));
    let shown: Value = answer.json().await.unwrap();
    assert!(shown["detail"].as_str().unwrap().contains(setting), "{shown}");
}

#[tokio::test]
async fn a_new_cookie_for_each_start_waits_no_more_than_the_others() {
    for (variable, status, setting) in [
        ("MILEPOST_ENGINE_MAX_QUEUED_PER_CLIENT", 429, "(engine.max_queued_per_client)"),
        ("MILEPOST_ENGINE_MAX_QUEUED", 503, "(engine.max_queued)"),
    ] {
        let place = Place::new();
        let server = place.serve(&["--no-worker"], &[(variable, "3")]).await;
        for _ in 0..3 {
            assert_eq!(start(&server, &json!({ "data": "a,b\n1,2\n" })).await.status(), 202);
        }
        is_refused(start(&server, &json!({ "data": "a,b\n1,2\n" })).await, status, setting).await;
        assert_eq!(server.stop().await.0.code(), Some(0));
    }
}

#[tokio::test]
async fn starts_for_later_have_limits_of_their_own_and_keep_nobody_from_starting_now() {
    for (variable, status, code) in [
        ("MILEPOST_ENGINE_MAX_SCHEDULED_PER_CLIENT", 429, "schedule_full"),
        ("MILEPOST_ENGINE_MAX_SCHEDULED", 503, "server_full"),
    ] {
        let place = Place::new();
        let settings = [(variable, "2"), ("MILEPOST_ENGINE_MAX_QUEUED", "1")];
        let server = place.serve(&["--no-worker"], &settings).await;
        let setting = variable.strip_prefix("MILEPOST_ENGINE_").unwrap().to_lowercase();
        let later = async || {
            let body =
                json!({ "kind": "dataset", "input": { "data": "a,b\n1,2\n" }, "delay_s": 86_400 });
            let call = Client::new().post(format!("{}/api/v1/tasks", server.url));
            call.json(&body).send().await.unwrap()
        };
        for _ in 0..2 {
            assert_eq!(later().await.status(), 202);
        }
        let refused = later().await;
        assert_eq!(refused.status(), status);
        assert!(refused.headers().contains_key("retry-after"));
        let shown: Value = refused.json().await.unwrap();
        assert_eq!(shown["code"], code, "{shown}");
        assert!(shown["detail"].as_str().unwrap().contains(&setting), "{shown}");
        assert_eq!(start(&server, &json!({ "data": "a,b\n1,2\n" })).await.status(), 202);
        assert_eq!(server.stop().await.0.code(), Some(0));
    }
}

#[tokio::test]
async fn a_new_cookie_for_each_start_stores_no_more_than_the_others() {
    let large = json!({ "data": "a,b\n".repeat(100_000) });
    for variable in ["MILEPOST_STORAGE_MAX_BYTES_PER_CLIENT", "MILEPOST_STORAGE_MAX_BYTES"] {
        let place = Place::new();
        let server = place.serve(&["--no-worker"], &[(variable, "1000000")]).await;
        let setting = variable.strip_prefix("MILEPOST_STORAGE_").unwrap().to_lowercase();
        let mut accepted = 0;
        let refused = loop {
            let answer = start(&server, &large).await;
            if answer.status() != 202 {
                break answer;
            }
            accepted += 1;
            assert!(accepted < 3, "more than a megabyte is taken in");
        };
        assert!(accepted >= 1, "{}", place.log());
        is_refused(refused, 507, &format!("(storage.{setting})")).await;
        assert_eq!(server.stop().await.0.code(), Some(0));
    }
}
