//! `/api/v1/tasks` and `/api/v1/kinds`.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::json;
use uuid::Uuid;

use crate::fixture::{ADA, BOB, fixture, fixture_of, options as options_of_http, quick};

#[tokio::test]
async fn a_start_answers_202_with_where_to_look_and_when() {
    let f = fixture().await;
    let body = json!({ "kind": "endless", "input": {} });
    let answer = f.post("/api/v1/tasks", ADA, &body).await;
    assert_eq!(answer.status, 202);
    let snapshot = answer.json();
    f.fits("Snapshot", &snapshot);
    let path = format!("/api/v1/tasks/{}", snapshot["id"].as_str().unwrap());
    assert_eq!(answer.header("location"), path);
    assert_eq!(answer.header("operation-location"), path);
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.header("etag"), format!("W/\"{}\"", snapshot["version"]));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(snapshot["title"], "Endless");
}

#[tokio::test]
async fn the_same_idempotency_key_is_the_same_task() {
    let f = fixture().await;
    let body = json!({ "kind": "endless", "input": {} });
    let key = [("idempotency-key", "k-1")];
    let first = f.post_with("/api/v1/tasks", ADA, &body, &key).await;
    let second = f.post_with("/api/v1/tasks", ADA, &body, &key).await;
    assert_eq!(second.status, 202);
    assert_eq!(first.json()["id"], second.json()["id"]);
    let other = json!({ "kind": "echo", "input": { "text": "x" } });
    f.problem(&f.post_with("/api/v1/tasks", ADA, &other, &key).await, 422);
    let sooner = json!({ "kind": "endless", "input": {}, "priority": 5 });
    f.problem(&f.post_with("/api/v1/tasks", ADA, &sooner, &key).await, 422);
    let usual = json!({ "priority": 0, "input": {}, "kind": "endless" });
    let third = f.post_with("/api/v1/tasks", ADA, &usual, &key).await;
    assert_eq!(third.json()["id"], first.json()["id"], "the same, written differently");
    let bobs = f.post_with("/api/v1/tasks", BOB, &body, &key).await;
    assert_ne!(first.json()["id"], bobs.json()["id"]);
}

#[tokio::test]
async fn an_unchanged_task_answers_304_and_a_changed_one_in_full() {
    let f = fixture().await;
    let id = f.start(ADA, "endless", json!({})).await;
    let running = f.until(ADA, &id, "running").await;
    let path = format!("/api/v1/tasks/{id}");
    let known = async |tag: &str| {
        let request = Request::get(&path)
            .header(header::COOKIE, ADA)
            .header(header::IF_NONE_MATCH, tag)
            .body(Body::empty());
        f.send(request.unwrap()).await
    };
    let tag = format!("W/\"{}\"", running["version"]);
    for list in [tag.clone(), format!("\"x\", {tag}"), tag[2..].to_owned(), "*".to_owned()] {
        let unchanged = known(&list).await;
        assert_eq!((unchanged.status.as_u16(), unchanged.bytes.len()), (304, 0), "{list}");
        assert_eq!(unchanged.header("etag"), tag);
        assert_eq!(unchanged.header("cache-control"), "no-store");
        assert!(!unchanged.header("retry-after").is_empty());
    }
    assert_eq!(known("W/\"1\"").await.status, 200);
    f.post(&format!("{path}/cancel"), ADA, &json!({})).await;
    let changed = known(&tag).await;
    assert_eq!(changed.status, 200);
    f.fits("Snapshot", &changed.json());
}

