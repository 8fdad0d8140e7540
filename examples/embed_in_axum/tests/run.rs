//! The example signs users in, runs their tasks below `/jobs`, and keeps them apart.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

/// Ended with the test, whatever its result.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn get(url: &str, user: Option<&str>) -> (u16, String) {
    let request = reqwest::Client::new().get(url);
    let request = user.into_iter().fold(request, |request, user| request.header("x-user", user));
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn each_user_has_tasks_of_their_own_below_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_embed_in_axum"));
    server.current_dir(&folder).env("ADDR", "127.0.0.1:0").stdout(Stdio::piped());
    let mut server = Server(server.spawn().unwrap());
    let mut url = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let url = url.trim();

    assert!(get(url, None).await.1.contains("A shop"), "a page of its own, for everybody");
    let tasks = format!("{url}/jobs/api/v1/tasks");
    assert_eq!(get(&tasks, None).await.0, 401, "nobody is signed in");

    let start = r#"{"kind": "report", "input": {"rows": 3}}"#;
    let started = reqwest::Client::new().post(&tasks).header("x-user", "ada").body(start);
    let started = started.header("content-type", "application/json").send().await.unwrap();
    assert_eq!(started.status(), 202);
    let task = started.headers()["location"].to_str().unwrap().to_owned();
    assert!(task.starts_with("/jobs/api/v1/tasks/"), "{task}");

    let until_end = format!("{url}{task}?until=end");
    let ended = loop {
        let request = reqwest::Client::new().get(&until_end).header("x-user", "ada");
        let ended = request.header("prefer", "wait=20").send().await.unwrap();
        let ended = ended.text().await.unwrap();
        if ended.contains("\"completed\"") || ended.contains("\"error\"") {
            break ended;
        }
    };
    assert!(ended.contains("\"completed\""), "{ended}");
    let (status, result) = get(&format!("{url}{task}/result"), Some("ada")).await;
    assert_eq!((status, &*result), (200, "The sum is 6."));

    assert_eq!(get(&format!("{url}{task}"), Some("bob")).await.0, 404, "it is Ada's");
    let page = get(&format!("{url}/my-tasks"), Some("ada")).await.1;
    assert!(page.contains("1 tasks") && page.contains(&task), "{page}");
    assert!(get(&format!("{url}/my-tasks"), Some("bob")).await.1.contains("0 tasks"));
}
