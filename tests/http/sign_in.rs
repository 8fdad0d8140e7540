//! Signing in with a password: who is known, until when, and how often somebody may try.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Request, header},
    response::Response,
    routing::get,
};
use futures_util::future::join_all;
use milepost::{
    engine::{
        Caller, ClientAddress, Engine, EngineOptions, Registry, Service, TokenRequest,
        clock::ManualClock,
        store::{EndedSessions, UserRows as _, sqlite::SqliteStore},
    },
    http::{AuthMode, Guard, HttpOptions, SignIn, password_hash, router},
    task::Problem,
};
use tower::ServiceExt as _;

const PASSWORD: &str = "correct horse";
const DAY: i64 = 86_400_000;

/// A server with the users ada (an admin) and bob.
struct World {
    clock: Arc<ManualClock>,
    store: Arc<SqliteStore>,
    service: Service,
    sign_in: SignIn,
    pages: Router,
    files: Router,
    api: Router,
    _engine: Engine,
}

async fn world() -> World {
    world_with(|_| {}).await
}

async fn world_with(change: impl FnOnce(&mut HttpOptions)) -> World {
    let clock = Arc::new(ManualClock::new(1_700_000_000_000));
    let store = Arc::new(SqliteStore::in_memory(clock.clone()).await.unwrap());
    let options = EngineOptions::default().with(|o| o.worker = false);
    let engine = Engine::start(store.clone(), clock.clone(), Registry::new(), options);
    let engine = engine.await.unwrap();
    let service = engine.service();
    let http = HttpOptions::default().with(|o| {
        o.auth.mode = AuthMode::Password;
        o.auth.admins = vec!["ada".to_owned()];
    });
    let http = http.with(change);
    let hash = password_hash(PASSWORD).unwrap();
    for name in ["ada", "bob"] {
        assert!(store.add_user(name, &hash, None).await.unwrap());
    }
    let who = async |axum::Extension(caller): axum::Extension<Caller>| {
        let name = caller.user_name().unwrap_or("nobody");
        format!("{name} {:?} {}", caller.role(), caller.is_guest())
    };
    let routes = || Router::new().route("/{*any}", get(who).post(who)).route("/", get(who));
    let pages = Guard::making_sessions(&http).with_tokens(service.clone());
    let files = Guard::reading_sessions(&http).with_tokens(service.clone()).for_files();
    World {
        sign_in: SignIn::new(service.clone(), &http),
        pages: routes().layer(pages),
        files: routes().layer(files),
        api: router(service.clone(), &http),
        clock,
        store,
        service,
        _engine: engine,
    }
}

fn from(last: u8) -> Option<ClientAddress> {
    Some(IpAddr::from([192, 0, 2, last]).into())
}

impl World {
    /// The `Set-Cookie` of a new session.
    async fn signed_in(&self, name: &str, password: &str) -> Result<HeaderValue, Problem> {
        let cookies = self.sign_in.sign_in(&HeaderMap::new(), from(1), name, password).await?;
        assert_eq!(cookies.len(), 1, "{cookies:?}");
        Ok(cookies[0].clone())
    }

    /// The cookie of a new session, as the browser sends it.
    async fn cookie(&self, name: &str) -> String {
        sent(&self.signed_in(name, PASSWORD).await.unwrap())
    }

    async fn ask(&self, router: &Router, method: Method, path: &str, cookie: &str) -> Response {
        let request = Request::builder().method(method).uri(path).header(header::HOST, "here");
        let request = request.header(header::COOKIE, cookie).body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap()
    }

    async fn status(&self, cookie: &str) -> u16 {
        self.ask(&self.api, Method::GET, "/api/v1/tasks", cookie).await.status().as_u16()
    }

    async fn page(&self, path: &str, cookie: &str) -> String {
        text(self.ask(&self.pages, Method::GET, path, cookie).await).await
    }
}

fn sent(cookie: &HeaderValue) -> String {
    cookie.to_str().unwrap().split(';').next().unwrap().to_owned()
}

