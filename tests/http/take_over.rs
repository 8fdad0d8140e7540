//! A browser that signs in takes the tasks of its anonymous session along.

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderMap, header},
};
use milepost::{
    engine::store::{AuditQuery, AuditRows as _, UserRows as _, sqlite::SqliteStore},
    http::{AuthMode, HttpOptions, SignIn, password_hash, router},
};
use serde_json::json;

use crate::fixture::{ADA, Fixture, fixture_on, options, quick, store_in};

const PASSWORD: &str = "correct horse";

/// A server that was open until it asks for passwords.
struct World {
    f: Fixture,
    open: Router,
    sign_in: SignIn,
    store: Arc<SqliteStore>,
}

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(store_in(&folder).await);
    let hash = password_hash(PASSWORD).unwrap();
    assert!(store.add_user("ada", &hash, None).await.unwrap());
    let f = fixture_on(folder, store.clone(), options(), quick()).await;
    let sign_in = SignIn::new(f.engine.service(), &with_passwords());
    World { open: f.router.clone(), f, sign_in, store }
}

fn with_passwords() -> HttpOptions {
    options().with(|o| o.auth.mode = AuthMode::Password)
}

impl World {
    fn asks_for_passwords(&mut self) {
        self.f.router = router(self.f.engine.service(), &with_passwords());
    }

    /// The cookies that a browser gets which signs in with this one.
    async fn sign_in(&self, cookie: &str) -> Vec<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, cookie.parse().unwrap());
        let set = self.sign_in.sign_in(&headers, None, "ada", PASSWORD).await.unwrap();
        set.iter().map(|set| set.to_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn tasks_of_the_browser_are_the_users_whether_they_have_ended_or_run() {
    let mut w = world().await;
    let ended = w.f.start(ADA, "echo", json!({ "text": "a" })).await;
    w.f.until(ADA, &ended, "completed").await;
    let running = w.f.start(ADA, "endless", json!({})).await;
    w.f.until(ADA, &running, "running").await;

    w.asks_for_passwords();
    let set = w.sign_in(ADA).await;

    assert_eq!(set.len(), 2, "{set:?}");
    assert!(set[0].starts_with("milepost_user="), "{set:?}");
    assert!(set[1].starts_with("milepost_session=; ") && set[1].contains("Max-Age=0"), "{set:?}");
    let user = set[0].split(';').next().unwrap();
    let list = w.f.get("/api/v1/tasks", user).await.json();
    let ids: Vec<_> = list["tasks"].as_array().unwrap().iter().map(|task| &task["id"]).collect();
    assert_eq!(ids, [&json!(running), &json!(ended)]);
    for id in [&ended, &running] {
        for part in ["", "/log", "/input"] {
            let path = format!("/api/v1/tasks/{id}{part}");
            assert_eq!(w.f.get(&path, user).await.status, 200, "{path}");
        }
    }
    let poll = json!({ "watch": [{ "id": running, "version": 0 }, { "id": ended, "version": 0 }] });
    let polled = w.f.post("/api/v1/tasks/poll", user, &poll).await;
    assert_eq!(polled.status, 200, "{}", polled.json());
    assert_eq!(polled.json()["tasks"].as_array().unwrap().len(), 2, "{}", polled.json());
    let cancel = format!("/api/v1/tasks/{running}/cancel");
    assert!(w.f.post(&cancel, user, &json!({})).await.status.is_success());
    let cancelled = w.f.until(user, &running, "cancelled").await;
    assert_eq!(cancelled["cancel"]["requested_by"], "ada", "{cancelled}");
    let query = AuditQuery::default().with(|query| query.action = Some("sign_in".to_owned()));
    let rows = w.store.audit(&query.with(|query| query.limit = 5)).await.unwrap();
    assert_eq!(rows[0].detail.as_deref(), Some("took over 2 tasks"));
}

#[tokio::test]
async fn a_cookie_that_was_not_made_here_takes_nothing_over() {
    let mut w = world().await;
    let id = w.f.start(ADA, "endless", json!({})).await;
    w.asks_for_passwords();
    for cookie in ["other=1", &ADA.replace("=a", "=b"), "milepost_session=session:00"] {
        let set = w.sign_in(cookie).await;
        assert_eq!(set.len(), 1, "{set:?}");
        let user = set[0].split(';').next().unwrap();
        let path = format!("/api/v1/tasks/{id}");
        assert_eq!(w.f.get(&path, user).await.status, 404, "{cookie}");
    }
    assert_eq!(w.f.get("/api/v1/tasks", ADA).await.status, 401, "a session is nobody here");
    w.f.router = w.open;
    assert_eq!(w.f.get(&format!("/api/v1/tasks/{id}"), ADA).await.status, 200);
}
