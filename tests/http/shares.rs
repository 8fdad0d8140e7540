//! Share links: what they permit to whom, and how soon a revoked one is refused.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use milepost::{
    engine::{
        Caller, Engine, EngineOptions, Registry, TokenRequest,
        clock::ManualClock,
        store::{ShareRows as _, ShareSubject, TokenScope, sqlite::SqliteStore},
    },
    http::{AuthMode, HttpOptions, router},
    task::{ShareRequest, TaskId},
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::fixture::{
    ADA, Answer, BOB, Fixture, fixture, fixture_of, fixture_with, options, quick,
};

/// Makes a link; returns its token.
async fn share(f: &Fixture, path: &str, body: Value) -> String {
    let made = f.post(&format!("{path}/shares"), ADA, &body).await;
    assert_eq!(made.status, 201, "{}", made.json());
    token(&made)
}

fn token(made: &Answer) -> String {
    let made = made.json();
    made["url"].as_str().unwrap().strip_prefix("http://here/s/").unwrap().to_owned()
}

fn opened(token: &str) -> String {
    format!("milepost_shares={token}")
}

async fn delete(f: &Fixture, path: &str, cookie: &str) -> Answer {
    let request = Request::delete(path).header(header::COOKIE, cookie);
    f.send(request.body(Body::empty()).unwrap()).await
}

async fn ended(f: &Fixture) -> String {
    let id = f.start(ADA, "echo", json!({ "text": "x" })).await;
    f.until(ADA, &id, "completed").await;
    id
}

#[tokio::test]
async fn a_link_is_made_shown_once_listed_and_revoked_by_its_owner() {
    let f = fixture().await;
    let task = format!("/api/v1/tasks/{}", ended(&f).await);
    let path = format!("{task}/shares");
    let body = json!({ "cancel": true, "expires_in_s": 60 });
    let made = f.post(&path, ADA, &body).await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (201, "no-store"));
    f.fits("CreatedShare", &made.json());
    let (made, token) = (made.json(), token(&made));
    assert!(token.starts_with("mp_s_") && token.len() == 69, "{token}");
    let list = f.get(&path, ADA).await;
    f.fits("ShareList", &list.json());
    let list = list.json();
    assert_eq!(
        (&list["shares"][0]["id"], &list["shares"][0]["cancel"]),
        (&made["id"], &json!(true))
    );
    assert!(!list.to_string().contains(&token));
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    for cookie in [BOB, "", &opened(&token)] {
        let status = if cookie == opened(&token) { 403 } else { 404 };
        f.problem(&f.get(&path, cookie).await, status);
        f.problem(&f.post(&path, cookie, &json!({})).await, status);
        f.problem(&delete(&f, &one, cookie).await, status);
    }
    let other = format!("/api/v1/tasks/{}", f.start(ADA, "echo", json!({ "text": "y" })).await);
    f.problem(&delete(&f, &one.replace(&task, &other), ADA).await, 404);
    assert_eq!(delete(&f, &one, ADA).await.status, 204);
    f.problem(&delete(&f, &one, ADA).await, 404);
    assert_eq!(f.get(&path, ADA).await.json(), json!({ "shares": [] }));
    f.problem(&f.get(&task, &opened(&token)).await, 404);
}