#[tokio::test]
async fn a_finished_task_gives_its_result_and_no_pace() {
    let f = fixture().await;
    let id = f.start(ADA, "echo", json!({ "text": "# hello" })).await;
    let done = f.until(ADA, &id, "completed").await;
    f.fits("Snapshot", &done);
    assert_eq!((&done["progress"], &done["poll_after_ms"]), (&json!(100.0), &json!(0)));
    let answer = f.get(&format!("/api/v1/tasks/{id}"), ADA).await;
    assert_eq!(answer.header("retry-after"), "");
    let result = f.get(done["result"]["href"].as_str().unwrap(), ADA).await;
    assert_eq!((result.status.as_u16(), result.bytes.as_slice()), (200, b"# hello".as_slice()));
    assert_eq!(result.header("content-type"), "text/markdown; charset=utf-8");
    assert_eq!(result.header("content-disposition"), "attachment; filename=\"echo__.md\"");
    assert_eq!(result.header("x-content-type-options"), "nosniff");
    assert_eq!(result.header("content-security-policy"), "default-src 'none'; sandbox");
    let log = f.get(&format!("/api/v1/tasks/{id}/log"), ADA).await.json();
    f.fits("LogPage", &log);
    assert_eq!(log["lines"][0]["text"], "heard");
    let rest = f.get(&format!("/api/v1/tasks/{id}/log?after={}", log["next"]), ADA).await;
    assert_eq!(rest.json(), json!({ "lines": [], "next": log["next"] }));
}

