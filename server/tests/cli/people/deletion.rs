//! Deleting tasks.

use super::world::{Who, World};
use crate::fixture::Said;

#[tokio::test]
async fn what_is_deleted_is_gone_and_only_its_owner_learns_that_it_was() {
    let world = World::new().await;
    let (ended, waiting) = (world.ended.clone(), world.start("slow").await);
    for id in [&ended, &waiting] {
        let path = format!("/api/v1/tasks/{id}");
        let deleted = world.ask(Who::Owner, "DELETE", &path, "", "", &[]).await;
        assert_eq!((deleted.status, &*deleted.body), (204, ""));
        for tail in ["", "/log", "/result", "/files", "/files/out.txt", "/files.zip", "/input"] {
            for (who, status, code) in [
                (Who::Owner, 410, "deleted"),
                (Who::Admin, 410, "deleted"),
                (Who::Other, 404, "not_found"),
            ] {
                let path = format!("{path}{tail}");
                let answer = world.ask(who, "GET", &path, "", "", &[]).await;
                assert_eq!(answer.status, status, "{who:?} {path}: {answer:?}");
                assert!(answer.body.contains(&format!("\"{code}\"")), "{answer:?}");
            }
        }
        assert_eq!(world.ask(Who::Owner, "DELETE", &path, "", "", &[]).await.status, 410);
        let list = world.ask(Who::Owner, "GET", "/api/v1/tasks", "", "", &[]).await;
        assert!(!list.body.contains(id.as_str()), "{list:?}");
        let page = world.ask(Who::Owner, "GET", &format!("/tasks/{id}"), "", "", &[]).await;
        assert!(page.status == 410 && page.body.contains("Deleted"), "{page:?}");
    }
}

#[tokio::test]
async fn a_task_that_has_not_ended_is_deleted_only_when_that_is_meant() {
    let world = World::new().await;
    let media = "application/x-www-form-urlencoded";
    let waiting = world.start("slow").await;
    let (page, path) = (format!("/tasks/{waiting}/delete"), format!("/api/v1/tasks/{waiting}"));
    let shown = world.ask(Who::Owner, "GET", &page, "", "", &[]).await.body;
    assert!(shown.contains("name=\"confirm\""), "{shown}");
    for body in ["", "confirm=", "confirm=yes"] {
        let answer = world.ask(Who::Owner, "POST", &page, media, body, &[]).await;
        assert_ne!(answer.status, 303, "{body}");
        assert_eq!(world.ask(Who::Owner, "GET", &path, "", "", &[]).await.status, 200, "{body}");
    }
    let answer = world.ask(Who::Owner, "POST", &page, media, "confirm=delete", &[]).await;
    assert_eq!(answer.status, 303);
    assert_eq!(world.ask(Who::Owner, "GET", &path, "", "", &[]).await.status, 410);
    // An ended one is asked about once, without a word.
    let page = format!("/tasks/{}/delete", world.ended);
    let shown = world.ask(Who::Owner, "GET", &page, "", "", &[]).await.body;
    assert!(!shown.contains("name=\"confirm\""), "{shown}");
    assert_eq!(world.ask(Who::Owner, "POST", &page, media, "", &[]).await.status, 303);
    // The command line.
    let token = world.token(&["CLI", "--user", "ada"]).await;
    let run = |arguments: &[&str]| {
        let mut command = world.server.client(&world.place, arguments);
        command.env("MILEPOST_TOKEN", &token).env("XDG_CONFIG_HOME", world.place.path("none"));
        Said::of(command)
    };
    let waiting = world.start("slow").await;
    let refused = run(&["delete", &waiting]).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("--force"), "{refused:?}");
    assert_eq!(run(&["delete", &waiting, "--force"]).await.code, Some(0));
    let again = run(&["delete", &waiting, "--force"]).await;
    assert!(again.code == Some(2) && again.stderr.contains("deleted"), "{again:?}");
}
