//! The simple calls, as the smallest clients make them: plain JSON, no cookie, no header of their
//! own. And what is kept from being anybody's.

mod partial;
mod refusals;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::fixture::{FAST, Place, SLOW, Server};

const NEVER: &str = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55";

/// A client of one server, perhaps with a session.
struct Calls<'a> {
    server: &'a Server,
    client: Client,
    cookie: Option<String>,
}

impl<'a> Calls<'a> {
    fn new(server: &'a Server) -> Self {
        Self { server, client: Client::new(), cookie: None }
    }

    /// Opens a page, as a browser does, and keeps its session.
    async fn with_session(server: &'a Server) -> Self {
        let mut calls = Self::new(server);
        let page = calls.client.get(format!("{}/", server.url)).send().await.unwrap();
        assert_eq!(page.status(), 200);
        let cookie = page.headers()["set-cookie"].to_str().unwrap();
        calls.cookie = cookie.split(';').next().map(str::to_owned);
        calls
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = self.client.request(method, format!("{}{path}", self.server.url));
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        // No header says that this is JSON.
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        assert_eq!(response.headers()["content-type"], "application/json", "{path}");
        (status, response.json().await.unwrap())
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.call(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.call(Method::POST, path, Some(body)).await
    }

    async fn story(&self, player: &str) -> String {
        let (id, existing) = self.start_story(player).await;
        assert!(!existing, "{id}");
        id
    }

    /// The task's id, and whether it was there before.
    async fn start_story(&self, player: &str) -> (String, bool) {
        let body = json!({ "subject": "lighthouse", "player": player });
        let (status, answer) = self.post("/api/story/create", body).await;
        assert_eq!((status.as_u16(), &answer["message"]), (200, &json!("Story creation started")));
        (id(&answer), answer.get("existing").is_some_and(|existing| existing == true))
    }

    /// Asks until the task has this status, and holds each answer against the promise.
    async fn until(&self, path: &str, wanted: &str) -> Value {
        let mut last = 0;
        loop {
            let (status, answer) = self.get(path).await;
            assert_eq!(status, 200);
            let progress = answer["progress"].as_u64().expect("a whole number");
            assert!((last..=100).contains(&progress), "{last}, then {answer}");
            assert_eq!(progress == 100, answer["status"] == "completed", "{answer}");
            last = progress;
            if answer["status"] == wanted {
                return answer;
            }
            let under_way = answer["status"] == "starting" || answer["status"] == "running";
            assert!(under_way, "wanted {wanted}, but {answer}");
        }
    }
}

fn id(answer: &Value) -> String {
    answer["task_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_text_is_profiled() {
    let place = Place::new();
    let server = place.serve(&[], &[]).await;
    let calls = Calls::new(&server);
    let (status, started) =
        calls.post("/api/task/start", json!({ "data": "a,b\n1,x\n3,y\n" })).await;
    assert_eq!(status, 200);
    assert_eq!(started, json!({ "task_id": id(&started) }));
    let done = calls.until(&format!("/api/status/{}", id(&started)), "completed").await;
    assert_eq!((&done["step"], &done["total_steps"]), (&json!(4), &json!(4)));
    assert_eq!(done["current_step"], "Finalizing");
    assert_eq!(done["result"]["rows"], 2);
    assert!(done.get("error").is_none(), "absent fields are left out: {done}");
    let (_, other) = calls.get(&format!("/api/task/status/{}", id(&started))).await;
    assert_eq!(other, done);
}

#[tokio::test]
async fn a_line_is_a_header_without_rows() {
    let place = Place::new();
    let server = place.serve(&[], &[]).await;
    let calls = Calls::new(&server);
    let (_, started) = calls.post("/api/task/start", json!({ "data": "input" })).await;
    let done = calls.until(&format!("/api/status/{}", id(&started)), "completed").await;
    assert_eq!(done["result"]["rows"], 0);
}

#[tokio::test]
async fn a_story_is_followed_by_its_subject() {
    let place = Place::with_research();
    let server = place.serve(&[], &[FAST]).await;
    let calls = Calls::new(&server);
    let task = calls.story("Ada").await;
    let done = calls.until("/api/story/progress/lighthouse", "completed").await;
    let fields: Vec<_> = done.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["message", "progress", "status"]);
    assert!(done["message"].is_string());
    let (_, whole) = calls.get(&format!("/api/status/{task}")).await;
    let story = whole["result"].as_str().expect("a text");
    assert!(story.contains("Ada"), "{story}");
}

#[tokio::test]
async fn a_cancel_says_cancelled_and_stops_the_work() {
    let place = Place::with_research();
    let server = place.serve(&[], &[SLOW]).await;
    let calls = Calls::new(&server);
    let path = format!("/api/task/{}/cancel", calls.story("Ada").await);
    for _ in 0..2 {
        let (status, answer) = calls.call(Method::DELETE, &path, None).await;
        assert_eq!((status.as_u16(), answer), (200, json!({ "status": "cancelled" })));
    }
    calls.until("/api/story/progress/lighthouse", "cancelled").await;
}

#[tokio::test]
async fn what_is_not_there_is_said_in_one_way() {
    let place = Place::with_research();
    let server = place.serve(&[], &[]).await;
    let calls = Calls::new(&server);
    let not_found = (StatusCode::NOT_FOUND, json!({ "detail": "Task not found" }));
    for path in [
        "/api/status/x",
        "/api/task/status/lighthouse",
        "/api/story/progress/lighthouse",
        "/api/status/a%2Fb",
    ] {
        assert_eq!(calls.get(path).await, not_found, "{path}");
    }
    assert_eq!(calls.get(&format!("/api/status/{NEVER}")).await, not_found);
    for odd in ["%FF", "%00", NEVER] {
        for path in [format!("/api/story/progress/{odd}"), format!("/api/status/{odd}")] {
            assert_eq!(calls.get(&path).await, not_found, "{path}");
        }
        let path = format!("/api/task/{odd}/cancel");
        assert_eq!(calls.call(Method::DELETE, &path, None).await, not_found, "{path}");
    }
    let research = json!({ "detail": "Research file not found" });
    for subject in ["nothing", "data", "log"] {
        let body = json!({ "subject": subject, "player": "Ada" });
        let answer = calls.post("/api/story/create", body).await;
        assert_eq!(answer, (StatusCode::BAD_REQUEST, research.clone()), "{subject}");
    }
}

#[tokio::test]
async fn hostile_input_is_refused_with_a_sentence() {
    let place = Place::with_research();
    let server = place.serve(&[], &[]).await;
    let calls = Calls::new(&server);
    let long = "x".repeat(101);
    for subject in
        ["", " ", "..", ".", ".hidden", "../lighthouse", "a/b", "a\\b", "a\0b", "a\nb", &long]
    {
        for (subject, player) in [(subject, "Ada"), ("lighthouse", subject)] {
            let body = json!({ "subject": subject, "player": player });
            let (status, answer) = calls.post("/api/story/create", body).await;
            assert_eq!(status, 400, "{subject:?} for {player:?}: {answer}");
            assert!(!answer["detail"].as_str().unwrap().is_empty());
        }
    }
    let empty = "data: the text is empty: give CSV text whose first line names the columns";
    for data in ["", " \n", "\u{feff}\n"] {
        let answer = calls.post("/api/task/start", json!({ "data": data })).await;
        assert_eq!(answer, (StatusCode::BAD_REQUEST, json!({ "detail": empty })), "{data:?}");
    }
    for body in [json!({}), json!({ "data": 7 }), json!([]), json!(null)] {
        let (status, answer) = calls.post("/api/task/start", body.clone()).await;
        assert_eq!(status, 400, "{body}: {answer}");
        assert!(!answer["detail"].as_str().unwrap().is_empty());
    }
    for (body, detail) in [
        (json!({ "player": "Ada" }), "subject: is required, a text"),
        (json!({ "subject": "lighthouse" }), "player: is required, a text"),
        (json!({ "subject": 1, "player": "Ada" }), "subject: must be a text, not a number"),
        (json!({ "subject": "lighthouse", "player": null }), "player: must be a text, not null"),
        (json!(["lighthouse"]), "The body must be a JSON object, not a list"),
    ] {
        let answer = calls.post("/api/story/create", body).await;
        assert_eq!(answer, (StatusCode::BAD_REQUEST, json!({ "detail": detail })));
    }
}

#[tokio::test]
async fn a_body_is_read_whatever_its_type_is_called() {
    let place = Place::new();
    let server = place.serve(&[], &[]).await;
    let start = async |media: Option<&str>, body: &str| {
        let request = Client::new().post(format!("{}/api/task/start", server.url));
        let request = match media {
            Some(media) => request.header("content-type", media),
            None => request,
        };
        let response = request.body(body.to_owned()).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/json");
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    let body = json!({ "data": "a\n1\n" }).to_string();
    for media in [
        None,
        Some("text/plain;charset=UTF-8"),
        Some("application/json; charset=utf-8"),
        Some("Application/JSON"),
        Some("application/octet-stream"),
        Some("nonsense"),
    ] {
        assert_eq!(start(media, &body).await.0, 200, "{media:?}");
        assert_eq!(start(media, &format!("\u{feff}{body}")).await.0, 200, "{media:?}");
        for (odd, part) in
            [("", "is empty"), ("{\"data\":", "is not JSON"), ("data=a", "is not JSON")]
        {
            let (status, answer) = start(media, odd).await;
            let detail = answer["detail"].as_str().unwrap();
            assert!(status == 400 && detail.contains(part), "{odd}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_client_without_cookies_polls_by_id_and_by_subject_alike() {
    let place = Place::with_research();
    let server = place.serve(&[], &[FAST]).await;
    let calls = Calls::new(&server);
    let task = calls.story("Ada").await;
    let done = calls.until(&format!("/api/story/progress/{task}"), "completed").await;
    let message = done["message"].as_str().unwrap();
    assert!(message.starts_with("Story creation completed"), "{message}");
    assert_eq!(calls.get("/api/story/progress/lighthouse").await.1, done);
    assert_eq!(calls.get("/api/story/progress/%20light%68ouse").await.1, done);
    let (_, whole) = calls.get(&format!("/api/status/{task}")).await;
    for path in ["/api/status/lighthouse", "/api/task/status/lighthouse"] {
        assert_eq!(calls.get(path).await, (StatusCode::OK, whole.clone()));
    }
    // What has ended says so when it is to be cancelled.
    let cancel = calls.call(Method::DELETE, "/api/task/lighthouse/cancel", None).await;
    assert_eq!(cancel, (StatusCode::OK, json!({ "status": "completed" })));
    assert_eq!(calls.get("/api/status/Lighthouse").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_client_without_cookies_cancels_by_subject() {
    let place = Place::with_research();
    let server = place.serve(&[], &[SLOW]).await;
    let calls = Calls::new(&server);
    let task = calls.story("Ada").await;
    let cancel = calls.call(Method::DELETE, "/api/task/lighthouse/cancel", None).await;
    assert_eq!(cancel, (StatusCode::OK, json!({ "status": "cancelled" })));
    let ended = calls.until(&format!("/api/story/progress/{task}"), "cancelled").await;
    assert_eq!(ended["message"], "Story creation was cancelled");
    // The newest of a subject is the one that it names.
    let next = calls.story("Ada").await;
    assert_ne!(next, task);
    let path = format!("/api/task/{next}/cancel");
    assert_ne!(calls.get("/api/story/progress/lighthouse").await.1["status"], "cancelled");
    calls.call(Method::DELETE, &path, None).await;
    calls.until("/api/story/progress/lighthouse", "cancelled").await;
}

#[tokio::test]
async fn a_stranger_elsewhere_finds_no_story_by_its_subject() {
    let place = Place::with_research();
    let proxies = ("MILEPOST_HTTP_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8");
    let server = place.serve(&[], &[SLOW, proxies]).await;
    let at = |address: &'static str| {
        let mut headers = reqwest::header::HeaderMap::new();
        headers.insert("x-forwarded-for", address.parse().unwrap());
        let client = Client::builder().default_headers(headers).build().unwrap();
        Calls { client, ..Calls::new(&server) }
    };
    let (here, elsewhere) = (at("192.0.2.1"), at("192.0.2.1, 192.0.2.2, 10.1.1.1"));
    let task = here.story("Ada").await;
    let missing = (StatusCode::NOT_FOUND, json!({ "detail": "Task not found" }));
    for path in ["/api/story/progress/lighthouse", "/api/status/lighthouse"] {
        assert_eq!(elsewhere.get(path).await, missing, "{path}");
        assert_eq!(here.get(path).await.0, StatusCode::OK, "{path}");
    }
    let cancel = "/api/task/lighthouse/cancel";
    assert_eq!(elsewhere.call(Method::DELETE, cancel, None).await, missing);
    // The id is the capability.
    assert_eq!(elsewhere.get(&format!("/api/status/{task}")).await.0, StatusCode::OK);
    assert_ne!(elsewhere.story("Ada").await, task);
    assert_eq!(here.call(Method::DELETE, cancel, None).await.0, StatusCode::OK);
    here.until(&format!("/api/status/{task}"), "cancelled").await;
    let theirs = elsewhere.get("/api/story/progress/lighthouse").await.1;
    assert_ne!(theirs["status"], "cancelled");
}

#[tokio::test]
async fn a_story_that_is_being_written_is_not_started_twice() {
    let place = Place::with_research();
    let server = place.serve(&[], &[SLOW]).await;
    let ada = Calls::with_session(&server).await;
    let first = ada.story("Ada").await;
    assert_eq!(ada.start_story("Ada").await, (first.clone(), true));
    // The same work is the same whole input of the same owner.
    let mut stories = vec![first, ada.story("Grace").await];
    let (bob, nobody) = (Calls::with_session(&server).await, Calls::new(&server));
    for calls in [&bob, &nobody, &nobody] {
        stories.push(calls.story("Ada").await);
    }
    let started = stories.len();
    stories.sort_unstable();
    stories.dedup();
    assert_eq!(stories.len(), started, "a start led to another's story");
}

#[tokio::test]
async fn a_session_follows_its_own_story_first_and_is_alone_with_it() {
    let place = Place::with_research();
    let server = place.serve(&[], &[SLOW]).await;
    let (ada, nobody) = (Calls::with_session(&server).await, Calls::new(&server));
    let own = ada.story("Ada").await;
    let missing = (StatusCode::NOT_FOUND, json!({ "detail": "Task not found" }));
    assert_eq!(nobody.get("/api/story/progress/lighthouse").await, missing);
    assert_eq!(nobody.get(&format!("/api/status/{own}")).await, missing);
    let cancel = format!("/api/task/{own}/cancel");
    assert_eq!(nobody.call(Method::DELETE, &cancel, None).await, missing);
    let nobodys = nobody.story("Nemo").await;
    // Who has its id may follow a task of nobody; the own story still comes first by its subject.
    assert_eq!(ada.get(&format!("/api/status/{nobodys}")).await.0, 200);
    ada.call(Method::DELETE, &cancel, None).await;
    ada.until("/api/story/progress/lighthouse", "cancelled").await;
    assert_ne!(nobody.get("/api/story/progress/lighthouse").await.1["status"], "cancelled");
}

#[tokio::test]
async fn a_session_outlives_its_server() {
    let place = Place::with_research();
    let server = place.serve(&[], &[SLOW, ("MILEPOST_ENGINE_DRAIN_S", "0")]).await;
    let ada = Calls::with_session(&server).await;
    let (cookie, task) = (ada.cookie.clone(), ada.story("Ada").await);
    server.stop().await;
    let server = place.serve(&[], &[SLOW]).await;
    let ada = Calls { cookie, ..Calls::new(&server) };
    assert_eq!(ada.get(&format!("/api/status/{task}")).await.0, 200);
}

#[tokio::test]
async fn another_sites_name_for_this_machine_is_not_answered() {
    let place = Place::new();
    let server = place.serve(&[], &[]).await;
    for path in ["/", "/api/v1/kinds", "/pkg/milepost.css"] {
        let request = Client::new().get(format!("{}{path}", server.url));
        let answer = request.header("host", "rebound.example").send().await.unwrap();
        assert_eq!(answer.status(), 421, "{path}");
    }
}

#[tokio::test]
async fn without_anonymous_tasks_a_start_needs_a_session() {
    let place = Place::with_research();
    let server = place.serve(&[], &[("MILEPOST_ENGINE_ALLOW_ANONYMOUS", "false")]).await;
    let body = json!({ "data": "a\n1\n" });
    let invented = format!("milepost_session={}", "a".repeat(64));
    for cookie in [None, Some(invented)] {
        let calls = Calls { cookie, ..Calls::new(&server) };
        let (status, answer) = calls.post("/api/task/start", body.clone()).await;
        assert_eq!(status, 401, "{answer}");
    }
    let ada = Calls::with_session(&server).await;
    assert_eq!(ada.post("/api/task/start", body).await.0, 200);
}
