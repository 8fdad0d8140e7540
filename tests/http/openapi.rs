//! The OpenAPI document describes what the calls do.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::fixture::{ADA, Fixture, fixture, fixture_of, options, quick};

async fn document(f: &Fixture) -> Value {
    f.get("/api/openapi.json", "").await.json()
}

/// Method, path and description of each operation.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let all = paths.flat_map(|(path, item)| {
        let operations = item.as_object().unwrap().iter();
        operations.map(move |(method, call)| (method.clone(), path.clone(), call.clone()))
    });
    all.collect()
}

#[tokio::test]
async fn each_operation_has_an_id_of_its_own_and_the_errors_that_come_before_it() {
    let document = document(&fixture().await).await;
    let mut ids = BTreeSet::new();
    for (method, path, call) in operations(&document) {
        let id = call["operationId"].as_str().unwrap_or_default();
        assert!(!id.is_empty() && ids.insert(id.to_owned()), "{method} {path}: {id}");
        let statuses: &[_] = match &*method {
            "get" | "head" => &["400", "403", "421", "503"],
            _ => &["400", "403", "408", "413", "421", "503"],
        };
        for status in statuses {
            let response = &call["responses"][*status];
            assert!(response["description"].is_string(), "{method} {path}: {status}");
            let problem = &response["content"]["application/problem+json"]["schema"]["$ref"];
            if method != "head" {
                assert_eq!(problem, "#/components/schemas/Problem", "{method} {path}: {status}");
            }
        }
        let takes_json = call["requestBody"]["content"].get("application/json").is_some();
        assert_eq!(call["responses"].get("415").is_some(), takes_json, "{method} {path}");
    }
    let gets = operations(&document).into_iter().filter(|(method, ..)| method == "get");
    for (_, path, _) in gets {
        let head = &document["paths"][&path]["head"];
        assert!(head["responses"]["200"].is_object(), "{path}");
        assert_eq!(head["responses"]["200"].get("content"), None, "{path}");
    }
}

#[tokio::test]
async fn the_headers_of_responses_are_described() {
    let f = fixture().await;
    let document = document(&f).await;
    let headers = |method: &str, path: &str, status: &str| -> Vec<String> {
        let headers = &document["paths"][path][method]["responses"][status]["headers"];
        headers.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    let start = headers("post", "/api/v1/tasks", "202");
    let body = json!({ "kind": "echo", "input": { "text": "x" } });
    let answer = f.post_with("/api/v1/tasks", ADA, &body, &[("prefer", "wait=1")]).await;
    for name in ["etag", "location", "operation-location", "preference-applied"] {
        assert!(answer.headers.contains_key(name), "{name} is sent");
        assert!(start.iter().any(|known| known.eq_ignore_ascii_case(name)), "{name}: {start:?}");
    }
    for (method, path, status, wanted) in [
        ("get", "/api/v1/tasks/{id}", "200", &["ETag", "Retry-After", "Preference-Applied"][..]),
        ("get", "/api/v1/tasks/{id}", "304", &["ETag", "Retry-After"]),
        ("get", "/api/v1/batches/{id}", "200", &["ETag", "Retry-After"]),
        ("post", "/api/v1/tasks", "429", &["Retry-After"]),
        ("post", "/api/v1/uploads", "201", &["Location"]),
        ("get", "/api/v1/tasks/{id}/files/{name}", "206", &["ETag", "Content-Range"]),
        ("get", "/api/v1/tasks/{id}/files/{name}", "416", &["Content-Range"]),
        ("get", "/api/v1/tasks/{id}/result", "200", &["Content-Disposition"]),
    ] {
        let described = headers(method, path, status);
        for name in wanted {
            assert!(described.iter().any(|known| known == name), "{path} {status}: {described:?}");
        }
    }
    for path in ["/api/v1/tasks/{id}/result", "/api/v1/tasks/{id}/files/{name}"] {
        let content = &document["paths"][path]["get"]["responses"]["200"]["content"];
        assert!(content["*/*"].is_object(), "{path}: {content}");
    }
}

#[tokio::test]
async fn the_limits_in_force_are_in_the_document() {
    let engine = quick().with(|o| {
        o.max_batch = 7;
        o.max_watched = 9;
        o.max_search_chars = 11;
        o.max_idempotency_key_bytes = 13;
    });
    let document = document(&fixture_of(options(), engine).await).await;
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["StartBatch"]["properties"]["inputs"]["minItems"], 1);
    assert_eq!(schemas["StartBatch"]["properties"]["inputs"]["maxItems"], 7);
    assert_eq!(schemas["PollRequest"]["properties"]["watch"]["maxItems"], 9);
    assert_eq!(schemas["StartTask"]["properties"]["priority"]["maximum"], 100);
    let parameter = |method: &str, path: &str, name: &str| {
        let all = document["paths"][path][method]["parameters"].as_array().unwrap();
        all.iter().find(|parameter| parameter["name"] == name).unwrap()["schema"].clone()
    };
    assert_eq!(parameter("get", "/api/v1/tasks", "q")["maxLength"], 11);
    assert_eq!(parameter("get", "/api/v1/tasks/{id}/log", "contains")["minLength"], 1);
    assert_eq!(parameter("post", "/api/v1/tasks", "Idempotency-Key")["maxLength"], 13);
    let statuses = ["queued", "running", "cancelling", "completed", "error", "cancelled"];
    assert_eq!(parameter("get", "/api/v1/tasks", "status")["enum"], json!(statuses));
}

#[tokio::test]
async fn times_have_a_format_and_texts_no_links_of_the_source() {
    let document = document(&fixture().await).await;
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut times = 0;
    for (name, schema) in schemas {
        for (field, of) in schema["properties"].as_object().into_iter().flatten() {
            if field == "at" || field.ends_with("_at") {
                assert_eq!(of["format"], "date-time", "{name}.{field}");
                times += 1;
            }
        }
    }
    assert!(times > 15, "only {times}");
    check_texts(&document);
    assert_eq!(document["servers"], json!([{ "url": "/" }]));
    for scheme in ["session", "token"] {
        assert!(document["components"]["securitySchemes"][scheme].is_object(), "{scheme}");
    }
}

fn check_texts(value: &Value) {
    match value {
        Value::Object(object) => {
            for key in ["description", "summary"] {
                let text = object.get(key).and_then(Value::as_str).unwrap_or_default();
                assert!(!text.contains("](") && !text.contains("[`"), "{text}");
                assert!(!text.contains("::"), "{text}");
            }
            object.values().for_each(check_texts);
        }
        Value::Array(values) => values.iter().for_each(check_texts),
        _ => {}
    }
}
