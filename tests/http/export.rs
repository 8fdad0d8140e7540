//! All data of an owner as an archive.

use std::collections::BTreeMap;

use async_zip::base::read::mem::ZipFileReader;
use axum::{
    body::Body,
    http::{Method, Request, Response, header},
};
use milepost::engine::{Artifacts, Caller, EngineOptions, Role, TokenRequest, store::TokenScope};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::fixture::{ADA, Answer, BOB, Fixture, fixture_of, options, quick};

const EXPORT: &str = "/api/v1/account/export";
const HOSTILE: &str = "<script>alert(1) ä\".html";

pub(crate) fn with_files() -> EngineOptions {
    quick().with(|o| {
        o.artifacts = Some(Artifacts::in_memory());
        o.max_queued_per_owner = 10;
    })
}

pub(crate) fn request(caller: &Caller, method: Method, path: &str, body: Body) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).header(header::HOST, "here");
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let mut request = request.body(body).unwrap();
    request.extensions_mut().insert(caller.clone());
    request
}

pub(crate) async fn ask(f: &Fixture, caller: &Caller, path: &str) -> Answer {
    f.send(request(caller, Method::GET, path, Body::empty())).await
}

pub(crate) async fn start(f: &Fixture, caller: &Caller, kind: &str, input: Value) -> String {
    let body = json!({ "kind": kind, "input": input }).to_string();
    let started = f.send(request(caller, Method::POST, "/api/v1/tasks", body.into())).await;
    assert_eq!(started.status, 202, "{}", started.json());
    started.json()["id"].as_str().unwrap().to_owned()
}

pub(crate) async fn ended(f: &Fixture, caller: &Caller, id: &str) {
    let waiting = Request::get(format!("/api/v1/tasks/{id}")).header(header::HOST, "here");
    let waiting = waiting.header("prefer", "wait=20; until=end");
    let mut waiting = waiting.body(Body::empty()).unwrap();
    waiting.extensions_mut().insert(caller.clone());
    assert_eq!(f.send(waiting).await.json()["status"], "completed");
}

/// The entries of an archive, by name.
pub(crate) async fn entries(answer: Answer) -> BTreeMap<String, String> {
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/zip"));
    let archive = ZipFileReader::new(answer.bytes).await.unwrap();
    let mut entries = BTreeMap::new();
    for (index, entry) in archive.file().entries().iter().enumerate() {
        let (name, mut text) = (entry.filename().as_str().unwrap().to_owned(), String::new());
        let mut reader = archive.reader_with_entry(index).await.unwrap();
        reader.read_to_string_checked(&mut text).await.unwrap();
        assert_eq!(entries.insert(name, text), None, "each name is there once");
    }
    entries
}

pub(crate) fn read(entries: &BTreeMap<String, String>, name: &str) -> Value {
    serde_json::from_str(&entries[name]).unwrap()
}

