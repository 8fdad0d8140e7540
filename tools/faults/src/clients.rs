//! Clients that start tasks, repeat starts, and cancel tasks. They retry each request until it is
//! answered.

use std::{sync::Arc, time::Duration};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;

use crate::{
    fleet::{Addresses, client},
    observations::Observations,
    workload::Workload,
};

/// Pause between retries, and between checks of the number of unfinished tasks.
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) const STARTS: &str = "starts answered with their task";
pub(crate) const KEYS: &str = "repeated starts led to the same task";
pub(crate) const CANCELS: &str = "cancels answered";
pub(crate) const RESULTS: &str = "results identical to those without faults";

/// One client.
pub(crate) struct Client {
    name: u32,
    rng: StdRng,
    addresses: Addresses,
    observations: Arc<Observations>,
    workload: Arc<Workload>,
    http: reqwest::Client,
}

impl Client {
    pub(crate) fn new(
        name: u32,
        seed: u64,
        addresses: Addresses,
        observations: &Arc<Observations>,
        workload: &Arc<Workload>,
    ) -> Self {
        let (observations, workload) = (Arc::clone(observations), Arc::clone(workload));
        Self {
            name,
            rng: StdRng::seed_from_u64(seed),
            addresses,
            observations,
            workload,
            http: client(),
        }
    }

    /// Starts tasks, with at most `open` unfinished ones, until the faults are over.
    pub(crate) async fn work(mut self, open: usize) {
        for number in 0.. {
            while self.observations.may_start() && self.observations.open().len() >= open {
                tokio::time::sleep(PAUSE).await;
            }
            if !self.observations.may_start() {
                return;
            }
            let (job, key) = (self.workload.any(&mut self.rng), format!("{}-{number}", self.name));
            let Some(id) = self.start(job, &key).await else { continue };
            if self.rng.random_bool(0.3) {
                self.observations.count(KEYS);
                if let Some(repeated) = self.start(job, &key).await
                    && repeated != id
                {
                    self.observations.report(KEYS, format!("key {key}: {id}, then {repeated}"));
                }
            }
            if self.rng.random_bool(0.25) {
                let after = Duration::from_millis(self.rng.random_range(0..1_500));
                tokio::time::sleep(after).await;
                self.cancel(&id).await;
                if self.rng.random_bool(0.3) {
                    self.cancel(&id).await;
                }
            }
        }
    }

    async fn start(&mut self, job: usize, key: &str) -> Option<String> {
        let body = self.workload.jobs()[job].body.clone();
        let request = |http: &reqwest::Client, url: &str| {
            http.post(format!("{url}/api/v1/tasks")).header("idempotency-key", key).json(&body)
        };
        let (status, body) = self.answered(request).await;
        self.observations.count(STARTS);
        match (status, body["id"].as_str()) {
            (StatusCode::ACCEPTED, Some(id)) => {
                self.observations.accepted(id, job, key);
                Some(id.to_owned())
            }
            _ => {
                self.observations.report(STARTS, format!("key {key}: {status} {body}"));
                None
            }
        }
    }

    async fn cancel(&mut self, id: &str) {
        let request = |http: &reqwest::Client, url: &str| {
            http.post(format!("{url}/api/v1/tasks/{id}/cancel"))
        };
        let (status, body) = self.answered(request).await;
        self.observations.count(CANCELS);
        match (status, body["status"].as_str()) {
            (StatusCode::ACCEPTED | StatusCode::OK, Some(cancelled)) => {
                if let Some(task) = self.observations.tasks().get_mut(id) {
                    task.cancelled = Some(cancelled.to_owned());
                }
            }
            _ => self.observations.report(CANCELS, format!("{id}: {status} {body}")),
        }
    }

    /// Sends the request to any server until the answer is neither 503 nor 429.
    async fn answered(
        &mut self,
        request: impl Fn(&reqwest::Client, &str) -> RequestBuilder,
    ) -> (StatusCode, Value) {
        loop {
            if let Some(url) = self.addresses.any(&mut self.rng)
                && let Ok(answer) = request(&self.http, &url).send().await
            {
                let status = answer.status();
                let temporary = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS];
                if !temporary.contains(&status)
                    && let Ok(body) = answer.json().await
                {
                    return (status, body);
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Checks at the end, without faults, that each key leads to its task and each result is complete.
pub(crate) async fn check_keys_and_results(
    addresses: &Addresses,
    observations: &Arc<Observations>,
    workload: &Arc<Workload>,
) {
    let mut client = Client::new(0, 0, addresses.clone(), observations, workload);
    let tasks: Vec<_> = {
        let tasks = observations.tasks();
        let known = tasks.iter();
        known
            .map(|(id, task)| (id.clone(), task.job, task.keys.clone(), task.seen.is("completed")))
            .collect()
    };
    for (id, job, keys, completed) in tasks {
        for key in keys {
            observations.count(KEYS);
            let repeated = client.start(job, &key).await;
            if repeated.as_deref() != Some(&id) {
                observations.report(KEYS, format!("key {key}: {id}, at the end {repeated:?}"));
            }
        }
        if completed {
            observations.count(RESULTS);
            let url = addresses.any(&mut client.rng).unwrap();
            let answer = client.http.get(format!("{url}/api/v1/tasks/{id}/result")).send().await;
            let bytes = answer.unwrap().bytes().await.unwrap();
            let expected = &workload.jobs()[job].result;
            if bytes != expected[..] {
                let (has, expected) = (bytes.len(), expected.len());
                observations.report(
                    RESULTS,
                    format!("{id}: {has} bytes differ from the expected {expected}"),
                );
            }
        }
    }
}
