//! Inputs of the tasks, and their results without faults.

use std::{fmt::Write as _, path::Path};

use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Value, json};

use crate::{
    fleet::{Fleet, client},
    research::Research,
};

const TEXTS: usize = 12;
/// Maximum number of rows of a text.
const MAX_ROWS: u32 = 4_000;

/// One input, and its result without faults.
pub(crate) struct Job {
    pub(crate) body: Value,
    pub(crate) result: Vec<u8>,
}

/// All inputs.
pub(crate) struct Workload {
    jobs: Vec<Job>,
    research: Research,
}

impl Workload {
    /// Creates the inputs and runs each once without faults.
    pub(crate) async fn new(bin: &Path, rng: &mut StdRng) -> Self {
        let mut workload = Self { jobs: Vec::new(), research: Research::new() };
        for subject in workload.research.subjects() {
            let input = json!({ "subject": subject, "player": "Ada" });
            let body = json!({ "kind": "story", "input": input });
            workload.jobs.push(Job { body, result: Vec::new() });
        }
        for n in 0..TEXTS {
            // Many short texts, few long ones.
            let rows = (f64::from(MAX_ROWS) * rng.random::<f64>().powi(2)) as u32 + 3;
            let input = json!({ "data": text(rows, rng), "name": format!("text {n}") });
            let body = json!({ "kind": "dataset", "input": input });
            workload.jobs.push(Job { body, result: Vec::new() });
        }
        let fleet = Fleet::at_full_speed(bin, &workload.research).await;
        let url = fleet.addresses().any(rng).unwrap();
        for n in 0..workload.jobs.len() {
            workload.jobs[n].result = result(&url, &workload.jobs[n].body).await;
        }
        fleet.stop().await;
        workload
    }

    pub(crate) const fn research(&self) -> &Research {
        &self.research
    }

    pub(crate) fn jobs(&self) -> &[Job] {
        &self.jobs
    }

    pub(crate) fn any(&self, rng: &mut StdRng) -> usize {
        rng.random_range(0..self.jobs.len())
    }
}

/// CSV text with a column of each type.
fn text(rows: u32, rng: &mut StdRng) -> String {
    let mut text = String::from("day,port,height_m,open,ships\n");
    for row in 0..rows {
        let port = ["Kiel", "Cuxhaven", "Husum", ""].choose(rng).unwrap();
        let (height, open) = (rng.random_range(-2.0..4.0), rng.random_bool(0.5));
        let (day, ships) = (row % 28 + 1, rng.random_range(0..500));
        writeln!(text, "2026-02-{day:02},{port},{height:.2},{open},{ships}").unwrap();
    }
    text
}

async fn result(url: &str, body: &Value) -> Vec<u8> {
    let (http, tasks) = (client(), format!("{url}/api/v1/tasks"));
    let started = http.post(&tasks).json(body).send().await.unwrap();
    let started: Value = started.json().await.unwrap();
    let task = format!("{tasks}/{}", started["id"].as_str().unwrap());
    loop {
        let snapshot: Value = http.get(&task).send().await.unwrap().json().await.unwrap();
        match snapshot["status"].as_str().unwrap() {
            "completed" => break,
            "queued" | "running" => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            _ => panic!("a task without faults did not complete: {snapshot:#}"),
        }
    }
    http.get(format!("{task}/result")).send().await.unwrap().bytes().await.unwrap().to_vec()
}
