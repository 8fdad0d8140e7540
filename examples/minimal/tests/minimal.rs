//! The example runs a task from its start to its result, and stops in order.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ended with the test, whatever its result.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_task_runs_to_its_result_and_the_server_stops_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_minimal"));
    server.current_dir(&folder).env("ADDR", "127.0.0.1:0").stdout(Stdio::piped());
    let mut server = Server(server.spawn().unwrap());
    let mut tasks = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut tasks).unwrap();
    let tasks: reqwest::Url = tasks.trim().parse().unwrap();

    let client = reqwest::Client::new();
    let wrong = json!({ "kind": "primes", "input": { "up_to": -1 } });
    assert_eq!(client.post(tasks.clone()).json(&wrong).send().await.unwrap().status(), 400);
    let start = json!({ "kind": "primes", "input": { "up_to": 100 } });
    let started = client.post(tasks.clone()).json(&start).send().await.unwrap();
    assert_eq!(started.status(), 202);
    let task = tasks.join(started.headers()["location"].to_str().unwrap()).unwrap();
    let begun = Instant::now();
    let result = loop {
        let answer = client.get(task.clone()).header("prefer", "wait=5").send().await.unwrap();
        let snapshot: Value = answer.json().await.unwrap();
        if let Some(result) = snapshot["result"]["href"].as_str() {
            break tasks.join(result).unwrap();
        }
        assert!(begun.elapsed() < PATIENCE, "{snapshot}");
    };
    assert_eq!(client.get(result).send().await.unwrap().text().await.unwrap(), "25 primes");

    let interrupt = format!("kill -INT {}", server.0.id());
    assert!(Command::new("sh").args(["-c", &interrupt]).status().unwrap().success());
    drop(client);
    let ended = tokio::task::spawn_blocking(move || server.0.wait().unwrap());
    let ended = tokio::time::timeout(PATIENCE, ended).await.expect("it stops").unwrap();
    assert!(ended.success(), "{ended}");
}
