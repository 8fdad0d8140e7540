//! Tokens: how long a removed one is still taken, and what a guard without them does.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Request, header},
};
use milepost::{
    engine::{
        Caller, Engine, EngineOptions, Registry, ServiceError, TokenRequest,
        clock::ManualClock,
        store::{TokenRows as _, sqlite::SqliteStore},
    },
    http::{AuthMode, HttpOptions, router},
};
use serde_json::json;
use tower::ServiceExt as _;

use crate::fixture::{ADA, Answer, fixture_with, options};

async fn status(router: &axum::Router, token: &str) -> u16 {
    let request = Request::get("/api/v1/tasks").header(header::HOST, "here");
    let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    let request = request.body(Body::empty()).unwrap();
    router.clone().oneshot(request).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_removed_token_is_refused_at_once_here_and_by_other_servers_within_30_s() {
    let clock = Arc::new(ManualClock::new(1_700_000_000_000));
    let store = Arc::new(SqliteStore::in_memory(clock.clone()).await.unwrap());
    let options = EngineOptions::default().with(|o| o.worker = false);
    let engine = Engine::start(store.clone(), clock.clone(), Registry::new(), options);
    let service = engine.await.unwrap().service();
    let router = router(service.clone(), &HttpOptions::default());
    let ada = Caller::user("ada");
    let (token, row) = service.make_token(&ada, TokenRequest::new("CI")).await.unwrap();
    assert_eq!(status(&router, &token).await, 200);
    // As another server removes it.
    assert!(store.remove_token(None, &row.id, None).await.unwrap());
    clock.advance(30_000);
    assert_eq!(status(&router, &token).await, 401);
    let (token, row) = service.make_token(&ada, TokenRequest::new("CI")).await.unwrap();
    assert_eq!(status(&router, &token).await, 200);
    assert!(!service.remove_token(&Caller::user("bob"), &row.id).await.unwrap());
    assert_eq!(status(&router, &token).await, 200);
    assert!(service.remove_token(&ada, &row.id).await.unwrap());
    assert_eq!(status(&router, &token).await, 401);
    // It expires while it is known.
    let soon = TokenRequest::new("CI").with(|request| request.days = 1);
    let (token, _) = service.make_token(&ada, soon).await.unwrap();
    clock.advance(86_400_000 - 1);
    assert_eq!(status(&router, &token).await, 200);
    clock.advance(1);
    assert_eq!(status(&router, &token).await, 401);
}

#[tokio::test]
async fn only_somebody_has_tokens() {
    let clock = Arc::new(ManualClock::new(1_700_000_000_000));
    let store = Arc::new(SqliteStore::in_memory(clock.clone()).await.unwrap());
    let options = EngineOptions::default().with(|o| {
        o.worker = false;
        o.max_tokens_per_owner = 1;
    });
    let engine = Engine::start(store, clock, Registry::new(), options).await.unwrap();
    let service = engine.service();
    let refused = service.make_token(&Caller::nobody(), TokenRequest::new("CI")).await;
    assert!(matches!(refused, Err(ServiceError::SessionNeeded)), "{refused:?}");
    let ada = Caller::user("ada");
    service.make_token(&ada, TokenRequest::new("CI")).await.unwrap();
    let refused = service.make_token(&ada, TokenRequest::new("CI")).await;
    assert!(matches!(refused, Err(ServiceError::Refused(_))), "{refused:?}");
    assert_eq!(service.tokens(&ada).await.unwrap().len(), 1);
    assert!(service.tokens(&Caller::user("bob")).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_page_of_a_permitted_origin_calls_with_a_token_and_never_with_a_cookie() {
    let app = "https://app.example";
    let f = fixture_with(options().with(|o| o.cors_origins = vec![app.to_owned()])).await;
    let ada = Caller::user("ada");
    let made = f.engine.service().make_token(&ada, TokenRequest::new("app")).await;
    let bearer = format!("Bearer {}", made.unwrap().0);
    let allowed = |answer: &Answer| answer.header("access-control-allow-origin").to_owned();
    let preflight = async |origin: &str| {
        let request = Request::options("/api/v1/tasks").header(header::ORIGIN, origin);
        let request = request.header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST");
        f.send(request.body(Body::empty()).unwrap()).await
    };
    let answer = preflight(app).await;
    assert_eq!((answer.status.as_u16(), &*allowed(&answer)), (204, app));
    assert!(answer.header("access-control-allow-headers").contains("authorization"));
    for other in ["https://evil.example", "http://app.example", "https://app.example:444", "null"] {
        assert_eq!(allowed(&preflight(other).await), "", "{other}");
    }
    let body = json!({ "kind": "echo", "input": { "text": "x" } });
    let post = async |cookie: &str, headers: &[(&str, &str)]| {
        f.post_with("/api/v1/tasks", cookie, &body, headers).await
    };
    let token = ("authorization", &*bearer);
    let answer = post("", &[("origin", app), token]).await;
    assert_eq!((answer.status.as_u16(), &*allowed(&answer)), (202, app));
    assert_eq!(answer.header("vary"), "origin");
    // A browser lets a page read why its token is wrong.
    let answer = post("", &[("origin", app), ("authorization", "Bearer mp_x")]).await;
    assert_eq!((answer.status.as_u16(), &*allowed(&answer)), (401, app));
    let answer = post(ADA, &[("origin", app)]).await;
    assert_eq!((answer.status.as_u16(), &*allowed(&answer)), (403, ""));
    let answer = f.get_with("/api/v1/tasks", ADA, &[("origin", app)]).await;
    assert_eq!(allowed(&answer), "");
    for answer in [preflight(app).await, post("", &[("origin", app), token]).await] {
        assert_eq!(answer.header("access-control-allow-credentials"), "");
    }
}

#[tokio::test]
async fn an_address_that_sends_wrong_tokens_is_refused_for_a_while_and_others_are_not() {
    let clock = Arc::new(ManualClock::new(1_700_000_000_000));
    let store = Arc::new(SqliteStore::in_memory(clock.clone()).await.unwrap());
    let options = EngineOptions::default().with(|o| {
        o.worker = false;
        o.rates.wrong_tokens_per_minute = 3;
    });
    let engine = Engine::start(store, clock.clone(), Registry::new(), options).await.unwrap();
    let service = engine.service();
    let router = router(service.clone(), &HttpOptions::default());
    let ada = Caller::user("ada");
    let (token, _) = service.make_token(&ada, TokenRequest::new("CI")).await.unwrap();
    let from = async |last: u8, token: &str| {
        let peer = std::net::SocketAddr::from(([192, 0, 2, last], 1));
        let request = Request::get("/api/v1/tasks").header(header::HOST, "here");
        let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        let request = request.extension(axum::extract::ConnectInfo(peer));
        router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    };
    // Right ones do not count, though each has to be looked up.
    for _ in 0..5 {
        assert_eq!(from(1, &token).await.status(), 200);
        clock.advance(30_000);
    }
    let wrong = format!("mp_{}", "0a".repeat(32));
    for token in [&wrong, "mp_x", "other"] {
        assert_eq!(from(1, token).await.status(), 401);
    }
    let refused = from(1, &wrong).await;
    assert_eq!(refused.status(), 429);
    let wait: u32 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(from(2, &wrong).await.status(), 401);
    assert_eq!(from(2, &token).await.status(), 200);
    assert_eq!(from(1, &token).await.status(), 200, "a known one is not looked up");
}

#[tokio::test]
async fn wrong_share_links_count_as_wrong_tokens_of_their_address() {
    let clock = Arc::new(ManualClock::new(1_700_000_000_000));
    let store = Arc::new(SqliteStore::in_memory(clock.clone()).await.unwrap());
    let options = EngineOptions::default().with(|o| {
        o.worker = false;
        o.rates.wrong_tokens_per_minute = 3;
    });
    let engine = Engine::start(store, clock, Registry::new(), options).await.unwrap();
    let http = HttpOptions::default().with(|o| o.auth.mode = AuthMode::Proxy);
    let router = router(engine.service(), &http);
    let from = async |last: u8, links: &str| {
        let peer = std::net::SocketAddr::from(([192, 0, 2, last], 1));
        let request = Request::get("/api/v1/tasks").header(header::HOST, "here");
        let request = request.header(header::COOKIE, format!("milepost_shares={links}"));
        let request = request.extension(axum::extract::ConnectInfo(peer));
        router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
    };
    let wrong = |n: u8| format!("mp_s_{}", format!("{n:02x}").repeat(32));
    assert_eq!(from(1, &format!("{}.{}", wrong(0), wrong(1))).await, 401);
    // What was looked up just now does not count again, nor does what is no token at all.
    assert_eq!(from(1, &format!("{}.x.mp_s_", wrong(0))).await, 401);
    assert_eq!(from(1, &wrong(2)).await, 401);
    assert_eq!(from(1, &wrong(3)).await, 429);
    assert_eq!(from(2, &wrong(3)).await, 401);
}
