//! Who asks, and from where.

use axum::{
    Router,
    body::Body,
    http::{Request, header},
    routing::get,
};
use milepost::{
    engine::Caller,
    http::{Guard, HttpOptions},
};
use serde_json::json;
use tower::ServiceExt;

use crate::fixture::{ADA, fixture, fixture_with, options};

/// A page that says who asks.
fn page(options: &HttpOptions) -> Router {
    let who = async |axum::Extension(caller): axum::Extension<Caller>| {
        caller.as_owner().unwrap_or("nobody").to_owned()
    };
    Router::new().route("/", get(who).post(who)).layer(Guard::making_sessions(options))
}

async fn open(page: &Router, method: &str, cookie: &str) -> (String, Option<String>) {
    let request = Request::builder().method(method).uri("/").header(header::COOKIE, cookie);
    let request = request.header(header::HOST, "here");
    let response = page.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let set = response.headers().get(header::SET_COOKIE).map(|v| v.to_str().unwrap().to_owned());
    let body = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
    (String::from_utf8(body.to_vec()).unwrap(), set)
}

#[tokio::test]
async fn opening_a_page_makes_a_session_that_lasts() {
    let page = page(&options());
    let (owner, set) = open(&page, "GET", "").await;
    let set = set.expect("a cookie");
    for part in ["milepost_session=", "; Path=/", "; HttpOnly", "; SameSite=Lax"] {
        assert!(set.contains(part), "{set}");
    }
    let cookie = set.split(';').next().unwrap();
    assert_eq!(open(&page, "GET", cookie).await, (owner.clone(), None));
    assert_eq!(open(&page, "POST", cookie).await, (owner.clone(), None));
    assert_ne!(open(&page, "GET", "").await.0, owner);
    let value = cookie.split('=').next_back().unwrap();
    assert!(!owner.contains(value), "the owner's word would open the session");
}

#[tokio::test]
async fn only_opening_a_page_makes_a_session() {
    let page = page(&options());
    assert_eq!(open(&page, "POST", "").await, ("nobody".to_owned(), None));
    let f = fixture().await;
    for path in ["/api/v1/tasks", "/api/v1/kinds", "/healthz", "/api/openapi.json"] {
        assert!(f.get(path, "").await.headers.get(header::SET_COOKIE).is_none(), "{path}");
    }
}

#[tokio::test]
async fn a_cookie_that_was_not_made_here_is_nobodys() {
    let page = page(&options());
    for cookie in [
        "milepost_session=short",
        "milepost_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        // Well formed, but sealed by nobody.
        "milepost_session=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        &ADA.replace("=a", "=b"),
        "other=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ";;;=;",
    ] {
        assert!(open(&page, "GET", cookie).await.1.is_some(), "{cookie}");
    }
}

#[tokio::test]
async fn over_https_the_cookie_is_bound_to_it() {
    let page = page(&options().with(|o| o.secure_cookie = true));
    let set = open(&page, "GET", ADA).await.1.expect("the insecure name does not count");
    assert!(set.starts_with("__Host-milepost_session=") && set.contains("; Secure"), "{set}");
}

#[tokio::test]
async fn another_sites_page_cannot_start_or_cancel() {
    let f = fixture().await;
    let body = json!({ "kind": "endless", "input": {} });
    let id = f.start(ADA, "endless", json!({})).await;
    for origin in ["http://evil.example", "null", "http://here:81"] {
        for path in ["/api/v1/tasks".to_owned(), format!("/api/v1/tasks/{id}/cancel")] {
            let answer = f.post_with(&path, ADA, &body, &[("origin", origin)]).await;
            f.problem(&answer, 403);
        }
    }
    let own = f.post_with("/api/v1/tasks", ADA, &body, &[("origin", "http://here")]).await;
    assert_eq!(own.status, 202);
}

#[tokio::test]
async fn with_a_public_origin_other_hosts_are_not_answered() {
    let public_origins = vec!["https://jobs.example".to_owned()];
    let f = fixture_with(options().with(|o| o.public_origins = public_origins)).await;
    let ask = async |host: &str| {
        let request = Request::get("/api/v1/kinds").header(header::HOST, host);
        f.send(request.body(Body::empty()).unwrap()).await
    };
    assert_eq!(ask("jobs.example").await.status, 200);
    f.problem(&ask("rebound.example").await, 421);
}

