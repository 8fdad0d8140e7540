//! Bodies and query strings that do not fit, over all calls of the OpenAPI document: each is
//! answered with 400, in words without types of Rust and without the sender's values.

use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::{Value, json};

use crate::fixture::{ADA, Answer, Fixture, fixture_of, options};
use milepost::engine::EngineOptions;

/// Value that no answer may repeat.
const SECRET: &str = "hush-hush-hush";

/// Parts of texts that serde writes for programmers.
const OF_SERDE: [&str; 18] = [
    "struct ",
    "enum ",
    "tuple",
    "variant",
    "expected",
    "sequence",
    "invalid type",
    "invalid value",
    "invalid digit",
    "invalid length",
    "eserialize",
    "UUID parsing",
    "missing field",
    "u32",
    "i32",
    "i64",
    "f64",
    "::",
];

async fn roomy() -> Fixture {
    let engine = EngineOptions::default().with(|o| o.max_queued_per_owner = 1_000);
    fixture_of(options(), engine).await
}

/// All calls: method, path, and the call's part of the document.
async fn calls(f: &Fixture) -> Vec<(String, String, Value)> {
    let document = f.get("/api/openapi.json", "").await.json();
    let mut calls = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        // `HEAD` has no body that could be compared.
        for (method, call) in methods.as_object().unwrap().iter().filter(|(m, _)| *m != "head") {
            calls.push((method.to_uppercase(), path.clone(), call.clone()));
        }
    }
    calls
}

/// The calls that take JSON: path, and the schema of the body.
async fn with_bodies(f: &Fixture) -> Vec<(String, Value)> {
    let schemas = f.get("/api/openapi.json", "").await.json()["components"]["schemas"].clone();
    let mut bodies = Vec::new();
    for (method, path, call) in calls(f).await {
        let schema = &call["requestBody"]["content"]["application/json"]["schema"];
        if let Some(name) = schema["$ref"].as_str() {
            assert_eq!(method, "POST", "{path}");
            let name = name.trim_start_matches("#/components/schemas/");
            let path = path.replace("{id}", "00000000-0000-4000-8000-000000000000");
            bodies.push((path, schemas[name].clone()));
        }
    }
    bodies
}