async fn text(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn who_is_not_signed_in_is_led_to_the_page_for_it_and_a_program_is_refused() {
    let w = world().await;
    for cookie in ["", "milepost_user=00", &format!("milepost_user={}", "0a".repeat(32))] {
        for (path, there) in [
            ("/", "./sign-in"),
            ("/tasks?q=a", "./sign-in?return_to=%2Ftasks%3Fq%3Da"),
            ("/tasks/1", "../sign-in?return_to=%2Ftasks%2F1"),
        ] {
            let led = w.ask(&w.pages, Method::GET, path, cookie).await;
            assert_eq!(led.status(), 303, "{path}");
            assert_eq!(led.headers()[header::LOCATION], there);
            // No anonymous session begins, and one that has ended is forgotten.
            let set = led.headers().get("set-cookie").map(|set| set.to_str().unwrap());
            assert_eq!(set.is_some(), !cookie.is_empty(), "{set:?}");
            assert!(set.is_none_or(|set| set.starts_with("milepost_user=; ")), "{set:?}");
        }
        assert_eq!(w.ask(&w.pages, Method::POST, "/tasks/1/cancel", cookie).await.status(), 401);
        let call = w.ask(&w.pages, Method::GET, "/api/fn/task_status", cookie).await;
        assert_eq!(call.status(), 401);
        let refused = w.ask(&w.api, Method::GET, "/api/v1/tasks", cookie).await;
        assert_eq!(refused.status(), 401);
        assert_eq!(refused.headers()[header::WWW_AUTHENTICATE], "Bearer");
        assert_eq!(refused.headers().contains_key(header::SET_COOKIE), !cookie.is_empty());
        let refused = text(refused).await;
        assert!(refused.contains("unauthenticated") && refused.contains("sign in first"));
        // What the page needs, and what monitors ask.
        for path in ["/sign-in", "/sign-in?return_to=%2F"] {
            assert_eq!(w.page(path, cookie).await, "nobody Member true");
        }
        for method in [Method::GET, Method::POST] {
            let open = w.ask(&w.pages, method, "/sign-in", cookie).await;
            assert_eq!(open.status(), 200);
        }
        let file = w.ask(&w.files, Method::GET, "/pkg/milepost.css", cookie).await;
        assert_eq!(file.status(), 200);
        assert_eq!(w.ask(&w.api, Method::GET, "/healthz", cookie).await.status(), 200);
    }
    // An anonymous session of the time before names nobody.
    assert_eq!(w.status(crate::fixture::ADA).await, 401);
}

#[tokio::test]
async fn who_signs_in_is_known_by_a_cookie_until_they_sign_out() {
    let w = world().await;
    let set = w.signed_in("ada", PASSWORD).await.unwrap();
    let text = set.to_str().unwrap();
    assert!(text.ends_with("; Path=/; Max-Age=7776000; HttpOnly; SameSite=Lax"), "{text}");
    let cookie = sent(&set);
    assert_eq!(cookie.len(), "milepost_user=".len() + 64);
    assert_eq!(w.page("/tasks", &cookie).await, "ada Admin false");
    assert_eq!(w.page("/tasks", &w.cookie("bob").await).await, "bob Member false");
    assert_eq!(w.status(&cookie).await, 200);
    let secret = cookie.split_once('=').unwrap().1;
    let ada = w.service.known_user_session(secret).unwrap();
    // The id in the cookie is stored nowhere.
    assert!(!format!("{:?}", w.store.user_sessions("ada").await.unwrap()).contains(secret));
    let removed = w.sign_in.sign_out(&ada).await.unwrap().unwrap();
    assert!(removed.to_str().unwrap().starts_with("milepost_user=; Path=/; Max-Age=0;"));
    assert_eq!(w.status(&cookie).await, 401);
    assert!(w.sign_in.sign_out(&Caller::nobody()).await.is_ok(), "who is signed out already");
}

#[tokio::test]
async fn over_https_the_cookie_is_of_this_host_alone() {
    let w = world_with(|options| options.secure_cookie = true).await;
    let set = w.signed_in("ada", PASSWORD).await.unwrap();
    let text = set.to_str().unwrap();
    assert!(text.starts_with("__Host-milepost_user=") && text.ends_with("; Secure"), "{text}");
    assert_eq!(w.status(&sent(&set)).await, 200);
}

#[tokio::test]
async fn signing_in_makes_a_new_session_and_ends_that_of_the_browser() {
    let w = world().await;
    let planted = format!("milepost_user={}", "0a".repeat(32));
    let again = async |cookie: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, cookie.parse().unwrap());
        sent(&w.sign_in.sign_in(&headers, from(1), "ada", PASSWORD).await.unwrap()[0])
    };
    let first = again(&planted).await;
    assert_ne!(first, planted);
    assert_eq!(w.status(&planted).await, 401);
    let second = again(&first).await;
    assert_ne!(second, first);
    assert_eq!((w.status(&first).await, w.status(&second).await), (401, 200));
}

