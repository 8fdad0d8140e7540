//! Share links: how a browser carries one, and that no log and no page has it.

use milepost::engine::store::TokenScope;

use super::world::{Who, World};

const FORM: &str = "application/x-www-form-urlencoded";

/// The link on the page that was made by a form; its path.
fn shown(body: &str) -> String {
    let url = body.split("class=\"token\">").nth(1).unwrap_or_else(|| panic!("{body}"));
    let url = url.split('<').next().unwrap();
    url.strip_prefix("http://localhost").unwrap_or_else(|| panic!("{url}")).to_owned()
}

#[tokio::test]
async fn a_link_is_made_on_a_page_opened_by_a_guest_and_revoked() {
    let world = World::new().await;
    let (task, page) = (format!("/tasks/{}", world.ended), format!("/tasks/{}/share", world.ended));
    let of_owner = world.ask(Who::Owner, "GET", &task, "", "", &[]).await.body;
    assert!(of_owner.contains("/share\">Share</a>") && of_owner.contains("Run again"));
    let body = "cancel=on&expires_in_s=86400";
    let made = world.ask(Who::Owner, "POST", &page, FORM, body, &[]).await;
    assert_eq!((made.status, made.header("cache-control")), (200, "no-store"));
    let link = shown(&made.body);
    let list = world.ask(Who::Owner, "GET", &page, "", "", &[]).await.body;
    assert!(list.contains("To follow and cancel") && list.contains("by ada"), "{list}");
    assert!(!list.contains(&link), "it is shown once");
    // Anybody opens it, even where the proxy names nobody.
    let opened = world.ask(Who::Anonymous, "GET", &link, "", "", &[]).await;
    assert_eq!((opened.status, opened.header("referrer-policy")), (303, "no-referrer"));
    assert_eq!(opened.header("location"), format!("..{task}"));
    assert_eq!(opened.header("cache-control"), "no-store");
    let cookie = opened.header("set-cookie").to_owned();
    for part in ["milepost_shares=mp_s_", "; Path=/;", "; HttpOnly", "; SameSite=Lax", "Max-Age=86"]
    {
        assert!(cookie.contains(part), "{part}: {cookie}");
    }
    let cookie = [("Cookie", cookie.split(';').next().unwrap())];
    let seen = world.ask(Who::Anonymous, "GET", &task, "", "", &cookie).await;
    assert!(seen.status == 200 && seen.body.contains("Completed"), "{seen:?}");
    for hidden in ["Run again", "Delete this task", ">Share</a>", "Started by", "mp_s_"] {
        assert!(!seen.body.contains(hidden), "{hidden}");
    }
    let action = list.split("action=\"").find(|rest| rest.contains("/revoke\"")).unwrap();
    let path = format!("/{}", action.split('"').next().unwrap());
    assert_eq!(world.ask(Who::Other, "POST", &path, FORM, "", &[]).await.status, 404);
    assert_eq!(world.ask(Who::Owner, "POST", &path, FORM, "", &[]).await.status, 303);
    assert_eq!(world.ask(Who::Anonymous, "GET", &task, "", "", &cookie).await.status, 401);
    // Who has a name loses what the link gave, and nothing else.
    assert_eq!(world.ask(Who::Other, "GET", &task, "", "", &cookie).await.status, 404);
    assert_eq!(world.ask(Who::Viewer, "GET", &task, "", "", &cookie).await.status, 200);
    for wrong in ["expires_in_s=0", "expires_in_s=x", "expires_in_s=99999999999"] {
        let answer = world.ask(Who::Owner, "POST", &page, FORM, wrong, &[]).await;
        assert!(answer.status == 400 && !answer.body.contains("mp_s_"), "{wrong}: {answer:?}");
    }
}

#[tokio::test]
async fn a_link_that_is_not_valid_has_a_page_that_does_not_repeat_it() {
    let world = World::new().await;
    let never = format!("mp_s_{}", "7".repeat(64));
    for token in [&*never, "mp_s_x", "x", "%2e%2e", "%FF"] {
        for who in [Who::Anonymous, Who::Foreign, Who::Other] {
            let path = format!("/s/{token}");
            let answer = world.ask(who, "GET", &path, "", "", &[]).await;
            if token == "%FF" {
                assert_eq!(answer.status, 400, "{answer:?}");
                continue;
            }
            assert_eq!((answer.status, answer.header("referrer-policy")), (404, "no-referrer"));
            assert!(answer.body.contains("This link is not valid any more"), "{answer:?}");
            assert!(!answer.body.contains(&format!("s/{token}")), "{answer:?}");
            assert!(!answer.header("set-cookie").contains("milepost_shares"), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn a_browser_keeps_the_links_that_it_opened_last_as_far_as_they_are_valid() {
    let world = World::new().await;
    let (waiting, ended) = (world.start("slow").await, world.ended.clone());
    let mut cookie = String::new();
    for id in [&ended, &waiting] {
        let (_, token) = world.link(&format!("tasks/{id}"), false).await;
        let sent = [("Cookie", &*cookie)];
        let opened = world.ask(Who::Other, "GET", &format!("/s/{token}"), "", "", &sent).await;
        cookie = opened.header("set-cookie").split(';').next().unwrap().to_owned();
    }
    for id in [&ended, &waiting] {
        let path = format!("/api/v1/tasks/{id}");
        let answer = world.ask(Who::Other, "GET", &path, "", "", &[("Cookie", &cookie)]).await;
        assert_eq!(answer.status, 200, "{id}");
    }
    // That of a task that was deleted is given up.
    let path = format!("/api/v1/tasks/{ended}");
    assert_eq!(world.ask(Who::Owner, "DELETE", &path, "", "", &[]).await.status, 204);
    let answer = world.ask(Who::Other, "GET", &path, "", "", &[("Cookie", &cookie)]).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn no_line_of_the_log_has_a_link() {
    let world = World::new().await;
    let (_, token) = world.link(&format!("tasks/{}", world.ended), true).await;
    let path = format!("/s/{token}");
    for (who, method) in [
        (Who::Anonymous, "GET"),
        (Who::Owner, "GET"),
        (Who::Anonymous, "POST"),
        (Who::Owner, "POST"),
        (Who::Token(TokenScope::Read), "GET"),
        (Who::WrongToken, "GET"),
        (Who::WrongToken, "POST"),
    ] {
        world.ask(who, method, &path, "", "", &[]).await;
        world.ask(who, method, &path, "", "", &[("Origin", "https://evil.example")]).await;
        world.ask(who, method, &path, "", "", &[("Host", "evil.example")]).await;
    }
    let cookie = format!("milepost_shares={token}");
    let cancel = format!("/api/v1/tasks/{}/cancel", world.ended);
    world.ask(Who::Other, "POST", &cancel, "", "", &[("Cookie", &cookie)]).await;
    let log = world.place.log();
    assert!(log.contains("open_share") && log.contains("/s/…"), "{log}");
    assert!(!log.contains("mp_s_"), "{log}");
    let bytes = std::fs::read(world.place.path("data/milepost.db")).unwrap();
    let wal = std::fs::read(world.place.path("data/milepost.db-wal")).unwrap_or_default();
    let stored = [bytes, wal].concat();
    assert!(memchr::memmem::find(&stored, token.as_bytes()).is_none(), "only its hash is stored");
}