/// A sign-in of an embedder's own: a header names the user.
fn sign_in(router: Router) -> Router {
    use axum::{
        extract::Request,
        middleware::{Next, from_fn},
    };
    router.layer(from_fn(async |mut request: Request, next: Next| {
        let user = request.headers().get("x-user").map(|user| user.to_str().unwrap().to_owned());
        if let Some(user) = user {
            request.extensions_mut().insert(Caller::owner(user));
        }
        next.run(request).await
    }))
}

#[tokio::test]
async fn an_embedders_own_sign_in_says_who_asks() {
    for session_cookie in [true, false] {
        let http = options().with(|o| o.session_cookie = session_cookie);
        let mut f = fixture_with(http.clone()).await;
        f.router = sign_in(f.router);
        let start = async |user: &str, cookie: &str| {
            let body = json!({ "kind": "echo", "input": { "text": user } });
            let answer = f.post_with("/api/v1/tasks", cookie, &body, &[("x-user", user)]).await;
            assert_eq!(answer.status, 202);
            answer.json()["id"].as_str().unwrap().to_owned()
        };
        let list = async |user: &str, cookie: &str| {
            let headers: &[(&str, &str)] = if user.is_empty() { &[] } else { &[("x-user", user)] };
            let tasks = f.get_with("/api/v1/tasks", cookie, headers).await.json()["tasks"].clone();
            let ids = tasks.as_array().unwrap().iter();
            ids.map(|task| task["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        // Whatever the cookie says: a user is a user.
        let (carol, dave) = (start("carol", ADA).await, start("dave", ADA).await);
        assert_eq!(list("carol", "").await, std::slice::from_ref(&carol));
        assert_eq!(list("dave", ADA).await, [dave]);
        assert!(list("", "").await.is_empty());
        assert!(list("", ADA).await.is_empty());
        let path = format!("/api/v1/tasks/{carol}");
        assert_eq!(f.get_with(&path, "", &[("x-user", "carol")]).await.status, 200);
        assert_eq!(f.get_with(&path, ADA, &[("x-user", "dave")]).await.status, 404);
        // The cookie counts for the others, unless it is turned off.
        let start = json!({ "kind": "echo", "input": { "text": "a" } });
        assert_eq!(f.post("/api/v1/tasks", ADA, &start).await.status, 202);
        assert_eq!(list("", ADA).await.len(), usize::from(session_cookie));
        let page = sign_in(page(&http));
        let request = Request::get("/").header("x-user", "carol").header(header::HOST, "here");
        let request = request.body(Body::empty()).unwrap();
        let response = page.clone().oneshot(request).await.unwrap();
        assert!(response.headers().get(header::SET_COOKIE).is_none());
        let body = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
        assert_eq!(body, "carol");
        let (owner, set) = open(&page, "GET", "").await;
        assert_eq!((owner != "nobody", set.is_some()), (session_cookie, session_cookie));
    }
}

#[tokio::test]
async fn a_client_is_known_by_its_address_and_a_proxys_word_counts_where_it_is_trusted() {
    use std::net::SocketAddr;

    use axum::extract::ConnectInfo;

    let ask = async |peer: Option<&str>, trusted: &[&str]| {
        let trusted_proxies = trusted.iter().map(|text| text.parse().unwrap()).collect();
        let client = async |axum::Extension(caller): axum::Extension<Caller>| {
            caller.client().map_or("unknown".to_owned(), |client| client.to_string())
        };
        let guard =
            Guard::reading_sessions(&options().with(|o| o.trusted_proxies = trusted_proxies));
        let router = Router::new().route("/", get(client)).layer(guard);
        let request = Request::get("/").header("x-forwarded-for", "1.1.1.1, 2001:db8:1:2:3::4");
        let request = request.header(header::HOST, "here").body(Body::empty());
        let mut request = request.unwrap();
        if let Some(peer) = peer {
            let peer: SocketAddr = peer.parse().unwrap();
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let response = router.oneshot(request).await.unwrap();
        let body = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    };
    assert_eq!(ask(None, &["10.0.0.0/8"]).await, "unknown");
    assert_eq!(ask(Some("10.0.0.1:80"), &[]).await, "10.0.0.1");
    assert_eq!(ask(Some("[::ffff:10.0.0.1]:80"), &["10.0.0.0/8"]).await, "2001:db8:1:2::/64");
    assert_eq!(ask(Some("[2001:db8:7::1]:80"), &["10.0.0.0/8"]).await, "2001:db8:7::/64");
}
