//! A router that is nested below a path: every link that it serves leads to a call of it.

use std::{collections::BTreeSet, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Request, header},
};
use milepost::{engine::Artifacts, http::router};
use serde_json::{Value, json};

use crate::fixture::{ADA, Answer, Fixture, fixture_of, options, quick};

/// A fixture whose router is nested below `/jobs`.
async fn nested() -> Fixture {
    nested_by(|inner| Router::new().nest("/jobs", inner)).await
}

async fn nested_by(nest: impl FnOnce(Router) -> Router) -> Fixture {
    let files = quick().with(|o| o.artifacts = Some(Artifacts::in_memory()));
    let mut fixture = fixture_of(options(), files).await;
    fixture.router = nest(router(fixture.engine.service(), &options()));
    fixture
}

/// Ways to nest a router, each with the path that then precedes the router's own paths.
type Nesting = (&'static str, fn(Router) -> Router);
const NESTINGS: [Nesting; 9] = [
    ("", |inner| Router::new().merge(inner)),
    ("", |inner| Router::new().fallback_service(inner)),
    ("/jobs", |inner| Router::new().nest("/jobs", inner)),
    ("/jobs", |inner| Router::new().nest("/jobs/", inner)),
    ("/jobs", |inner| Router::new().nest_service("/jobs", inner)),
    ("/a/b", |inner| Router::new().nest("/a/b", inner)),
    ("/a/b", |inner| Router::new().nest("/a", Router::new().nest("/b", inner))),
    ("/of/ada/jobs", |inner| Router::new().nest("/of/{user}/jobs", inner)),
    ("/of/1/2/jobs", |inner| Router::new().nest("/of/{org}/{user}/jobs", inner)),
];

/// All links in headers and body of a response.
fn links(answer: &Answer) -> BTreeSet<String> {
    let headers = ["location", "operation-location", "content-location", "link"];
    let mut found: BTreeSet<_> = headers
        .into_iter()
        .map(|name| answer.header(name).to_owned())
        .filter(|link| !link.is_empty())
        .collect();
    if answer.header("content-type").contains("json") {
        hrefs(&answer.json(), &mut found);
    }
    found
}

fn hrefs(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| hrefs(value, found)),
        Value::Object(fields) => {
            found.extend(fields.get("href").map(|href| href.as_str().unwrap().to_owned()));
            fields.values().for_each(|value| hrefs(value, found));
        }
        _ => {}
    }
}

impl Fixture {
    /// Follows a task's own link until it has ended.
    async fn ended(&self, task: &str) -> Answer {
        let begun = std::time::Instant::now();
        loop {
            let answer = self.get(task, ADA).await;
            if answer.json()["finished_at"].is_string() {
                return answer;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "still {}", answer.json());
            tokio::task::yield_now().await;
        }
    }

    /// Follows every link of a response, and those that follow from it. Returns all of them.
    async fn follow(&self, below: &str, first: &Answer) -> BTreeSet<String> {
        let (mut known, mut next) = (BTreeSet::new(), links(first));
        while let Some(link) = next.pop_first() {
            assert!(link.starts_with(&format!("{below}/api/")), "{link} leads elsewhere");
            let answer = self.get(&link, ADA).await;
            assert_eq!(answer.status, 200, "{link}");
            known.insert(link);
            next.extend(links(&answer).into_iter().filter(|link| !known.contains(link)));
        }
        known
    }
}

#[tokio::test]
async fn every_link_of_a_nested_router_works() {
    for (below, nest) in NESTINGS {
        let f = nested_by(nest).await;
        let tasks = format!("{below}/api/v1/tasks");
        let input = json!({ "files": [["a b ä%?#.csv", "x,y"], ["plain.txt", "1"]] });
        let body = json!({ "kind": "maker", "input": input });
        let started = f.post(&tasks, ADA, &body).await;
        assert_eq!(started.status, 202, "{}", started.json());
        let task = started.header("location").to_owned();
        assert_eq!(task, format!("{tasks}/{}", started.json()["id"].as_str().unwrap()));
        assert_eq!(started.header("operation-location"), task);

        let ended = f.ended(&task).await;
        let result = format!("{task}/result");
        assert_eq!(ended.json()["result"]["href"], result);
        let listed = f.get(&format!("{task}/files"), ADA).await;
        let mut expected = links(&listed);
        assert_eq!(expected.len(), 2, "two files: {expected:?}");
        expected.insert(result);
        let mut found = f.follow(below, &ended).await;
        found.extend(f.follow(below, &listed).await);
        assert_eq!(found, expected);
        f.engine.close().await;
    }
}

