//! The example configuration works on this machine.

use serde_json::Value;

use super::{get, report};
use crate::fixture::Place;

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/milepost.toml");

fn expected_files(kind: &str) -> Value {
    match kind {
        "archive" => ["ssl.tar.gz"].into_iter().collect(),
        "duplicates" => ["duplicates.csv"].into_iter().collect(),
        _ => Value::Array(Vec::new()),
    }
}

#[tokio::test]
async fn each_example_runs_to_its_end_with_its_stages() {
    let place = Place::new();
    let server = place.serve(&["--config", CONFIG], &[]).await;
    let cases: [(&str, &[&str], &str, Value); 3] = [
        ("archive", &["compression=fast", "verbose=true"], "entries and", 3.into()),
        ("copy", &["megabytes=0"], "copied ", Value::Null),
        (
            "duplicates",
            &["endings=[\".pem\",\".crt\"]", "hidden=true"],
            "the copies have",
            3.into(),
        ),
    ];
    for (kind, inputs, words, step) in cases {
        let inputs = ["folder=/etc/ssl"].iter().chain(inputs).flat_map(|input| ["-i", *input]);
        let args: Vec<&str> = ["run", kind, "--follow"].into_iter().chain(inputs).collect();
        let printed = server.run(&place, &args).await;
        let report = report(&place, &server, &printed).await;
        assert!(report["output"].as_str().unwrap().contains(words), "{kind}: {report}");
        let task = get(&server, &format!("/api/v1/tasks/{}", printed.stdout.trim())).await;
        assert_eq!(task["step"], step, "{kind}: {task}");
        let files = get(&server, &format!("/api/v1/tasks/{}/files", printed.stdout.trim())).await;
        let names = files["files"].as_array().unwrap().iter().map(|file| file["name"].clone());
        assert_eq!(names.collect::<Value>(), expected_files(kind), "{kind}: {files}");
        let log = get(&server, &format!("/api/v1/tasks/{}/log", printed.stdout.trim())).await;
        assert!(!log.to_string().contains("progress channel"), "{kind}: {log}");
    }
}
