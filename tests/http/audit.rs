//! The audit log: which action leaves which row, and who may read it.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, header},
};
use milepost::{
    engine::{
        Caller, ClientAddress, Engine, EngineOptions, Registry, Service, TokenRequest,
        clock::ManualClock,
        store::{AuditQuery, AuditRows as _, TokenScope, UserRows as _, sqlite::SqliteStore},
    },
    http::{AuthMode, HttpOptions, SignIn, password_hash, router},
    task::{AuditFilter, StartTask},
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::fixture::{ADA, Echo, Endless, Fixture, fixture, fixture_of, options, quick};

const ADDRESS: [u8; 4] = [192, 0, 2, 7];

/// A server behind a proxy that names its users. Root is an admin, eve a viewer.
pub(crate) async fn named() -> Fixture {
    let http = options().with(|o| {
        o.auth.mode = AuthMode::Proxy;
        o.auth.proxies = vec!["192.0.2.0/24".parse().unwrap()];
        o.auth.admins = vec!["root".to_owned()];
        o.auth.viewers = vec!["eve".to_owned()];
    });
    fixture_of(http, quick()).await
}

impl Fixture {
    /// What a user sends, through the proxy.
    pub(crate) async fn by(
        &self,
        user: &str,
        method: Method,
        path: &str,
        body: &Value,
    ) -> (u16, Value) {
        let peer = std::net::SocketAddr::from((ADDRESS, 1));
        let request = Request::builder()
            .method(method)
            .uri(path)
            .extension(ConnectInfo(peer))
            .header("remote-user", user)
            .header(header::CONTENT_TYPE, "application/json");
        let answer = self.send(request.body(Body::from(body.to_string())).unwrap()).await;
        (answer.status.as_u16(), serde_json::from_slice(&answer.bytes).unwrap_or_default())
    }

    async fn posted(&self, user: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.by(user, Method::POST, path, &body).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    /// The audit log, as an admin reads it.
    async fn audit(&self, query: &str) -> Vec<Value> {
        let path = format!("/api/v1/audit?{query}");
        let (status, page) = self.by("root", Method::GET, &path, &Value::Null).await;
        assert_eq!(status, 200, "{page}");
        self.fits("AuditPage", &page);
        page["entries"].as_array().unwrap().clone()
    }

    /// The only row about this with this action.
    async fn row(&self, action: &str, subject: &str) -> Value {
        let mut rows = self.audit(&format!("action={action}&subject={subject}")).await;
        assert_eq!(rows.len(), 1, "{action} of {subject}: {rows:?}");
        rows.remove(0)
    }
}

fn id(answer: &Value) -> String {
    answer["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_act_of_a_user_leaves_a_row_with_who_how_and_from_where() {
    let f = named().await;
    let echo = json!({ "kind": "echo", "input": { "text": "x" } });
    let task = id(&f.posted("ada", "/api/v1/tasks", echo.clone()).await);
    let row = f.row("start", &task).await;
    assert_eq!(
        row,
        json!({
            "at": row["at"], "who": "ada", "how": "proxy", "address": "192.0.2.7",
            "action": "start", "subject": task, "outcome": "ok", "detail": "echo",
        })
    );
    row["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let path = format!("/api/v1/tasks/{task}");
    while f.by("ada", Method::GET, &path, &Value::Null).await.1["status"] != "completed" {
        tokio::task::yield_now().await;
    }
    f.by("ada", Method::GET, &format!("{path}/result"), &Value::Null).await;
    f.row("download", &task).await;
    f.posted("ada", &format!("{path}/keep"), json!({})).await;
    f.row("keep", &task).await;
    f.posted("ada", &format!("{path}/annotate"), json!({ "note": "n" })).await;
    f.row("annotate", &task).await;
    let share = f.posted("ada", &format!("{path}/shares"), json!({})).await;
    f.row("share", &task).await;
    let link = format!("{path}/shares/{}", id(&share));
    assert_eq!(f.by("ada", Method::DELETE, &link, &Value::Null).await.0, 204);
    f.row("revoke_share", &task).await;
    let again = id(&f.posted("root", &format!("{path}/rerun"), json!({})).await);
    let rerun = f.row("rerun", &again).await;
    assert_eq!(rerun["who"], "root");
    assert_eq!(rerun["detail"], format!("echo, of {task}"));
    let endless = json!({ "kind": "endless", "input": {} });
    let endless = id(&f.posted("ada", "/api/v1/tasks", endless).await);
    f.posted("root", &format!("/api/v1/tasks/{endless}/cancel"), json!({})).await;
    assert_eq!(f.row("cancel", &endless).await["who"], "root");
    assert_eq!(f.by("ada", Method::DELETE, &path, &Value::Null).await.0, 204);
    f.row("delete", &task).await;
    for act in ["pause", "resume"] {
        f.posted("root", &format!("/api/v1/admin/{act}"), json!({ "kind": "endless" })).await;
        f.row(act, "endless").await;
    }
    let batch = json!({ "kind": "echo", "inputs": [{ "text": "a" }, { "text": "b" }] });
    let batch = id(&f.posted("bob", "/api/v1/batches", batch).await);
    assert_eq!(f.row("start_batch", &batch).await["who"], "bob");
    f.posted("bob", &format!("/api/v1/batches/{batch}/cancel"), json!({})).await;
    f.row("cancel_batch", &batch).await;
    let all = f.audit("").await;
    assert!(!all.iter().any(|row| row["outcome"] != "ok"), "{all:?}");
}

#[tokio::test]
async fn an_act_over_a_filter_leaves_a_row_for_each_task_that_names_the_operator() {
    let f = named().await;
    let start = json!({ "kind": "endless", "input": {}, "tags": ["x"] });
    let first = id(&f.posted("ada", "/api/v1/tasks", start.clone()).await);
    let second = id(&f.posted("bob", "/api/v1/tasks", start).await);
    f.posted("root", "/api/v1/admin/cancel", json!({ "tag": "x" })).await;
    for task in [&first, &second] {
        let row = f.row("cancel_all", task).await;
        assert_eq!((&row["who"], &row["how"]), (&json!("root"), &json!("proxy")));
        let path = format!("/api/v1/tasks/{task}");
        while f.by("root", Method::GET, &path, &Value::Null).await.1["status"] != "cancelled" {
            tokio::task::yield_now().await;
        }
    }
    f.posted("root", "/api/v1/admin/rerun", json!({ "tag": "x" })).await;
    let rows = f.audit("action=rerun_all").await;
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows.iter().all(|row| row["who"] == "root" && row["address"] == "192.0.2.7"));
    let reruns = f.audit("action=rerun").await;
    assert!(reruns.is_empty(), "{reruns:?}");
}

#[tokio::test]
async fn what_is_refused_leaves_a_row_that_says_so_for_who_has_a_name() {
    let f = named().await;
    let start = json!({ "kind": "endless", "input": {} });
    let task = id(&f.posted("ada", "/api/v1/tasks", start).await);
    let path = format!("/api/v1/tasks/{task}/cancel");
    assert_eq!(f.by("bob", Method::POST, &path, &json!({})).await.0, 404);
    assert_eq!(f.by("eve", Method::POST, &path, &json!({})).await.0, 403);
    let rows = f.audit(&format!("action=cancel&subject={task}")).await;
    let said: Vec<_> = rows.iter().rev().map(|row| (&row["who"], &row["outcome"])).collect();
    let (bob, eve) = (json!("bob"), json!("eve"));
    let (not_found, forbidden) = (json!("not_found"), json!("forbidden"));
    assert_eq!(said, [(&bob, &not_found), (&eve, &forbidden)]);
    // Whoever has no name leaves none, however often they try.
    let f = fixture().await;
    let task = f.start(ADA, "endless", json!({})).await;
    for cookie in ["", crate::fixture::BOB] {
        f.post(&format!("/api/v1/tasks/{task}/cancel"), cookie, &json!({})).await;
    }
    let caller = Caller::nobody().local(true);
    let page = f.engine.service().audit(&caller, &AuditFilter::default(), None, None).await;
    let entries = page.unwrap().entries;
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!((&*entries[0].action, &*entries[0].how), ("start", "session"));
}

#[tokio::test]
async fn only_operators_read_it() {
    let f = named().await;
    for (user, status) in [("ada", 403), ("eve", 403), ("root", 200)] {
        let answer = f.by(user, Method::GET, "/api/v1/audit", &Value::Null).await;
        assert_eq!(answer.0, status, "{user}: {answer:?}");
    }
    let f = fixture().await;
    for cookie in [ADA, ""] {
        f.problem(&f.get("/api/v1/audit", cookie).await, 403);
    }
}

#[tokio::test]
async fn it_is_filtered_and_read_page_by_page() {
    let f = named().await;
    for user in ["ada", "bob"] {
        for text in ["x", "y"] {
            let echo = json!({ "kind": "echo", "input": { "text": text } });
            f.posted(user, "/api/v1/tasks", echo).await;
        }
    }
    assert_eq!(f.audit("who=bob").await.len(), 2);
    assert_eq!(f.audit("who=bob&action=cancel").await.len(), 0);
    assert_eq!(f.audit("from=2000-01-01T00:00:00Z").await.len(), 4);
    assert_eq!(f.audit("from=2999-01-01T00:00:00Z").await.len(), 0);
    assert_eq!(f.audit("until=2000-01-01T00:00:00Z").await.len(), 0);
    // The first moment belongs to it, the last does not; a zone is converted.
    let newest = f.audit("limit=1").await.remove(0);
    let at: jiff::Timestamp = newest["at"].as_str().unwrap().parse().unwrap();
    let has = async |query: String| f.audit(&query).await.contains(&newest);
    let later = at + jiff::SignedDuration::from_millis(1);
    assert!(has(format!("from={at}")).await && !has(format!("from={later}")).await);
    assert!(has(format!("until={later}")).await && !has(format!("until={at}")).await);
    let elsewhere = at.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(1)));
    let elsewhere = elsewhere.strftime("%Y-%m-%dT%H:%M:%S%.f%%2B01:00").to_string();
    assert!(has(format!("from={elsewhere}")).await && !has(format!("until={elsewhere}")).await);
    let (mut path, mut seen) = ("/api/v1/audit?limit=3".to_owned(), Vec::new());
    loop {
        let (_, page) = f.by("root", Method::GET, &path, &Value::Null).await;
        seen.extend(page["entries"].as_array().unwrap().iter().map(|row| row["subject"].clone()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/audit?limit=3&cursor={next}");
    }
    assert_eq!(seen.len(), 4);
    for wrong in ["from=today", "until=x", "cursor=x", "limit=x", "name=ada"] {
        let path = format!("/api/v1/audit?{wrong}");
        assert_eq!(f.by("root", Method::GET, &path, &Value::Null).await.0, 400, "{wrong}");
    }
    let long = format!("/api/v1/audit?who={}", "a".repeat(1_000));
    assert_eq!(f.by("root", Method::GET, &long, &Value::Null).await.0, 400);
}

/// A server where users have passwords.
struct World {
    store: Arc<SqliteStore>,
    service: Service,
    sign_in: SignIn,
    api: Router,
    _engine: Engine,
}

const PASSWORD: &str = "correct horse";

async fn world() -> World {
    let clock = Arc::new(ManualClock::new(1_700_000_000_000));
    let store = Arc::new(SqliteStore::in_memory(clock.clone()).await.unwrap());
    let registry = Registry::new()
        .with::<Echo>((), Default::default())
        .with::<Endless>((), Default::default());
    let options = EngineOptions::default().with(|o| o.worker = false);
    let engine = Engine::start(store.clone(), clock, registry, options).await.unwrap();
    let http = HttpOptions::default().with(|o| {
        o.auth.mode = AuthMode::Password;
        o.auth.admins = vec!["ada".to_owned()];
    });
    store.add_user("ada", &password_hash(PASSWORD).unwrap(), None).await.unwrap();
    let service = engine.service();
    World {
        sign_in: SignIn::new(service.clone(), &http),
        api: router(service.clone(), &http),
        store,
        service,
        _engine: engine,
    }
}

impl World {
    /// Who did it, how, what, with what outcome: oldest first.
    async fn rows(&self) -> Vec<String> {
        let query = AuditQuery::default().with(|query| query.limit = 100);
        let mut rows = self.store.audit(&query).await.unwrap();
        rows.reverse();
        let shown = |row: &milepost::engine::store::Audit| {
            let address = row.address.as_deref().unwrap_or("-");
            format!("{} {} {address} {} {}", row.who, row.how, row.action, row.outcome)
        };
        rows.iter().map(shown).collect()
    }
}

#[tokio::test]
async fn signing_in_failing_to_and_signing_out_leave_rows_and_no_more_than_may_be_tried() {
    let w = world().await;
    let address: Option<ClientAddress> = Some(IpAddr::from(ADDRESS).into());
    let try_it = async |name: &str, password: &str| {
        w.sign_in.sign_in(&HeaderMap::new(), address, name, password).await
    };
    let cookie = try_it("ada", PASSWORD).await.unwrap();
    assert!(try_it("ada", "wrong").await.is_err());
    for _ in 0..50 {
        assert!(try_it("no such user", "wrong").await.is_err());
    }
    let cookie = cookie[0].to_str().unwrap().split(';').next().unwrap();
    let secret = cookie.split_once('=').unwrap().1;
    let lifetime = milepost::engine::store::SessionLifetime::new(i64::MAX / 2, i64::MAX / 2);
    let caller = w.service.user_session_caller(secret, lifetime, address).await.unwrap().unwrap();
    w.sign_in.sign_out(&caller.at(address)).await.unwrap();
    let rows = w.rows().await;
    let begin = ["ada password 192.0.2.7 sign_in ok", "ada password 192.0.2.7 sign_in wrong"];
    assert_eq!(rows[..2], begin);
    let anonymous = "anonymous password 192.0.2.7 sign_in wrong";
    assert_eq!(rows.iter().filter(|row| *row == anonymous).count(), 4, "five tries: {rows:?}");
    assert_eq!(rows.last().unwrap(), "ada password 192.0.2.7 sign_out ok");
    assert_eq!(rows.len(), 7, "{rows:?}");
}

#[tokio::test]
async fn a_token_and_an_application_are_named_as_what_they_are() {
    let w = world().await;
    let ada = Caller::user("ada");
    let scopes = vec![TokenScope::Start, TokenScope::Cancel, TokenScope::Admin];
    let request = TokenRequest::new("CI").with(|request| request.scopes = scopes);
    let (token, stored) = w.service.make_token(&ada, request).await.unwrap();
    let send = async |method: Method, path: &str, body: Value| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "here")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Body::from(body.to_string())).unwrap();
        w.api.clone().oneshot(request).await.unwrap().status().as_u16()
    };
    let start = json!({ "kind": "endless", "input": {} });
    assert_eq!(send(Method::POST, "/api/v1/tasks", start).await, 202);
    assert_eq!(send(Method::GET, "/api/v1/audit", Value::Null).await, 200);
    w.service.start(&ada, StartTask::new("endless", json!({})), None).await.unwrap();
    let owner = Caller::owner("tenant 7");
    w.service.start(&owner, StartTask::new("endless", json!({})), None).await.unwrap();
    w.service.start(&Caller::nobody(), StartTask::new("endless", json!({})), None).await.unwrap();
    assert!(w.service.remove_token(&ada, &stored.id).await.unwrap());
    assert!(!w.service.remove_token(&ada, &stored.id).await.unwrap());
    assert_eq!(
        w.rows().await,
        [
            "ada application - add_token ok",
            "ada token - start ok",
            "ada application - start ok",
            "tenant 7 application - start ok",
            "anonymous anonymous - start ok",
            "ada application - remove_token ok",
            "ada application - remove_token not_found",
        ]
    );
}
