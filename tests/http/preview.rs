//! What is finished so far, while a task runs.

use serde_json::json;

use crate::fixture::{ADA, BOB, Fixture, fixture};

/// A running task that shows this text, and the path of its preview.
async fn showing(f: &Fixture, text: &str) -> (String, String) {
    let id = f.start(ADA, "endless", json!({ "preview": text })).await;
    let path = format!("/api/v1/tasks/{id}/preview");
    let patience = std::time::Instant::now();
    while f.get(&path, ADA).await.status == 204 {
        assert!(patience.elapsed() < std::time::Duration::from_secs(120), "there is no preview");
        tokio::task::yield_now().await;
    }
    (id, path)
}

#[tokio::test]
async fn a_preview_is_read_whole_from_an_offset_and_after_a_version() {
    let f = fixture().await;
    let (id, path) = showing(&f, "one ü two").await;
    let whole = f.get(&path, ADA).await;
    assert_eq!(whole.status, 200);
    let preview = whole.json();
    f.fits("Preview", &preview);
    assert_eq!((&preview["id"], &preview["media_type"]), (&json!(id), &json!("text/plain")));
    assert_eq!((&preview["offset"], &preview["size_bytes"]), (&json!(0), &json!(10)));
    assert_eq!(preview["text"], "one ü two");
    let version = preview["version"].as_i64().unwrap();
    assert_eq!(whole.header("etag"), format!("\"{version}\""));
    for (offset, from, text) in [(4, 4, "ü two"), (5, 4, "ü two"), (10, 10, ""), (99, 10, "")] {
        let part = f.get(&format!("{path}?offset={offset}"), ADA).await.json();
        assert_eq!((&part["offset"], &part["text"]), (&json!(from), &json!(text)), "{offset}");
        assert_eq!(part["size_bytes"], 10);
    }
    assert_eq!(f.get(&format!("{path}?after={version}"), ADA).await.status, 204);
    assert_eq!(f.get(&format!("{path}?after={}", version - 1), ADA).await.json(), preview);
    for tag in [format!("\"{version}\""), format!("W/\"{version}-gzip\""), "*".to_owned()] {
        let same = f.get_with(&path, ADA, &[("if-none-match", &tag)]).await;
        assert_eq!((same.status.as_u16(), same.bytes.len()), (304, 0), "{tag}");
        assert_eq!(same.header("etag"), whole.header("etag"));
    }
    let other = f.get_with(&path, ADA, &[("if-none-match", "\"1\"")]).await;
    assert_eq!(other.status, 200);
    for bad in ["offset=x", "after=x", "before=1"] {
        f.problem(&f.get(&format!("{path}?{bad}"), ADA).await, 400);
    }
}

#[tokio::test]
async fn a_preview_is_its_owners_travels_in_a_poll_and_ends_with_the_task() {
    let f = fixture().await;
    let (id, path) = showing(&f, "so far").await;
    for stranger in [BOB, ""] {
        assert_eq!(f.problem(&f.get(&path, stranger).await, 404), "Task not found");
    }
    let poll = async |after: i64| {
        let watch = json!({ "watch": [{ "id": id, "preview_after": after }] });
        f.post("/api/v1/tasks/poll", ADA, &watch).await.json()
    };
    let answer = poll(0).await;
    f.fits("PollResponse", &answer);
    assert_eq!(answer["preview"][0]["text"], "so far");
    let version = answer["preview"][0]["version"].as_i64().unwrap();
    assert!(poll(version).await.get("preview").is_none(), "nothing has changed");
    f.post(&format!("/api/v1/tasks/{id}/cancel"), ADA, &json!({})).await;
    f.until(ADA, &id, "cancelled").await;
    assert_eq!(f.get(&path, ADA).await.status, 204);
    assert!(poll(0).await.get("preview").is_none());
    let echo = f.start(ADA, "echo", json!({ "text": "x" })).await;
    assert_eq!(f.get(&format!("/api/v1/tasks/{echo}/preview"), ADA).await.status, 204);
}
