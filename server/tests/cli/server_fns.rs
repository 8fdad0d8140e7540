//! The server functions as any client may call them: a plain `POST` of JSON, right or wrong.

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use crate::fixture::{FAST, Place, Server};

const NEVER: &str = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55";
const JSON: &str = "application/json";

async fn post(
    server: &Server,
    name: &str,
    media_type: &str,
    body: impl Into<reqwest::Body>,
) -> Response {
    let url = format!("{}/api/fn/{name}", server.url);
    Client::new().post(url).header("content-type", media_type).body(body).send().await.unwrap()
}

async fn problem(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

#[tokio::test]
async fn a_task_is_started_followed_and_cancelled_by_plain_posts() {
    let place = Place::with_research();
    let server = place.serve(&[], &[FAST]).await;
    let body = json!({ "kind": "story", "input": { "subject": "lighthouse", "player": "Ada" } });
    let started = post(&server, "run_task", JSON, body.to_string()).await;
    assert_eq!(
        (started.status().as_u16(), &started.headers()["content-type"]),
        (200, &JSON.parse().unwrap())
    );
    let started: Value = started.json().await.unwrap();
    let id = started["id"].as_str().unwrap();

    let body = json!({ "request": { "watch": [{ "id": id }], "wait_ms": 0 } });
    let told =
        post(&server, "task_status", "application/json; charset=utf-8", body.to_string()).await;
    let told: Value = told.json().await.unwrap();
    assert_eq!(told["tasks"][0]["id"], id);

    let cancelled = post(&server, "cancel_task", JSON, json!({ "id": id }).to_string()).await;
    assert_eq!(cancelled.json::<Value>().await.unwrap()["id"], id);
}

#[tokio::test]
async fn what_a_task_lacks_is_told_with_its_field() {
    let place = Place::new();
    let server = place.serve(&[], &[FAST]).await;
    let body = json!({ "kind": "story", "input": { "subject": "nowhere", "player": "Ada" } });
    let (status, problem) = problem(post(&server, "run_task", JSON, body.to_string()).await).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (400, &json!("subject")));
    assert_eq!(problem["errors"][0]["detail"], "Research file not found");
}

