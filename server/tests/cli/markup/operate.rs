//! The pages without a script: start later, tags and a note, and the page for operators.

use serde_json::json;

use super::browser::Browser;
use crate::fixture::Place;

/// Who is on the machine of the server sees all tasks.
const OPERATES: (&str, &str) = ("MILEPOST_AUTH_LOCAL_OPERATOR", "true");

/// The id of the newest task.
async fn newest(browser: &Browser) -> String {
    let list = browser.json("/api/v1/tasks").await;
    list["tasks"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_task_is_started_later_by_its_form_and_then_now() {
    let place = Place::new();
    let server = place.serve(&[], &[]).await;
    let browser = Browser::new(&server).await;
    let form = browser.page("/start/dataset").await;
    assert!(form.contains("Start later") && form.contains("datetime-local"), "{form}");
    let later = [("data", "a\n1"), ("_minutes", "90"), ("_tags", "night, für Ada")];
    let (status, html) = browser.form("/start/dataset", &later).await;
    assert_eq!(status, 303, "{html}");
    let id = newest(&browser).await;
    let page = browser.page(&format!("/tasks/{id}")).await;
    for part in ["Starts at ", "Start now", "tasks?tag=night", "für Ada", "Tags and note"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let found = browser.page("/tasks?tag=f%C3%BCr%20Ada").await;
    assert!(found.contains(&id) && found.contains("starts at 20"), "{found}");
    assert!(!browser.page("/tasks?tag=other").await.contains(&id));
    assert_eq!(browser.form(&format!("/tasks/{id}/start-now"), &[]).await.0, 303);
    browser.until(&id, |task| task["status"] == "completed").await;
    let page = browser.page(&format!("/tasks/{id}")).await;
    assert!(!page.contains("Start now"), "{page}");
    let again = browser.page(&format!("/start/dataset?from={id}")).await;
    assert!(again.contains("night, für Ada"), "{again}");
    for wrong in [("_minutes", "soon"), ("_at", "9999-12-31T23:59"), ("_tags", &"a".repeat(60))] {
        let (status, html) = browser.form("/start/dataset", &[("data", "a\n1"), wrong]).await;
        assert_eq!(status, 400, "{wrong:?}");
        assert!(html.contains("Not started yet") && html.contains(wrong.1), "{wrong:?} {html}");
    }
}

#[tokio::test]
async fn tags_and_a_note_are_entered_on_a_page_of_their_own() {
    let place = Place::new();
    let server = place.serve(&[], &[]).await;
    let browser = Browser::new(&server).await;
    let id = browser.start("dataset", &json!({ "data": "a\n1" })).await;
    let path = format!("/tasks/{id}/labels");
    assert!(browser.page(&path).await.contains("Tags and note"));
    let (status, _) = browser.form(&path, &[("_tags", "a, b"), ("_note", "first\r\nsecond")]).await;
    assert_eq!(status, 303);
    let page = browser.page(&format!("/tasks/{id}")).await;
    assert!(page.contains("first") && page.contains("second") && page.contains("tasks?tag=b"));
    assert!(browser.page(&path).await.contains("first\nsecond</textarea>"));
    let long = "x".repeat(60);
    let (status, html) = browser.form(&path, &[("_tags", &long), ("_note", "")]).await;
    assert_eq!(status, 400, "{html}");
    assert!(html.contains("Tags: a tag has 1 to 50 characters"), "{html}");
}

#[tokio::test]
async fn the_page_for_operators_shows_pauses_and_searches() {
    let place = Place::new();
    let server = place.serve(&[], &[OPERATES, ("MILEPOST_ENGINE_WORKER_NAME", "west")]).await;
    let browser = Browser::new(&server).await;
    let id = browser.start("dataset", &json!({ "data": "a\n1" })).await;
    browser.until(&id, |task| task["status"] == "completed").await;
    assert_eq!(browser.form("/admin/pause", &[("kind", "dataset")]).await.0, 303);
    let page = browser.page("/admin").await;
    for part in ["dataset", " (paused)", "Resume", "<svg", "As a table", "admin?live"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(!page.contains("http-equiv=\"refresh\""), "nobody asked for it");
    assert!(browser.page("/admin?live").await.contains("http-equiv=\"refresh\""));
    let waiting = browser.start("dataset", &json!({ "data": "b\n1" })).await;
    let found = browser.page("/admin?search=&status=queued&kind=dataset").await;
    assert!(found.contains(&format!("tasks/{waiting}")), "{found}");
    assert!(!found.contains("http-equiv=\"refresh\""), "a search stands still");
    let cancel = [("status", "queued"), ("kind", "dataset")];
    assert_eq!(browser.form("/admin/cancel", &cancel).await.0, 303);
    browser.until(&waiting, |task| task["status"] == "cancelled").await;
    assert_eq!(browser.form("/admin/resume", &[("kind", "dataset")]).await.0, 303);
    assert_eq!(browser.form("/admin/rerun", &[("kind", "dataset")]).await.0, 303);
    let rerun = newest(&browser).await;
    assert_ne!(rerun, waiting);
    browser.until(&rerun, |task| task["status"] == "completed").await;
    assert_eq!(browser.look("/admin?status=odd").await.0, 400);
    let (status, html) = browser.form("/admin/pause", &[("kind", "nothing")]).await;
    assert_eq!(status, 400, "{html}");
}

#[tokio::test]
async fn the_page_for_operators_is_refused_behind_a_proxy() {
    let place = Place::new();
    let server = place.serve(&[], &[OPERATES]).await;
    let browser = Browser::new(&server).await;
    let url = format!("{}/admin", server.url);
    let request =
        browser.request(reqwest::Method::GET, &url).header("x-forwarded-for", "192.0.2.7");
    assert_eq!(request.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn the_audit_log_shows_what_was_done_and_no_text_of_it_becomes_markup() {
    let place = Place::new();
    let narrow = ("MILEPOST_ENGINE_LIST_ROWS", "2");
    let server = place.serve(&["--no-worker"], &[OPERATES, narrow]).await;
    let browser = Browser::new(&server).await;
    assert!(browser.page("/admin/audit").await.contains("No entry matches."));
    let mut ids = Vec::new();
    for data in ["a\n1", "b\n1", "c\n1"] {
        ids.push(browser.start("dataset", &json!({ "data": data })).await);
    }
    assert_eq!(browser.form(&format!("/tasks/{}/cancel", ids[0]), &[]).await.0, 303);
    assert!(browser.page("/admin").await.contains("admin/audit"));
    let page = browser.page("/admin/audit").await;
    for part in
        [&*ids[0], &ids[2], "cancel", "start", "session:", "127.0.0.1", "<time datetime=\"2"]
    {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(!page.contains(&ids[1]), "two rows a page: {page}");
    let (_, rest) = page.split_once("admin/audit?cursor=").expect("a link to older rows");
    let (cursor, _) = rest.split_once('"').expect("the end of the link");
    let older = browser.page(&format!("/admin/audit?cursor={cursor}")).await;
    assert!(older.contains(&ids[1]) && older.contains("Newest"), "{older}");
    let found = browser.page("/admin/audit?action=start&until=2999-01-01T00:00:00Z").await;
    assert!(found.contains(&ids[2]) && !found.contains("<td>cancel</td>"), "{found}");
    assert!(found.contains("action=start&amp;until=2999"), "the pages keep the filter: {found}");
    // As the two fields send it, in UTC to the minute.
    let found = browser.page("/admin/audit?from=2000-01-01T00:00&until=2999-01-01T00:00").await;
    for part in [&*ids[2], "From (UTC)", "Until (UTC)", "value=\"2000-01-01T00:00\""] {
        assert!(found.contains(part), "{part} is not in {found}");
    }
    assert_eq!(found.matches("type=\"datetime-local\"").count(), 2, "{found}");
    assert!(found.contains("from=2000-01-01T00%3A00%3A00Z&amp;until=2999"), "{found}");
    for span in ["from=2999-01-01T00:00", "until=2000-01-01T00:00"] {
        let none = browser.page(&format!("/admin/audit?{span}")).await;
        assert!(none.contains("No entry matches."), "{span}: {none}");
    }
    let none = browser.page(&format!("/admin/audit?action=cancel&subject={}", ids[2])).await;
    assert!(none.contains("No entry matches."), "{none}");
    assert_eq!(browser.look("/admin/audit?from=today").await.0, 400);
    let evil = "\"><x-mark>";
    let path = format!("/admin/audit?who={}", super::browser::encoded(evil));
    super::browser::assert_harmless(&path, &browser.page(&path).await);
}

#[tokio::test]
async fn the_audit_log_is_shown_to_operators_only() {
    let place = Place::new();
    let server = place.serve(&["--no-worker"], &[]).await;
    let browser = Browser::new(&server).await;
    assert_eq!(browser.look("/admin/audit").await.0, 403);
}