#[tokio::test]
async fn a_log_is_a_text_file_for_whoever_asks_for_one() {
    let f = fixture().await;
    let id = f.start(ADA, "echo", json!({ "text": "hello" })).await;
    f.until(ADA, &id, "completed").await;
    let file = f.get(&format!("/api/v1/tasks/{id}/log?format=text"), ADA).await;
    assert_eq!(file.status.as_u16(), 200);
    assert_eq!(file.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(file.header("content-disposition"), format!("attachment; filename=\"{id}.log\""));
    assert_eq!(file.header("x-content-type-options"), "nosniff");
    let text = String::from_utf8(file.bytes).unwrap();
    let (time, line) = text.split_once(' ').unwrap();
    assert!(time.ends_with('Z'), "{text}");
    assert_eq!(line, "task    heard\n");
    let seq = f.get(&format!("/api/v1/tasks/{id}/log"), ADA).await.json()["next"].clone();
    let none = f.get(&format!("/api/v1/tasks/{id}/log?format=text&after={seq}"), ADA).await;
    assert_eq!((none.status.as_u16(), none.bytes.len()), (200, 0));
    f.problem(&f.get(&format!("/api/v1/tasks/{id}/log?format=xml"), ADA).await, 400);
    let with = async |query: &str| f.get(&format!("/api/v1/tasks/{id}/log?{query}"), ADA).await;
    assert_eq!(with("contains=HEAR").await.json()["next"], seq);
    assert_eq!(with("contains=seen").await.json(), json!({ "lines": [], "next": 0 }));
    assert!(with("contains=heard&format=text").await.bytes.ends_with(b"heard\n"));
    assert!(with("contains=seen&format=text").await.bytes.is_empty());
    for wrong in ["contains=".to_owned(), format!("contains={}", "x".repeat(201))] {
        let answer = with(&wrong).await;
        f.problem(&answer, 400);
        assert_eq!(answer.json()["errors"][0]["field"], "contains");
    }
    f.problem(&f.get(&format!("/api/v1/tasks/{id}/log?format=text"), BOB).await, 404);
}

#[tokio::test]
async fn a_failed_task_says_why() {
    let f = fixture().await;
    let id = f.start(ADA, "echo", json!({ "text": "x", "fail": true })).await;
    let done = f.until(ADA, &id, "error").await;
    f.fits("Snapshot", &done);
    let expected = json!({ "code": "hoarse", "message": "Cannot say that.", "retryable": false });
    assert_eq!(done["error"], expected);
    let detail = f.problem(&f.get(&format!("/api/v1/tasks/{id}/result"), ADA).await, 409);
    assert!(detail.contains("ended as `error`"), "{detail}");
}

#[tokio::test]
async fn a_result_before_the_end_is_a_conflict() {
    let f = fixture().await;
    let id = f.start(ADA, "endless", json!({})).await;
    f.until(ADA, &id, "running").await;
    let detail = f.problem(&f.get(&format!("/api/v1/tasks/{id}/result"), ADA).await, 409);
    assert!(detail.contains("`running`"), "{detail}");
}

#[tokio::test]
async fn a_cancel_is_accepted_once_and_then_told() {
    let f = fixture().await;
    let id = f.start(ADA, "endless", json!({})).await;
    f.until(ADA, &id, "running").await;
    let path = format!("/api/v1/tasks/{id}/cancel");
    let first = f.post(&path, ADA, &json!({})).await;
    assert_eq!(first.status, 202);
    f.fits("Snapshot", &first.json());
    f.fits("CancelReceipt", &first.json()["cancel"]);
    let done = f.until(ADA, &id, "cancelled").await;
    let second = f.post(&path, ADA, &json!({})).await;
    assert_eq!((second.status.as_u16(), &second.json()["status"]), (200, &done["status"]));
}

#[tokio::test]
async fn a_strangers_task_looks_like_one_that_never_was() {
    let f = fixture().await;
    let id = f.start(ADA, "endless", json!({})).await;
    let never = Uuid::new_v4().to_string();
    for (method, tail) in [("GET", ""), ("GET", "/result"), ("GET", "/log"), ("POST", "/cancel")] {
        let mut answers = Vec::new();
        for (id, cookie) in [(&id, BOB), (&id, ""), (&never, ADA), (&"x".to_owned(), ADA)] {
            let request = Request::builder()
                .method(method)
                .uri(format!("/api/v1/tasks/{id}{tail}"))
                .header(header::COOKIE, cookie);
            let answer = f.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(f.problem(&answer, 404), "Task not found");
            answers.push(answer.bytes);
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "the answers differ");
    }
}

#[tokio::test]
async fn lists_have_filters_and_a_cursor() {
    let f = fixture().await;
    for text in ["one", "two", "three"] {
        let id = f.start(ADA, "echo", json!({ "text": text })).await;
        f.until(ADA, &id, "completed").await;
    }
    f.start(BOB, "echo", json!({ "text": "bobs" })).await;
    let list = async |query: &str| f.get(&format!("/api/v1/tasks?{query}"), ADA).await.json();
    let titles = |list: &serde_json::Value| -> Vec<String> {
        let tasks = list["tasks"].as_array().unwrap();
        tasks.iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect()
    };
    let all = list("").await;
    f.fits("TaskList", &all);
    assert_eq!(titles(&all), ["Echo of three", "Echo of two", "Echo of one"]);
    assert_eq!(titles(&list("q=TWO").await), ["Echo of two"]);
    assert_eq!(titles(&list("status=running").await), Vec::<String>::new());
    assert_eq!(titles(&list("kind=endless").await), Vec::<String>::new());
    let first = list("limit=2").await;
    assert_eq!(titles(&first), ["Echo of three", "Echo of two"]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = list(&format!("limit=2&cursor={cursor}")).await;
    assert_eq!(titles(&second), ["Echo of one"]);
    assert!(second.get("next_cursor").is_none());
    assert_eq!(f.get("/api/v1/tasks", "").await.json()["tasks"], json!([]));
    for bad in ["status=done", "cursor=x", "limit=many", "colour=red"] {
        // For everybody alike.
        for cookie in [ADA, ""] {
            f.problem(&f.get(&format!("/api/v1/tasks?{bad}"), cookie).await, 400);
        }
    }
}

#[tokio::test]
async fn one_poll_asks_for_a_whole_page() {
    let f = fixture().await;
    let running = f.start(ADA, "endless", json!({})).await;
    let version = f.until(ADA, &running, "running").await["version"].clone();
    let done = f.start(ADA, "echo", json!({ "text": "x" })).await;
    f.until(ADA, &done, "completed").await;
    let never = Uuid::new_v4().to_string();
    let body = json!({ "watch": [
        { "id": running, "version": version }, { "id": done }, { "id": never },
    ] });
    let answer = f.post("/api/v1/tasks/poll", ADA, &body).await;
    assert_eq!(answer.status, 200);
    let answer = answer.json();
    f.fits("PollResponse", &answer);
    assert_eq!(answer["tasks"].as_array().unwrap().len(), 1);
    assert_eq!(answer["tasks"][0]["id"], done.as_str());
    assert_eq!(answer["gone"], json!([{ "id": never, "reason": "not_found" }]));
    assert!(answer["poll_after_ms"].as_f64().unwrap() >= 500.0);
    let many = vec![json!({ "id": never }); 101];
    f.problem(&f.post("/api/v1/tasks/poll", ADA, &json!({ "watch": many })).await, 400);
}

#[tokio::test]
async fn a_waiting_task_is_unchanged_until_its_place_moves() {
    let options = quick().with(|o| {
        o.worker = false;
        o.queue_order = Duration::ZERO;
    });
    let f = fixture_of(options_of_http(), options).await;
    let first = f.start(ADA, "endless", json!({})).await;
    let second = f.start(ADA, "endless", json!({})).await;
    let path = format!("/api/v1/tasks/{second}");
    let waiting = f.get(&path, ADA).await;
    f.fits("Snapshot", &waiting.json());
    assert_eq!(waiting.json()["queue_position"], 2);
    let tag = waiting.header("etag").to_owned();
    let known = async || {
        let request = Request::get(&path).header(header::COOKIE, ADA);
        f.send(request.header(header::IF_NONE_MATCH, &tag).body(Body::empty()).unwrap()).await
    };
    assert_eq!(known().await.status, 304);
    f.post(&format!("/api/v1/tasks/{first}/cancel"), ADA, &json!({})).await;
    let moved = known().await;
    assert_eq!((moved.status.as_u16(), moved.json()["queue_position"].as_u64()), (200, Some(1)));
}

#[tokio::test]
async fn kinds_come_with_the_schema_of_their_input() {
    let f = fixture().await;
    let kinds = f.get("/api/v1/kinds", "").await.json();
    assert_eq!(kinds.as_array().unwrap().len(), 3);
    let echo = f.get("/api/v1/kinds/echo", "").await.json();
    f.fits("KindInfo", &echo);
    assert_eq!((&echo, &echo["input_schema"]["required"]), (&kinds[0], &json!(["text"])));
    assert_eq!(f.problem(&f.get("/api/v1/kinds/nothing", "").await, 404), "Kind not found");
}

#[tokio::test]
async fn a_task_that_has_not_ended_is_not_rerun() {
    let f = fixture().await;
    let running = f.start(ADA, "endless", json!({})).await;
    f.until(ADA, &running, "running").await;
    let queued = f.start(ADA, "endless", json!({})).await;
    for (id, status) in [(&running, "running"), (&queued, "queued")] {
        let path = format!("/api/v1/tasks/{id}/rerun");
        let detail = f.problem(&f.post(&path, ADA, &json!({})).await, 409);
        assert_eq!(detail, format!("the task is `{status}`; it can be rerun once it has ended"));
        f.problem(&f.post(&path, BOB, &json!({})).await, 404);
    }
    assert_eq!(f.get("/api/v1/tasks", ADA).await.json()["tasks"].as_array().unwrap().len(), 2);
    f.post(&format!("/api/v1/tasks/{running}/cancel"), ADA, &json!({})).await;
    f.until(ADA, &running, "cancelled").await;
    let again = f.post(&format!("/api/v1/tasks/{running}/rerun"), ADA, &json!({})).await;
    assert_eq!(again.status, 202, "{}", again.json());
}

#[tokio::test]
async fn an_input_with_a_key_twice_is_refused_and_names_it() {
    let f = fixture().await;
    let body = r#"{"kind": "echo", "input": {"text": "a", "text": "b"}}"#;
    let request =
        axum::http::Request::post("/api/v1/tasks").header("content-type", "application/json");
    let answer = f.send(request.body(axum::body::Body::from(body)).unwrap()).await;
    let detail = f.problem(&answer, 400);
    assert!(detail.contains("input.text: is given twice"), "{detail}");
    assert_eq!(answer.json()["errors"][0]["field"], "input.text");
}

#[tokio::test]
async fn a_key_that_is_too_long_is_refused_with_the_limit_and_its_length() {
    let f = fixture().await;
    let start = json!({ "kind": "echo", "input": { "text": "a" } });
    for (length, status) in [(255, 202), (256, 400)] {
        let key = "k".repeat(length);
        let headers = [("idempotency-key", key.as_str())];
        let answer = f.post_with("/api/v1/tasks", ADA, &start, &headers).await;
        assert_eq!(answer.status, status);
        if status == 400 {
            let detail = f.problem(&answer, 400);
            assert_eq!(detail, "an Idempotency-Key has 1 to 255 bytes; this one has 256");
        }
    }
}
