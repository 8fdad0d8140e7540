//! Tokens: what they permit, and the commands and the page that make them.

use milepost::engine::store::TokenScope;
use serde_json::{Value, json};

use super::world::{Who, World, json_of};
use crate::fixture::{Place, Said};

#[tokio::test]
async fn a_token_needs_no_cookie_and_no_page_of_this_site_and_a_wrong_one_is_nobodys() {
    let world = World::new().await;
    let evil = [("Origin", "https://evil.example")];
    let body = json!({ "kind": "quick", "input": {} }).to_string();
    let post = async |who, headers: &[(&str, &str)]| {
        world.ask(who, "POST", "/api/v1/tasks", "application/json", &body, headers).await
    };
    assert_eq!(post(Who::Token(TokenScope::Start), &evil).await.status, 202);
    assert_eq!(post(Who::Owner, &evil).await.status, 403, "a session needs it");
    // What a proxy's sign-in adds to each request is no token of a page's script.
    let of_proxy = [evil[0], ("Authorization", "Bearer x.y.z")];
    assert_eq!(post(Who::Owner, &of_proxy).await.status, 403);
    for who in [Who::RemovedToken, Who::ExpiredToken, Who::WrongToken] {
        let answer = post(who, &evil).await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, "Bearer"));
        assert!(answer.body.contains("invalid_token"), "{answer:?}");
    }
    let token = &world.tokens[0].1;
    let list = async |who, path: &str, headers: &[(&str, &str)]| {
        world.ask(who, "GET", path, "", "", headers).await.status
    };
    // Whoever has a cookie or a name besides.
    assert_eq!(list(Who::Owner, "/api/v1/tasks", &[("Authorization", "Bearer mp_x")]).await, 401);
    assert_eq!(list(Who::Foreign, "/api/v1/tasks", &[("Authorization", "Bearer x")]).await, 401);
    assert_eq!(list(Who::Foreign, "/api/v1/tasks", &[("authorization", "bearer")]).await, 401);
    // That of the proxy itself, or of its own sign-in.
    assert_eq!(list(Who::Owner, "/api/v1/tasks", &[("Authorization", "Bearer x.y.z")]).await, 200);
    assert_eq!(list(Who::Owner, "/api/v1/tasks", &[("Authorization", "Basic YTpi")]).await, 200);
    assert_eq!(list(Who::Anonymous, "/api/v1/tasks", &[("Authorization", "Bearer x")]).await, 401);
    let two = [("Authorization", "Bearer x"), ("Authorization", "Bearer y")];
    assert_eq!(list(Who::Owner, "/api/v1/tasks", &two).await, 400);
    for query in ["token", "access_token", "bearer"] {
        let path = format!("/api/v1/kinds?{query}={token}");
        assert_eq!(list(Who::Foreign, &path, &[]).await, 401, "{query}");
    }
}

#[tokio::test]
async fn a_token_for_a_kind_is_for_no_other() {
    let mut world = World::new().await;
    let token = world.token(&["one kind", "--user", "ada", "--kind", "slow"]).await;
    world.tokens.insert(0, (Who::Token(TokenScope::Read), token));
    let who = Who::Token(TokenScope::Read);
    let kinds = world.ask(who, "GET", "/api/v1/kinds", "", "", &[]).await;
    let kinds: Vec<_> =
        json_of(&kinds).as_array().unwrap().iter().map(|it| it["kind"].clone()).collect();
    assert_eq!(kinds, ["slow"]);
    let slow = world.start("slow").await;
    for (id, status) in [(&slow, 200), (&world.ended, 404)] {
        let path = format!("/api/v1/tasks/{id}");
        assert_eq!(world.ask(who, "GET", &path, "", "", &[]).await.status, status);
    }
    for (kind, status) in [("slow", 202), ("quick", 400)] {
        let body = json!({ "kind": kind, "input": {} }).to_string();
        let media = "application/json";
        let answer = world.ask(who, "POST", "/api/v1/tasks", media, &body, &[]).await;
        assert_eq!(answer.status, status, "{kind}");
    }
}