#[tokio::test]
async fn an_export_has_all_data_of_its_owner_and_nothing_of_others() {
    let f = fixture_of(options(), with_files()).await;
    let (ada, bob) = (Caller::user("ada"), Caller::user("bob"));
    let secret = json!({ "text": "mine", "password": "hunter2" });
    let echo = start(&f, &ada, "echo", secret).await;
    let sent = f
        .send(request(&ada, Method::POST, "/api/v1/uploads?name=..%2Fup%0A.txt", "kept".into()))
        .await;
    assert_eq!(sent.status, 201, "{}", sent.json());
    let upload = sent.json()["id"].as_str().unwrap().to_owned();
    let files = json!({ "files": [["a.txt", "0123"], [HOSTILE, "<script>"]], "upload": upload });
    let maker = start(&f, &ada, "maker", files).await;
    let theirs = start(&f, &bob, "echo", json!({ "text": "theirs" })).await;
    for (caller, id) in [(&ada, &echo), (&ada, &maker), (&bob, &theirs)] {
        ended(&f, caller, id).await;
    }
    let running = start(&f, &ada, "endless", json!({})).await;
    let service = f.engine.service();
    let (token, _) = service.make_token(&ada, TokenRequest::new("CI")).await.unwrap();
    let path = format!("/api/v1/tasks/{echo}/shares");
    let shared = f.send(request(&ada, Method::POST, &path, "{}".into())).await;
    assert_eq!(shared.status, 201, "{}", shared.json());

    let answer = ask(&f, &ada, EXPORT).await;
    let name = "attachment; filename=\"milepost ada.zip\"";
    assert_eq!(
        (answer.header("content-disposition"), answer.header("cache-control")),
        (name, "no-store")
    );
    let all = entries(answer).await;
    let about = read(&all, "export.json");
    let counts = json!({ "tasks": 3, "files": 2, "uploads": 1, "tokens": 1, "shares": 1 });
    assert_eq!((&about["owner"], &about["counts"]), (&json!("ada"), &counts));
    assert!(about["not_included"].as_array().unwrap().len() > 2);
    let task = |id: &str, name: &str| format!("tasks/{id}/{name}");
    assert_eq!(read(&all, &task(&echo, "task.json"))["status"], "completed");
    assert_eq!(read(&all, &task(&running, "task.json"))["kind"], "endless");
    assert_eq!(
        read(&all, &task(&echo, "input.json"))["input"],
        json!({ "text": "mine", "fail": false })
    );
    assert!(
        all[&task(&echo, "log.jsonl")]
            .lines()
            .any(|line| { serde_json::from_str::<Value>(line).unwrap()["text"] == "heard" })
    );
    assert_eq!(all[&task(&echo, "result/echo__.md")], "mine with a password");
    assert_eq!(read(&all, &task(&echo, "shares.json")).as_array().unwrap().len(), 1);
    assert_eq!(all[&task(&maker, "files/a.txt")], "0123");
    assert_eq!(all[&task(&maker, &format!("files/{HOSTILE}"))], "<script>");
    assert_eq!(all[&format!("uploads/{upload}/file/up_.txt")], "kept");
    assert_eq!(read(&all, "tokens.json")[0]["name"], "CI");
    for (name, text) in &all {
        let is_inside = name.split('/').all(|part| !matches!(part, "" | "." | ".."));
        assert!(is_inside && !name.contains('\\'), "{name}");
        for foreign in ["hunter2", "theirs", &theirs, &token, "mp_"] {
            assert!(!text.contains(foreign) && !name.contains(foreign), "{name}: {foreign}");
        }
    }
}

#[tokio::test]
async fn only_an_admin_exports_the_data_of_another_owner() {
    let f = fixture_of(options(), with_files()).await;
    let ada = Caller::user("ada");
    let id = start(&f, &ada, "echo", json!({ "text": "mine" })).await;
    ended(&f, &ada, &id).await;
    let of_ada = format!("{EXPORT}?owner=ada");
    let admin = Caller::user("root").with_role(Role::Admin);
    for path in [&of_ada, &format!("{EXPORT}?owner=user:ada")] {
        let all = entries(ask(&f, &admin, path).await).await;
        assert_eq!(read(&all, "export.json")["owner"], "ada");
        assert!(all.contains_key(&format!("tasks/{id}/input.json")));
    }
    let own = entries(ask(&f, &admin, EXPORT).await).await;
    assert_eq!(read(&own, "export.json")["counts"]["tasks"], 0);
    entries(ask(&f, &ada, &of_ada).await).await;
    for other in [Caller::user("bob"), Caller::user("eve").with_role(Role::Viewer)] {
        assert!(f.problem(&ask(&f, &other, &of_ada).await, 403).contains("only an admin"));
        let all = entries(ask(&f, &other, EXPORT).await).await;
        assert_eq!(read(&all, "export.json")["counts"]["tasks"], 0);
    }
    f.problem(&ask(&f, &Caller::nobody(), EXPORT).await, 403);
    for hostile in ["", "a%0Ab", &"a".repeat(301)] {
        let refused = ask(&f, &admin, &format!("{EXPORT}?owner={hostile}")).await;
        f.problem(&refused, 400);
        assert_eq!(refused.json()["errors"][0]["field"], "owner");
    }
    let hostile = ask(&f, &admin, &format!("{EXPORT}?owner=..%2F..%22%3B%C3%A4")).await;
    assert!(hostile.header("content-disposition").starts_with("attachment; filename=\""));
    assert_eq!(read(&entries(hostile).await, "export.json")["counts"]["tasks"], 0);
}

