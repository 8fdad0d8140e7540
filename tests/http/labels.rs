//! Tags, notes, and tasks that start later.

use serde_json::{Value, json};

use crate::fixture::{ADA, BOB, Fixture, fixture, fixture_of, options, quick};

async fn start(f: &Fixture, more: Value) -> crate::fixture::Answer {
    let mut body = json!({ "kind": "echo", "input": { "text": "x" } });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    f.post("/api/v1/tasks", ADA, &body).await
}

async fn started(f: &Fixture, more: Value) -> Value {
    let answer = start(f, more).await;
    assert_eq!(answer.status, 202, "{}", answer.json());
    f.fits("StartedTask", &answer.json());
    answer.json()
}

async fn ids(f: &Fixture, query: &str) -> Vec<Value> {
    let list = f.get(&format!("/api/v1/tasks{query}"), ADA).await.json();
    list["tasks"].as_array().unwrap().iter().map(|task| task["id"].clone()).collect()
}

#[tokio::test]
async fn tags_and_a_note_are_set_shown_found_and_taken_along() {
    let f = fixture().await;
    let task = started(&f, json!({ "tags": [" night ", "für Ada", "night"] })).await;
    assert_eq!(task["tags"], json!(["night", "für Ada"]));
    let id = task["id"].as_str().unwrap();
    f.until(ADA, id, "completed").await;
    let path = format!("/api/v1/tasks/{id}/annotate");
    let noted = f.post(&path, ADA, &json!({ "note": " asked for by Ada\r\n" })).await;
    assert_eq!(noted.status, 200);
    f.fits("Snapshot", &noted.json());
    assert_eq!(noted.json()["note"], "asked for by Ada");
    let read = f.get(&format!("/api/v1/tasks/{id}"), ADA).await;
    assert_eq!(read.json()["note"], "asked for by Ada", "not as it was remembered");
    assert_ne!(read.json()["version"], task["version"]);
    assert_eq!(ids(&f, "?tag=f%C3%BCr%20Ada").await, [json!(id)]);
    assert!(ids(&f, "?tag=Night").await.is_empty());
    assert_eq!(ids(&f, "?tag=night&status=completed&kind=echo&q=echo").await, [json!(id)]);
    let rerun = f.post(&format!("/api/v1/tasks/{id}/rerun"), ADA, &json!({})).await.json();
    assert_eq!((&rerun["tags"], &rerun["note"]), (&json!(["night", "für Ada"]), &Value::Null));
    let input = f.get(&format!("/api/v1/tasks/{id}/input"), ADA).await.json();
    assert_eq!(input["tags"], json!(["night", "für Ada"]));
    let bare = f.post(&path, ADA, &json!({ "tags": [], "note": "" })).await.json();
    assert_eq!((&bare["tags"], &bare["note"]), (&Value::Null, &Value::Null));
    assert_eq!(ids(&f, "?tag=night").await, [rerun["id"].clone()]);
    f.problem(&f.post(&path, BOB, &json!({ "note": "mine" })).await, 404);
    f.problem(&f.post(&path, ADA, &json!({ "title": "x" })).await, 400);
}

#[tokio::test]
async fn a_running_task_shows_changed_tags_at_once() {
    let f = fixture().await;
    let id = f.start(ADA, "endless", json!({})).await;
    let running = f.until(ADA, &id, "running").await;
    let path = format!("/api/v1/tasks/{id}/annotate");
    f.post(&path, ADA, &json!({ "tags": ["a"] })).await;
    let read = f.get(&format!("/api/v1/tasks/{id}"), ADA).await.json();
    assert_eq!(read["tags"], json!(["a"]));
    assert!(read["version"].as_i64() > running["version"].as_i64());
}

#[tokio::test]
async fn what_is_too_long_or_no_tag_is_refused_at_its_field() {
    let http = options();
    let engine = quick().with(|o| (o.max_tags, o.max_tag_chars, o.max_note_chars) = (2, 3, 4));
    let f = fixture_of(http, engine).await;
    for tags in
        [json!(["a", "b", "c"]), json!(["abcd"]), json!([" "]), json!(["a,b"]), json!(["a\n"])]
    {
        let answer = start(&f, json!({ "tags": tags })).await;
        if tags == json!(["a\n"]) {
            assert_eq!(answer.json()["tags"], json!(["a"]), "white space around it");
            continue;
        }
        f.problem(&answer, 400);
        assert_eq!(answer.json()["errors"][0]["field"], "tags", "{tags}");
    }
    let tags = json!({ "tags": ["äöü", "b", "b "] });
    let id = started(&f, tags).await["id"].as_str().unwrap().to_owned();
    for note in ["12345", "a\u{1b}b"] {
        let path = format!("/api/v1/tasks/{id}/annotate");
        let answer = f.post(&path, ADA, &json!({ "note": note })).await;
        f.problem(&answer, 400);
        assert_eq!(answer.json()["errors"][0]["field"], "note", "{note:?}");
    }
    let long = f.get("/api/v1/tasks?tag=abcd", ADA).await;
    f.problem(&long, 400);
}

