//! Deletion of all data of an owner.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use milepost::{
    engine::{
        Browser, Caller, Engine, EngineOptions, Registry, Role, Service, ServiceError,
        TokenRequest,
        clock::ManualClock,
        store::{
            AuditQuery, AuditRows as _, SessionLifetime, Store as _, TokenScope, UserRows as _,
            sqlite::SqliteStore,
        },
    },
    task::StartTask,
};
use serde_json::{Value, json};

use crate::{
    export::{ask, ended, entries, read, request, start, with_files},
    fixture::{ADA, Answer, BOB, Endless, Fixture, fixture_of, options, quick},
};

const DATA: &str = "/api/v1/account/data";
const EXPORT: &str = "/api/v1/account/export";

async fn delete(f: &Fixture, caller: &Caller, path: &str) -> Answer {
    f.send(request(caller, Method::DELETE, path, Body::empty())).await
}

async fn deleted(f: &Fixture, caller: &Caller, path: &str) -> Value {
    let answer = delete(f, caller, path).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    assert_eq!(answer.header("cache-control"), "no-store");
    f.fits("DataDeleted", &answer.json());
    answer.json()
}

fn counts(tasks: u32, uploads: u32, tokens: u32) -> Value {
    json!({ "tasks": tasks, "uploads": uploads, "tokens": tokens, "sessions": 0, "complete": true })
}

async fn upload(f: &Fixture, caller: &Caller) -> String {
    let path = "/api/v1/uploads?name=a.txt";
    let sent = f.send(request(caller, Method::POST, path, "kept".into())).await;
    assert_eq!(sent.status, 201, "{}", sent.json());
    sent.json()["id"].as_str().unwrap().to_owned()
}

/// Of a task: the status by a link to it.
async fn by_link(f: &Fixture, link: &str, id: &str) -> u16 {
    f.get(&format!("/api/v1/tasks/{id}"), &format!("milepost_shares={link}")).await.status.as_u16()
}

async fn link(f: &Fixture, caller: &Caller, id: &str) -> String {
    let path = format!("/api/v1/tasks/{id}/shares");
    let made = f.send(request(caller, Method::POST, &path, "{}".into())).await.json();
    made["url"].as_str().unwrap().rsplit_once('/').unwrap().1.to_owned()
}

#[tokio::test]
async fn a_deletion_has_all_data_of_its_owner_and_nothing_of_others() {
    let f = fixture_of(options(), with_files()).await;
    let (ada, bob) = (Caller::user("ada"), Caller::user("bob"));
    let mut theirs = Vec::new();
    for caller in [&ada, &bob] {
        let echo = start(&f, caller, "echo", json!({ "text": "mine" })).await;
        let (used, free) = (upload(&f, caller).await, upload(&f, caller).await);
        let files = json!({ "files": [["a.txt", "0123"]], "upload": used });
        let maker = start(&f, caller, "maker", files).await;
        ended(&f, caller, &echo).await;
        ended(&f, caller, &maker).await;
        f.engine.service().make_token(caller, TokenRequest::new("CI")).await.unwrap();
        let link = link(&f, caller, &echo).await;
        assert_eq!(by_link(&f, &link, &echo).await, 200);
        theirs.push((caller, [echo, maker], [used, free], link));
    }
    assert_eq!(deleted(&f, &ada, DATA).await, counts(2, 2, 1));
    for (caller, tasks, uploads, link) in &theirs {
        let is_there = *caller == &bob;
        for id in tasks {
            for tail in ["", "/log", "/input", "/result", "/files", "/shares"] {
                let answer = ask(&f, caller, &format!("/api/v1/tasks/{id}{tail}")).await;
                let is_none = tail == "/result" && answer.status == 409;
                match is_there {
                    true => assert!(answer.status == 200 || is_none, "{tail}: {}", answer.status),
                    false => {
                        let detail = f.problem(&answer, 410);
                        assert_eq!(answer.json()["code"], "deleted", "{tail}");
                        assert!(!detail.contains("mine"), "{detail}");
                    }
                }
            }
        }
        for id in uploads {
            let answer = ask(&f, caller, &format!("/api/v1/uploads/{id}")).await;
            assert_eq!(answer.status, if is_there { 200 } else { 404 });
        }
        assert_eq!(by_link(&f, link, &tasks[0]).await, if is_there { 200 } else { 404 });
        let tokens = f.engine.service().tokens(caller).await.unwrap();
        assert_eq!(tokens.len(), usize::from(is_there));
        let left = read(&entries(ask(&f, caller, EXPORT).await).await, "export.json");
        assert_eq!(left["counts"]["tasks"], if is_there { 2 } else { 0 });
    }
    // There is nothing left to delete, and a new task has nothing to do with it.
    assert_eq!(deleted(&f, &ada, DATA).await, counts(0, 0, 0));
    let next = start(&f, &ada, "echo", json!({ "text": "mine" })).await;
    ended(&f, &ada, &next).await;
}

