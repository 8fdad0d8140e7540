//! Users with passwords: the commands that manage them, and the pages where they sign in.

use std::process::Stdio;

use reqwest::{Client, Response, redirect::Policy};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::{
    fixture::{Place, Said, Server},
    people::rows::ROWS,
};

const PASSWORD: &str = "correct horse";
const MODE: (&str, &str) = ("MILEPOST_AUTH_MODE", "password");

/// Runs a command with this standard input.
async fn with_input(place: &Place, arguments: &[&str], input: &str) -> Said {
    let mut command = place.milepost(arguments);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that refuses its arguments does not read it.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

async fn add(place: &Place, name: &str) {
    let said = with_input(place, &["user", "add", name, "--stdin"], PASSWORD).await;
    assert_eq!((said.code, &*said.stdout, &*said.stderr), (Some(0), "", ""), "{said:?}");
}

/// A browser.
struct Browser<'a> {
    server: &'a Server,
    client: Client,
    cookie: String,
}

impl<'a> Browser<'a> {
    fn new(server: &'a Server) -> Self {
        let client = Client::builder().redirect(Policy::none()).user_agent("Firefox/1 (Linux)");
        Self { server, client: client.build().unwrap(), cookie: String::new() }
    }

    async fn get(&self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.server.url));
        request.header("cookie", &self.cookie).send().await.unwrap()
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        let request = self.client.post(format!("{}{path}", self.server.url));
        let request = request.header("cookie", &self.cookie).header("origin", &self.server.url);
        let body: Vec<_> = form
            .iter()
            .map(|(key, value)| {
                let encode = |text: &str| {
                    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                        .to_string()
                };
                format!("{}={}", encode(key), encode(value))
            })
            .collect();
        let media = ("content-type", "application/x-www-form-urlencoded");
        request.header(media.0, media.1).body(body.join("&")).send().await.unwrap()
    }

    /// Signs in, and keeps the cookie; the page that it leads to.
    async fn signs_in(&mut self, name: &str, password: &str, return_to: &str) -> String {
        let form = [("name", name), ("password", password), ("return_to", return_to)];
        let answer = self.post("/sign-in", &form).await;
        assert_eq!(answer.status(), 303, "{answer:?}");
        self.cookie = set_cookie(&answer).split(';').next().unwrap().to_owned();
        header(&answer, "location").to_owned()
    }
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

fn set_cookie(answer: &Response) -> &str {
    header(answer, "set-cookie")
}

#[tokio::test]
async fn users_are_added_changed_disabled_and_listed() {
    let place = Place::new();
    add(&place, "ada").await;
    add(&place, "Zoë O'Neill").await;
    let again = with_input(&place, &["user", "add", "ada", "--stdin"], PASSWORD).await;
    again.is_refused_with("there is a user ada already");
    let list = async || {
        let listed = place.run(&["user", "ls", "--json"]).await;
        serde_json::from_str::<Value>(&listed.stdout).unwrap()["users"].clone()
    };
    let users = list().await;
    assert_eq!((&users[0]["name"], &users[1]["name"]), (&json!("Zoë O'Neill"), &json!("ada")));
    assert_eq!(users[1]["disabled_at"], Value::Null);
    assert_eq!(place.run(&["user", "disable", "ada"]).await.code, Some(0));
    assert!(list().await[1]["disabled_at"].is_string());
    let text = place.run(&["user", "ls"]).await.stdout;
    let lines: Vec<_> = text.lines().collect();
    assert!(
        lines[0].starts_with("Zoë O'Neill  since ") && !lines[0].contains("disabled"),
        "{text}"
    );
    assert!(lines[1].contains("  disabled since "), "{text}");
    assert_eq!(place.run(&["user", "enable", "ada"]).await.code, Some(0));
    assert_eq!(list().await[1]["disabled_at"], Value::Null);
    let passwd = with_input(&place, &["user", "passwd", "ada", "--stdin"], "another one\n").await;
    assert_eq!(passwd.code, Some(0), "{passwd:?}");
    for command in [&["user", "passwd", "eve", "--stdin"][..], &["user", "disable", "eve"]] {
        with_input(&place, command, PASSWORD).await.is_refused_with("there is no user eve");
    }
    let bytes = std::fs::read(place.path("data/milepost.db")).unwrap();
    let wal = std::fs::read(place.path("data/milepost.db-wal")).unwrap_or_default();
    let stored = [bytes, wal].concat();
    assert!(memchr::memmem::find(&stored, b"another one").is_none(), "only its hash is stored");
    assert!(memchr::memmem::find(&stored, b"$argon2id$v=19$m=19456,t=2,p=1$").is_some());
}

