//! Calls that an embedder adds to the router, and their errors in plain JSON.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{Request, header},
};
use milepost::{
    engine::{Caller, Service},
    http::{ApiError, Links, OpenApiRouter, router_with},
    task::TaskId,
};
use serde_json::{Value, json};
use utoipa_axum::routes;

use crate::fixture::{ADA, BOB, Fixture, fixture, options};

/// Tells where a task is.
#[utoipa::path(post, path = "/api/plain/find", responses((status = 200, body = String)))]
async fn find(
    State(service): State<Service>,
    caller: Caller,
    links: Links,
    body: String,
) -> Result<Json<Value>, ApiError> {
    let id: TaskId = body.parse().map_err(|_| ApiError::bad_request("This is no task"))?;
    let task = service.get(&caller, id).await?.ok_or_else(ApiError::task_not_found)?;
    Ok(Json(json!({ "task": links.task(task.id), "owner": caller.as_owner().is_some() })))
}

async fn with_own_calls() -> Fixture {
    let mut f = fixture().await;
    let options = options().with(|o| o.plain_error_paths = &["/api/plain"]);
    let own = OpenApiRouter::new().routes(routes!(find));
    f.router = router_with(f.engine.service(), &options, own);
    f
}

#[tokio::test]
async fn a_call_of_ones_own_knows_the_caller_and_the_links_and_is_documented() {
    let f = with_own_calls().await;
    let id = f.start(ADA, "echo", json!({ "text": "x" })).await;
    let ask = async |cookie: &str, body: &str| {
        let request = Request::post("/api/plain/find").header(header::COOKIE, cookie);
        f.send(request.body(Body::from(body.to_owned())).unwrap()).await
    };
    let answer = ask(ADA, &id).await;
    assert_eq!(answer.json(), json!({ "task": format!("/api/v1/tasks/{id}"), "owner": true }));
    assert_eq!(answer.header("cache-control"), "no-store");
    // A handler chooses its own format of errors; `ApiError` is a problem document.
    assert_eq!(f.problem(&ask(BOB, &id).await, 404), "Task not found");
    assert_eq!(f.problem(&ask(ADA, "x").await, 400), "This is no task");
    let document = f.get("/api/openapi.json", "").await.json();
    assert!(document["paths"]["/api/plain/find"]["post"].is_object());
    assert!(document["paths"]["/api/v1/tasks"]["post"].is_object());
}

#[tokio::test]
async fn errors_outside_of_the_handlers_are_plain_below_the_plain_paths_only() {
    let f = with_own_calls().await;
    let evil = ("origin", "https://evil.example");
    for (method, path, headers, status) in [
        ("GET", "/api/plain/nowhere", &[][..], 404),
        ("GET", "/api/plain", &[], 404),
        ("PUT", "/api/plain/find", &[], 405),
        ("POST", "/api/plain/find", &[evil], 403),
        ("POST", "/api/plain/find", &[("host", "evil.example")], 421),
        ("GET", "/api/plainer", &[], 404),
        ("PUT", "/api/v1/tasks", &[], 405),
        ("POST", "/api/v1/tasks", &[evil], 403),
    ] {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = f.send(request.body(Body::empty()).unwrap()).await;
        if !path.starts_with("/api/plain") || path == "/api/plainer" {
            f.problem(&answer, status);
            continue;
        }
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.header("content-type"), "application/json", "{method} {path}");
        let body = answer.json();
        assert!(body["detail"].is_string(), "{method} {path}: {body}");
        assert_eq!(body.as_object().unwrap().len(), 1, "{method} {path}: {body}");
        assert_eq!(answer.header("allow").is_empty(), status != 405, "{method} {path}");
    }
    let long = Request::post("/api/plain/find");
    let long = f.send(long.body(Body::from(vec![b'x'; 3 << 20])).unwrap()).await;
    assert_eq!(long.status, 413);
    assert_eq!(long.json().as_object().unwrap().len(), 1, "{}", long.json());
}