#[tokio::test]
async fn a_request_for_a_link_is_checked_and_their_number_is_limited() {
    let limits = quick().with(|o| {
        o.max_shares = 2;
        o.max_share_lifetime = std::time::Duration::from_secs(3_600);
    });
    let f = fixture_of(options(), limits).await;
    let path = format!("/api/v1/tasks/{}/shares", ended(&f).await);
    for wrong in [
        json!({ "expires_in_s": 0 }),
        json!({ "expires_in_s": -1 }),
        json!({ "expires_in_s": 3_601 }),
        json!({ "expires_in_s": "1" }),
        json!({ "cancel": 1 }),
        json!({ "rerun": true }),
        json!([]),
    ] {
        f.problem(&f.post(&path, ADA, &wrong).await, 400);
    }
    let first = f.post(&path, ADA, &json!({})).await.json();
    assert_eq!(first["cancel"], json!(false));
    let time = |name: &str| first[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let lifetime = time("expires_at").duration_since(time("created_at"));
    assert_eq!(lifetime.as_secs(), 3_600, "the default is no longer than the longest");
    assert_eq!(f.post(&path, ADA, &json!({ "expires_in_s": 3_600 })).await.status, 201);
    let detail = f.problem(&f.post(&path, ADA, &json!({})).await, 409);
    assert!(detail.contains("engine.max_shares"), "{detail}");
}

#[tokio::test]
async fn a_link_shows_neither_note_nor_tags() {
    let f = fixture_of(options(), quick()).await;
    let task = ended(&f).await;
    let path = format!("/api/v1/tasks/{task}");
    let labels = json!({ "note": "for me alone", "tags": ["private"] });
    assert_eq!(f.post(&format!("{path}/annotate"), ADA, &labels).await.status, 200);
    let link = token(&f.post(&format!("{path}/shares"), ADA, &json!({})).await);
    for (cookie, shown) in [(ADA.to_owned(), true), (opened(&link), false)] {
        let poll = json!({ "watch": [{ "id": task, "version": 0 }] });
        let polled = f.post("/api/v1/tasks/poll", &cookie, &poll).await.json();
        for answer in [f.get(&path, &cookie).await.json(), polled] {
            let text = answer.to_string();
            assert!(text.contains(&task.to_string()), "{text}");
            assert_eq!(text.contains("for me alone"), shown, "{text}");
            assert_eq!(text.contains("private"), shown, "{text}");
        }
    }
}

/// Each call about a task, whether a link permits it, and whether only one that may cancel does.
const CALLS: [(Method, &str, &str, Permitted); 17] = [
    (Method::GET, "", "", Permitted::Always),
    (Method::GET, "/log", "", Permitted::Always),
    (Method::GET, "/log?format=text", "", Permitted::Always),
    (Method::GET, "/result", "", Permitted::Always),
    (Method::GET, "/files", "", Permitted::Always),
    (Method::GET, "/preview", "", Permitted::Always),
    (Method::POST, "/cancel", "", Permitted::ToCancel),
    (Method::GET, "/input", "", Permitted::Never),
    (Method::POST, "/rerun", "{}", Permitted::Never),
    (Method::POST, "/keep", "", Permitted::Never),
    (Method::POST, "/annotate", r#"{"note":"x"}"#, Permitted::Never),
    (Method::POST, "/start-now", "", Permitted::Never),
    (Method::GET, "/shares", "", Permitted::Never),
    (Method::POST, "/shares", "{}", Permitted::Never),
    (Method::DELETE, "/shares/1", "", Permitted::Never),
    (Method::HEAD, "/input", "", Permitted::Never),
    (Method::DELETE, "", "", Permitted::Never),
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Permitted {
    Always,
    ToCancel,
    Never,
}

async fn call(f: &Fixture, method: Method, path: &str, body: &str, cookie: &str) -> u16 {
    let request = Request::builder().method(method).uri(path).header(header::COOKIE, cookie);
    let request = request.header(header::CONTENT_TYPE, "application/json");
    f.send(request.body(Body::from(body.to_owned())).unwrap()).await.status.as_u16()
}

#[tokio::test]
async fn a_link_permits_to_follow_one_task_and_to_cancel_it_if_it_says_so() {
    let f = fixture().await;
    let (shared, other) = (ended(&f).await, ended(&f).await);
    let [shared, other] = [shared, other].map(|id| format!("/api/v1/tasks/{id}"));
    for may_cancel in [false, true] {
        let token = share(&f, &shared, json!({ "cancel": may_cancel })).await;
        // In a browser without a session, and in one with another.
        for cookie in [opened(&token), format!("{BOB}; {}", opened(&token))] {
            for (method, tail, body, permitted) in CALLS {
                let name = format!("{method} {tail} {permitted:?} {may_cancel}");
                let status =
                    call(&f, method.clone(), &format!("{shared}{tail}"), body, &cookie).await;
                let is_permitted = match permitted {
                    Permitted::Always => true,
                    Permitted::ToCancel => may_cancel,
                    Permitted::Never => false,
                };
                let fits = if is_permitted { status < 300 } else { status == 403 };
                assert!(fits, "{name}: {status}");
                let status = call(&f, method, &format!("{other}{tail}"), body, &cookie).await;
                assert_eq!(status, 404, "{name}, of another task");
            }
            let list = f.get("/api/v1/tasks", &cookie).await.json();
            assert_eq!(list["tasks"], json!([]), "it is in no list");
            let id = shared.rsplit('/').next().unwrap();
            let watch = json!({ "watch": [{ "id": id, "version": 0 }], "wait_ms": 0 });
            let poll = f.post("/api/v1/tasks/poll", &cookie, &watch).await.json();
            assert_eq!(poll["tasks"][0]["id"], json!(id), "{poll}");
        }
    }
}

#[tokio::test]
async fn who_cancels_by_a_link_is_named_so_in_the_receipt() {
    let f = fixture().await;
    let id = f.start(ADA, "endless", json!({})).await;
    f.until(ADA, &id, "running").await;
    let path = format!("/api/v1/tasks/{id}");
    let token = share(&f, &path, json!({ "cancel": true })).await;
    let cookie = format!("{BOB}; {}", opened(&token));
    let cancelled = f.post(&format!("{path}/cancel"), &cookie, &json!({})).await.json();
    assert_eq!(cancelled["cancel"]["requested_by"], "share link", "{cancelled}");
}

#[tokio::test]
async fn what_is_no_valid_link_opens_nothing() {
    let f = fixture().await;
    let path = format!("/api/v1/tasks/{}", ended(&f).await);
    let token = share(&f, &path, json!({})).await;
    let wrong = format!("mp_s_{}", "0".repeat(64));
    for cookie in [
        "milepost_shares=".to_owned(),
        opened(&wrong),
        opened(&token.to_uppercase()),
        opened(&token[..68]),
        format!("milepost_session={token}"),
        opened(&format!("{}.{token}", [wrong.as_str(); 8].join("."))),
    ] {
        f.problem(&f.get(&path, &cookie).await, 404);
    }
    // Among others that are not valid it is.
    let cookie = opened(&format!("{wrong}.x.{token}"));
    assert_eq!(f.get(&path, &cookie).await.status, 200);
    // It is no token of a user.
    let bearer = format!("Bearer {token}");
    let answer = f.get_with(&path, "", &[("authorization", &bearer)]).await;
    f.problem(&answer, 401);
}

#[tokio::test]
async fn a_link_to_a_batch_leads_to_its_tasks_and_one_to_a_task_not_to_its_batch() {
    let f = fixture().await;
    let start = json!({ "kind": "echo", "inputs": [{ "text": "a" }, { "text": "b" }] });
    let batch = f.post("/api/v1/batches", ADA, &start).await.json();
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let tasks: Vec<_> = batch["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| format!("/api/v1/tasks/{}", id(it)))
        .collect();
    let path = format!("/api/v1/batches/{}", id(&batch));
    let of_batch = opened(&share(&f, &path, json!({ "cancel": true })).await);
    for seen in tasks.iter().chain([&path]) {
        assert_eq!(f.get(seen, &of_batch).await.status, 200, "{seen}");
    }
    assert_eq!(f.post(&format!("{path}/cancel"), &of_batch, &json!({})).await.status, 202);
    for tail in ["/rerun", "/shares"] {
        f.problem(&f.post(&format!("{path}{tail}"), &of_batch, &json!({})).await, 403);
    }
    f.problem(&f.get(&format!("{}/input", tasks[0]), &of_batch).await, 403);
    assert_eq!(f.get("/api/v1/batches", &of_batch).await.json()["batches"], json!([]));
    let of_task = opened(&share(&f, &tasks[0], json!({})).await);
    assert_eq!(f.get(&tasks[0], &of_task).await.status, 200);
    for hidden in [&tasks[1], &path, &format!("{path}/shares")] {
        f.problem(&f.get(hidden, &of_task).await, 404);
    }
    let list = f.get(&format!("{path}/shares"), ADA).await.json();
    let one = format!("{path}/shares/{}", id(&list["shares"][0]));
    assert_eq!(delete(&f, &one, ADA).await.status, 204);
    f.problem(&f.get(&path, &of_batch).await, 404);
    f.problem(&f.get(&tasks[0], &of_batch).await, 404);
}

#[tokio::test]
async fn a_poll_that_waits_ends_when_its_link_is_revoked_and_shows_nothing_more() {
    let f = fixture().await;
    let id = f.start(ADA, "endless", json!({})).await;
    let snapshot = f.until(ADA, &id, "running").await;
    let path = format!("/api/v1/tasks/{id}");
    let cookie = opened(&share(&f, &path, json!({})).await);
    let list = f.get(&format!("{path}/shares"), ADA).await.json();
    let one = format!("{path}/shares/{}", list["shares"][0]["id"].as_str().unwrap());
    let body =
        json!({ "watch": [{ "id": id, "version": snapshot["version"] }], "wait_ms": 20_000 });
    let revoke = async {
        let patience = std::time::Instant::now();
        while f.engine.service().held().waiting != 1 {
            assert!(patience.elapsed().as_secs() < 120);
            tokio::task::yield_now().await;
        }
        delete(&f, &one, ADA).await
    };
    let begun = std::time::Instant::now();
    let (answer, _) = tokio::join!(f.post("/api/v1/tasks/poll", &cookie, &body), revoke);
    let answer = answer.json();
    assert_eq!(answer["gone"], json!([{ "id": id, "reason": "not_found" }]), "{answer}");
    assert_eq!(answer["tasks"], json!([]), "{answer}");
    assert!(begun.elapsed().as_secs() < 20, "it is answered at once");
}

#[tokio::test]
async fn a_revoked_link_is_refused_at_once_here_and_by_other_servers_within_30_s() {
    let clock = Arc::new(ManualClock::new(1_700_000_000_000));
    let store = Arc::new(SqliteStore::in_memory(clock.clone()).await.unwrap());
    let options = EngineOptions::default().with(|o| o.worker = false);
    let registry = Registry::new().with::<crate::fixture::Endless>((), Default::default());
    let engine = Engine::start(store.clone(), clock.clone(), registry, options);
    let service = engine.await.unwrap().service();
    let router = router(service.clone(), &HttpOptions::default());
    let ada = Caller::user("ada");
    let start = milepost::task::StartTask::new("endless", json!({}));
    let id: TaskId = service.start(&ada, start, None).await.unwrap().receipt.id;
    let subject = ShareSubject::Task(id);
    let make = async |request: &ShareRequest| {
        service.share(&ada, subject, request).await.unwrap().unwrap()
    };
    let status = async |token: &str| {
        let request = Request::get(format!("/api/v1/tasks/{id}")).header(header::HOST, "here");
        let request = request.header(header::COOKIE, opened(token)).body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap().status().as_u16()
    };
    let made = make(&ShareRequest::default()).await;
    assert_eq!(status(&made.token).await, 200);
    // As another server revokes it.
    assert!(store.remove_share(subject, &made.share.id, None).await.unwrap().is_some());
    clock.advance(30_000);
    assert_eq!(status(&made.token).await, 404);
    let made = make(&ShareRequest::default()).await;
    assert_eq!(status(&made.token).await, 200);
    assert!(service.revoke_share(&ada, subject, &made.share.id).await.unwrap().is_some());
    assert_eq!(status(&made.token).await, 404);
    // It expires while it is known.
    let made = make(&ShareRequest::default().with(|it| it.expires_in_s = Some(60))).await;
    clock.advance(59_999);
    assert_eq!(status(&made.token).await, 200);
    clock.advance(1);
    assert_eq!(status(&made.token).await, 404);
}

#[tokio::test]
async fn a_token_needs_the_scope_start_to_share_and_carries_no_link() {
    let f = fixture().await;
    let service = f.engine.service();
    let ada = Caller::user("ada");
    let start = milepost::task::StartTask::new("echo", json!({ "text": "x" }));
    let id = service.start(&ada, start, None).await.unwrap().receipt.id;
    let path = format!("/api/v1/tasks/{id}");
    let bearer = async |scope| {
        let request = TokenRequest::new("CI").with(|request| request.scopes = vec![scope]);
        format!("Bearer {}", service.make_token(&ada, request).await.unwrap().0)
    };
    for (scope, status) in
        [(TokenScope::Read, 403), (TokenScope::Start, 201), (TokenScope::Cancel, 403)]
    {
        let token = bearer(scope).await;
        let headers = [("authorization", &*token)];
        let answer = f.post_with(&format!("{path}/shares"), "", &json!({}), &headers).await;
        assert_eq!(answer.status, status, "{scope}");
    }
    // A cookie beside a token adds nothing to it.
    let made = service.share(&ada, ShareSubject::Task(id), &ShareRequest::default()).await;
    let cookie = opened(&made.unwrap().unwrap().token);
    let bob = TokenRequest::new("CI");
    let bob = service.make_token(&Caller::user("bob"), bob).await.unwrap().0;
    let bob = format!("Bearer {bob}");
    let answer = f.get_with(&path, &cookie, &[("authorization", &bob)]).await;
    f.problem(&answer, 404);
}

#[tokio::test]
async fn where_users_have_names_a_link_lets_a_guest_in_and_to_nothing_else() {
    let f = fixture_with(options().with(|o| o.auth.mode = AuthMode::Proxy)).await;
    let service = f.engine.service();
    let ada = Caller::user("ada");
    let start = milepost::task::StartTask::new("endless", json!({}));
    let id = service.start(&ada, start.clone(), None).await.unwrap().receipt.id;
    let nobodys = service.start(&Caller::nobody(), start, None).await.unwrap().receipt.id;
    let made = service.share(&ada, ShareSubject::Task(id), &ShareRequest::default()).await;
    let cookie = opened(&made.unwrap().unwrap().token);
    assert_eq!(f.get(&format!("/api/v1/tasks/{id}"), &cookie).await.status, 200);
    f.problem(&f.get(&format!("/api/v1/tasks/{nobodys}"), &cookie).await, 404);
    let start = json!({ "kind": "echo", "input": { "text": "x" } });
    f.problem(&f.post("/api/v1/tasks", &cookie, &start).await, 403);
    assert_eq!(f.get("/api/v1/kinds", &cookie).await.json(), json!([]));
    for none in ["", "milepost_shares=", &opened(&format!("mp_s_{}", "0".repeat(64)))] {
        f.problem(&f.get(&format!("/api/v1/tasks/{id}"), none).await, 401);
    }
}