#[tokio::test]
async fn a_name_or_a_password_that_cannot_be_is_refused_with_what_can_be() {
    let place = Place::new();
    for name in ["", " ada", "group:ops", "a\nb", &"a".repeat(101)] {
        let said = with_input(&place, &["user", "add", name, "--stdin"], PASSWORD).await;
        said.is_refused_with("a user has a name of 1 to 100 characters");
    }
    for password in ["", "short", &"a".repeat(1_025)] {
        let said = with_input(&place, &["user", "add", "ada", "--stdin"], password).await;
        said.is_refused_with("a password has 8 to 1024 bytes");
    }
    // A password is never an argument, and is not read from a pipe unasked.
    assert_eq!(place.run(&["user", "add", "ada", PASSWORD]).await.code, Some(2));
    let said = with_input(&place, &["user", "add", "ada"], PASSWORD).await;
    said.is_refused_with("--stdin");
    assert_eq!(place.run(&["user", "ls"]).await.stdout, "");
}

#[tokio::test]
async fn a_server_without_users_says_how_to_add_one() {
    let place = Place::new();
    let check = async || {
        let mut command = place.milepost(&["check", "--addr", "127.0.0.1:0"]);
        command.env(MODE.0, MODE.1);
        Said::of(command).await.stdout
    };
    let line = "there is no user: add one with `milepost user add NAME`";
    let checked = check().await;
    assert!(checked.contains("warning  users ") && checked.contains(line), "{checked}");
    let server = place.serve(&["--no-worker"], &[MODE]).await;
    assert!(place.log().contains(line), "{}", place.log());
    assert!(place.log().contains("the users who sign in with a password can open it"));
    assert_eq!(reqwest::get(&server.url).await.unwrap().status(), 200);
    let checked = check().await;
    assert!(checked.contains(line), "{checked}");
    add(&place, "ada").await;
    let checked = check().await;
    assert!(checked.contains("ok       users ") && !checked.contains(line), "{checked}");
    server.stop().await;
    let before = place.log().len();
    place.serve(&["--no-worker"], &[MODE]).await.stop().await;
    assert!(!place.log()[before..].contains(line), "{}", place.log());
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_found_before_the_start() {
    let place = Place::new();
    let mut command = place.milepost(&["check", "--addr", "127.0.0.1:0"]);
    // Nobody listens there.
    command.envs([
        ("MILEPOST_AUTH_MODE", "oidc"),
        ("MILEPOST_AUTH_OIDC_ISSUER", "http://127.0.0.1:1"),
        ("MILEPOST_AUTH_OIDC_CLIENT_ID", "milepost"),
        ("MILEPOST_AUTH_OIDC_CLIENT_SECRET", "hush-hush"),
    ]);
    let said = Said::of(command).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    let line = "error    provider       http://127.0.0.1:1: nobody can sign in: ";
    assert!(said.stdout.contains(line), "{said:?}");
    assert!(!said.stdout.contains("hush-hush"), "{said:?}");
}

#[tokio::test]
async fn who_is_not_signed_in_gets_no_page_and_no_call() {
    let place = Place::new();
    let server = place.serve(&["--no-worker"], &[MODE]).await;
    let browser = Browser::new(&server);
    for row in ROWS {
        let answer = match row.method {
            "GET" => browser.get(row.path).await,
            _ => browser.post(row.path, &[]).await,
        };
        let status = answer.status().as_u16();
        let expected = match (row.method, row.path) {
            (_, "/sign-in" | "/sign-out" | "/s/{token}") => continue,
            // There is no provider in this mode.
            (_, path) if path.starts_with("/sign-in/") => 404,
            (_, path) if path.starts_with("/api/") => 401,
            ("GET", _) => 303,
            _ => 401,
        };
        assert_eq!(status, expected, "{} {}", row.method, row.path);
        if status == 303 {
            assert!(header(&answer, "location").contains("sign-in"), "{answer:?}");
        }
        assert_eq!(set_cookie(&answer), "", "no session begins");
    }
    for path in ["/healthz", "/readyz", "/metrics", "/sign-in"] {
        assert_eq!(browser.get(path).await.status(), 200, "{path}");
    }
    // A file that is missing, and not hidden.
    assert_eq!(browser.get("/favicon.none").await.status(), 404);
}

#[tokio::test]
async fn a_user_signs_in_by_the_form_and_out_again() {
    let place = Place::new();
    add(&place, "ada").await;
    let server = place.serve(&["--no-worker"], &[MODE]).await;
    let mut browser = Browser::new(&server);
    let page = browser.get("/sign-in?return_to=%2Ftasks%3Fq%3D%3Cb%3E").await.text().await.unwrap();
    for part in [
        "autocomplete=\"username\"",
        "autocomplete=\"current-password\"",
        "name=\"return_to\" value=\"/tasks?q=&lt;b&gt;\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("aria-invalid"), "{page}");
    let page = browser.get("/sign-in?return_to=https%3A%2F%2Fevil.example").await;
    assert!(!page.text().await.unwrap().contains("evil.example\""));

    let form = [("name", "<ada>"), ("password", "wrong horse"), ("return_to", "/tasks")];
    let wrong = browser.post("/sign-in", &form).await;
    assert_eq!((wrong.status().as_u16(), header(&wrong, "cache-control")), (403, "no-store"));
    assert_eq!(set_cookie(&wrong), "");
    let page = wrong.text().await.unwrap();
    for part in [
        "The name or the password is wrong.",
        "role=\"alert\"",
        "aria-invalid=\"true\"",
        "aria-describedby=\"sign-in-error\"",
        "value=\"&lt;ada&gt;\"",
        "name=\"return_to\" value=\"/tasks\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("wrong horse"), "{page}");

    for (return_to, there) in [
        ("/tasks?q=a", "./tasks?q=a"),
        ("", "./"),
        ("//evil.example", "./"),
        ("https://evil.example", "./"),
        ("/\\evil.example", "./"),
    ] {
        assert_eq!(browser.signs_in("ada", PASSWORD, return_to).await, there, "{return_to}");
    }
    assert_eq!(browser.get("/tasks").await.status(), 200);
    let account = browser.get("/account").await.text().await.unwrap();
    assert!(account.contains("You are ada.") && account.contains("(this browser)"), "{account}");
    assert!(account.contains("Firefox on Linux"), "{account}");
    let out = browser.post("/sign-out", &[]).await;
    assert_eq!((out.status().as_u16(), header(&out, "location")), (303, "./sign-in"));
    assert!(set_cookie(&out).starts_with("milepost_user=; "), "{out:?}");
    assert_eq!(browser.get("/tasks").await.status(), 303, "the session has ended");
    assert_eq!(browser.post("/sign-out", &[]).await.status(), 303, "who is signed out already");
    for line in [
        "owner=\"user:ada\" how=\"password\" action=\"sign_in\"",
        "action=\"sign_in\" outcome=\"wrong\"",
    ] {
        assert!(place.log().contains(line), "{line}: {}", place.log());
    }
    assert!(place.log().contains("action=\"sign_out\" outcome=\"ok\""), "{}", place.log());
    assert!(!place.log().contains(PASSWORD));
}

#[tokio::test]
async fn a_page_of_another_site_signs_nobody_in() {
    let place = Place::new();
    add(&place, "ada").await;
    let server = place.serve(&["--no-worker"], &[MODE]).await;
    let request = Client::new().post(format!("{}/sign-in", server.url));
    let request = request.header("origin", "https://evil.example");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let body = "name=ada&password=correct+horse";
    let answer = request.body(body).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), set_cookie(&answer)), (403, ""));
}

