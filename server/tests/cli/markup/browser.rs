//! A browser without scripts and without redirects, that looks at the markup of each page it gets.

use reqwest::{Client, Method, RequestBuilder, redirect::Policy};
use serde_json::Value;

use crate::fixture::Server;

/// A text as a part of an address.
pub(super) fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Fails where a page has the element that was planted, or where an element whose content is no markup
/// ends sooner than it should.
pub(super) fn assert_harmless(what: &str, html: &str) {
    assert!(!html.contains("<x-mark"), "markup in {what}: {html}");
    // With an attribute twice, a script has no nonce.
    for tag in html.split("<script").skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        assert!(tag.matches(" nonce=").count() <= 1, "{tag} in {what}");
    }
    for name in ["title", "textarea", "noscript", "script", "style"] {
        let (open, close) = (format!("<{name}"), format!("</{name}>"));
        let (opened, closed) = (html.matches(&open).count(), html.matches(&close).count());
        assert_eq!(opened, closed, "{name} in {what}: {html}");
    }
}

pub(super) struct Browser {
    client: Client,
    cookie: String,
    url: String,
}

impl Browser {
    /// One with a session.
    pub(super) async fn new(server: &Server) -> Self {
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        let home = client.get(format!("{}/", server.url)).send().await.unwrap();
        let cookie = home.headers()["set-cookie"].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Self { client, cookie, url: server.url.clone() }
    }

    pub(super) fn request(&self, method: Method, url: &str) -> RequestBuilder {
        self.client.request(method, url).header("cookie", &self.cookie)
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, &format!("{}{path}", self.url))
    }

    /// The page, and its status.
    pub(super) async fn look(&self, path: &str) -> (u16, String) {
        let answer = self.ask(Method::GET, path).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// The page, which has to be one, and harmless.
    pub(super) async fn page(&self, path: &str) -> String {
        let (_, html) = self.look(path).await;
        assert!(html.starts_with("<!DOCTYPE html>"), "no page at {path}: {html}");
        assert_harmless(path, &html);
        html
    }

    /// Sends a form; the page that answers is harmless, where there is one.
    pub(super) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let pairs =
            fields.iter().map(|(name, text)| format!("{}={}", encoded(name), encoded(text)));
        let request = self
            .ask(Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(pairs.collect::<Vec<_>>().join("&"));
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let html = answer.text().await.unwrap();
        assert!(status == 303 || html.starts_with("<!DOCTYPE html>"), "{path}: {status} {html}");
        assert_harmless(path, &html);
        (status, html)
    }

    pub(super) async fn json(&self, path: &str) -> Value {
        self.ask(Method::GET, path).send().await.unwrap().json().await.unwrap()
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.ask(Method::POST, path).json(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    /// Calls a server function; HTML that it answers with is harmless.
    pub(super) async fn function(&self, path: &str, body: &Value) {
        let answer = self.ask(Method::POST, path).json(body).send().await.unwrap();
        let text = answer.text().await.unwrap();
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path}: {text}"));
        assert_harmless(path, value["html"].as_str().unwrap_or_default());
        for line in value["log"][0]["html"].as_array().into_iter().flatten() {
            assert_harmless(path, line.as_str().unwrap());
        }
    }

    pub(super) async fn start(&self, kind: &str, input: &Value) -> String {
        let body = serde_json::json!({ "kind": kind, "input": input });
        let answer = self.ask(Method::POST, "/api/v1/tasks").json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 202, "{}", answer.text().await.unwrap());
        let task: Value = answer.json().await.unwrap();
        task["id"].as_str().unwrap().to_owned()
    }

    /// Asks until the task is so.
    pub(super) async fn until(&self, id: &str, is: impl Fn(&Value) -> bool) -> Value {
        let asked = async {
            loop {
                let task = self.json(&format!("/api/v1/tasks/{id}")).await;
                if is(&task) {
                    return task;
                }
                let over = task["finished_at"].is_string();
                assert!(!over, "it ended in another way: {task}");
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), asked).await.unwrap()
    }
}