#[tokio::test]
async fn an_ended_session_is_refused_at_once_here_and_by_other_servers_within_30_s() {
    let w = world().await;
    let (one, other) = (w.cookie("ada").await, w.cookie("ada").await);
    assert_eq!((w.status(&one).await, w.status(&other).await), (200, 200));
    let caller = w.service.known_user_session(one.split_once('=').unwrap().1).unwrap();
    let other_id = w.service.known_user_session(other.split_once('=').unwrap().1).unwrap();
    let other_id = other_id.user_session().unwrap().id.clone();
    let bob = w.cookie("bob").await;
    assert_eq!(w.status(&bob).await, 200);
    let bob = w.service.known_user_session(bob.split_once('=').unwrap().1).unwrap();
    assert!(!w.service.end_user_session(&bob, &other_id).await.unwrap(), "it is not bob's");
    assert_eq!(w.status(&other).await, 200);
    assert!(w.service.end_user_session(&caller, &other_id).await.unwrap());
    assert_eq!((w.status(&one).await, w.status(&other).await), (200, 401));
    let third = w.cookie("ada").await;
    assert_eq!(w.status(&third).await, 200);
    assert_eq!(w.service.end_other_user_sessions(&caller).await.unwrap(), 1);
    assert_eq!((w.status(&one).await, w.status(&third).await), (200, 401));
    // As another server ends it.
    let own = caller.user_session().unwrap();
    assert_eq!(
        w.store.end_user_sessions("ada", EndedSessions::One(&own.id), None).await.unwrap(),
        1
    );
    assert_eq!(w.status(&one).await, 200, "it was looked up just now");
    w.clock.advance(30_000);
    assert_eq!(w.status(&one).await, 401);
    assert!(w.service.user_sessions(&Caller::user("ada")).await.is_err(), "by a token or a proxy");
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_too_long_and_at_last_in_any_case() {
    let w = world().await;
    let cookie = w.cookie("ada").await;
    for _ in 0..6 {
        w.clock.advance(13 * DAY - 1);
        assert_eq!(w.status(&cookie).await, 200);
    }
    w.clock.advance(12 * DAY);
    assert_eq!(w.status(&cookie).await, 200);
    w.clock.advance(6);
    assert_eq!(w.status(&cookie).await, 401, "its 90 days are over");
    let idle = w.cookie("ada").await;
    w.clock.advance(14 * DAY - 1);
    assert_eq!(w.status(&idle).await, 200);
    w.clock.advance(14 * DAY);
    assert_eq!(w.status(&idle).await, 401);
}

#[tokio::test]
async fn a_user_who_is_disabled_or_has_a_new_password_is_out_within_30_s() {
    let w = world().await;
    let (ada, bob) = (w.cookie("ada").await, w.cookie("bob").await);
    let (token, _) =
        w.service.make_token(&Caller::user("ada"), TokenRequest::new("CI")).await.unwrap();
    let with_token = async || {
        let request = Request::get("/api/v1/tasks").header(header::HOST, "here");
        let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        let request = request.body(Body::empty()).unwrap();
        w.api.clone().oneshot(request).await.unwrap().status().as_u16()
    };
    assert_eq!((w.status(&ada).await, w.status(&bob).await, with_token().await), (200, 200, 200));
    assert!(w.store.set_disabled("ada", true, None).await.unwrap());
    assert!(
        w.store.set_password("bob", &password_hash("another one").unwrap(), None).await.unwrap()
    );
    w.clock.advance(30_000);
    assert_eq!((w.status(&ada).await, w.status(&bob).await, with_token().await), (401, 401, 401));
    let wrong = w.signed_in("nobody", PASSWORD).await.unwrap_err();
    for name in ["ada", "bob"] {
        assert_eq!(w.signed_in(name, PASSWORD).await.unwrap_err(), wrong, "{name}");
    }
    assert!(w.signed_in("bob", "another one").await.is_ok());
    assert!(w.store.set_disabled("ada", false, None).await.unwrap());
    assert!(w.signed_in("ada", PASSWORD).await.is_ok());
    assert_eq!(with_token().await, 200);
}

#[tokio::test]
async fn nothing_tells_whether_the_name_or_the_password_is_wrong() {
    let w = world_with(|options| options.auth.password_tries_per_minute = 0).await;
    assert!(w.store.set_disabled("bob", true, None).await.unwrap());
    let long = "a".repeat(1_025);
    let mut problems = Vec::new();
    for (number, (name, password)) in [
        ("ada", "wrong horse"),
        ("ada", ""),
        ("ada", &long),
        ("bob", PASSWORD),
        ("eve", PASSWORD),
        ("", PASSWORD),
        ("group:ops", PASSWORD),
        (&*long, PASSWORD),
    ]
    .into_iter()
    .enumerate()
    {
        problems.push(w.signed_in(name, password).await.unwrap_err());
        // Each costs the verification of one password.
        assert_eq!(w.sign_in.verifications(), number as u64 + 1, "{name} {password}");
    }
    assert_eq!(problems[0].status, 403);
    assert!(problems.iter().all(|problem| *problem == problems[0]), "{problems:?}");
    assert!(w.store.user_sessions("ada").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_few_wrong_tries_a_minute_are_permitted_by_name_and_by_address() {
    let w = world_with(|options| options.auth.password_tries_per_minute = 3).await;
    let try_from = async |last: u8, name: &str, password: &str| {
        w.sign_in.sign_in(&HeaderMap::new(), from(last), name, password).await
    };
    for _ in 0..5 {
        assert!(try_from(1, "ada", PASSWORD).await.is_ok(), "right ones do not count");
    }
    for last in [1, 2, 3] {
        assert_eq!(try_from(last, "ada", "wrong horse").await.unwrap_err().status, 403);
    }
    let verified = w.sign_in.verifications();
    // Neither a right password from elsewhere, nor for a name that is not there.
    let refused = try_from(4, "ada", PASSWORD).await.unwrap_err();
    assert_eq!(refused.status, 429);
    assert!((1..=60_000).contains(&refused.retry_after_ms.unwrap()), "{refused:?}");
    assert!(refused.detail.contains("(auth.password.tries_per_minute)"), "{refused:?}");
    assert_eq!(w.sign_in.verifications(), verified, "nothing is verified for it");
    assert!(try_from(4, "bob", PASSWORD).await.is_ok());
    for name in ["a", "b", "c"] {
        assert_eq!(try_from(5, name, PASSWORD).await.unwrap_err().status, 403);
    }
    assert_eq!(try_from(5, "bob", PASSWORD).await.unwrap_err().status, 429);
    for _ in 0..3 {
        assert_eq!(try_from(6, "eve", PASSWORD).await.unwrap_err().status, 403);
    }
    assert_eq!(try_from(7, "eve", PASSWORD).await.unwrap_err().status, 429, "as for a user");
}

#[tokio::test]
async fn a_few_passwords_are_verified_at_once_and_others_come_back_later() {
    let w = world_with(|options| options.auth.password_tries_per_minute = 5).await;
    let signed_in = join_all((0..20).map(|_| w.signed_in("ada", PASSWORD))).await;
    let fine = signed_in.iter().filter(|it| it.is_ok()).count();
    assert_eq!(fine, 4, "{signed_in:?}");
    // The sixth and later ones are tries while five are not known to be right.
    for problem in signed_in.into_iter().filter_map(Result::err) {
        assert!(matches!(problem.status, 429 | 503), "{problem:?}");
        assert!(problem.retry_after_ms.is_some(), "{problem:?}");
    }
    assert!(w.signed_in("ada", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_share_link_lets_in_who_is_not_signed_in() {
    let w = world().await;
    assert_eq!(w.page("/s/mp_s_00", "").await, "nobody Member true");
    let posted = w.ask(&w.pages, Method::POST, "/s/mp_s_00", "").await;
    assert_eq!(posted.status(), 401);
}
