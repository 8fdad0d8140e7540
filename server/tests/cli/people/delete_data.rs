//! Deletion of all data of an owner.

use super::world::{Who, World, json_of};

const DATA: &str = "/api/v1/account/data";
const FORM: &str = "application/x-www-form-urlencoded";

async fn status(world: &World, id: &str) -> u16 {
    world.ask(Who::Owner, "GET", &format!("/api/v1/tasks/{id}"), "", "", &[]).await.status
}

#[tokio::test]
async fn only_an_owner_and_an_admin_delete_the_data_of_an_owner_and_it_is_in_the_audit_log() {
    let world = World::new().await;
    let waiting = world.start("slow").await;
    let delete = async |who, path: &str| world.ask(who, "DELETE", path, "", "", &[]).await;
    let of_ada = format!("{DATA}?owner=ada");
    for who in [Who::Other, Who::Viewer] {
        assert_eq!(delete(who, &of_ada).await.status, 403, "{who:?}");
    }
    assert_eq!(status(&world, &world.ended).await, 200);
    let deleted = delete(Who::Owner, DATA).await;
    let deleted = json_of(&deleted);
    assert_eq!((&deleted["tasks"], &deleted["complete"]), (&2.into(), &true.into()), "{deleted}");
    assert_eq!(deleted["tokens"], 5, "four that are valid, and one that has expired");
    for id in [&world.ended, &waiting] {
        assert_eq!(status(&world, id).await, 410);
    }
    assert_eq!(delete(Who::Owner, DATA).await.status, 200, "there is nothing left");
    let next = world.start("slow").await;
    assert_eq!(json_of(&delete(Who::Admin, &of_ada).await)["tasks"], 1);
    assert_eq!(status(&world, &next).await, 410);
    let path = "/api/v1/audit?action=delete_data&subject=ada";
    let rows = json_of(&world.ask(Who::Admin, "GET", path, "", "", &[]).await);
    let rows = rows["entries"].as_array().unwrap();
    let shown = |row: &serde_json::Value| format!("{} {}", row["who"], row["outcome"]);
    let shown: Vec<_> = rows.iter().map(shown).collect();
    assert_eq!(shown, [r#""root" "ok""#, r#""ada" "ok""#, r#""ada" "ok""#], "{rows:?}");
    assert_eq!(rows[2]["detail"], "tasks 2, uploads 0, tokens 5, sessions 0");
}

#[tokio::test]
async fn the_forms_ask_for_the_word_and_say_what_was_deleted() {
    let world = World::new().await;
    let get = async |who, path: &str| world.ask(who, "GET", path, "", "", &[]).await;
    let post =
        async |who, path: &str, body: &str| world.ask(who, "POST", path, FORM, body, &[]).await;
    let page = get(Who::Owner, "/account").await;
    assert!(page.body.contains("Delete all my data") && page.body.contains("name=\"confirm\""));
    for body in ["", "confirm=", "confirm=yes"] {
        let page = post(Who::Owner, "/account/delete-data", body).await;
        assert_eq!(page.status, 400, "{body}");
        assert!(page.body.contains("Nothing was deleted"), "{page:?}");
    }
    // Only who operates deletes by the other form, and it never takes the visitor's own for want of a name.
    let others = "/admin/delete-data";
    assert_eq!(post(Who::Owner, others, "owner=ada&confirm=delete").await.status, 403);
    for body in ["confirm=delete", "owner=&confirm=delete", "owner=ada"] {
        assert_eq!(post(Who::Admin, others, body).await.status, 400, "{body}");
    }
    assert_eq!(status(&world, &world.ended).await, 200);
    let sent = post(Who::Owner, "/account/delete-data", "confirm=Delete+").await;
    let there = sent.header("location").trim_start_matches(['.', '/']).to_owned();
    assert_eq!((sent.status, &*there), (303, "account?deleted=1-0-5-0"), "{sent:?}");
    let page = get(Who::Owner, &format!("/{there}")).await;
    assert!(page.body.contains("Deleted: 1 task, 0 uploads, 5 tokens."), "{page:?}");
    assert_eq!(status(&world, &world.ended).await, 410);
    world.start("slow").await;
    let page = get(Who::Admin, "/admin").await;
    assert!(page.body.contains("Delete all data"), "{page:?}");
    let sent = post(Who::Admin, others, "owner=ada&confirm=delete").await;
    let there = sent.header("location").trim_start_matches(['.', '/']).to_owned();
    assert_eq!((sent.status, &*there), (303, "admin?deleted=1-0-0-0&of=ada"), "{sent:?}");
    let page = get(Who::Admin, &format!("/{there}")).await;
    assert!(page.body.contains("Deleted of ada: 1 task"), "{page:?}");
}

#[tokio::test]
async fn what_a_deletion_says_is_text_whoever_wrote_the_address() {
    let world = World::new().await;
    let hostile = "/admin?deleted=1-1-1-1&more=1&of=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    let page = world.ask(Who::Admin, "GET", hostile, "", "", &[]).await;
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("<script>alert"), "{page:?}");
    let wrong = world.ask(Who::Owner, "GET", "/account?deleted=x", "", "", &[]).await;
    assert!(wrong.status == 200 && !wrong.body.contains("Deleted:"), "{wrong:?}");
}
