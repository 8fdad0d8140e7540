//! `/api/v1/batches`, and starting a task again.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::fixture::{ADA, BOB, Fixture, fixture, fixture_of, options, quick};

async fn roomy() -> Fixture {
    fixture_of(
        options(),
        quick().with(|o| {
            o.max_queued_per_owner = 100;
            o.max_batch = 3;
        }),
    )
    .await
}

fn echoes(texts: &[&str]) -> Value {
    let inputs: Vec<_> = texts.iter().map(|text| json!({ "text": text })).collect();
    json!({ "kind": "echo", "inputs": inputs })
}

fn path(batch: &Value) -> String {
    format!("/api/v1/batches/{}", batch["id"].as_str().unwrap())
}

/// Asks until all tasks of the batch have ended.
async fn ended(f: &Fixture, path: &str) -> Value {
    for task in f.get(path, ADA).await.json()["tasks"].as_array().unwrap() {
        f.until(ADA, task["id"].as_str().unwrap(), "completed").await;
    }
    f.get(path, ADA).await.json()
}

#[tokio::test]
async fn a_batch_is_started_and_followed_as_one() {
    let f = roomy().await;
    let answer = f.post("/api/v1/batches", ADA, &echoes(&["a", "b", "c"])).await;
    assert_eq!(answer.status, 202, "{}", answer.json());
    let batch = answer.json();
    f.fits("Batch", &batch);
    assert_eq!(answer.header("location"), path(&batch));
    assert_eq!(answer.header("retry-after"), "1");
    let batch = ended(&f, &path(&batch)).await;
    f.fits("Batch", &batch);
    let titles: Vec<_> = batch["tasks"].as_array().unwrap().iter().map(|t| &t["title"]).collect();
    assert_eq!(titles, ["Echo of a", "Echo of b", "Echo of c"]);
    // Queued in the same moment, they run in the order of their ids.
    let ids = batch["tasks"].as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap());
    assert!(ids.is_sorted(), "{batch}");
    for status in ["failed", "ERROR", ""] {
        f.problem(&f.get(&format!("{}?status={status}", path(&batch)), ADA).await, 400);
    }
    assert_eq!((&batch["progress"], &batch["unfinished"]), (&json!(100.0), &json!(0)));
}

#[tokio::test]
async fn a_batch_has_a_tag_and_is_waited_for() {
    let f = roomy().await;
    let batch = f.post("/api/v1/batches", ADA, &echoes(&["a", "b", "c"])).await.json();
    let path = path(&batch);
    let ended = f.get_with(&path, ADA, &[("prefer", "wait=20")]).await;
    f.fits("Batch", &ended.json());
    assert_eq!(ended.json()["unfinished"], 0);
    assert_eq!(ended.header("retry-after"), "");
    let etag = ended.header("etag").to_owned();
    for known in
        [&*etag, &etag.replacen("W/", "", 1), &format!("{}-gzip\"", &etag[..etag.len() - 1])]
    {
        let unchanged = f.get_with(&path, ADA, &[("if-none-match", known)]).await;
        assert_eq!((unchanged.status.as_u16(), unchanged.bytes.len()), (304, 0), "{known}");
        assert_eq!(unchanged.header("etag"), etag);
    }

    let batch = json!({ "kind": "endless", "inputs": [{}] });
    let batch = f.post("/api/v1/batches", ADA, &batch).await;
    assert_eq!(batch.header("retry-after"), "1");
    let path = self::path(&batch.json());
    let waited = f.get_with(&path, ADA, &[("prefer", "wait=1")]).await;
    assert_eq!(waited.header("preference-applied"), "wait=1");
    assert_eq!(waited.json()["unfinished"], 1);
    f.post(&format!("{path}/cancel"), ADA, &json!({})).await;
    let ended = f.get_with(&path, ADA, &[("prefer", "wait=20")]).await;
    assert_ne!(ended.header("etag"), waited.header("etag"), "it has ended");
}

#[tokio::test]
async fn each_act_on_a_batch_waits_for_its_end_if_it_is_asked_to() {
    let f = roomy().await;
    let act = async |path: &str, wait: &str, body: &Value| {
        let answer = f.post_with(path, ADA, body, &[("prefer", wait)]).await;
        assert_eq!(answer.status, 202, "{}", answer.json());
        f.fits("Batch", &answer.json());
        answer
    };
    let started = act("/api/v1/batches", "wait=20", &echoes(&["a", "b"])).await;
    assert_eq!(started.header("preference-applied"), "wait=20");
    assert_eq!(started.header("location"), path(&started.json()));
    assert_eq!(started.json()["unfinished"], 0);
    let endless = json!({ "kind": "endless", "inputs": [{}, {}] });
    let begun = act("/api/v1/batches", "wait=1", &endless).await;
    assert_eq!(begun.json()["unfinished"], 2);
    let path = path(&begun.json());
    let cancelled = act(&format!("{path}/cancel"), "wait=20", &json!({})).await;
    assert_eq!((&cancelled.json()["unfinished"], cancelled.header("retry-after")), (&json!(0), ""));
}