#[tokio::test]
async fn a_session_without_a_name_exports_its_own_data() {
    let f = fixture_of(options(), with_files()).await;
    let id = f.start(ADA, "echo", json!({ "text": "mine" })).await;
    f.until(ADA, &id, "completed").await;
    for (cookie, tasks) in [(ADA, 1), (BOB, 0)] {
        let all = entries(f.get(EXPORT, cookie).await).await;
        let about = read(&all, "export.json");
        assert_eq!(about["counts"]["tasks"], tasks);
        assert!(about["owner"].as_str().unwrap().len() <= 16, "{about}");
        assert_eq!(all.contains_key(&format!("tasks/{id}/task.json")), tasks == 1);
    }
    f.problem(&f.get(&format!("{EXPORT}?owner=ada"), BOB).await, 403);
}

#[tokio::test]
async fn a_token_needs_to_read_and_to_be_for_all_kinds() {
    let f = fixture_of(options(), with_files()).await;
    let (ada, service) = (Caller::user("ada"), f.engine.service());
    let request = |scope, kinds: &[&str]| {
        TokenRequest::new("CI").with(|it| {
            it.scopes = vec![scope];
            it.kinds = kinds.iter().map(|&kind| kind.to_owned()).collect();
        })
    };
    for (asked, status) in [
        (request(TokenScope::Read, &[]), 200),
        (request(TokenScope::Read, &["echo"]), 403),
        (request(TokenScope::Start, &[]), 403),
    ] {
        let (token, _) = service.make_token(&ada, asked).await.unwrap();
        let request = Request::get(EXPORT).header(header::HOST, "here");
        let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        assert_eq!(f.send(request.body(Body::empty()).unwrap()).await.status, status);
    }
}

/// A task with a file that is larger than what waits for a client, and an export of it that nobody reads.
async fn unread(f: &Fixture, caller: &Caller) -> (String, Response<Body>) {
    let large = "x".repeat(300_000);
    let id = start(f, caller, "maker", json!({ "files": [["a.txt", large]] })).await;
    ended(f, caller, &id).await;
    let export = request(caller, Method::GET, EXPORT, Body::empty());
    (id, f.router.clone().oneshot(export).await.unwrap())
}

#[tokio::test]
async fn four_exports_are_under_way_at_most() {
    let f = fixture_of(options(), with_files()).await;
    let mut open = Vec::new();
    for name in ["ada", "bob", "eve", "joe"] {
        open.push(unread(&f, &Caller::user(name)).await.1);
        assert_eq!(open.last().unwrap().status(), 200, "{name}");
    }
    let fifth = Caller::user("zoe");
    let refused = ask(&f, &fifth, EXPORT).await;
    assert!(f.problem(&refused, 503).contains("4 exports are under way"));
    assert_eq!(refused.header("retry-after"), "5");
    open.pop();
    let status = loop {
        let status = ask(&f, &fifth, EXPORT).await.status.as_u16();
        if status != 503 {
            break status;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(status, 200);
}

#[tokio::test]
async fn one_export_of_an_owner_is_under_way_until_its_client_goes_away() {
    let f = fixture_of(options(), with_files()).await;
    let (ada, bob) = (Caller::user("ada"), Caller::user("bob"));
    let (id, unread) = unread(&f, &ada).await;
    let refused = ask(&f, &ada, EXPORT).await;
    assert!(f.problem(&refused, 429).contains("under way"));
    assert_eq!(refused.header("retry-after"), "5");
    entries(ask(&f, &bob, EXPORT).await).await;
    drop(unread);
    let again = loop {
        let answer = ask(&f, &ada, EXPORT).await;
        if answer.status != 429 {
            break answer;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(entries(again).await[&format!("tasks/{id}/files/a.txt")].len(), 300_000);
}
