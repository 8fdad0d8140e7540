//! Expired tasks are 410; ended tasks can be kept longer.

use std::time::Duration;

use milepost::engine::RetentionOptions;
use serde_json::json;

use crate::fixture::{ADA, BOB, Fixture, fixture, fixture_of, options, quick};

/// Everything is over a moment after its end.
async fn short_lived() -> Fixture {
    let keep = Duration::from_millis(1);
    fixture_of(
        options(),
        quick().with(|o| o.retention = RetentionOptions::default().with(|o| o.keep = keep)),
    )
    .await
}

async fn expired(f: &Fixture) -> String {
    let id = f.start(ADA, "echo", json!({ "text": "x" })).await;
    let patience = std::time::Instant::now();
    while f.get(&format!("/api/v1/tasks/{id}"), ADA).await.status != 410 {
        assert!(patience.elapsed() < Duration::from_secs(120), "it does not expire");
        tokio::task::yield_now().await;
    }
    id
}

#[tokio::test]
async fn what_has_expired_says_what_it_was_with_410() {
    let f = short_lived().await;
    let id = expired(&f).await;
    let path = format!("/api/v1/tasks/{id}");
    let body = json!({});
    let answers = [
        f.get(&path, ADA).await,
        f.get(&format!("{path}/result"), ADA).await,
        f.get(&format!("{path}/log"), ADA).await,
        f.get(&format!("{path}/preview"), ADA).await,
        f.post(&format!("{path}/cancel"), ADA, &body).await,
        f.post(&format!("{path}/keep"), ADA, &body).await,
    ];
    for answer in answers {
        let detail = f.problem(&answer, 410);
        assert!(detail.starts_with("“Echo of x” ended as `completed` at 20"), "{detail}");
        let task = &answer.json()["task"];
        f.fits("ExpiredTask", task);
        assert_eq!((&task["kind"], &task["title"]), (&json!("echo"), &json!("Echo of x")));
        assert_eq!(task["status"], "completed");
    }
    for stranger in [BOB, ""] {
        assert_eq!(f.problem(&f.get(&path, stranger).await, 404), "Task not found");
        f.problem(&f.post(&format!("{path}/keep"), stranger, &body).await, 404);
    }
    let watch = json!({ "watch": [{ "id": id }] });
    let response = f.post("/api/v1/tasks/poll", ADA, &watch).await.json();
    assert_eq!(response["gone"], json!([{ "id": id, "reason": "expired" }]));
    let response = f.post("/api/v1/tasks/poll", BOB, &watch).await.json();
    assert_eq!(response["gone"], json!([{ "id": id, "reason": "not_found" }]));
}

#[tokio::test]
async fn an_ended_task_is_kept_longer_and_an_unfinished_one_not_yet() {
    let f = fixture().await;
    let keep = async |id: &str| f.post(&format!("/api/v1/tasks/{id}/keep"), ADA, &json!({})).await;
    let id = f.start(ADA, "echo", json!({ "text": "x" })).await;
    let ended = f.until(ADA, &id, "completed").await;
    let kept = keep(&id).await;
    assert_eq!(kept.status, 200);
    f.fits("Snapshot", &kept.json());
    let until = |snapshot: &serde_json::Value| snapshot["expires_at"].as_str().unwrap().to_owned();
    assert!(until(&kept.json()) > until(&ended));
    assert_eq!(kept.header("etag"), format!("W/\"{}\"", kept.json()["version"]));
    let endless = f.start(ADA, "endless", json!({})).await;
    let detail = f.problem(&keep(&endless).await, 409);
    assert!(detail.ends_with("it is kept from its end on"), "{detail}");
}