#[tokio::test]
async fn the_sessions_of_a_user_are_ended_on_the_page_of_the_account() {
    let place = Place::new();
    add(&place, "ada").await;
    add(&place, "bob").await;
    let server = place.serve(&["--no-worker"], &[MODE]).await;
    let [mut here, mut there, mut bob] = [(); 3].map(|()| Browser::new(&server));
    here.signs_in("ada", PASSWORD, "").await;
    there.signs_in("ada", PASSWORD, "").await;
    bob.signs_in("bob", PASSWORD, "").await;
    let page = here.get("/account").await.text().await.unwrap();
    let action = page.split("action=\"account/sessions/").find(|part| part.contains("/end\""));
    let action = action.and_then(|part| part.split("/end\"").next()).unwrap();
    let path = format!("/account/sessions/{action}/end");
    assert_eq!(bob.post(&path, &[]).await.status(), 404, "it is not bob's");
    assert_eq!(there.get("/tasks").await.status(), 200);
    let ended = here.post(&path, &[]).await;
    assert_eq!(header(&ended, "location"), "../../../account");
    assert_eq!(there.get("/tasks").await.status(), 303);
    there.signs_in("ada", PASSWORD, "").await;
    let ended = here.post("/account/sessions/end-others", &[]).await;
    assert_eq!(header(&ended, "location"), "../../account");
    assert_eq!(there.get("/tasks").await.status(), 303);
    let page = here.get("/account").await.text().await.unwrap();
    assert!(!page.contains("End all other sessions"), "{page}");
    assert_eq!(bob.get("/tasks").await.status(), 200);
}

