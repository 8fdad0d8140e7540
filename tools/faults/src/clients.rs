//! Who starts tasks, starts them twice, and cancels them: each request is made again until it is
//! answered, as a careful client does it.

use std::{sync::Arc, time::Duration};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;

use crate::{
    book::Book,
    fleet::{Addresses, client},
    work::Pool,
};

/// Between two tries, and between two looks at how much is under way.
const BREATH: Duration = Duration::from_millis(20);

pub(crate) const STARTS: &str = "starts answered with their task";
pub(crate) const KEYS: &str = "repeated starts led to the same task";
pub(crate) const CANCELS: &str = "cancels answered";
pub(crate) const RESULTS: &str = "results whole, byte for byte as undisturbed";

/// One client.
pub(crate) struct Client {
    name: u32,
    rng: StdRng,
    addresses: Addresses,
    book: Arc<Book>,
    pool: Arc<Pool>,
    http: reqwest::Client,
}

impl Client {
    pub(crate) fn new(
        name: u32,
        seed: u64,
        addresses: Addresses,
        book: &Arc<Book>,
        pool: &Arc<Pool>,
    ) -> Self {
        let (book, pool) = (Arc::clone(book), Arc::clone(pool));
        Self { name, rng: StdRng::seed_from_u64(seed), addresses, book, pool, http: client() }
    }

    /// Starts tasks, at most `open` at once, until no more are wanted.
    pub(crate) async fn work(mut self, open: usize) {
        for number in 0.. {
            while self.book.may_start() && self.book.open().len() >= open {
                tokio::time::sleep(BREATH).await;
            }
            if !self.book.may_start() {
                return;
            }
            let (job, key) = (self.pool.any(&mut self.rng), format!("{}-{number}", self.name));
            let Some(id) = self.start(job, &key).await else { continue };
            if self.rng.random_bool(0.3) {
                self.book.looked(KEYS);
                if let Some(again) = self.start(job, &key).await
                    && again != id
                {
                    self.book.wrong(KEYS, format!("key {key}: {id}, then {again}"));
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
        let body = self.pool.jobs()[job].body.clone();
        let request = |http: &reqwest::Client, url: &str| {
            http.post(format!("{url}/api/v1/tasks")).header("idempotency-key", key).json(&body)
        };
        let (status, told) = self.answered(request).await;
        self.book.looked(STARTS);
        match (status, told["id"].as_str()) {
            (StatusCode::ACCEPTED, Some(id)) => {
                self.book.accepted(id, job, key);
                Some(id.to_owned())
            }
            _ => {
                self.book.wrong(STARTS, format!("key {key}: {status} {told}"));
                None
            }
        }
    }

    async fn cancel(&mut self, id: &str) {
        let request = |http: &reqwest::Client, url: &str| {
            http.post(format!("{url}/api/v1/tasks/{id}/cancel"))
        };
        let (status, told) = self.answered(request).await;
        self.book.looked(CANCELS);
        match (status, told["status"].as_str()) {
            (StatusCode::ACCEPTED | StatusCode::OK, Some(word)) => {
                if let Some(task) = self.book.tasks().get_mut(id) {
                    task.cancelled = Some(word.to_owned());
                }
            }
            _ => self.book.wrong(CANCELS, format!("{id}: {status} {told}")),
        }
    }

    /// Asks again and again, wherever somebody answers, until the answer is one for good.
    async fn answered(
        &mut self,
        request: impl Fn(&reqwest::Client, &str) -> RequestBuilder,
    ) -> (StatusCode, Value) {
        loop {
            if let Some(url) = self.addresses.any(&mut self.rng)
                && let Ok(answer) = request(&self.http, &url).send().await
            {
                let status = answer.status();
                let for_now = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS];
                if !for_now.contains(&status)
                    && let Ok(told) = answer.json().await
                {
                    return (status, told);
                }
            }
            tokio::time::sleep(BREATH).await;
        }
    }
}

/// In peace, at the end: each key leads where it led, and each result is whole.
pub(crate) async fn ask_once_more(addresses: &Addresses, book: &Arc<Book>, pool: &Arc<Pool>) {
    let mut client = Client::new(0, 0, addresses.clone(), book, pool);
    let tasks: Vec<_> = {
        let tasks = book.tasks();
        let known = tasks.iter();
        known
            .map(|(id, task)| (id.clone(), task.job, task.keys.clone(), task.seen.is("completed")))
            .collect()
    };
    for (id, job, keys, completed) in tasks {
        for key in keys {
            book.looked(KEYS);
            let again = client.start(job, &key).await;
            if again.as_deref() != Some(&id) {
                book.wrong(KEYS, format!("key {key}: {id}, at the end {again:?}"));
            }
        }
        if completed {
            book.looked(RESULTS);
            let url = addresses.any(&mut client.rng).unwrap();
            let answer = client.http.get(format!("{url}/api/v1/tasks/{id}/result")).send().await;
            let bytes = answer.unwrap().bytes().await.unwrap();
            let wanted = &pool.jobs()[job].result;
            if bytes != wanted[..] {
                let (has, wanted) = (bytes.len(), wanted.len());
                book.wrong(RESULTS, format!("{id}: {has} bytes that are not the {wanted} wanted"));
            }
        }
    }
}
