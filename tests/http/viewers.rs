//! What viewers see of the tasks of all owners, and that they change none.

use axum::http::Method;
use milepost::{
    engine::Caller,
    task::{OPERATION, StartTask},
};
use serde_json::{Value, json};

use crate::{audit::named, fixture::Fixture};

const SESSION: &str = "session:0123456789abcdef";

/// A server with a task of ada, whose input says something that its title does not, and one of a session.
async fn world() -> (Fixture, String) {
    let f = named().await;
    let start = json!({ "kind": "endless", "input": { "preview": "hush hush" }, "tags": ["t"] });
    let (status, task) = f.by("ada", Method::POST, "/api/v1/tasks", &start).await;
    assert_eq!(status, 202, "{task}");
    let anonymous = StartTask::new("endless", json!({}));
    f.engine.service().start(&Caller::owner(SESSION), anonymous, None).await.unwrap();
    (f, task["id"].as_str().unwrap().to_owned())
}

impl Fixture {
    async fn seen(&self, user: &str, path: &str) -> Value {
        let (status, answer) = self.by(user, Method::GET, path, &Value::Null).await;
        assert_eq!(status, 200, "{user} {path}: {answer}");
        answer
    }

    /// The owners of the tasks that a user finds.
    async fn owners(&self, user: &str, query: &str) -> Vec<String> {
        let list = self.seen(user, &format!("/api/v1/admin/tasks?{query}")).await;
        self.fits("OperatorTasks", &list);
        let tasks = list["tasks"].as_array().unwrap().iter();
        tasks.map(|task| task["owner"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_viewer_lists_the_tasks_of_all_owners_without_the_whole_ids_of_sessions() {
    let (f, _) = world().await;
    assert_eq!(f.owners("root", "kind=endless").await, [SESSION, "user:ada"]);
    assert_eq!(f.owners("eve", "kind=endless").await, ["session:01234567", "user:ada"]);
    assert_eq!(f.owners("eve", "owner=user:ada&tag=t").await, ["user:ada"]);
    assert!(f.owners("root", "owner=session:01234567f").await.is_empty());
    // What is not shown cannot be guessed character by character.
    assert_eq!(f.owners("eve", "owner=session:01234567f").await, ["session:01234567"]);
    assert!(f.owners("eve", "owner=session:1").await.is_empty());
    let overview = f.seen("eve", "/api/v1/admin/overview").await;
    f.fits("Overview", &overview);
    let text = overview.to_string();
    assert!(text.contains("user:ada") && !text.contains(SESSION), "{text}");
}

#[tokio::test]
async fn a_viewer_searches_titles_and_errors_and_no_inputs() {
    let (f, _) = world().await;
    let fails = json!({ "kind": "echo", "input": { "text": "aloud", "fail": true } });
    f.by("ada", Method::POST, "/api/v1/tasks", &fails).await;
    while f.owners("root", "status=error").await.is_empty() {
        tokio::task::yield_now().await;
    }
    for (q, root, eve) in [("hush", 1, 0), ("preview", 2, 0), ("ENDLESS", 2, 2)] {
        assert_eq!(f.owners("root", &format!("q={q}")).await.len(), root, "{q}");
        assert_eq!(f.owners("eve", &format!("q={q}")).await.len(), eve, "{q}");
    }
    for q in ["aloud", "cannot%20say"] {
        assert_eq!(f.owners("eve", &format!("q={q}")).await, ["user:ada"], "{q}");
    }
}

#[tokio::test]
async fn a_viewer_follows_the_overview_by_polling() {
    let (f, _) = world().await;
    let watch = json!({ "watch": [{ "id": OPERATION, "version": 0 }], "wait_ms": 0 });
    for (user, seen) in [("eve", 1), ("bob", 0)] {
        let (_, answer) = f.by(user, Method::POST, "/api/v1/tasks/poll", &watch).await;
        assert_eq!(answer["tasks"].as_array().unwrap().len(), seen, "{user}: {answer}");
    }
}

#[tokio::test]
async fn a_viewer_changes_nothing_and_reads_neither_inputs_nor_the_audit_log() {
    let (f, id) = world().await;
    let filter = json!({ "tag": "t" });
    let kind = json!({ "kind": "endless" });
    for (act, body) in
        [("cancel", &filter), ("rerun", &filter), ("pause", &kind), ("resume", &kind)]
    {
        let path = format!("/api/v1/admin/{act}");
        let (status, problem) = f.by("eve", Method::POST, &path, body).await;
        assert_eq!((status, &problem["code"]), (403, &json!("forbidden")), "{act}: {problem}");
    }
    for path in ["/api/v1/audit".to_owned(), format!("/api/v1/tasks/{id}/input")] {
        assert_eq!(f.by("eve", Method::GET, &path, &Value::Null).await.0, 403, "{path}");
    }
    let task = f.seen("eve", &format!("/api/v1/tasks/{id}")).await;
    assert!(["queued", "running"].contains(&task["status"].as_str().unwrap()), "{task}");
    for who in ["ada", "bob"] {
        for path in ["/api/v1/admin/overview", "/api/v1/admin/tasks"] {
            assert_eq!(f.by(who, Method::GET, path, &Value::Null).await.0, 403, "{who} {path}");
        }
    }
}