#[tokio::test]
async fn a_wrong_call_is_answered_with_a_problem_and_never_with_500() {
    let place = Place::new();
    let server = place.serve(&[], &[FAST]).await;
    let never = json!({ "id": NEVER }).to_string();
    let wrong: [(&str, &str, &str, u16); 10] = [
        ("task_status", JSON, "{", 400),
        ("task_status", JSON, "", 400),
        ("task_status", JSON, "[]", 400),
        ("task_status", JSON, "\u{0}", 400),
        ("task_status", JSON, r#"{"request":{"watch":[{"id":"x"}]}}"#, 400),
        ("run_task", JSON, r#"{"kind":"story"}"#, 400),
        ("run_task", JSON, r#"{"kind":"nothing","input":{}}"#, 400),
        ("cancel_task", JSON, &never, 404),
        ("cancel_task", "text/plain", &never, 415),
        ("start_task", "application/x-www-form-urlencoded", "kind=story", 415),
    ];
    for (name, media_type, body, expected) in wrong {
        let (status, problem) =
            problem(post(&server, name, media_type, body.to_owned()).await).await;
        assert_eq!(
            (status, &problem["status"]),
            (expected, &json!(expected)),
            "{name} {body}: {problem}"
        );
        assert!(problem["detail"].is_string(), "{problem}");
    }
    for (method, name, expected) in
        [(Method::GET, "task_status", 405), (Method::POST, "nothing", 404)]
    {
        let url = format!("{}/api/fn/{name}", server.url);
        let response = Client::new().request(method, url).header("content-type", JSON).body("{}");
        assert_eq!(response.send().await.unwrap().status(), expected, "{name}");
    }
}

/// Server functions with what each needs: all of those that take JSON.
const CALLS: [(&str, &str); 5] = [
    ("run_task", r#"{"kind":"story","input":{},"idempotency_key":null}"#),
    ("find_task", r#"{"id":"ID"}"#),
    ("task_status", r#"{"request":{"watch":[],"wait_ms":0}}"#),
    ("cancel_task", r#"{"id":"ID"}"#),
    ("start_task", r#"{"kind":"story","fields":[["a","b"]],"idempotency_key":"k"}"#),
];

#[tokio::test]
async fn a_body_that_does_not_fit_is_told_in_words_by_every_server_function() {
    let place = Place::new();
    let server = place.serve(&["--no-worker"], &[FAST]).await;
    let refused = async |name: &str, body: String| {
        let (status, problem) = problem(post(&server, name, JSON, body.clone()).await).await;
        let detail = problem["detail"].as_str().unwrap().to_owned();
        assert_eq!(status, 400, "{name} {body}: {detail}");
        for word in ["struct", "expected", "sequence", "invalid", "UUID parsing", "::", "hush"] {
            assert!(!problem.to_string().contains(word), "{name} {body}: {problem}");
        }
        detail
    };
    for (name, body) in CALLS {
        let body: Value = serde_json::from_str(&body.replace("ID", NEVER)).unwrap();
        let fields = body.as_object().unwrap();
        // The arguments in their order.
        let positions = Value::Array(fields.values().cloned().collect()).to_string();
        for (body, found) in
            [(&*positions, "a list"), ("[]", "a list"), ("null", "null"), ("\"hush\"", "a text")]
        {
            let detail = refused(name, body.to_owned()).await;
            assert_eq!(detail, format!("The body must be a JSON object, not {found}"), "{name}");
        }
        for field in
            fields.keys().filter(|field| !["input", "idempotency_key"].contains(&&***field))
        {
            let mut wrong = body.clone();
            wrong[field] = json!({ "hush": ["hush"] });
            let detail = refused(name, wrong.to_string()).await;
            assert!(detail.starts_with(field.as_str()), "{name}: {detail}");
            wrong.as_object_mut().unwrap().remove(field);
            assert_eq!(refused(name, wrong.to_string()).await, format!("{field}: is required"));
        }
    }
    let detail = refused("cancel_task", json!({ "id": "hush" }).to_string()).await;
    assert!(detail.starts_with("id: a task id is a UUID such as "), "{detail}");
    for (name, form) in
        [("cancel_task_form", "id=hush"), ("cancel_task_form", ""), ("run_task_form", "")]
    {
        let (status, problem) =
            problem(post(&server, name, "application/x-www-form-urlencoded", form).await).await;
        assert_eq!(status, 400, "{name}: {problem}");
        assert_eq!(problem["detail"], "The fields of the form are not those of this call.");
    }
}

#[tokio::test]
async fn a_form_without_a_script_starts_a_task_and_is_led_back_to_its_page() {
    let place = Place::with_research();
    let server = place.serve(&[], &[FAST]).await;
    let browser = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let send = async |subject: &str, accept: &str| {
        let form = browser.post(format!("{}/api/fn/run_task_form", server.url));
        let form = form.form(&[("kind", "story"), ("subject", subject), ("player", "Ada")]);
        let form = form.header("referer", format!("{}//stories?x=1", server.url));
        form.header("accept", accept).send().await.unwrap()
    };
    let location =
        |response: &Response| response.headers()["location"].to_str().unwrap().to_owned();

    let started = send("lighthouse", "text/html").await;
    assert_eq!(started.status(), 302);
    let started = location(&started);
    let (page, id) = started.split_once("?task=").expect("the task's id");
    assert_eq!(page, "/stories", "a page of this server, and no other");

    let cancel = browser.post(format!("{}/api/fn/cancel_task_form", server.url));
    let cancel =
        cancel.form(&[("id", id)]).header("accept", "text/html").header("referer", &started);
    assert_eq!(cancel.send().await.unwrap().status(), 302);

    let refused = send("nowhere", "text/html").await;
    assert_eq!(refused.status(), 302);
    assert!(location(&refused).contains("__err="), "{}", location(&refused));
    assert_eq!(send("nowhere", "*/*").await.status(), 400);
}
