//! Every error of the simple calls is `{"detail": "…"}`, and documented.

use reqwest::Client;
use serde_json::{Value, json};

use super::Calls;
use crate::fixture::{FAST, Place};

#[tokio::test]
async fn every_error_has_the_plain_shape() {
    let place = Place::new();
    let server = place.serve(&[], &[]).await;
    let evil = ("origin", "https://evil.example");
    let long = json!({ "data": "x".repeat(3 << 20) }).to_string();
    for (method, path, headers, body, status) in [
        ("GET", "/api/task/nowhere", &[][..], "", 404),
        ("GET", "/api/status", &[], "", 404),
        ("PUT", "/api/task/start", &[], "", 405),
        ("POST", "/api/status/x", &[], "", 405),
        ("GET", "/api/story/create", &[], "", 405),
        ("POST", "/api/task/start", &[evil], "", 403),
        ("GET", "/api/status/x", &[("host", "evil.example")], "", 421),
        ("POST", "/api/task/start", &[], &long, 413),
        ("POST", "/api/story/create", &[], "{}", 400),
    ] {
        let method = method.parse().unwrap();
        let mut request = Client::new().request(method, format!("{}{path}", server.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.body(body.to_owned()).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let headers = answer.headers().clone();
        assert_eq!(headers["content-type"], "application/json", "{path} {status}");
        assert_eq!(headers.contains_key("allow"), status == 405, "{path} {status}");
        let body: Value = answer.json().await.unwrap();
        assert!(body["detail"].is_string(), "{path} {status}: {body}");
        assert_eq!(body.as_object().unwrap().len(), 1, "{path} {status}: {body}");
    }
}

#[tokio::test]
async fn an_expired_task_is_reported_with_410() {
    let place = Place::with_research();
    let server = place.serve(&[], &[FAST, ("MILEPOST_RETENTION_KEEP_S", "1")]).await;
    let calls = Calls::new(&server);
    let id = calls.story("Ada").await;
    let begun = std::time::Instant::now();
    while calls.get(&format!("/api/status/{id}")).await.0 != 410 {
        assert!(begun.elapsed().as_secs() < 30, "it does not expire");
        tokio::task::yield_now().await;
    }
    for (method, path) in [
        ("GET", format!("/api/status/{id}")),
        ("GET", format!("/api/task/status/{id}")),
        ("GET", format!("/api/story/progress/{id}")),
        ("DELETE", format!("/api/task/{id}/cancel")),
    ] {
        let (status, body) = calls.call(method.parse().unwrap(), &path, None).await;
        assert_eq!(status, 410, "{path}: {body}");
        assert_eq!(body.as_object().unwrap().len(), 1, "{path}: {body}");
        assert!(body["detail"].as_str().unwrap().contains("lighthouse"), "{path}: {body}");
    }
}

#[tokio::test]
async fn the_openapi_document_names_the_calls_and_their_errors() {
    let place = Place::new();
    let server = place.serve(&[], &[]).await;
    let document = Calls::new(&server).get("/api/openapi.json").await.1;
    let starts = ["400", "401", "403", "413", "429", "503", "507"];
    for (path, method, statuses) in [
        ("/api/task/start", "post", &starts[..]),
        ("/api/story/create", "post", &starts),
        ("/api/status/{task_id}", "get", &["404", "410", "503"]),
        ("/api/task/status/{task_id}", "get", &["404", "410", "503"]),
        ("/api/story/progress/{task_id}", "get", &["404", "410", "503"]),
        ("/api/task/{task_id}/cancel", "delete", &["404", "410", "503"]),
    ] {
        let responses = &document["paths"][path][method]["responses"];
        for status in statuses {
            let schema = &responses[status]["content"]["application/json"]["schema"];
            assert_eq!(schema["$ref"], "#/components/schemas/Detail", "{path} {status}");
        }
        // Those that come before every call.
        for status in ["400", "403", "421", "500", "503"] {
            assert!(responses[status]["description"].is_string(), "{path} {status}");
        }
    }
    let documented = document["paths"].as_object().unwrap();
    let (simple, api): (Vec<_>, Vec<_>) =
        documented.keys().partition(|path| !path.starts_with("/api/v1/"));
    assert_eq!((simple.len(), api.len()), (6, 36), "{documented:?}");
    let tags = document["tags"].as_array().unwrap();
    assert!(tags.iter().any(|tag| tag["name"] == "simple"), "{tags:?}");
}
