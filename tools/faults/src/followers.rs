//! Followers of all tasks.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use milepost::task::Snapshot;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use reqwest::StatusCode;
use tokio::task::JoinSet;

use crate::{
    fleet::{Addresses, client},
    observations::Observations,
    seen::{BARS, ENDS, KNOWN, VERSIONS},
};

/// Pause between rounds of requests.
const PAUSE: Duration = Duration::from_millis(25);

/// Requests the status of all tasks until polling ends.
pub(crate) async fn follow(
    addresses: Addresses,
    observations: Arc<Observations>,
    seed: u64,
    strict: bool,
) {
    let (mut rng, http) = (StdRng::seed_from_u64(seed), client());
    while observations.may_poll() {
        let mut ids = observations.open();
        // Sometimes tasks that have ended, too.
        let ended = observations.ended();
        ids.extend(ended.choose_multiple(&mut rng, 2).cloned());
        let mut asked = JoinSet::new();
        for id in ids {
            let Some(url) = addresses.any(&mut rng) else { continue };
            let (http, observations) = (http.clone(), Arc::clone(&observations));
            let pause = Duration::from_millis(rng.random_range(0..10));
            asked.spawn(async move {
                tokio::time::sleep(pause).await;
                ask(&http, &url, &id, &observations, strict).await;
            });
        }
        asked.join_all().await;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn ask(
    http: &reqwest::Client,
    url: &str,
    id: &str,
    observations: &Observations,
    strict: bool,
) {
    // A server that does not answer was killed or has no database.
    let Ok(answer) = http.get(format!("{url}/api/v1/tasks/{id}")).send().await else { return };
    match answer.status() {
        StatusCode::OK => {}
        StatusCode::SERVICE_UNAVAILABLE => return,
        other => return observations.report(KNOWN, format!("{id}: {other}")),
    }
    let Ok(snapshot) = answer.json::<Snapshot>().await else { return };
    observations.polls.fetch_add(1, Ordering::Relaxed);
    for check in [KNOWN, VERSIONS, BARS, ENDS] {
        observations.count(check);
    }
    let error = observations.tasks().get_mut(id).and_then(|task| task.seen.add(snapshot, strict));
    if let Some((check, what)) = error {
        observations.report(check, what);
    }
}

/// Waits until followers saw the end of every task; returns whether they did within the time limit.
pub(crate) async fn until_all_ended(observations: &Observations, time_limit: Duration) -> bool {
    let start = Instant::now();
    while !observations.open().is_empty() {
        if start.elapsed() > time_limit {
            return false;
        }
        tokio::time::sleep(PAUSE).await;
    }
    true
}
