//! The page with the tasks of all owners, as a viewer gets it: to look at.

use milepost::task::OPERATION;
use serde_json::json;

use super::world::{Who, World, id_of};

/// What acts, on the page of an operator.
const ACTS: [&str; 6] = [
    "method=\"post\"",
    "Pause",
    "Cancel the unfinished of them",
    "Run the failed of them again",
    "Export all data",
    "admin/audit",
];

#[tokio::test]
async fn a_viewer_gets_the_page_of_all_tasks_without_anything_that_acts() {
    let world = World::new().await;
    let page = async |who, path: &str| {
        let answer = world.ask(who, "GET", path, "", "", &[]).await;
        assert_eq!(answer.status, 200, "{who:?} {path}: {answer:?}");
        answer.body
    };
    let search = "/admin?search=&kind=quick";
    let operators = page(Who::Admin, search).await;
    for act in ACTS {
        assert!(operators.contains(act), "{act} is not in {operators}");
    }
    let task = format!("tasks/{}", world.ended);
    // Also where the address asks for the rest of an act.
    for path in [search, &format!("{search}&act=cancel&next=1.x"), "/admin", "/admin?live"] {
        let viewers = page(Who::Viewer, path).await;
        for act in ACTS {
            assert!(!viewers.contains(act), "{path}: {act} is in {viewers}");
        }
        assert_eq!(viewers.contains(&task), path.contains("search"), "{path}: {viewers}");
        assert!(viewers.contains("Takes tasks") && viewers.contains("<td>Yes</td>"), "{viewers}");
        assert!(!viewers.contains("secret"), "a kind that a viewer may not start: {viewers}");
    }
}

#[tokio::test]
async fn a_viewer_searches_titles_and_errors_on_the_page_and_no_inputs() {
    let world = World::new().await;
    let start = json!({ "kind": "quick", "input": { "pause": 1 } }).to_string();
    let started = world.ask(Who::Owner, "POST", "/api/v1/tasks", "application/json", &start, &[]);
    // Not where the page lists what runs.
    let task = format!("found-{}", id_of(&started.await));
    for (who, label, by_input) in
        [(Who::Admin, "Title, error or input", true), (Who::Viewer, "Title or error<", false)]
    {
        for (q, finds) in [("quick", true), ("pause", by_input)] {
            let path = format!("/admin?search=&q={q}");
            let page = world.ask(who, "GET", &path, "", "", &[]).await.body;
            assert!(page.contains(label), "{page}");
            assert_eq!(page.contains(&task), finds, "{who:?} {q}: {page}");
        }
    }
}

#[tokio::test]
async fn what_changes_on_the_page_of_a_viewer_has_nothing_that_acts_either() {
    let world = World::new().await;
    let watch = json!({ "id": OPERATION, "version": 0, "preview_after": 0 });
    let body = json!({ "request": { "watch": [watch], "wait_ms": 0 } }).to_string();
    for (who, acts) in [(Who::Admin, true), (Who::Viewer, false)] {
        let media = "application/json";
        let answer = world.ask(who, "POST", "/api/fn/task_status", media, &body, &[]).await;
        assert!(answer.body.contains("now-kinds"), "{who:?}: {answer:?}");
        assert_eq!(answer.body.contains("Pause"), acts, "{who:?}: {answer:?}");
    }
}