#[tokio::test]
async fn an_input_at_fault_keeps_out_the_whole_batch_and_is_named() {
    let f = roomy().await;
    let body = json!({ "kind": "echo", "inputs": [{ "text": "a" }, { "txt": "b" }] });
    let answer = f.post("/api/v1/batches", ADA, &body).await;
    f.problem(&answer, 400);
    assert_eq!(answer.json()["errors"][0]["field"], "inputs[1].text");
    assert_eq!(f.get("/api/v1/tasks", ADA).await.json()["tasks"], json!([]));
}

#[tokio::test]
async fn a_batch_has_limits() {
    let f = roomy().await;
    for texts in [&[][..], &["a", "b", "c", "d"]] {
        let detail = f.problem(&f.post("/api/v1/batches", ADA, &echoes(texts)).await, 400);
        assert!(detail.contains("1 to 3 entries"), "{detail}");
    }
    let unknown = json!({ "kind": "nope", "inputs": [{}] });
    f.problem(&f.post("/api/v1/batches", ADA, &unknown).await, 400);
    let f = fixture().await;
    let endless = json!({ "kind": "endless", "inputs": [{}, {}, {}] });
    let answer = f.post("/api/v1/batches", ADA, &endless).await;
    f.problem(&answer, 429);
    assert_eq!(answer.header("retry-after"), "5");
    assert_eq!(f.get("/api/v1/tasks", ADA).await.json()["tasks"], json!([]));
}

#[tokio::test]
async fn the_same_idempotency_key_is_the_same_batch() {
    let f = roomy().await;
    let key = [("idempotency-key", "k-1")];
    let body = echoes(&["a", "b"]);
    let first = f.post_with("/api/v1/batches", ADA, &body, &key).await.json();
    let second = f.post_with("/api/v1/batches", ADA, &body, &key).await.json();
    assert_eq!(first["id"], second["id"]);
    assert_eq!(f.get("/api/v1/tasks", ADA).await.json()["tasks"].as_array().unwrap().len(), 2);
    f.problem(&f.post_with("/api/v1/batches", ADA, &echoes(&["a"]), &key).await, 422);
    let single = json!({ "kind": "echo", "input": { "text": "a" } });
    f.problem(&f.post_with("/api/v1/tasks", ADA, &single, &key).await, 422);
}

#[tokio::test]
async fn a_cancel_of_a_batch_stops_all_of_it() {
    let f = roomy().await;
    let body = json!({ "kind": "endless", "inputs": [{}, {}, {}] });
    let batch = f.post("/api/v1/batches", ADA, &body).await.json();
    let answer = f.post(&format!("{}/cancel", path(&batch)), ADA, &json!({})).await;
    assert_eq!(answer.status, 202);
    f.fits("Batch", &answer.json());
    for task in batch["tasks"].as_array().unwrap() {
        f.until(ADA, task["id"].as_str().unwrap(), "cancelled").await;
    }
    assert_eq!(f.get(&path(&batch), ADA).await.json()["unfinished"], 0);
}

#[tokio::test]
async fn a_stranger_sees_no_batch() {
    let f = roomy().await;
    let batch = f.post("/api/v1/batches", ADA, &echoes(&["a"])).await.json();
    let strange = f.problem(&f.get(&path(&batch), BOB).await, 404);
    let unknown = format!("/api/v1/batches/{}", Uuid::new_v4());
    assert_eq!(strange, f.problem(&f.get(&unknown, ADA).await, 404));
    f.problem(&f.get("/api/v1/batches/%ff", ADA).await, 404);
    f.problem(&f.post(&format!("{}/cancel", path(&batch)), BOB, &json!({})).await, 404);
}