#[tokio::test]
async fn a_user_has_the_role_and_the_tasks_of_their_name() {
    let place = Place::with_research();
    place.write("milepost.toml", "[auth]\nmode = \"password\"\nadmins = [\"root\"]\n");
    for name in ["ada", "bob", "root"] {
        add(&place, name).await;
    }
    let server = place.serve(&["--no-worker"], &[]).await;
    let [mut ada, mut bob, mut root] = [(); 3].map(|()| Browser::new(&server));
    for (browser, name) in [(&mut ada, "ada"), (&mut bob, "bob"), (&mut root, "root")] {
        browser.signs_in(name, PASSWORD, "").await;
    }
    let body = json!({ "kind": "dataset", "input": { "data": "a\n1\n" } });
    let request = ada.client.post(format!("{}/api/v1/tasks", server.url));
    let started = request.header("cookie", &ada.cookie).json(&body).send().await.unwrap();
    let task: Value = started.json().await.unwrap();
    let path = format!("/api/v1/tasks/{}", task["id"].as_str().unwrap());
    assert_eq!(ada.get(&path).await.status(), 200);
    assert_eq!(bob.get(&path).await.status(), 404);
    assert_eq!(root.get(&path).await.status(), 200);
    // A token of the user sees the same.
    let token = place.run(&["token", "add", "CI", "--user", "ada"]).await.stdout;
    let with_token = Client::new().get(format!("{}{path}", server.url)).bearer_auth(token.trim());
    assert_eq!(with_token.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_audit_log_names_users_and_the_command_line_and_a_task_says_who_started_it() {
    let place = Place::with_research();
    place.write("milepost.toml", "[auth]\nmode = \"password\"\nadmins = [\"root\"]\n");
    for name in ["ada", "root"] {
        add(&place, name).await;
    }
    place.run(&["token", "add", "CI", "--user", "ada"]).await;
    let server = place.serve(&["--no-worker"], &[]).await;
    let [mut ada, mut root] = [(); 2].map(|()| Browser::new(&server));
    ada.signs_in("ada", PASSWORD, "").await;
    root.signs_in("root", PASSWORD, "").await;
    let body = json!({ "kind": "dataset", "input": { "data": "a\n1\n" } });
    let request = ada.client.post(format!("{}/api/v1/tasks", server.url));
    let started = request.header("cookie", &ada.cookie).json(&body).send().await.unwrap();
    let task: Value = started.json().await.unwrap();
    assert_eq!(task["started_by"], "ada");
    let page = format!("/tasks/{}", task["id"].as_str().unwrap());
    let shown = root.get(&page).await.text().await.unwrap();
    assert!(shown.contains("Started by <bdi>ada</bdi>"), "{shown}");
    assert_eq!(root.post(&format!("{page}/cancel"), &[]).await.status(), 303);
    let shown = ada.get(&page).await.text().await.unwrap();
    assert!(shown.contains("root asked to cancel at "), "the receipt names who cancelled: {shown}");
    assert_eq!(ada.get("/api/v1/audit").await.status(), 403);
    let log: Value = root.get("/api/v1/audit").await.json().await.unwrap();
    let rows = log["entries"].as_array().unwrap().iter().rev();
    let rows = rows.map(|row| {
        let text = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {}", text("who"), text("how"), text("address"), text("action"))
    });
    assert_eq!(
        rows.collect::<Vec<_>>(),
        [
            "command line cli - add_user",
            "command line cli - add_user",
            "command line cli - add_token",
            "ada password 127.0.0.1 sign_in",
            "root password 127.0.0.1 sign_in",
            "ada password 127.0.0.1 start",
            "root password 127.0.0.1 cancel",
        ]
    );
}
