//! Who may call what: one row for each call of the API, each page and each form; a route without a
//! row fails.

mod delete_data;
mod deletion;
mod export;
pub(crate) mod rows;
mod shares;
mod tokens;
mod traces;
mod viewers;
mod world;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use self::{
    rows::ROWS,
    world::{LINKS, PEOPLE, TOKENS, Verdict, Who, World, expected, json_of},
};
use crate::fixture::{Place, Said};

/// Method and path of each call of the API, each page, form and server function.
async fn routes(world: &World) -> BTreeSet<(String, String)> {
    let document = world.ask(Who::Owner, "GET", "/api/openapi.json", "", "", &[]).await;
    let document = json_of(&document);
    let paths = document["paths"].as_object().unwrap().iter();
    let mut routes: BTreeSet<_> = paths
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys().map(|method| method.to_uppercase());
            methods.map(move |method| (method, path.clone()))
        })
        .collect();
    routes.extend(milepost_app::serve::routes());
    routes
}

#[tokio::test]
async fn each_route_has_a_row_and_no_row_is_without_a_route() {
    let world = World::new().await;
    let routes = routes(&world).await;
    assert!(routes.len() > 50, "{routes:?}");
    let rows: BTreeSet<_> =
        ROWS.iter().map(|row| (row.method.to_owned(), row.path.to_owned())).collect();
    let missing: Vec<_> = routes
        .iter()
        // A HEAD is answered as its GET.
        .filter(|(method, path)| match method.as_str() {
            "HEAD" => !rows.contains(&("GET".to_owned(), path.clone())),
            _ => !rows.contains(&(method.clone(), path.clone())),
        })
        .collect();
    assert!(missing.is_empty(), "who may call {missing:#?}?");
    let gone: Vec<_> = rows.difference(&routes).collect();
    assert!(gone.is_empty(), "there is no {gone:#?}");
}

