//! Large data sets through the real binary: cancelled in the middle, and killed in the middle.

use std::{io::Write as _, time::Instant};

use flate2::{Compression, write::GzEncoder};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fixture::{Place, Server, signal};

/// So many rows of numbers, packed: far smaller to send than to read.
fn packed(rows: u32) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(b"row,remainder\n").unwrap();
    for row in 0..rows {
        writeln!(packed, "{row},{}", row % 7).unwrap();
    }
    packed.finish().unwrap()
}

async fn get(server: &Server, path: &str) -> Value {
    let url = format!("{}/api/v1/tasks/{path}", server.url);
    reqwest::get(url).await.unwrap().json().await.unwrap()
}

/// Sends a file, starts its profile, and waits until some of its rows are read. The task's id.
async fn begun(server: &Server, place: &Place, file: Vec<u8>) -> String {
    let client = reqwest::Client::new();
    let upload = client.post(format!("{}/api/v1/uploads?name=rows.csv.gz", server.url)).body(file);
    let upload: Value = upload.send().await.unwrap().json().await.unwrap();
    let body = json!({ "kind": "dataset", "input": { "file": upload["id"] } });
    let task = client.post(format!("{}/api/v1/tasks", server.url)).json(&body);
    let task: Value = task.send().await.unwrap().json().await.unwrap();
    let id = task["id"].as_str().unwrap().to_owned();
    until(place, async || get(server, &id).await, |task| task["progress"].as_f64() > Some(12.0))
        .await;
    id
}

/// Asks until it is so.
async fn until(place: &Place, ask: impl AsyncFn() -> Value, so: impl Fn(&Value) -> bool) -> Value {
    let patience = Instant::now();
    loop {
        let shown = ask().await;
        if so(&shown) {
            return shown;
        }
        assert!(patience.elapsed().as_secs() < 120, "{shown:#} {}", place.log());
    }
}

#[tokio::test]
async fn a_profile_is_cancelled_in_the_middle_of_a_file() {
    let place = Place::new();
    let server = place.serve(&[], &[]).await;
    let id = begun(&server, &place, packed(4_000_000)).await;
    let cancel = format!("{}/api/v1/tasks/{id}/cancel", server.url);
    assert!(reqwest::Client::new().post(cancel).send().await.unwrap().status().is_success());
    let ended = |task: &Value| task["status"] == "cancelled";
    let task = until(&place, async || get(&server, &id).await, ended).await;
    let receipt = &task["cancel"];
    assert_eq!(receipt["outcome"], "stopped", "{receipt:#}");
    let at = |step: &str| receipt[step].as_str().unwrap().parse::<Timestamp>().unwrap();
    let took = at("stopped_at").duration_since(at("requested_at"));
    assert!(took.as_secs_f64() < 1.0, "{receipt:#}");
}

#[tokio::test]
async fn a_profile_whose_server_is_killed_reads_the_file_anew() {
    const ROWS: u32 = 1_000_000;
    let place = Place::new();
    let mut server = place.serve(&[], &[]).await;
    let id = begun(&server, &place, packed(ROWS)).await;
    signal(server.child(), "KILL").await;
    server.child().wait().await.unwrap();
    let server = place.serve(&[], &[]).await;
    let ended = |task: &Value| task["status"] == "completed";
    let task = until(&place, async || get(&server, &id).await, ended).await;
    assert_eq!(task["attempt"], 2, "{task:#}");
    let profile = get(&server, &format!("{id}/result")).await;
    assert_eq!(profile["rows"], ROWS);
    assert_eq!(profile["columns"][0]["max"], ROWS - 1);
    assert_eq!(profile["columns"][1]["distinct"], 7);
}