#[tokio::test]
async fn a_task_waits_for_its_time_and_can_start_now() {
    let f = fixture().await;
    let task = started(&f, json!({ "delay_s": 7_200 })).await;
    assert_eq!(task["status"], "queued");
    let left = task["starts_in_ms"].as_i64().unwrap();
    assert!((7_000_000..=7_200_000).contains(&left), "{left}");
    let at = task["starts_at"].as_str().unwrap();
    assert!(task["message"].as_str().unwrap().starts_with("starts at 20"), "{task}");
    assert!(at.ends_with('Z'), "{at}");
    let path = format!("/api/v1/tasks/{}/start-now", task["id"].as_str().unwrap());
    f.problem(&f.post(&path, BOB, &json!({})).await, 404);
    let now = f.post(&path, ADA, &json!({})).await;
    assert_eq!(now.status, 200, "{}", now.json());
    assert_eq!(now.json()["starts_at"], Value::Null);
    f.until(ADA, task["id"].as_str().unwrap(), "completed").await;
    f.problem(&f.post(&path, ADA, &json!({})).await, 409);
    let past = started(&f, json!({ "run_at": "2001-01-01T00:00:00+02:00" })).await;
    f.until(ADA, past["id"].as_str().unwrap(), "completed").await;
}

#[tokio::test]
async fn a_start_time_that_cannot_be_is_refused_at_its_field() {
    let f = fixture_of(
        options(),
        quick().with(|o| {
            o.max_start_delay = std::time::Duration::from_secs(60);
        }),
    )
    .await;
    for (more, field) in [
        (json!({ "delay_s": -1 }), "delay_s"),
        (json!({ "delay_s": 61 }), "delay_s"),
        (json!({ "delay_s": i64::MAX }), "delay_s"),
        (json!({ "delay_s": 1, "run_at": "2030-01-01T00:00:00Z" }), "run_at"),
        (json!({ "run_at": "9999-12-31T23:59:59Z" }), "run_at"),
        (json!({ "run_at": "tomorrow" }), "run_at"),
        (json!({ "run_at": "2030-01-01T00:00:00" }), "run_at"),
        (json!({ "run_at": "" }), "run_at"),
    ] {
        let answer = start(&f, more.clone()).await;
        f.problem(&answer, 400);
        assert_eq!(answer.json()["errors"][0]["field"], field, "{more}");
    }
}

#[tokio::test]
async fn one_key_with_other_tags_or_another_time_is_another_start() {
    let f = fixture().await;
    let body = json!({ "kind": "endless", "input": {}, "tags": ["a"], "delay_s": 60 });
    let key = [("idempotency-key", "k")];
    let first = f.post_with("/api/v1/tasks", ADA, &body, &key).await;
    let same = f.post_with("/api/v1/tasks", ADA, &body, &key).await;
    assert_eq!(first.json()["id"], same.json()["id"]);
    for (name, value) in [("tags", json!(["b"])), ("tags", json!([])), ("delay_s", json!(61))] {
        let mut other = body.clone();
        other[name] = value;
        f.problem(&f.post_with("/api/v1/tasks", ADA, &other, &key).await, 422);
    }
}

#[tokio::test]
async fn a_batch_has_tags_and_a_time_and_its_rerun_the_tags() {
    let f = fixture_of(options(), quick().with(|o| o.max_queued_per_owner = 10)).await;
    let inputs = json!([{ "text": "a", "fail": true }, { "text": "b" }]);
    let body = json!({ "kind": "echo", "inputs": inputs, "tags": ["t"] });
    let batch = f.post("/api/v1/batches", ADA, &body).await.json();
    for task in batch["tasks"].as_array().unwrap() {
        assert_eq!(task["tags"], json!(["t"]));
    }
    f.until(ADA, batch["tasks"][0]["id"].as_str().unwrap(), "error").await;
    let path = format!("/api/v1/batches/{}/rerun", batch["id"].as_str().unwrap());
    let rerun = f.post(&path, ADA, &json!({})).await.json();
    assert_eq!(rerun["tasks"][0]["tags"], json!(["t"]));
    let later = json!({ "kind": "echo", "inputs": [{ "text": "a" }], "delay_s": 600 });
    let later = f.post("/api/v1/batches", ADA, &later).await.json();
    assert!(later["tasks"][0]["starts_in_ms"].as_i64() > Some(500_000), "{later}");
}
