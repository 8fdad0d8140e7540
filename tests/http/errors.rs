//! Every error is a problem document.

use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::json;

use crate::fixture::{ADA, fixture, fixture_of, options, quick};

#[tokio::test]
async fn a_bad_body_is_told_and_nothing_is_queued() {
    let f = fixture().await;
    let send = async |content_type: &str, body: String| {
        let request = Request::post("/api/v1/tasks")
            .header(header::COOKIE, ADA)
            .header(header::CONTENT_TYPE, content_type);
        f.send(request.body(Body::from(body)).unwrap()).await
    };
    let json = "application/json";
    for (content_type, body, status) in [
        (json, "{".to_owned(), 400),
        (json, String::new(), 400),
        (json, "[]".to_owned(), 400),
        (json, r#"{"kind":"echo"}"#.to_owned(), 400),
        (json, r#"{"kind":"echo","input":{"text":7}}"#.to_owned(), 400),
        (json, r#"{"kind":"echo","input":{"text":"x"},"owner":"bob"}"#.to_owned(), 400),
        (json, r#"{"kind":"nothing","input":{}}"#.to_owned(), 400),
        ("text/plain", r#"{"kind":"echo","input":{"text":"x"}}"#.to_owned(), 415),
        (json, format!(r#"{{"kind":"echo","input":{{"text":"{}"}}}}"#, "x".repeat(3 << 20)), 413),
    ] {
        let answer = send(content_type, body.clone()).await;
        let detail = f.problem(&answer, status);
        assert!(!detail.is_empty(), "{}", &body[..body.len().min(80)]);
    }
    assert_eq!(f.get("/api/v1/tasks", ADA).await.json()["tasks"], json!([]));
}

#[tokio::test]
async fn a_missing_field_is_named() {
    let f = fixture().await;
    let answer = f.post("/api/v1/tasks", ADA, &json!({ "kind": "echo", "input": {} })).await;
    f.problem(&answer, 400);
    assert_eq!(answer.json()["errors"], json!([{ "field": "text", "detail": "is required" }]));
}

#[tokio::test]
async fn a_full_queue_answers_429_with_a_time() {
    let f = fixture().await;
    // One runs, two wait.
    let first = f.start(ADA, "endless", json!({})).await;
    f.until(ADA, &first, "running").await;
    for _ in 0..2 {
        f.start(ADA, "endless", json!({})).await;
    }
    let answer = f.post("/api/v1/tasks", ADA, &json!({ "kind": "endless", "input": {} })).await;
    f.problem(&answer, 429);
    assert_eq!(answer.header("retry-after"), "5");
}

#[tokio::test]
async fn a_store_that_is_gone_answers_503_with_a_time_and_no_secrets() {
    let f = fixture().await;
    f.engine.shutdown().await;
    let answer = f.get("/api/v1/tasks", ADA).await;
    assert_eq!(f.problem(&answer, 503), "The database does not answer.");
    assert_eq!(answer.header("retry-after"), "2");
}

#[tokio::test]
async fn an_unknown_call_and_a_wrong_method_are_told() {
    let f = fixture().await;
    let detail = f.problem(&f.get("/api/v2/tasks", "").await, 404);
    assert!(detail.contains("/api/openapi.json"), "{detail}");
    let request = Request::put("/api/v1/tasks").body(Body::empty()).unwrap();
    let answer = f.send(request).await;
    f.problem(&answer, 405);
    assert!(answer.header("allow").contains("POST"), "{}", answer.header("allow"));
}

#[tokio::test]
async fn the_openapi_document_names_every_call() {
    let f = fixture().await;
    let document = f.get("/api/openapi.json", "").await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut paths: Vec<_> = document["paths"].as_object().unwrap().keys().cloned().collect();
    paths.sort();
    assert_eq!(
        paths,
        [
            "/api/v1/account/data",
            "/api/v1/account/export",
            "/api/v1/admin/cancel",
            "/api/v1/admin/overview",
            "/api/v1/admin/pause",
            "/api/v1/admin/rerun",
            "/api/v1/admin/resume",
            "/api/v1/admin/tasks",
            "/api/v1/audit",
            "/api/v1/batches",
            "/api/v1/batches/{id}",
            "/api/v1/batches/{id}/cancel",
            "/api/v1/batches/{id}/rerun",
            "/api/v1/batches/{id}/shares",
            "/api/v1/batches/{id}/shares/{share_id}",
            "/api/v1/kinds",
            "/api/v1/kinds/{kind}",
            "/api/v1/tasks",
            "/api/v1/tasks/poll",
            "/api/v1/tasks/{id}",
            "/api/v1/tasks/{id}/annotate",
            "/api/v1/tasks/{id}/cancel",
            "/api/v1/tasks/{id}/files",
            "/api/v1/tasks/{id}/files.zip",
            "/api/v1/tasks/{id}/files/{name}",
            "/api/v1/tasks/{id}/input",
            "/api/v1/tasks/{id}/keep",
            "/api/v1/tasks/{id}/log",
            "/api/v1/tasks/{id}/preview",
            "/api/v1/tasks/{id}/rerun",
            "/api/v1/tasks/{id}/result",
            "/api/v1/tasks/{id}/shares",
            "/api/v1/tasks/{id}/shares/{share_id}",
            "/api/v1/tasks/{id}/start-now",
            "/api/v1/uploads",
            "/api/v1/uploads/{id}",
        ]
    );
}

#[tokio::test]
async fn without_a_store_every_call_answers_503() {
    // Ended tasks would be answered from memory.
    let f = fixture_of(options(), quick().with(|o| o.ended_cache_bytes = 0)).await;
    let id = f.start(ADA, "echo", json!({ "text": "x" })).await;
    f.until(ADA, &id, "completed").await;
    f.engine.shutdown().await;
    for tail in ["", "/result", "/log", "/preview", "/files", "/files/a.txt"] {
        f.problem(&f.get(&format!("/api/v1/tasks/{id}{tail}"), ADA).await, 503);
    }
    let start = json!({ "kind": "echo", "input": { "text": "y" } });
    let poll = json!({ "watch": [{ "id": id }] });
    let cancel = format!("/api/v1/tasks/{id}/cancel");
    for (path, body) in
        [("/api/v1/tasks", start), ("/api/v1/tasks/poll", poll), (&cancel, json!({}))]
    {
        let answer = f.post(path, ADA, &body).await;
        f.problem(&answer, 503);
        assert_eq!(answer.header("retry-after"), "2", "{path}");
    }
}

#[tokio::test]
async fn a_log_from_nowhere_is_a_bad_request() {
    let f = fixture().await;
    let id = f.start(ADA, "echo", json!({ "text": "x" })).await;
    for bad in ["after=x", "before=1", "after=99999999999999999999"] {
        f.problem(&f.get(&format!("/api/v1/tasks/{id}/log?{bad}"), ADA).await, 400);
    }
}

#[tokio::test]
async fn without_anonymous_tasks_a_start_answers_401() {
    let f = fixture_of(options(), quick().with(|o| o.allow_anonymous = false)).await;
    let body = json!({ "kind": "echo", "input": { "text": "x" } });
    f.problem(&f.post("/api/v1/tasks", "", &body).await, 401);
    assert_eq!(f.post("/api/v1/tasks", ADA, &body).await.status, 202);
}
