//! Exports of all data of an owner.

use super::world::{Who, World, json_of};

const EXPORT: &str = "/api/v1/account/export";

#[tokio::test]
async fn an_export_has_the_data_of_one_owner_and_is_in_the_audit_log() {
    let world = World::new().await;
    let get = async |who, path: &str| world.ask(who, "GET", path, "", "", &[]).await;
    let of_ada = format!("{EXPORT}?owner=ada");
    let task = format!("tasks/{}/task.json", world.ended);
    for (who, path, has_it) in [
        (Who::Owner, EXPORT, true),
        (Who::Owner, &of_ada, true),
        (Who::Admin, &of_ada, true),
        (Who::Admin, EXPORT, false),
        (Who::Other, EXPORT, false),
        (Who::Viewer, EXPORT, false),
    ] {
        let answer = get(who, path).await;
        assert_eq!(answer.status, 200, "{who:?} {path}");
        // It is not compressed: the names of its entries are readable.
        assert!(answer.body.contains("export.json"), "{who:?} {path}");
        assert_eq!(answer.body.contains(&task), has_it, "{who:?} {path}");
    }
    for who in [Who::Other, Who::Viewer] {
        assert_eq!(get(who, &of_ada).await.status, 403, "{who:?}");
    }
    let rows = json_of(&get(Who::Admin, "/api/v1/audit?action=export").await);
    let rows = rows["entries"].as_array().unwrap();
    let by = |who: &str, outcome: &str| {
        let is_by = |row: &&serde_json::Value| row["who"] == who && row["outcome"] == outcome;
        rows.iter().filter(is_by).count()
    };
    assert_eq!((by("ada", "ok"), by("root", "ok"), by("bob", "forbidden")), (2, 2, 1), "{rows:?}");
    assert!(rows.iter().any(|row| row["who"] == "root" && row["subject"] == "ada"), "{rows:?}");
}

#[tokio::test]
async fn pages_lead_to_the_export_and_ask_only_admins_for_an_owner() {
    let world = World::new().await;
    for who in [Who::Owner, Who::Admin] {
        let page = world.ask(who, "GET", "/account", "", "", &[]).await;
        assert!(
            page.body.contains("Download all my data") && page.body.contains(EXPORT),
            "{page:?}"
        );
    }
    let page = world.ask(Who::Admin, "GET", "/admin", "", "", &[]).await;
    assert!(
        page.body.contains("Export all data") && page.body.contains("name=\"owner\""),
        "{page:?}"
    );
}