#[tokio::test]
async fn a_task_is_started_again_with_its_input_and_secrets_do_not_come_out() {
    let f = roomy().await;
    let id = f.start(ADA, "echo", json!({ "text": "x", "password": "hush" })).await;
    let task = format!("/api/v1/tasks/{id}");
    let input = f.get(&format!("{task}/input"), ADA).await.json();
    f.fits("StartTask", &input);
    assert_eq!((&input["kind"], &input["input"]["text"]), (&json!("echo"), &json!("x")));
    assert!(!input.to_string().contains("hush"), "{input}");
    f.until(ADA, &id, "completed").await;
    let key = [("idempotency-key", "k-1")];
    let again = f.post_with(&format!("{task}/rerun"), ADA, &json!({}), &key).await;
    assert_eq!(again.status, 202, "{}", again.json());
    let again = again.json();
    assert_ne!(again["id"], json!(id));
    let twice = f.post_with(&format!("{task}/rerun"), ADA, &json!({}), &key).await.json();
    assert_eq!(again["id"], twice["id"]);
    let id = again["id"].as_str().unwrap();
    f.until(ADA, id, "completed").await;
    let result = f.get(&format!("/api/v1/tasks/{id}/result"), ADA).await;
    assert_eq!(result.bytes, b"x with a password");
    f.problem(&f.get(&format!("{task}/input"), BOB).await, 404);
    f.problem(&f.post(&format!("{task}/rerun"), BOB, &json!({})).await, 404);
}

/// A batch of which the second and the third have failed.
async fn half_failed(f: &Fixture) -> Value {
    let inputs = json!([{ "text": "a" }, { "text": "b", "fail": true, "password": "hush" },
        { "text": "c", "fail": true }]);
    let body = json!({ "kind": "echo", "inputs": inputs });
    let batch = f.post("/api/v1/batches", ADA, &body).await.json();
    let tasks = batch["tasks"].as_array().unwrap();
    for (task, end) in tasks.iter().zip(["completed", "error", "error"]) {
        f.until(ADA, task["id"].as_str().unwrap(), end).await;
    }
    batch
}

#[tokio::test]
async fn those_of_a_batch_that_failed_are_run_again_as_a_batch_of_their_own() {
    let f = roomy().await;
    let first = half_failed(&f).await;
    let again = format!("{}/rerun", path(&first));
    let key = [("idempotency-key", "k-1")];
    let answer = f.post_with(&again, ADA, &json!({}), &key).await;
    assert_eq!(answer.status, 202, "{}", answer.json());
    let second = answer.json();
    f.fits("Batch", &second);
    assert_eq!(answer.header("location"), path(&second));
    assert_ne!(first["id"], second["id"]);
    let titles: Vec<_> = second["tasks"].as_array().unwrap().iter().map(|t| &t["title"]).collect();
    assert_eq!(titles, ["Echo of b", "Echo of c"]);
    let twice = f.post_with(&again, ADA, &json!({}), &key).await.json();
    assert_eq!(second["id"], twice["id"], "the same wish is one batch");
    let input = format!("/api/v1/tasks/{}/input", second["tasks"][0]["id"].as_str().unwrap());
    let input = f.get(&input, ADA).await.json();
    assert_eq!(input["input"]["fail"], true, "{input}");
    let before = f.get(&path(&first), ADA).await.json();
    assert_eq!(before["tasks"].as_array().unwrap().len(), 3, "the first stays as it was");
}

#[tokio::test]
async fn a_batch_is_not_run_again_where_none_failed_nor_by_a_stranger_nor_beyond_the_limits() {
    let limited = quick().with(|o| {
        o.max_queued_per_owner = 3;
        o.max_batch = 3;
    });
    let f = fixture_of(options(), limited).await;
    let fine = f.post("/api/v1/batches", ADA, &echoes(&["a"])).await.json();
    f.until(ADA, fine["tasks"][0]["id"].as_str().unwrap(), "completed").await;
    let detail = f.problem(&f.post(&format!("{}/rerun", path(&fine)), ADA, &json!({})).await, 409);
    assert!(detail.contains("no task of this batch failed"), "{detail}");
    let failed = half_failed(&f).await;
    let again = format!("{}/rerun", path(&failed));
    f.problem(&f.post(&again, BOB, &json!({})).await, 404);
    f.problem(&f.post("/api/v1/batches/%ff/rerun", ADA, &json!({})).await, 404);
    let key = [("idempotency-key", "")];
    f.problem(&f.post_with(&again, ADA, &json!({}), &key).await, 400);
    // One runs, two wait; of those that failed one would fit.
    for wanted in ["running", "queued", "queued"] {
        let id = f.start(ADA, "endless", json!({})).await;
        f.until(ADA, &id, wanted).await;
    }
    let answer = f.post(&again, ADA, &json!({})).await;
    f.problem(&answer, 429);
    let echoes = f.get("/api/v1/tasks?kind=echo", ADA).await.json();
    assert_eq!(echoes["tasks"].as_array().unwrap().len(), 4, "none of them was started");
}