#[tokio::test]
async fn each_may_do_what_the_rule_says_and_nothing_else() {
    let world = World::new().await;
    let mut wrong = Vec::new();
    for row in ROWS {
        let is_call = row.path.starts_with("/api/v1/");
        for who in PEOPLE.into_iter().chain(LINKS).chain(TOKENS.into_iter().filter(|_| is_call)) {
            let expected = expected(row, who);
            // The rows after it need what it would delete.
            let own = match row.takes_all() && expected == Verdict::Allowed {
                true => Some(World::new().await),
                false => None,
            };
            let world = own.as_ref().unwrap_or(&world);
            let id = world.subject(row).await;
            let verdict = world.verdict(who, row, &id).await;
            if verdict != expected {
                wrong.push(format!(
                    "{who:?} {} {}: {verdict:?}, not {expected:?}",
                    row.method, row.path
                ));
            }
            if row.about == "waiting" && verdict != Verdict::Allowed {
                let path = format!("/api/v1/tasks/{id}");
                let task = world.ask(Who::Owner, "GET", &path, "", "", &[]).await;
                assert!(task.body.contains("queued") || task.body.contains("running"), "{task:?}");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_head_is_answered_to_those_who_may_get() {
    let world = World::new().await;
    for row in ROWS.iter().filter(|row| row.method == "GET" && row.path.starts_with("/api/v1/")) {
        let id = world.subject(row).await;
        let path = row.path.replace("{id}", &id).replace("{name}", "out.txt");
        let path = path.replace("{kind}", row.kind);
        for who in PEOPLE.into_iter().chain(TOKENS) {
            let get = world.ask(who, "GET", &path, "", "", &[]).await.status;
            let head = world.ask(who, "HEAD", &path, "", "", &[]).await.status;
            assert_eq!(head, get, "{who:?} {path}");
        }
    }
}

#[tokio::test]
async fn a_kind_is_listed_only_for_those_who_may_start_it() {
    let world = World::new().await;
    for (who, listed) in
        [(Who::Owner, true), (Who::Admin, true), (Who::Other, false), (Who::Viewer, false)]
    {
        for path in ["/api/v1/kinds", "/", "/tasks"] {
            let answer = world.ask(who, "GET", path, "", "", &[]).await;
            assert_eq!(answer.body.to_lowercase().contains("secret"), listed, "{who:?} {path}");
        }
        // The error about another kind does not name it either.
        let body = json!({ "kind": "none", "input": {} }).to_string();
        let media = "application/json";
        let answer = world.ask(who, "POST", "/api/v1/tasks", media, &body, &[]).await;
        assert_eq!((answer.status, answer.body.contains("secret")), (400, listed), "{answer:?}");
    }
}

#[tokio::test]
async fn a_request_whose_proxy_names_two_users_is_refused() {
    let world = World::new().await;
    for header in [("Remote-User", "root"), ("X-Forwarded-User", "root"), ("remote-user", "ada")] {
        let answer = world.ask(Who::Owner, "GET", "/api/v1/tasks", "", "", &[header]).await;
        assert_eq!(answer.status, 400, "{header:?}: {answer:?}");
    }
    let groups = [("Remote-Groups", "dev, ops")];
    let path = format!("/api/v1/tasks/{}", world.ended);
    let answer = world.ask(Who::Other, "GET", &path, "", "", &groups).await;
    assert_eq!(answer.status, 200, "a member of ops is an admin");
}

#[tokio::test]
async fn in_an_open_server_a_name_in_a_header_is_nobodys() {
    let place = Place::new();
    let admins = ("MILEPOST_AUTH_ADMINS", "root");
    let server = place.serve(&["--no-worker"], &[admins]).await;
    let client = reqwest::Client::new();
    let start = |cookie: String| {
        let request = client.post(format!("{}/api/v1/tasks", server.url)).header("cookie", cookie);
        request.json(&json!({ "kind": "dataset", "input": { "data": "a\n1\n" } })).send()
    };
    let page = client.get(&server.url).send().await.unwrap();
    let cookie =
        page.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let task: Value = start(cookie).await.unwrap().json().await.unwrap();
    let url = format!("{}/api/v1/tasks/{}", server.url, task["id"].as_str().unwrap());
    for header in ["remote-user", "x-forwarded-user"] {
        let answer = client.get(&url).header(header, "root").send().await.unwrap();
        assert_eq!(answer.status(), 404, "{header}");
    }
}

#[tokio::test]
async fn a_server_is_not_open_to_others_by_accident() {
    let place = Place::new();
    for (arguments, variables, part) in [
        (&["--addr", "0.0.0.0:0"][..], &[][..], "--open"),
        (&["--addr", "[::]:0"], &[("MILEPOST_AUTH_MODE", "open")], "--open"),
        (&[], &[("MILEPOST_AUTH_MODE", "oidc")], "auth.oidc.issuer"),
        (&[], &[("MILEPOST_AUTH_OIDC_ISSUER", "http://id.example")], "MILEPOST_AUTH_OIDC_ISSUER"),
        (&[], &[("MILEPOST_AUTH_SESSION_IDLE_S", "5")], "MILEPOST_AUTH_SESSION_IDLE_S"),
        (&[], &[("MILEPOST_AUTH_MODE", "proxy")], "auth.proxy.trusted"),
        (&[], &[("MILEPOST_AUTH_MODE", "none")], "MILEPOST_AUTH_MODE"),
        (&[], &[("MILEPOST_AUTH_ADMINS", "group:")], "MILEPOST_AUTH_ADMINS"),
        (&[], &[("MILEPOST_KINDS_STORY_ALLOW", "group:")], "MILEPOST_KINDS_STORY_ALLOW"),
    ] {
        let mut command = place.milepost(&["serve"]);
        let addr = if arguments.is_empty() { &["--addr", "127.0.0.1:0"][..] } else { arguments };
        command.args(addr).envs(variables.iter().copied());
        let said = Said::of(command).await;
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(said.stderr.contains(part), "{part}: {said:?}");
        assert_eq!(said.stdout, "", "{said:?}");
    }
    let said = place.run(&["check", "--addr", "0.0.0.0:0"]).await;
    assert!(said.code == Some(2) && said.stdout.contains("access"), "{said:?}");
    let said = place.run(&["check", "--addr", "0.0.0.0:0", "--open"]).await;
    assert!(!said.stdout.contains("access"), "{said:?}");
    let proxy = [("MILEPOST_AUTH_MODE", "proxy"), ("MILEPOST_AUTH_PROXY_TRUSTED", "192.0.2.1")];
    let command = place.milepost(&["serve", "--addr", "0.0.0.0:0", "--no-worker"]);
    let server = place.serve_by(command, &proxy).await;
    let answer = reqwest::get(&server.url).await.unwrap();
    assert_eq!(answer.status(), 401);
}