/// A result that is reported by every call which reports tasks.
#[tokio::test]
async fn every_call_that_reports_a_task_of_a_nested_router_links_to_its_result() {
    let f = nested().await;
    let body = json!({ "kind": "echo", "inputs": [{ "text": "a" }, { "text": "b" }] });
    let batch = f.post("/jobs/api/v1/batches", ADA, &body).await;
    let location = batch.header("location").to_owned();
    assert_eq!(location, format!("/jobs/api/v1/batches/{}", batch.json()["id"].as_str().unwrap()));
    let ids: Vec<_> =
        batch.json()["tasks"].as_array().unwrap().iter().map(|task| task["id"].clone()).collect();
    let task = |id: &Value| format!("/jobs/api/v1/tasks/{}", id.as_str().unwrap());
    for id in &ids {
        f.ended(&task(id)).await;
    }
    let results: BTreeSet<_> = ids.iter().map(|id| format!("{}/result", task(id))).collect();
    let first = task(&ids[0]);
    let one = BTreeSet::from([format!("{first}/result")]);
    let none = json!(null);
    let watch: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();

    assert_eq!(links(&f.get(&location, ADA).await), results, "a batch");
    let cancelled = f.post(&format!("{location}/cancel"), ADA, &none).await;
    assert_eq!(links(&cancelled), results, "a cancelled batch");
    let polled = f.post("/jobs/api/v1/tasks/poll", ADA, &json!({ "watch": watch })).await;
    assert_eq!(links(&polled), results, "a poll");
    let cancelled = f.post(&format!("{first}/cancel"), ADA, &none).await;
    assert_eq!(links(&cancelled), one, "a cancel");
    let kept = f.post(&format!("{first}/keep"), ADA, &none).await;
    assert_eq!(links(&kept), one, "an extended retention");

    let mut listed = BTreeSet::new();
    let mut cursor = String::new();
    for _ in 0..2 {
        let page = f.get(&format!("/jobs/api/v1/tasks?limit=1{cursor}"), ADA).await;
        listed.append(&mut links(&page));
        cursor = format!("&cursor={}", page.json()["next_cursor"].as_str().unwrap_or_default());
    }
    assert_eq!(listed, results, "a list, page by page");

    let rerun = f.post(&format!("{first}/rerun"), ADA, &none).await;
    let location = rerun.header("location");
    assert_eq!(location, task(&rerun.json()["id"]));
    f.ended(location).await;
    f.engine.close().await;
}

#[tokio::test]
async fn an_upload_to_a_nested_router_is_found_at_its_location() {
    let f = nested().await;
    let mut request = Request::post("/jobs/api/v1/uploads?name=a.txt");
    request = request.header(header::COOKIE, ADA);
    // Larger than a JSON body may be: the limit of files applies.
    let body = Body::from(vec![b'x'; options().max_body_bytes + 1]);
    let uploaded = f.send(request.body(body).unwrap()).await;
    assert_eq!(uploaded.status, 201, "{}", uploaded.json());
    let found = f.get(uploaded.header("location"), ADA).await;
    assert_eq!(found.json(), uploaded.json());
    f.engine.close().await;
}

#[tokio::test]
async fn the_document_and_the_errors_of_a_nested_router_name_its_path() {
    let mut f = nested().await;
    let document = f.get("/jobs/api/openapi.json", "").await;
    assert_eq!(document.header("content-type"), "application/json");
    assert_eq!(document.json()["servers"], json!([{ "url": "/jobs" }]));
    for (path, detail) in [
        ("/jobs/api/v1/none", "there is no call /jobs/api/v1/none; see /jobs/api/openapi.json"),
        (
            "/jobs/api/v1/tasks/poll/x",
            "there is no call /jobs/api/v1/tasks/poll/x; see /jobs/api/openapi.json",
        ),
    ] {
        assert_eq!(f.problem(&f.get(path, ADA).await, 404), detail);
    }
    let detail = f.problem(&f.post("/jobs/api/v1/kinds", ADA, &json!({})).await, 405);
    let expected = "/jobs/api/v1/kinds does not answer to POST; see /jobs/api/openapi.json";
    assert_eq!(detail, expected);
    let plain = router(f.engine.service(), &options());
    f.router = plain;
    let whole = f.get("/api/openapi.json", "").await.json();
    assert_eq!(whole["servers"], json!([{ "url": "/" }]), "not nested");
    let mut nested = document.json();
    nested["servers"] = whole["servers"].clone();
    assert_eq!(nested, whole, "the rest is the same");
    f.engine.close().await;
}