#[tokio::test]
async fn what_has_not_ended_is_stopped_and_an_idempotency_key_leads_nowhere() {
    let f = fixture_of(options(), quick()).await;
    let keyed = |text: &str| {
        let body = json!({ "kind": "echo", "input": { "text": text } });
        let f = &f;
        async move {
            let key = [("idempotency-key", "k")];
            f.post_with("/api/v1/tasks", ADA, &body, &key).await
        }
    };
    let first = keyed("a").await.json()["id"].as_str().unwrap().to_owned();
    f.until(ADA, &first, "completed").await;
    f.problem(&keyed("b").await, 422);
    let running = f.start(ADA, "endless", json!({})).await;
    f.until(ADA, &running, "running").await;
    let queued = f.start(ADA, "endless", json!({})).await;
    let other = f.start(BOB, "endless", json!({})).await;
    let request = Request::delete(DATA).header(header::COOKIE, ADA);
    let answer = f.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.json(), counts(3, 0, 0));
    for id in [&first, &running, &queued] {
        f.problem(&f.get(&format!("/api/v1/tasks/{id}"), ADA).await, 410);
        f.problem(&f.get(&format!("/api/v1/tasks/{id}"), BOB).await, 404);
    }
    // The kind runs one at a time: its slot is free.
    f.until(BOB, &other, "running").await;
    assert_eq!(keyed("b").await.status, 202);
}

#[tokio::test]
async fn only_an_admin_deletes_the_data_of_another_owner() {
    let f = fixture_of(options(), with_files()).await;
    let ada = Caller::user("ada");
    let of_ada = format!("{DATA}?owner=ada");
    let id = start(&f, &ada, "echo", json!({ "text": "mine" })).await;
    ended(&f, &ada, &id).await;
    for other in [Caller::user("bob"), Caller::user("eve").with_role(Role::Viewer)] {
        assert!(f.problem(&delete(&f, &other, &of_ada).await, 403).contains("only an admin"));
        assert_eq!(deleted(&f, &other, DATA).await, counts(0, 0, 0));
    }
    let operator = Caller::owner("session:1").local(true);
    f.problem(&delete(&f, &operator, &of_ada).await, 403);
    f.problem(&delete(&f, &Caller::nobody(), DATA).await, 403);
    let admin = Caller::user("root").with_role(Role::Admin);
    for hostile in ["", "a%0Ab", &"a".repeat(301)] {
        let refused = delete(&f, &admin, &format!("{DATA}?owner={hostile}")).await;
        f.problem(&refused, 400);
        assert_eq!(refused.json()["errors"][0]["field"], "owner");
    }
    f.problem(&delete(&f, &admin, &format!("{DATA}?user=ada")).await, 400);
    assert_eq!(deleted(&f, &admin, DATA).await, counts(0, 0, 0), "their own");
    assert_eq!(deleted(&f, &admin, &format!("{DATA}?owner=nobody")).await, counts(0, 0, 0));
    assert_eq!(ask(&f, &ada, &format!("/api/v1/tasks/{id}")).await.status, 200);
    assert_eq!(deleted(&f, &admin, &of_ada).await, counts(1, 0, 0));
    f.problem(&ask(&f, &ada, &format!("/api/v1/tasks/{id}")).await, 410);
    let id = start(&f, &ada, "echo", json!({ "text": "mine" })).await;
    ended(&f, &ada, &id).await;
    assert_eq!(deleted(&f, &admin, &format!("{DATA}?owner=user:ada")).await, counts(1, 0, 0));
}

