//! A server whose users sign in at a provider, and a browser.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, Uri, header},
};
use milepost::{
    engine::{
        ClientAddress, Engine, EngineOptions, Registry, Service,
        clock::SystemClock,
        store::{AuditQuery, AuditRows as _, sqlite::SqliteStore},
    },
    http::{
        AuthMode, FromProvider, HttpOptions, ProviderOptions, ProviderSecret, ProviderSignIn,
        SignIn, percent_encoded, router,
    },
    task::Problem,
};
use tower::ServiceExt as _;

use super::provider::{CLIENT_ID, FakeProvider, SECRET};

/// A server whose users sign in at a provider; the group ops may see and change everything.
pub(super) struct World {
    pub(super) provider: FakeProvider,
    pub(super) store: Arc<SqliteStore>,
    pub(super) service: Service,
    pub(super) http: HttpOptions,
    pub(super) sign_in: ProviderSignIn,
    pub(super) api: Router,
    _engine: Engine,
}

pub(super) async fn world() -> World {
    world_with(|_| {}).await
}

pub(super) async fn world_with(change: impl FnOnce(&mut HttpOptions)) -> World {
    let provider = FakeProvider::start().await;
    let store = Arc::new(SqliteStore::in_memory(Arc::new(SystemClock)).await.unwrap());
    let options = EngineOptions::default().with(|o| o.worker = false);
    let clock = Arc::new(SystemClock);
    let engine = Engine::start(store.clone(), clock, Registry::new(), options).await.unwrap();
    let service = engine.service();
    let http = HttpOptions::default().with(|o| {
        o.public_origins = vec!["https://jobs.example".to_owned()];
        o.auth.mode = AuthMode::Oidc;
        o.auth.admins = vec!["group:ops".to_owned()];
        o.auth.password_tries_per_minute = 0;
        let options = ProviderOptions::new(&*provider.issuer, CLIENT_ID);
        let secret = Some(ProviderSecret::new(SECRET));
        o.auth.provider = Some(options.with(|o| o.client_secret = secret));
    });
    let http = http.with(change);
    let sign_in = SignIn::new(service.clone(), &http);
    let sign_in = ProviderSignIn::new(sign_in).unwrap().expect("it signs in at a provider");
    let api = router(service.clone(), &http);
    World { provider, store, service, http, sign_in, api, _engine: engine }
}

/// A browser that is on its way to the provider.
pub(super) struct Begun {
    pub(super) url: String,
    pub(super) cookie: String,
}

fn from(last: u8) -> Option<ClientAddress> {
    Some(IpAddr::from([192, 0, 2, last]).into())
}

pub(super) fn headers(cookie: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, "jobs.example".parse().unwrap());
    headers.insert(header::COOKIE, cookie.parse().unwrap());
    headers
}

impl World {
    pub(super) async fn begin(&self, return_to: Option<&str>) -> Begun {
        let uri = Uri::from_static("/sign-in/provider");
        let to = self.sign_in.begin(&headers(""), &uri, return_to).await.unwrap();
        let cookie = to.cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        Begun { url: to.url, cookie }
    }

    /// The browser comes back with this query.
    pub(super) async fn finish(
        &self,
        cookie: &str,
        answer: &HashMap<String, String>,
    ) -> Result<FromProvider, Problem> {
        let pair = |(name, value): (&String, &String)| format!("{name}={}", percent_encoded(value));
        let pairs: Vec<_> = answer.iter().map(pair).collect();
        let uri: Uri = format!("/sign-in/callback?{}", pairs.join("&")).parse().unwrap();
        self.sign_in.finish(&headers(cookie), &uri, from(1)).await
    }

    /// Signs in as the provider says.
    pub(super) async fn signed_in(&self) -> Result<FromProvider, Problem> {
        let begun = self.begin(Some("/tasks?q=a")).await;
        self.finish(&begun.cookie, &self.provider.consent(&begun.url)).await
    }

    /// Why nobody is signed in: status and detail. It is in the audit log, too.
    pub(super) async fn refusal(&self) -> (u16, String) {
        let problem = self.signed_in().await.expect_err("nobody is signed in");
        if problem.status == 403 {
            let query = AuditQuery::default().with(|query| query.limit = 1);
            let rows = self.store.audit(&query).await.unwrap();
            assert_eq!((&*rows[0].action, &*rows[0].how), ("sign_in", "oidc"));
            assert!(["wrong", "refused"].contains(&&*rows[0].outcome), "{rows:?}");
        }
        (problem.status, problem.detail)
    }

    pub(super) async fn status(&self, path: &str, cookie: &str) -> u16 {
        let request = Request::builder().uri(path).header(header::HOST, "jobs.example");
        let request = request.header(header::COOKIE, cookie).body(Body::empty()).unwrap();
        self.api.clone().oneshot(request).await.unwrap().status().as_u16()
    }
}

/// The cookie of the session, as the browser sends it.
pub(super) fn session(signed_in: &FromProvider) -> String {
    signed_in.cookies[0].to_str().unwrap().split(';').next().unwrap().to_owned()
}