async fn post(f: &Fixture, path: &str, body: &str) -> Answer {
    let request = Request::post(path)
        .header(header::COOKIE, ADA)
        .header(header::CONTENT_TYPE, "application/json");
    f.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

/// Fails unless the answer is a 400 in plain words.
fn is_in_words(asked: &str, answer: &Answer) -> String {
    assert_eq!(answer.status, 400, "{asked}: {}", String::from_utf8_lossy(&answer.bytes));
    let text = answer.json().to_string();
    for word in OF_SERDE {
        assert!(!text.contains(word), "{asked}: {word} is in {text}");
    }
    assert!(!text.contains(SECRET), "{asked}: {text}");
    answer.json()["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_body_that_is_no_object_is_refused_by_every_call() {
    let f = roomy().await;
    let bodies = with_bodies(&f).await;
    assert!(bodies.len() >= 3, "{bodies:?}");
    for (path, schema) in bodies {
        // As many entries as the object has fields, each of its type.
        let fields = schema["properties"].as_object().unwrap().values();
        let entries = fields.map(|field| match field["type"].as_str() {
            Some("array") => json!([]),
            Some("integer") => json!(0),
            Some("string") => json!("echo"),
            _ => json!({}),
        });
        let positions = Value::Array(entries.collect()).to_string();
        for (body, found) in [
            (&*positions, "a list"),
            ("[]", "a list"),
            ("[{}]", "a list"),
            ("[[]]", "a list"),
            ("null", "null"),
            ("7", "a number"),
            ("-0.5e3", "a number"),
            ("true", "true or false"),
            ("\"hush-hush-hush\"", "a text"),
        ] {
            let detail = is_in_words(&format!("{path} {body}"), &post(&f, &path, body).await);
            assert_eq!(detail, format!("The body must be a JSON object, not {found}"), "{path}");
        }
        for body in ["", " ", "{", "{\"hush-hush-hush\": tru}", "hush-hush-hush", "{}{}", "\u{0}"] {
            let answer = post(&f, &path, body).await;
            assert_eq!(answer.status, 400, "{path} {body:?}");
            let text = answer.json().to_string();
            assert!(text.contains("The body is ") && !text.contains(SECRET), "{path} {text}");
        }
    }
    assert_eq!(f.get("/api/v1/tasks", ADA).await.json()["tasks"], json!([]));
}

#[tokio::test]
async fn a_field_of_another_type_is_told_in_words_by_every_call() {
    let f = roomy().await;
    for (path, schema) in with_bodies(&f).await {
        let whole = json!({ "kind": "echo", "input": { "text": "x" }, "inputs": [{ "text": "x" }],
            "watch": [], "data": "a\n1", "subject": "x", "player": "y" });
        for (name, field) in schema["properties"].as_object().unwrap() {
            let mut body = json!({});
            for other in schema["properties"].as_object().unwrap().keys() {
                if let Some(value) = whole.get(other) {
                    body[other] = value.clone();
                }
            }
            let wrong =
                [json!(SECRET), json!([SECRET]), json!({ SECRET: 1 }), json!(1.5), json!(true)];
            let fits = |value: &Value| match field["type"].as_str() {
                Some("array") => value.is_array(),
                Some("string") => value.is_string(),
                Some("integer" | "number") => false,
                // Any JSON: the kind decides.
                _ => true,
            };
            for value in wrong.iter().filter(|value| !fits(value)) {
                body[name] = value.clone();
                is_in_words(&format!("{path} {body}"), &post(&f, &path, &body.to_string()).await);
            }
        }
    }
}

#[tokio::test]
async fn what_stands_inside_of_a_body_is_told_by_its_place() {
    let f = roomy().await;
    let id = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55";
    let whole = "must be a whole number within 64 bits";
    let list = "must be an object, not a list";
    for (path, body, detail) in [
        ("/api/v1/tasks/poll", json!({ "watch": [[id, 1]] }), format!("watch[0]: {list}")),
        (
            "/api/v1/tasks/poll",
            json!({ "watch": [{ "id": id }, { "id": SECRET }] }),
            format!("watch[1].id: a task id is a UUID such as {id}"),
        ),
        (
            "/api/v1/tasks/poll",
            json!({ "watch": [{ "id": id, "version": SECRET }] }),
            format!("watch[0].version: {whole}, not a text"),
        ),
        ("/api/v1/tasks/poll", json!({ "watch": [{}] }), "watch[0].id: is required".to_owned()),
        (
            "/api/v1/tasks/poll",
            json!({ "watch": [], "wait_ms": 1.5 }),
            format!("wait_ms: {whole}, not a decimal number"),
        ),
        ("/api/v1/tasks", json!({ "input": {} }), "kind: is required".to_owned()),
        (
            "/api/v1/tasks",
            json!({ "kind": "echo", "priority": 1e10 }),
            "priority: must be a whole number from -2147483648 to 2147483647".to_owned(),
        ),
        (
            "/api/v1/batches",
            json!({ "kind": "echo", "inputs": { SECRET: 1 } }),
            "inputs: must be a list, not an object".to_owned(),
        ),
        (
            "/api/v1/tasks",
            json!({ "kind": "echo", "input": ["x", false] }),
            "the input must be a JSON object; it is a list".to_owned(),
        ),
        (
            "/api/v1/tasks",
            json!({ "kind": "echo", "input": { "text": ["x"] } }),
            "text: must be a text, not a list".to_owned(),
        ),
        (
            "/api/v1/batches",
            json!({ "kind": "echo", "inputs": [{ "text": "x" }, ["x"]] }),
            "the input must be a JSON object; it is a list".to_owned(),
        ),
    ] {
        let snapshot =
            is_in_words(&format!("{path} {body}"), &post(&f, path, &body.to_string()).await);
        assert_eq!(snapshot, detail);
    }
}

#[tokio::test]
async fn the_name_of_an_unknown_field_is_not_repeated_as_it_may_be_a_secret() {
    let f = roomy().await;
    let long = SECRET.repeat(10_000);
    for name in
        [SECRET, &long, "\u{1b}[2Jhush-hush-hush", "hush-hush-hush\u{202e}", "kind.hush-hush-hush"]
    {
        for (path, body, known) in [
            (
                "/api/v1/tasks",
                json!({ "kind": "echo", "input": { "text": "x", "password": SECRET }, name: 1 }),
                "kind, input, priority, tags, run_at, delay_s",
            ),
            (
                "/api/v1/batches",
                json!({ "kind": "echo", "inputs": [{ "text": "x" }], name: { SECRET: SECRET } }),
                "kind, inputs, priority, tags, run_at, delay_s",
            ),
        ] {
            let detail = is_in_words(path, &post(&f, path, &body.to_string()).await);
            let expected = format!("The body has an unknown field; there are: {known}");
            assert_eq!(detail, expected);
        }
        // Nor is a text that cannot be the name of a kind.
        let body = json!({ "kind": format!("{name} "), "input": {} });
        let detail = is_in_words("kind", &post(&f, "/api/v1/tasks", &body.to_string()).await);
        assert!(detail.starts_with("there is no such kind; there are: echo"), "{detail}");
    }
    let body = json!({ "kind": "ecko", "input": {} });
    let detail = is_in_words("kind", &post(&f, "/api/v1/tasks", &body.to_string()).await);
    assert!(detail.starts_with("there is no kind `ecko`; there are: echo"), "{detail}");
    assert_eq!(f.get("/api/v1/tasks", ADA).await.json()["tasks"], json!([]));
}

#[tokio::test]
async fn a_query_string_that_does_not_fit_is_told_in_words_by_every_call() {
    let f = roomy().await;
    let id = f.start(ADA, "echo", json!({ "text": "x" })).await;
    let mut seen = 0;
    for (method, path, call) in calls(&f).await {
        let params = call["parameters"].as_array().cloned().unwrap_or_default();
        let params: Vec<_> = params.into_iter().filter(|param| param["in"] == "query").collect();
        if params.is_empty() {
            continue;
        }
        let path = path.replace("{id}", &id);
        let ask = async |query: String| {
            let request = Request::builder().method(&*method).uri(format!("{path}?{query}"));
            let request = request.header(header::COOKIE, ADA).body(Body::empty()).unwrap();
            is_in_words(&format!("{path}?{query}"), &f.send(request).await)
        };
        let detail = ask(format!("{SECRET}=1")).await;
        let known: Vec<_> = params.iter().map(|param| param["name"].as_str().unwrap()).collect();
        let expected =
            format!("The query string has an unknown field; there are: {}", known.join(", "));
        assert_eq!(detail, expected);
        for name in known {
            assert!(ask(format!("{name}=1&{name}=2")).await.contains("twice"), "{path} {name}");
            seen += 1;
        }
        for param in params.iter().filter(|param| param["schema"].to_string().contains("integer")) {
            let name = param["name"].as_str().unwrap();
            for text in [SECRET, "", "1.5", "99999999999999999999", "0x1"] {
                let detail = ask(format!("{name}={text}")).await;
                assert!(
                    detail.starts_with(&format!("{name}: must be a whole number ")),
                    "{detail}"
                );
            }
        }
    }
    assert!(seen >= 9, "only {seen} parameters");
}