async fn token(service: &Service, scopes: &[TokenScope], kinds: &[&str]) -> String {
    let request = TokenRequest::new("CI").with(|it| {
        it.scopes = scopes.to_vec();
        it.kinds = kinds.iter().map(|&kind| kind.to_owned()).collect();
    });
    service.make_token(&Caller::user("ada"), request).await.unwrap().0
}

async fn delete_by_token(f: &Fixture, token: &str) -> Answer {
    let request = Request::delete(DATA).header(header::AUTHORIZATION, format!("Bearer {token}"));
    f.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_token_needs_to_act_as_an_admin_and_to_be_for_all_kinds_and_goes_too() {
    use TokenScope::{Admin, Cancel, Read, Start};
    let f = fixture_of(options(), quick()).await;
    let service = f.engine.service();
    for (scopes, kinds, part) in [
        (&[Read, Start, Cancel][..], &[][..], "scope `admin`"),
        (&[Read, Start, Cancel, Admin], &["echo"], "some kinds"),
    ] {
        let token = token(&service, scopes, kinds).await;
        assert!(f.problem(&delete_by_token(&f, &token).await, 403).contains(part));
    }
    let token = token(&service, &[Admin], &[]).await;
    assert_eq!(delete_by_token(&f, &token).await.json(), counts(0, 0, 3));
    f.problem(&delete_by_token(&f, &token).await, 401);
}

#[tokio::test]
async fn a_thousand_tasks_are_deleted_at_once_and_the_same_call_goes_on() {
    let many = EngineOptions::default().with(|o| {
        (o.max_batch, o.max_queued_per_owner) = (1_001, 1_001);
        o.worker = false;
    });
    let f = fixture_of(options(), many).await;
    let body = json!({ "kind": "endless", "inputs": vec![json!({}); 1_001] }).to_string();
    let ada = Caller::user("ada");
    let batch = f.send(request(&ada, Method::POST, "/api/v1/batches", body.into())).await;
    assert_eq!(batch.status, 202, "{}", batch.json());
    let token = token(&f.engine.service(), &[TokenScope::Admin], &[]).await;
    let first = delete_by_token(&f, &token).await.json();
    assert_eq!((&first["tasks"], &first["complete"]), (&json!(1_000), &json!(false)));
    assert_eq!(first["tokens"], 0, "the one that asks is still needed");
    let second = delete_by_token(&f, &token).await.json();
    assert_eq!(second, counts(1, 0, 1));
}

struct World {
    clock: Arc<ManualClock>,
    store: Arc<SqliteStore>,
    service: Service,
    _engine: Engine,
}

async fn world() -> World {
    let clock = Arc::new(ManualClock::new(1_700_000_000_000));
    let store = Arc::new(SqliteStore::in_memory(clock.clone()).await.unwrap());
    let registry = Registry::new().with::<Endless>((), Default::default());
    let options = EngineOptions::default().with(|o| o.worker = false);
    let engine = Engine::start(store.clone(), clock.clone(), registry, options).await.unwrap();
    World { service: engine.service(), clock, store, _engine: engine }
}

impl World {
    async fn sign_in(&self, name: &str, id: &str) -> Caller {
        let lifetime = SessionLifetime::new(3_600_000, 3_600_000);
        self.store.add_user(name, "hash", None).await.unwrap();
        let user = self.store.user(name).await.unwrap().unwrap();
        let browser = Browser::default().with(|it| it.name = id.to_owned());
        let begun = self.service.begin_user_session(&user, &browser, lifetime).await.unwrap();
        begun.unwrap().1
    }

    async fn browsers(&self, name: &str) -> Vec<String> {
        let sessions = self.store.user_sessions(name).await.unwrap().into_iter();
        sessions.map(|session| session.browser).collect()
    }
}

#[tokio::test]
async fn the_session_that_asks_stays_and_the_others_of_its_user_end() {
    let w = world().await;
    w.sign_in("ada", "other").await;
    let asks = w.sign_in("ada", "asks").await;
    let bob = w.sign_in("bob", "bob's").await.with_role(Role::Admin);
    let deleted = w.service.delete_data(&asks, None).await.unwrap();
    assert_eq!((deleted.sessions, deleted.complete), (1, true));
    assert_eq!(w.browsers("ada").await, ["asks"]);
    assert_eq!(w.browsers("bob").await, ["bob's"]);
    let deleted = w.service.delete_data(&bob, Some("ada")).await.unwrap();
    assert_eq!(deleted.sessions, 1);
    assert!(w.browsers("ada").await.is_empty());
    assert_eq!(w.browsers("bob").await, ["bob's"]);
    assert!(w.store.user("ada").await.unwrap().is_some(), "the user stays");
}

#[tokio::test]
async fn what_has_expired_is_known_as_deleted_whether_it_was_removed_or_not() {
    let w = world().await;
    let ada = Caller::user("ada");
    let mut ids = Vec::new();
    for _ in 0..2 {
        let start = StartTask::new("endless", json!({}));
        ids.push(w.service.start(&ada, start, None).await.unwrap().receipt.id);
    }
    w.service.cancel(&ada, ids[0]).await.unwrap();
    w.clock.advance(100 * 86_400_000);
    w.store.clean(10, 86_400_000_000).await.unwrap();
    w.service.cancel(&ada, ids[1]).await.unwrap();
    w.clock.advance(100 * 86_400_000);
    for id in &ids {
        let expired = w.service.get(&ada, *id).await;
        assert!(matches!(expired, Err(ServiceError::Expired(_))), "{expired:?}");
    }
    let deleted = w.service.delete_data(&ada, None).await.unwrap();
    assert_eq!((deleted.tasks, deleted.complete), (1, true));
    for id in &ids {
        let gone = w.service.get(&ada, *id).await;
        assert!(matches!(gone, Err(ServiceError::Deleted(_))), "{gone:?}");
    }
}

#[tokio::test]
async fn a_deletion_is_in_the_audit_log_with_its_counts_and_each_of_its_tasks() {
    let w = world().await;
    let (ada, root) = (Caller::user("ada"), Caller::user("root").with_role(Role::Admin));
    let start = StartTask::new("endless", json!({}));
    let id = w.service.start(&ada, start, None).await.unwrap().receipt.id.to_string();
    w.service.make_token(&ada, TokenRequest::new("CI")).await.unwrap();
    w.service.delete_data(&root, Some("ada")).await.unwrap();
    assert!(w.service.delete_data(&ada, Some("bob")).await.is_err());
    let query = AuditQuery::default().with(|query| query.limit = 100);
    let mut rows = w.store.audit(&query).await.unwrap();
    rows.reverse();
    let rows: Vec<_> = rows
        .iter()
        .map(|row| (&*row.who, &*row.action, row.subject.as_deref(), &*row.outcome))
        .skip(2)
        .collect();
    let ada = Some("ada");
    assert_eq!(
        rows,
        [
            ("root", "remove_token", ada, "ok"),
            ("root", "cancel", Some(&*id), "ok"),
            ("root", "delete", Some(&*id), "ok"),
            ("root", "delete_data", ada, "ok"),
            ("ada", "delete_data", None, "forbidden"),
        ]
    );
    let query = query.with(|query| query.action = Some("delete_data".to_owned()));
    let row = w.store.audit(&query).await.unwrap().pop().unwrap();
    assert_eq!(row.detail.as_deref(), Some("tasks 1, uploads 0, tokens 1, sessions 0"));
}
