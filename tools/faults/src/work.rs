//! What is asked for, and what the answers are when nobody disturbs them.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Value, json};

use crate::fleet::{Fleet, client};

/// Subjects with a research file: as many stories can be under way at once.
const SUBJECTS: usize = 16;
const TEXTS: usize = 12;
/// Rows of the longest text.
const MAX_ROWS: u32 = 4_000;

/// One input, and the result that an undisturbed run of it has.
pub(crate) struct Job {
    pub(crate) body: Value,
    pub(crate) result: Vec<u8>,
}

/// All inputs.
pub(crate) struct Pool {
    jobs: Vec<Job>,
    /// The research files: folder and text.
    research: Vec<(String, String)>,
}

impl Pool {
    /// Makes the inputs and runs each once, in peace.
    pub(crate) async fn undisturbed(bin: &Path, rng: &mut StdRng) -> Self {
        let samples = samples();
        let research = (0..SUBJECTS)
            .map(|n| {
                let (subject, text) = &samples[n % samples.len()];
                (format!("{subject} {n}"), text.clone())
            })
            .collect();
        let mut pool = Self { jobs: Vec::new(), research };
        for (subject, _) in &pool.research {
            let input = json!({ "subject": subject, "player": "Ada" });
            let body = json!({ "kind": "story", "input": input });
            pool.jobs.push(Job { body, result: Vec::new() });
        }
        for n in 0..TEXTS {
            // Few long ones, many short ones.
            let rows = (f64::from(MAX_ROWS) * rng.random::<f64>().powi(2)) as u32 + 3;
            let input = json!({ "data": text(rows, rng), "name": format!("text {n}") });
            let body = json!({ "kind": "dataset", "input": input });
            pool.jobs.push(Job { body, result: Vec::new() });
        }
        let fleet = Fleet::undisturbed(bin, &pool).await;
        let url = fleet.addresses().any(rng).unwrap();
        for n in 0..pool.jobs.len() {
            pool.jobs[n].result = result(&url, &pool.jobs[n].body).await;
        }
        fleet.stop().await;
        pool
    }

    pub(crate) fn jobs(&self) -> &[Job] {
        &self.jobs
    }

    pub(crate) fn any(&self, rng: &mut StdRng) -> usize {
        rng.random_range(0..self.jobs.len())
    }

    /// Puts the research files where a server with this output folder finds them.
    pub(crate) fn write_research(&self, output: &Path) {
        for (subject, text) in &self.research {
            let folder = output.join(subject);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("research.md"), text).unwrap();
        }
    }
}

/// The research files that come with the repository.
fn samples() -> Vec<(String, String)> {
    let output = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../output");
    ["lighthouse", "sourdough"]
        .map(|subject| {
            let path = output.join(subject).join("research.md");
            (subject.to_owned(), std::fs::read_to_string(path).unwrap())
        })
        .into()
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
        let told: Value = http.get(&task).send().await.unwrap().json().await.unwrap();
        match told["status"].as_str().unwrap() {
            "completed" => break,
            "queued" | "running" => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            _ => panic!("an undisturbed task did not complete: {told:#}"),
        }
    }
    http.get(format!("{task}/result")).send().await.unwrap().bytes().await.unwrap().to_vec()
}
