//! A router over a real engine, and small kinds of task.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderValue, Request, StatusCode, header},
};
use http_body_util::BodyExt;
use milepost::{
    engine::{
        Context, Engine, EngineOptions, KindOptions, Output, Registry, Stages, Task, TaskError,
        clock::SystemClock, store::sqlite::SqliteStore,
    },
    http::{HttpOptions, SessionKey, router},
    task::ProblemCode,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

/// Ends at once with a text, or with an error.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Echo {
    text: String,
    #[serde(default)]
    fail: bool,
    #[serde(default)]
    #[schemars(extend("writeOnly" = true))]
    password: Option<String>,
}

impl Task for Echo {
    const KIND: &'static str = "echo";
    const TITLE: &'static str = "Echo";
    const DESCRIPTION: &'static str = "Says it again.";
    type Deps = ();

    fn title(&self) -> String {
        format!("Echo of {}", self.text)
    }

    fn stages(&self) -> Stages {
        Stages::new([("Saying", 1.0)])
    }

    async fn run(self, ctx: Context, _: Arc<()>) -> Result<Output, TaskError> {
        ctx.stage(0).await?;
        ctx.log("heard");
        if self.fail {
            return Err(TaskError::fail("hoarse", "Cannot say that."));
        }
        let text = self.text + self.password.map_or("", |_| " with a password");
        Ok(Output::markdown(text, "../../echo\r\n.md"))
    }
}

/// Runs until it is cancelled.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Endless {
    /// Shown while it runs.
    #[serde(default)]
    preview: Option<String>,
}

impl Task for Endless {
    const KIND: &'static str = "endless";
    const TITLE: &'static str = "Endless";
    const DESCRIPTION: &'static str = "Runs until it is cancelled.";
    type Deps = ();

    fn title(&self) -> String {
        "Endless".to_owned()
    }

    fn stages(&self) -> Stages {
        Stages::none()
    }

    async fn run(self, ctx: Context, _: Arc<()>) -> Result<Output, TaskError> {
        if let Some(text) = self.preview {
            ctx.preview("text/plain", text);
        }
        ctx.cancelled().await;
        Err(TaskError::Cancelled)
    }
}

pub(crate) struct Fixture {
    pub(crate) router: Router,
    pub(crate) engine: Engine,
    schemas: Value,
    _folder: TempDir,
}

/// Two sessions, sealed with a key of sevens.
pub(crate) const ADA: &str =
    "milepost_session=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa35131f8ace8f4a8040b42d77b712552a";
pub(crate) const BOB: &str =
    "milepost_session=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbcfd301b6b410f3b9c44189f285d1eda6";

pub(crate) fn options() -> HttpOptions {
    HttpOptions::default().with(|o| o.session_key = SessionKey::new([7; 32]))
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| {
            panic!("{error}: {}", String::from_utf8_lossy(&self.bytes));
        })
    }
}

pub(crate) async fn fixture() -> Fixture {
    fixture_with(options()).await
}

pub(crate) async fn fixture_with(http: HttpOptions) -> Fixture {
    fixture_of(http, quick()).await
}

/// Short queues and short waits.
pub(crate) fn quick() -> EngineOptions {
    EngineOptions::default().with(|o| {
        o.max_queued_per_owner = 2;
        o.drain = Duration::ZERO;
        o.queue_poll = Duration::from_millis(20);
    })
}

pub(crate) async fn fixture_of(http: HttpOptions, options: EngineOptions) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder).await;
    fixture_on(folder, store, http, options).await
}

pub(crate) async fn store_in(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(&folder.path().join("m.db"), Arc::new(SystemClock)).await.unwrap()
}

/// On a store in the folder.
pub(crate) async fn fixture_on(
    folder: TempDir,
    store: impl Into<Arc<SqliteStore>>,
    http: HttpOptions,
    options: EngineOptions,
) -> Fixture {
    let clock = Arc::new(SystemClock);
    let registry = Registry::new()
        .with::<Echo>((), KindOptions::default())
        .with::<crate::files::Maker>((), KindOptions::default())
        .with::<Endless>((), KindOptions::default().with(|o| o.concurrency = 1));
    let engine = Engine::start(store.into(), clock, registry, options).await.unwrap();
    // The document is the same whatever the options; the plain router shows it to any host.
    let plain = router(engine.service(), &HttpOptions::default());
    let mut fixture = Fixture { router: plain, engine, schemas: Value::Null, _folder: folder };
    fixture.schemas = fixture.get("/api/openapi.json", "").await.json()["components"].clone();
    fixture.router = router(fixture.engine.service(), &http);
    fixture
}

impl Fixture {
    /// Sends it; where it names no host, to the one that is answered everywhere.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        let here = HeaderValue::from_static("here");
        request.headers_mut().entry(header::HOST).or_insert(here);
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    pub(crate) async fn get(&self, path: &str, cookie: &str) -> Answer {
        self.get_with(path, cookie, &[]).await
    }

    pub(crate) async fn get_with(
        &self,
        path: &str,
        cookie: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request =
            Request::get(path).header(header::COOKIE, cookie).header(header::HOST, "here");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, cookie: &str, body: &Value) -> Answer {
        self.post_with(path, cookie, body, &[]).await
    }

    pub(crate) async fn post_with(
        &self,
        path: &str,
        cookie: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::post(path)
            .header(header::HOST, "here")
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub(crate) async fn start(&self, cookie: &str, kind: &str, input: Value) -> String {
        let body = json!({ "kind": kind, "input": input });
        let answer = self.post("/api/v1/tasks", cookie, &body).await;
        assert_eq!(answer.status, 202, "{}", answer.json());
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// Asks until the task has this status.
    pub(crate) async fn until(&self, cookie: &str, id: &str, status: &str) -> Value {
        let patience = std::time::Instant::now();
        loop {
            let snapshot = self.get(&format!("/api/v1/tasks/{id}"), cookie).await.json();
            if snapshot["status"] == status {
                return snapshot;
            }
            assert!(patience.elapsed() < Duration::from_secs(120), "still {snapshot}");
            tokio::task::yield_now().await;
        }
    }

    /// Fails unless the value is what the OpenAPI document promises under that name.
    pub(crate) fn fits(&self, schema: &str, value: &Value) {
        let whole = json!({
            "$ref": format!("#/components/schemas/{schema}"),
            "components": self.schemas,
        });
        let validator = jsonschema::validator_for(&whole).unwrap();
        let faults: Vec<_> = validator.iter_errors(value).map(|e| e.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?} in {value}");
    }

    /// Fails unless the answer is a problem document with this status; returns its detail.
    pub(crate) fn problem(&self, answer: &Answer, status: u16) -> String {
        assert_eq!(answer.status.as_u16(), status, "{}", String::from_utf8_lossy(&answer.bytes));
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.json();
        self.fits("Problem", &problem);
        assert_eq!(problem["status"], status);
        let code = problem["code"].as_str().unwrap();
        let known = ProblemCode::ALL.iter().find(|known| known.as_str() == code).unwrap();
        assert_eq!(problem["type"], known.documentation());
        assert_eq!(known.status(), status, "{code}");
        problem["detail"].as_str().unwrap().to_owned()
    }
}