#[tokio::test]
async fn a_token_is_made_and_removed_on_the_page_of_the_account() {
    let world = World::new().await;
    let media = "application/x-www-form-urlencoded";
    let body = "name=for+%3Ci%3E&scope=read&scope=start&kind=quick&days=7";
    let made = world.ask(Who::Other, "POST", "/account/tokens", media, body, &[]).await;
    assert_eq!((made.status, made.header("cache-control")), (200, "no-store"));
    let token = made.body.split("class=\"token\">").nth(1).unwrap();
    let token = token.split('<').next().unwrap().to_owned();
    let bearer = format!("Bearer {token}");
    let kinds = [("Authorization", &*bearer)];
    let answer = world.ask(Who::Foreign, "GET", "/api/v1/kinds", "", "", &kinds).await;
    assert!(answer.status == 200 && answer.body.contains("quick"), "{answer:?}");
    assert!(!answer.body.contains("slow"), "{answer:?}");
    let page = world.ask(Who::Other, "GET", "/account", "", "", &[]).await.body;
    assert!(page.contains("for &lt;i&gt;") && !page.contains(&token), "{page}");
    assert!(page.contains("You are bob"), "{page}");
    // A token manages no tokens.
    let answer = world.ask(Who::Foreign, "GET", "/account", "", "", &kinds).await;
    assert_eq!(answer.status, 403);
    let action = page.split("action=\"account/tokens/").nth(1).unwrap();
    let path = format!("/account/tokens/{}", action.split('"').next().unwrap());
    assert_eq!(world.ask(Who::Owner, "POST", &path, media, "", &[]).await.status, 404);
    assert_eq!(world.ask(Who::Other, "POST", &path, media, "", &[]).await.status, 303);
    let answer = world.ask(Who::Foreign, "GET", "/api/v1/kinds", "", "", &kinds).await;
    assert_eq!(answer.status, 401, "it is out at once here");
    for wrong in ["", "name=", "name=a&scope=all", "name=a", "name=a&scope=read&kind=a+b"] {
        let answer = world.ask(Who::Other, "POST", "/account/tokens", media, wrong, &[]).await;
        assert!(
            answer.status == 400 || !answer.body.contains("Copy it now"),
            "{wrong}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn the_command_line_logs_in_and_acts_as_the_user_of_its_token() {
    let world = World::new().await;
    let token = world.token(&["CLI", "--user", "ada"]).await;
    let client = |arguments: &[&str]| {
        let mut command = world.place.milepost(arguments);
        command.env("XDG_CONFIG_HOME", world.place.path("config"));
        Said::of(command)
    };
    let url = world.server.url.as_str();
    let wrong = client(&["login", url, "--token", "mp_wrong"]).await;
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    assert!(!world.place.path("config").exists(), "a token that is refused is not kept");
    let login = client(&["login", url, "--token", &token, "--name", "here"]).await;
    assert_eq!(login.code, Some(0), "{login:?}");
    assert!(!format!("{login:?}").contains(&token));
    for named in ["here", url, &format!("{url}/")] {
        let list = client(&["ls", "--url", named]).await;
        assert!(list.stdout.contains(&world.ended), "{list:?}");
    }
    let kept = world.place.path("config/milepost/servers.json");
    let mode = std::os::unix::fs::PermissionsExt::mode(&kept.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    // A token of the command line comes first.
    let other = world.token(&["CLI", "--user", "bob"]).await;
    let list = client(&["ls", "--url", "here", "--token", &other]).await;
    assert!(!list.stdout.contains(&world.ended), "{list:?}");
    let cancelled = client(&["status", &world.ended, "--url", "here", "--token", "mp_x"]).await;
    assert_eq!(cancelled.code, Some(2), "{cancelled:?}");
}

#[tokio::test]
async fn a_token_is_listed_with_what_it_may_do_and_never_shown_twice() {
    let place = Place::new();
    let add = ["token", "add", "for “CI”", "--user", "ada", "--group", "ops", "--scope", "read"];
    let add = [&add[..], &["--kind", "story", "--days", "7", "--json"]].concat();
    let made = place.run(&add).await;
    let made: Value = serde_json::from_str(&made.stdout).unwrap();
    let token = made["token"].as_str().unwrap();
    assert!(token.starts_with("mp_") && token.len() == 67, "{token}");
    let listed = place.run(&["token", "ls", "--user", "ada", "--json"]).await;
    assert!(!listed.stdout.contains(token));
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    let listed = &listed["tokens"][0];
    for (key, value) in [
        ("user", json!("ada")),
        ("name", json!("for “CI”")),
        ("groups", json!(["ops"])),
        ("scopes", json!(["read"])),
        ("kinds", json!(["story"])),
        ("last_used_at", Value::Null),
    ] {
        assert_eq!(listed[key], value, "{key}");
    }
    let text = place.run(&["token", "ls"]).await.stdout;
    assert!(text.contains("for “CI”") && text.contains("never used"), "{text}");
    assert_eq!(place.run(&["token", "ls", "--user", "bob"]).await.stdout, "");
    let bytes = std::fs::read(place.path("data/milepost.db")).unwrap();
    let wal = std::fs::read(place.path("data/milepost.db-wal")).unwrap_or_default();
    let stored = [bytes, wal].concat();
    assert!(memchr::memmem::find(&stored, token.as_bytes()).is_none(), "only its hash is stored");
    for wrong in [
        &["token", "add", "", "--user", "ada"][..],
        &["token", "add", "x", "--user", "ada", "--days", "0"],
        &["token", "add", "x", "--user", "ada", "--days", "4000"],
        &["token", "add", "x", "--user", " "],
        &["token", "add", "x", "--user", "ada", "--group", ""],
        &["token", "rm", "none"],
    ] {
        let said = place.run(wrong).await;
        assert_eq!((said.code, said.stderr.lines().count()), (Some(2), 1), "{said:?}");
    }
    for wrong in
        [&["token", "add", "x"][..], &["token", "add", "x", "--user", "a", "--scope", "all"]]
    {
        assert_eq!(place.run(wrong).await.code, Some(2), "{wrong:?}");
    }
    let id = listed["id"].as_str().unwrap();
    assert_eq!(place.run(&["token", "rm", id]).await.code, Some(0));
    assert_eq!(place.run(&["token", "ls"]).await.stdout, "");
}
